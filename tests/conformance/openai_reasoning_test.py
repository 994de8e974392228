"""Reasoning through OpenAI's client for Python: both names, every spelling of efforts and budgets, the thought that is
closed while it runs, and answers that go on from a text or from tokens."""
import openai
from served import ANSWER, END_THINK, ENDLESS, MODEL, QUESTION, THINK, THOUGHT, ServedTest, golden, main, wait_for

OUTPUT = golden("thinks")["output_ids"]
# <think>, then the tokens inside, then </think>.
INSIDE = OUTPUT.index(END_THINK) - 1
assert OUTPUT[0] == THINK


class Reasoning(ServedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = openai.OpenAI(base_url=cls.server.base_url, api_key="none", max_retries=0, timeout=60)
        cls.addClassCleanup(cls.client.close)

    def chat(self, **extra):
        """Fields that the client knows or not: all of them reach the server."""
        body = {"return_token_ids": True, **extra}
        messages = body.pop("messages", QUESTION)
        return self.client.chat.completions.create(model=MODEL, messages=messages,
                                                   temperature=body.pop("temperature", 0), extra_body=body)

    def stream(self, **extra):
        body = {"return_token_ids": True, **extra}
        messages = body.pop("messages", QUESTION)
        return self.client.chat.completions.create(model=MODEL, messages=messages, stream=True,
                                                   stream_options={"include_usage": True},
                                                   temperature=body.pop("temperature", 0), extra_body=body)

    def reasoning_tokens(self, answer):
        return answer.usage.completion_tokens_details.reasoning_tokens

    def thought(self, answer):
        return getattr(answer.choices[0].message, "reasoning_content", None)

    def test_the_thought_comes_under_both_names_whole_and_streamed(self):
        answer = self.chat()
        message = answer.choices[0].message
        self.assertEqual((message.reasoning_content, message.reasoning, message.content), (THOUGHT, THOUGHT, ANSWER))
        self.assertEqual(self.reasoning_tokens(answer), INSIDE)
        *chunks, last = self.stream()
        deltas = [chunk.choices[0].delta for chunk in chunks]
        for name in ("reasoning_content", "reasoning"):
            self.assertEqual("".join(getattr(delta, name, None) or "" for delta in deltas), THOUGHT)
        self.assertEqual("".join(delta.content or "" for delta in deltas), ANSWER)
        self.assertEqual(self.reasoning_tokens(last), INSIDE)

    def test_no_mark_is_in_the_text(self):
        for seed in range(8):
            message = self.chat(temperature=2, seed=seed, max_tokens=200).choices[0].message
            for text in (message.content, getattr(message, "reasoning_content", "")):
                for mark in ("<think>", "</think>", "<|im_end|>", "<|im_start|>"):
                    self.assertNotIn(mark, text or "")

    def test_reasoning_is_switched_off_in_every_spelling(self):
        off = ({"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}, {"reasoning": {"enabled": False}},
               {"thinking": {"type": "disabled"}}, {"thinking": False}, {"think": False}, {"think": "none"},
               {"enable_thinking": False}, {"chat_template_kwargs": {"enable_thinking": False}},
               {"chat_template_kwargs": {"thinking": False}})
        for spelling in off:
            with self.subTest(spelling):
                answer = self.chat(**spelling)
                self.assertIsNone(self.thought(answer))
                self.assertEqual(self.reasoning_tokens(answer), 0)
                self.assertEqual(answer.choices[0].token_ids, golden("thinking off")["output_ids"])

    def test_reasoning_is_left_on_in_every_spelling(self):
        on = [{"reasoning_effort": effort} for effort in ("minimal", "low", "medium", "high", "xhigh", "max")]
        on += [{"reasoning": {"effort": "low"}}, {"reasoning": {"enabled": True}}, {"thinking": {"type": "enabled"}},
               {"thinking": {"type": "adaptive"}}, {"thinking": True}, {"think": True}, {"think": "high"},
               {"enable_thinking": True}, {"chat_template_kwargs": {"enable_thinking": True}},
               {"thinking_budget": -1}, {"reasoning_budget": -1}]
        for spelling in on:
            with self.subTest(spelling):
                self.assertEqual(self.chat(**spelling).choices[0].token_ids, OUTPUT)

    def budgets(self, tokens):
        return [{"thinking_token_budget": tokens}, {"thinking_budget": tokens}, {"thinking_budget_tokens": tokens},
                {"reasoning_budget_tokens": tokens}, {"reasoning_budget": tokens},
                {"reasoning": {"max_tokens": tokens}}, {"thinking": {"type": "enabled", "budget_tokens": tokens}},
                {"reasoning_effort": "high", "thinking_token_budget": tokens}]

    def test_a_budget_is_exact_in_every_spelling(self):
        for tokens in (0, 1, 2, 17, INSIDE - 1):
            for spelling in self.budgets(tokens):
                with self.subTest(spelling):
                    answer = self.chat(**spelling)
                    self.assertEqual(self.reasoning_tokens(answer), tokens)
                    self.assertTrue(THOUGHT.startswith(self.thought(answer) or ""))
                    if tokens:  # <think> and that many tokens as without a budget, then the mark
                        ids = answer.choices[0].token_ids
                        self.assertEqual(ids[:2 + tokens], [*OUTPUT[:1 + tokens], END_THINK])
                    self.assertEqual(answer.choices[0].finish_reason, "stop")
                    self.assertTrue(answer.choices[0].message.content)

    def test_a_budget_that_is_not_reached_changes_nothing(self):
        for tokens in (INSIDE, INSIDE + 1, 10_000):
            answer = self.chat(thinking_token_budget=tokens)
            self.assertEqual(answer.choices[0].token_ids, OUTPUT)
            self.assertEqual(self.reasoning_tokens(answer), INSIDE)

    def test_a_budget_is_the_same_streamed(self):
        for tokens in (0, 1, 17):
            whole = self.chat(thinking_token_budget=tokens)
            *chunks, last = self.stream(thinking_token_budget=tokens)
            self.assertEqual([token for chunk in chunks for token in getattr(chunk.choices[0], "token_ids", None) or []],
                             whole.choices[0].token_ids)
            self.assertEqual(self.reasoning_tokens(last), tokens)
            self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks),
                             whole.choices[0].message.content)

    def test_settings_that_contradict_are_refused(self):
        for request in ({"reasoning_effort": "none", "enable_thinking": True}, {"think": False, "thinking": True},
                        {"thinking_token_budget": 5, "reasoning": {"max_tokens": 6}}):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat(**request)
            self.assertEqual(caught.exception.code, "contradicting_parameters")

    def test_a_limit_of_tokens_can_end_a_thought(self):
        answer = self.chat(max_tokens=10)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(self.reasoning_tokens(answer), 9)
        self.assertEqual(answer.choices[0].message.content, "")
        self.assertTrue(self.thought(answer))

    def test_reasoning_can_be_left_out_of_the_report(self):
        for spelling in ({"include_reasoning": False}, {"reasoning": {"exclude": True}}, {"reasoning_format": "hidden"}):
            answer = self.chat(**spelling)
            self.assertIsNone(self.thought(answer))
            self.assertEqual((answer.choices[0].message.content, self.reasoning_tokens(answer)), (ANSWER, INSIDE))

    def test_a_thought_under_way_is_closed_on_demand(self):
        # Endless by its bias: only the server can close it. One thought: it is begun for the model, which can begin none.
        request = {**ENDLESS, "think": True, "logit_bias": {**ENDLESS["logit_bias"], str(THINK): -100}}
        plain = self.chat(**request)
        self.assertEqual(plain.choices[0].finish_reason, "length")
        stream = self.stream(**request)
        before = next(chunk for chunk in stream if getattr(chunk.choices[0].delta, "reasoning_content", None))
        closed = self.client.post(f"/chat/completions/{before.id}/answer", cast_to=object)
        self.assertEqual((closed["id"], closed["status"]), (before.id, "closing"))
        *rest, last = stream
        ids = [token for chunk in rest for token in getattr(chunk.choices[0], "token_ids", None) or []]
        self.assertEqual(ids.count(END_THINK), 1)
        self.assertTrue("".join(chunk.choices[0].delta.content or "" for chunk in rest))
        self.assertLess(self.reasoning_tokens(last), self.reasoning_tokens(plain))
        self.assertTrue(wait_for(lambda: self.server.running() == 0))

    def test_only_a_completion_under_way_can_be_told_to_answer(self):
        for name in (self.chat().id, "chatcmpl-none"):
            with self.assertRaises(openai.NotFoundError) as caught:
                self.client.post(f"/chat/completions/{name}/answer", cast_to=object)
            self.assertEqual(caught.exception.code, "completion_not_found")

    def test_an_answer_goes_on_from_any_of_its_tokens(self):
        for request in ({"temperature": 0}, {"temperature": 2.5, "seed": 8, "max_tokens": 120},
                        {"temperature": 0, "thinking_token_budget": 17}):
            ids = self.chat(**request).choices[0].token_ids
            for cut in [*range(1, 8), *range(8, len(ids) - 8, 5), *range(len(ids) - 8, len(ids))]:
                more = dict(request)
                if "max_tokens" in more:
                    more["max_tokens"] -= cut
                rest = self.chat(**more, continue_tokens=ids[:cut])
                self.assertEqual(ids[:cut] + rest.choices[0].token_ids, ids, f"cut at {cut} of {request}")

    def test_a_message_goes_on_as_text(self):
        # Each character is a token here, so that a cut text has the tokens of the answer that was not cut.
        whole = self.chat(reasoning_effort="none").choices[0]
        for cut in range(1, len(whole.message.content)):
            last = {"role": "assistant", "content": whole.message.content[:cut]}
            for spelling, mark in (({"continue_final_message": True}, {}), ({}, {"prefix": True}), ({}, {"partial": True}),
                                   ({"continue_final_message": True, "add_generation_prompt": False}, {})):
                rest = self.chat(messages=[*QUESTION, {**last, **mark}], reasoning_effort="none", **spelling).choices[0]
                self.assertEqual((rest.token_ids, rest.message.content),
                                 (whole.token_ids[cut:], whole.message.content[cut:]))

    def test_a_thought_goes_on_as_text(self):
        for cut in (8, 40, len(THOUGHT) - 2):
            for name in ("reasoning_content", "reasoning"):
                messages = [*QUESTION, {"role": "assistant", "content": None, name: THOUGHT[:cut]}]
                rest = self.chat(messages=messages, continue_final_message=True)
                self.assertEqual(self.thought(rest), THOUGHT[cut:])
                self.assertEqual(rest.choices[0].message.content, ANSWER)

    def test_an_answer_goes_on_behind_its_thought(self):
        messages = [*QUESTION, {"role": "assistant", "content": ANSWER[:2], "reasoning_content": THOUGHT}]
        self.assertEqual(self.chat(messages=messages, continue_final_message=True).choices[0].message.content,
                         ANSWER[2:])

    def test_an_edited_thought_leads_to_another_answer(self):
        case = golden("edited thought, another sum in its last line")
        prefix = case["prompt_ids"][len(golden("thinks")["prompt_ids"]):]
        self.assertEqual(self.chat(continue_tokens=prefix).choices[0].token_ids, case["output_ids"])
        thought = case["prompt"].split("<think>\n")[1].split("\n</think>")[0]
        messages = [*QUESTION, {"role": "assistant", "reasoning_content": thought, "content": "1"}]
        rest = self.chat(messages=messages, continue_final_message=True)
        self.assertEqual(rest.choices[0].token_ids, case["output_ids"][1:])

    def test_a_stored_answer_can_be_sent_back_with_all_that_it_has(self):
        message = self.chat().choices[0].message.model_dump()
        answer = self.chat(messages=[*QUESTION, message, {"role": "user", "content": "What is 1+1?"}])
        self.assertTrue(answer.choices[0].message.content)
        inline = {"role": "assistant", "content": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}"}
        again = self.chat(messages=[*QUESTION, inline, {"role": "user", "content": "What is 1+1?"}])
        self.assertEqual(again.usage.prompt_tokens, answer.usage.prompt_tokens)
        self.assertEqual(again.choices[0].token_ids, answer.choices[0].token_ids)


class OneName(ServedTest):
    ARGUMENTS = ("--reasoning-field", "reasoning")

    def test_a_server_can_be_told_to_use_one_name(self):
        with openai.OpenAI(base_url=self.server.base_url, api_key="none") as client:
            message = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=0).choices[0].message
        self.assertEqual(message.reasoning, THOUGHT)
        self.assertFalse(hasattr(message, "reasoning_content"))


if __name__ == "__main__":
    main()
