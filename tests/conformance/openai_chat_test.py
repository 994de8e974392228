"""Chat completions through OpenAI's client for Python: whole, streamed, helpers, every parameter that it names."""
import asyncio
import math

import openai
from served import (ANSWER, END, MODEL, QUESTION, THOUGHT, ServedTest, golden, main, real_model)

STORY = [{"role": "system", "content": "You tell short stories."}, {"role": "user", "content": "Of a fox, with an ü."}]


def joined(chunks):
    """What a client makes of a stream: by choice, its text, reasoning, token ids, logprobs and finish reason."""
    choices = {}
    for chunk in chunks:
        for choice in chunk.choices:
            made = choices.setdefault(choice.index, {"content": "", "reasoning": "", "ids": [], "logprobs": [],
                                                     "finish": []})
            made["content"] += choice.delta.content or ""
            made["reasoning"] += getattr(choice.delta, "reasoning_content", None) or ""
            made["ids"] += getattr(choice, "token_ids", None) or []
            if choice.logprobs:
                made["logprobs"] += logprobs(choice)
            if choice.finish_reason:
                made["finish"].append(choice.finish_reason)
    return choices


def logprobs(choice):
    """Of reasoning and content, as plain values: comparing them compares the bits of the numbers."""
    thought = getattr(choice.logprobs, "reasoning_content", None) or []
    return thought + [entry.model_dump() for entry in choice.logprobs.content or []]


def whole(completion):
    return {choice.index: {"content": choice.message.content,
                           "reasoning": getattr(choice.message, "reasoning_content", None) or "",
                           "ids": choice.token_ids,
                           "logprobs": logprobs(choice) if choice.logprobs else [],
                           "finish": [choice.finish_reason]} for choice in completion.choices}


