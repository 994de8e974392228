"""litellm: as a library, as aider and others use it."""
import asyncio
import base64
import os
import struct

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks the network while it is imported
import litellm  # noqa: E402
from served import ANSWER, MODEL, QUESTION, THOUGHT, ServedTest, golden, main  # noqa: E402

litellm.telemetry = False
litellm.suppress_debug_info = True


class LiteLlm(ServedTest):
    def options(self, **more):
        return {"model": f"openai/{MODEL}", "api_base": self.server.base_url, "api_key": "none", "max_retries": 0,
                **more}

    def chat(self, **more):
        return litellm.completion(**self.options(**{"messages": QUESTION, "temperature": 0, **more}))

    def test_a_question_is_answered_with_its_reasoning(self):
        answer = self.chat()
        choice, case = answer.choices[0], golden("thinks")
        self.assertEqual((choice.message.content, choice.message.reasoning_content), (ANSWER, THOUGHT))
        self.assertEqual(choice.finish_reason, "stop")
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens),
                         (len(case["prompt_ids"]), len(case["output_ids"])))
        self.assertGreater(answer.usage.completion_tokens_details.reasoning_tokens, 50)

    def test_a_stream_joined_is_the_whole_answer(self):
        for more in ({}, {"temperature": 2, "seed": 9, "max_tokens": 90}):
            whole = self.chat(**more)
            chunks = list(self.chat(stream=True, stream_options={"include_usage": True}, **more))
            message = whole.choices[0].message
            self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), message.content)
            self.assertEqual("".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in chunks
                                     if c.choices), message.reasoning_content)
            self.assertEqual([c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason],
                             [whole.choices[0].finish_reason])
            usage = [c.usage for c in chunks if getattr(c, "usage", None)][-1]
            self.assertEqual((usage.prompt_tokens, usage.completion_tokens),
                             (whole.usage.prompt_tokens, whole.usage.completion_tokens))
            rebuilt = litellm.stream_chunk_builder(chunks, messages=QUESTION)
            self.assertEqual(rebuilt.choices[0].message.content, message.content)
            self.assertEqual(rebuilt.choices[0].message.reasoning_content, message.reasoning_content)

    def test_parameters_reach_the_server(self):
        self.assertEqual(self.chat(stop=["9"]).choices[0].message.content, "10")
        short = self.chat(max_tokens=3)
        self.assertEqual((short.choices[0].finish_reason, short.usage.completion_tokens), ("length", 3))
        self.assertEqual(len(self.chat(n=3, temperature=3, seed=1, max_tokens=5).choices), 3)
        told = self.chat(logprobs=True, top_logprobs=3).choices[0].logprobs.content
        self.assertEqual("".join(entry.token for entry in told).strip(), ANSWER)
        off = self.chat(extra_body={"reasoning_effort": "none"})
        self.assertIsNone(getattr(off.choices[0].message, "reasoning_content", None))
        budget = self.chat(extra_body={"thinking_token_budget": 5})
        self.assertEqual(budget.usage.completion_tokens_details.reasoning_tokens, 5)

    def test_a_seed_repeats_an_answer(self):
        request = {"temperature": 3, "seed": 6, "max_tokens": 60, "extra_body": {"return_token_ids": True}}
        first, again = self.chat(**request), self.chat(**request)
        self.assertEqual(first.choices[0].message.model_dump(), again.choices[0].message.model_dump())

    def test_many_at_once(self):
        async def together():
            return await asyncio.gather(*(litellm.acompletion(**self.options(messages=QUESTION, temperature=0))
                                          for _ in range(8)))

        self.assertEqual({answer.choices[0].message.content for answer in asyncio.run(together())}, {ANSWER})

    def test_text_completions(self):
        answer = litellm.text_completion(model=f"text-completion-openai/{MODEL}", api_base=self.server.base_url,
                                         api_key="none", prompt=golden("thinks")["prompt"], temperature=0,
                                         max_tokens=200)
        self.assertTrue(answer.choices[0].text.endswith(ANSWER))

    def test_embeddings_in_both_encodings_are_equal(self):
        numbers = litellm.embedding(**self.options(input=["a fox", "b"], encoding_format="float"))
        packed = litellm.embedding(**self.options(input=["a fox", "b"], encoding_format="base64"))
        self.assertEqual(len(numbers.data), 2)
        for one, other in zip(numbers.data, packed.data):
            self.assertEqual(struct.pack("<128f", *one["embedding"]), base64.b64decode(other["embedding"], validate=True))

    def test_errors_have_its_own_kinds(self):
        for kind, more in ((litellm.BadRequestError, {"temperature": 99}),
                           (litellm.ContextWindowExceededError, {"messages": [{"role": "user", "content": "x" * 1100}]}),
                           (litellm.NotFoundError, {"model": "openai/nothing"})):
            with self.assertRaises(kind):
                self.chat(**more)


if __name__ == "__main__":
    main()