class Chat(ServedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = openai.OpenAI(base_url=cls.server.base_url, api_key="none", max_retries=0, timeout=60)
        cls.addClassCleanup(cls.client.close)

    def chat(self, **more):
        return self.client.chat.completions.create(**{"model": MODEL, "messages": QUESTION, "temperature": 0, **more})

    def test_an_answer_has_all_that_the_clients_types_require(self):
        answer = self.chat()
        # Validates with the types as they are declared, which the client itself does not.
        openai.types.chat.ChatCompletion.model_validate(answer.model_dump(), strict=True)
        self.assertEqual((answer.object, answer.model), ("chat.completion", MODEL))
        choice = answer.choices[0]
        self.assertEqual((choice.index, choice.finish_reason, choice.message.role), (0, "stop", "assistant"))
        self.assertEqual(choice.message.content, ANSWER)
        self.assertIsNone(choice.message.refusal)
        self.assertIn("refusal", choice.message.model_fields_set)
        self.assertTrue(answer.system_fingerprint)
        self.assertTrue(answer._request_id)

    def test_tokens_and_their_counts_are_those_that_another_implementation_wrote(self):
        case = golden("thinks")
        answer = self.chat(extra_body={"return_token_ids": True})
        self.assertEqual(answer.choices[0].token_ids, case["output_ids"])
        usage = answer.usage
        self.assertEqual(usage.prompt_tokens, len(case["prompt_ids"]))
        self.assertEqual(usage.completion_tokens, len(case["output_ids"]))
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_every_chunk_has_what_the_clients_types_require(self):
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True}))
        for chunk in chunks:
            openai.types.chat.ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True)
        self.assertEqual(len({(chunk.id, chunk.created, chunk.model, chunk.object, chunk.system_fingerprint)
                              for chunk in chunks}), 1)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual([c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason],
                         ["stop"])
        self.assertGreater(len(chunks), len(THOUGHT) // 2)  # comes while it is made, not in one piece

    def check_stream_equals_whole(self, **request):
        answer = self.chat(extra_body={"return_token_ids": True}, **request)
        chunks = self.chat(extra_body={"return_token_ids": True}, stream=True, **request)
        self.assertEqual(joined(chunks), whole(answer))
        return answer

    def test_a_stream_joined_equals_the_whole_answer(self):
        self.check_stream_equals_whole()
        for seed in range(4):
            self.check_stream_equals_whole(temperature=1.5, seed=seed, max_tokens=100)
            self.check_stream_equals_whole(temperature=2.5, seed=seed, max_tokens=60, n=3, logprobs=True,
                                           top_logprobs=3)
        self.check_stream_equals_whole(stop="9", logprobs=True)
        self.check_stream_equals_whole(reasoning_effort="none", temperature=1, seed=5, n=2)

    def test_usage_comes_in_a_last_chunk_when_it_is_asked_for(self):
        *before, last = self.chat(stream=True, stream_options={"include_usage": True})
        self.assertEqual(last.choices, [])
        usage = self.chat().usage
        self.assertEqual((last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens),
                         (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens))
        self.assertEqual(last.usage.completion_tokens_details.reasoning_tokens,
                         usage.completion_tokens_details.reasoning_tokens)
        self.assertTrue(all(chunk.choices and chunk.usage is None for chunk in before))

    def test_without_being_asked_no_chunk_has_empty_choices(self):
        for options in (openai.omit, {"include_usage": False}):
            self.assertTrue(all(chunk.choices and chunk.usage is None
                                for chunk in self.chat(stream=True, stream_options=options)))

    def test_log_probabilities(self):
        answer = self.chat(logprobs=True, top_logprobs=20)
        content = answer.choices[0].logprobs.content
        for entry in content:
            self.assertEqual(len(entry.top_logprobs), 20)
            self.check_logprobs(entry)
        text = b"".join(bytes(entry.bytes) for entry in content).decode()
        self.assertEqual(text.strip(), ANSWER)
        self.assertIsNone(self.chat().choices[0].logprobs)
        self.assertEqual(self.chat(logprobs=True).choices[0].logprobs.content[0].top_logprobs, [])

    def test_log_probabilities_of_all_tokens_are_a_distribution(self):
        # With 262 tokens in the vocabulary, 20 of them make up nearly everything at each place of a certain answer.
        for entry in self.chat(logprobs=True, top_logprobs=20).choices[0].logprobs.content:
            self.assertGreater(sum(math.exp(likely.logprob) for likely in entry.top_logprobs), 0.99)

    def test_n_answers_differ_and_each_can_be_had_alone(self):
        request = {"temperature": 3, "seed": 7, "max_tokens": 30, "extra_body": {"return_token_ids": True}}
        answer = self.chat(n=4, **request)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2, 3])
        self.assertEqual(len({tuple(choice.token_ids) for choice in answer.choices}), 4)
        self.assertEqual(answer.usage.completion_tokens, sum(len(choice.token_ids) for choice in answer.choices))
        request["extra_body"] = {"return_token_ids": True, "first_choice": 2}
        self.assertEqual(self.chat(**request).choices[0].token_ids, answer.choices[2].token_ids)

    def test_a_seed_repeats_an_answer(self):
        def ids(**more):
            return self.chat(temperature=3, max_tokens=40, extra_body={"return_token_ids": True}, **more)

        first, again, other = (ids(seed=seed).choices[0].token_ids for seed in (11, 11, 12))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        unseeded = ids()
        self.assertEqual(ids(seed=unseeded.candor["seed"]).choices[0].token_ids, unseeded.choices[0].token_ids)

    def test_control_tokens_are_told_from_text(self):
        # <|im_start|>, 257, is neither text nor a mark of a thought.
        choice = self.chat(logit_bias={"257": 100}, max_tokens=3, logprobs=True, top_logprobs=2,
                           reasoning_effort="none").choices[0]
        self.assertEqual(choice.message.content, "")
        self.assertEqual([(entry.token, entry.bytes) for entry in choice.logprobs.content], [("<|im_start|>", None)] * 3)

    def test_what_was_reused_is_told(self):
        long = [{"role": "user", "content": "What is 12+34? " * 12}]
        self.chat(messages=long, max_tokens=1)
        again = self.chat(messages=long, max_tokens=1)
        self.assertGreater(again.usage.prompt_tokens_details.cached_tokens, 0)
        self.assertEqual(again.usage.prompt_tokens_details.cached_tokens % 64, 0)
        other = [{"role": "user", "content": "What is 12+34? " * 10 + "Hm?" + "What is 12+34? " * 2}]
        self.assertEqual(self.chat(messages=other, max_tokens=1).candor["divergence"]["given"], "H")

    def test_the_prompt_is_shown_as_the_model_sees_it(self):
        rendered = self.client.post("/render", body={"model": MODEL, "messages": QUESTION}, cast_to=object)
        case = golden("thinks")
        self.assertEqual((rendered["prompt"], rendered["tokens"]), (case["prompt"], case["prompt_ids"]))
        text = self.client.post("/detokenize", body={"model": MODEL, "tokens": rendered["tokens"]}, cast_to=object)
        self.assertEqual(text["text"], case["prompt"])

    def test_stop_strings_end_an_answer_before_them(self):
        for stop in ("9", ["x", "98"], ["8", "09"]):
            choice = self.chat(stop=stop).choices[0]
            first = min(ANSWER.find(s) for s in ([stop] if isinstance(stop, str) else stop) if s in ANSWER)
            self.assertEqual((choice.message.content, choice.finish_reason), (ANSWER[:first], "stop"))
            self.assertEqual(choice.message.reasoning_content, THOUGHT)  # thoughts are not stopped

    def test_logit_bias_forbids_and_forces_tokens(self):
        one, five = 16, 20
        banned = self.chat(logit_bias={str(one): -100}, reasoning_effort="none").choices[0].message.content
        self.assertNotIn("1", banned)
        forced = self.chat(logit_bias={str(five): 100}, reasoning_effort="none", max_tokens=6).choices[0]
        self.assertEqual((forced.message.content, forced.finish_reason), ("555555", "length"))

    def test_a_limit_of_tokens_is_exact_under_both_names(self):
        for name in ("max_tokens", "max_completion_tokens"):
            for limit in (1, 2, 30):
                answer = self.chat(**{name: limit})
                self.assertEqual((answer.choices[0].finish_reason, answer.usage.completion_tokens), ("length", limit))

    def test_penalties_change_an_answer(self):
        plain = self.chat(reasoning_effort="none", logit_bias={str(END): -100}, max_tokens=20).choices[0].message
        for penalty in ("presence_penalty", "frequency_penalty"):
            told = self.chat(reasoning_effort="none", logit_bias={str(END): -100}, max_tokens=20, **{penalty: 2})
            self.assertNotEqual(told.choices[0].message.content, plain.content)

    def test_parts_and_a_developer_are_read(self):
        parts = [{"role": "user", "content": [{"type": "text", "text": "What is 737+361?"}]}]
        self.assertEqual(self.chat(messages=parts).choices[0].message.content, ANSWER)
        developer = [{"role": "developer", "content": "Add."}, *QUESTION]
        system = [{"role": "system", "content": "Add."}, *QUESTION]
        self.assertEqual(self.chat(messages=developer).choices[0].message, self.chat(messages=system).choices[0].message)

    def test_hints_are_accepted_and_named(self):
        response = self.client.chat.completions.with_raw_response.create(
            model=MODEL, messages=QUESTION, temperature=0, user="u", store=False, metadata={"a": "b"},
            service_tier="auto", safety_identifier="s", prompt_cache_key="k", verbosity="low",
            prediction={"type": "content", "content": "1098"}, parallel_tool_calls=True,
            response_format={"type": "text"})
        self.assertEqual(response.parse().choices[0].message.content, ANSWER)
        ignored = {name.strip() for name in response.headers["x-candor-ignored"].split(",")}
        self.assertEqual(ignored, {"user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
                                   "verbosity", "prediction", "parallel_tool_calls"})

    def test_a_raw_response_has_its_request_id(self):
        response = self.client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION, temperature=0)
        self.assertTrue(response.headers["x-request-id"])
        self.assertEqual(response.request_id, response.headers["x-request-id"])
        self.assertEqual(response.parse()._request_id, response.headers["x-request-id"])
        other = self.client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION, temperature=0)
        self.assertNotEqual(other.request_id, response.request_id)

    def test_a_streaming_response_can_be_read_by_lines(self):
        with self.client.chat.completions.with_streaming_response.create(
                model=MODEL, messages=QUESTION, temperature=0, stream=True) as response:
            self.assertTrue(response.headers["content-type"].startswith("text/event-stream"))
            lines = [line for line in response.iter_lines() if line.startswith("data: ")]
        self.assertEqual(lines[-1], "data: [DONE]")

    def test_the_stream_helper_makes_the_whole_answer(self):
        with self.client.chat.completions.stream(model=MODEL, messages=QUESTION, temperature=0, logprobs=True,
                                                 stream_options={"include_usage": True}) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
        self.assertLessEqual({"chunk", "content.delta", "content.done", "logprobs.content.done"}, kinds)
        self.assertEqual(final.choices[0].message.content, ANSWER)
        self.assertEqual(final.choices[0].message.reasoning_content, THOUGHT)
        self.assertEqual(final.choices[0].finish_reason, "stop")
        self.assertEqual(final.usage.completion_tokens, self.chat().usage.completion_tokens)

    def test_many_at_once_get_the_answers_that_each_gets_alone(self):
        requests = [{"model": MODEL, "messages": [{"role": "user", "content": f"What is {a}+{1000 - a}?"}],
                     "temperature": 2, "seed": a, "max_tokens": 80, "logprobs": True} for a in range(100, 124)]

        def plain(completion):
            choice = completion.choices[0]
            return choice.message.model_dump(), logprobs(choice), choice.finish_reason

        alone = [plain(self.client.chat.completions.create(**request)) for request in requests]

        async def together():
            async with openai.AsyncOpenAI(base_url=self.server.base_url, api_key="none", max_retries=0) as client:
                return await asyncio.gather(*(client.chat.completions.create(**request) for request in requests))

        self.assertEqual([plain(completion) for completion in asyncio.run(together())], alone)

    def test_what_cannot_be_honoured_is_refused_by_name(self):
        tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
        schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
        for param, request in (("tools", {"tools": [tool]}), ("response_format", {"response_format": schema}),
                               ("response_format", {"response_format": {"type": "json_object"}}),
                               ("tool_choice", {"tool_choice": "required"}),
                               ("functions", {"functions": [tool["function"]]}),
                               ("modalities", {"modalities": ["text", "audio"]}),
                               ("web_search_options", {"web_search_options": {}})):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat(**request)
            error = caught.exception
            self.assertEqual((error.status_code, error.param, error.type), (400, param, "invalid_request_error"))
            self.assertEqual(error.code, "unsupported_parameter")
            self.assertIn(param, error.message)

    def test_a_stream_that_is_refused_is_an_exception_at_once(self):
        with self.assertRaises(openai.BadRequestError):
            self.chat(stream=True, temperature=-1)


class RealModel(ServedTest):
    """Text in many scripts and tokens that are pieces of characters: a tokenizer of 49,152 tokens."""

    @classmethod
    def setUpClass(cls):
        cls.MODEL_FILES = (real_model("smollm2-135m"),)
        super().setUpClass()
        cls.client = openai.OpenAI(base_url=cls.server.base_url, api_key="none", max_retries=0, timeout=120)
        cls.addClassCleanup(cls.client.close)

    def chat(self, **more):
        return self.client.chat.completions.create(**{"model": "smollm2-135m", "messages": STORY, "max_tokens": 40,
                                                      **more})

    def test_a_stream_joined_equals_the_whole_answer(self):
        # At temperature 3 most of what is sampled is no UTF-8 by itself.
        for temperature in (0, 1, 3):
            request = {"temperature": temperature, "seed": 3, "n": 2, "logprobs": True, "top_logprobs": 2,
                       "extra_body": {"return_token_ids": True}}
            answer = self.chat(**request)
            self.assertEqual(joined(self.chat(stream=True, **request)), whole(answer))
            for choice in answer.choices:
                data = b"".join(bytes(entry.bytes or []) for entry in choice.logprobs.content)
                self.assertEqual(data.decode("utf-8", "replace"), choice.message.content)

    def test_log_probabilities(self):
        for entry in self.chat(temperature=0, logprobs=True, top_logprobs=20).choices[0].logprobs.content:
            self.check_logprobs(entry)

    def test_an_answer_is_the_same_beside_others(self):
        request = {"temperature": 1, "seed": 5, "extra_body": {"return_token_ids": True}}
        alone = self.chat(**request).choices[0].token_ids

        async def together():
            async with openai.AsyncOpenAI(base_url=self.server.base_url, api_key="none", max_retries=0) as client:
                return await asyncio.gather(*(client.chat.completions.create(
                    model="smollm2-135m", messages=[*STORY[:1], {"role": "user", "content": text}], max_tokens=40,
                    **request) for text in (STORY[1]["content"], "Of a hen.", STORY[1]["content"], "Of a long winter.")))

        answers = asyncio.run(together())
        for index in (0, 2):
            self.assertEqual(answers[index].choices[0].token_ids, alone)


if __name__ == "__main__":
    main()
