"""Completions, embeddings and models through OpenAI's client for Python."""
import base64
import math
import struct

import openai
from served import MODEL, ServedTest, golden, main

CASE = golden("thinks")
PROMPT = CASE["prompt"]
OTHER = "<|im_start|>user\nWhat is 12+34?<|im_end|>\n<|im_start|>assistant\n"


class Client(ServedTest):
    ARGUMENTS = ("--alias", "gpt-4o=tiny-thinker", "--alias", "*=tiny-thinker")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = openai.OpenAI(base_url=cls.server.base_url, api_key="none", max_retries=0, timeout=60)
        cls.addClassCleanup(cls.client.close)


class Completions(Client):
    def complete(self, prompt=PROMPT, **more):
        extra = {"return_token_ids": True, **more.pop("extra_body", {})}
        return self.client.completions.create(**{"model": MODEL, "prompt": prompt, "temperature": 0, "max_tokens": 200,
                                                 "extra_body": extra, **more})

    def test_a_text_is_gone_on_with(self):
        answer = self.complete()
        openai.types.Completion.model_validate(answer.model_dump(), strict=True)
        choice = answer.choices[0]
        self.assertEqual((answer.object, choice.index, choice.finish_reason), ("text_completion", 0, "stop"))
        self.assertEqual(choice.token_ids, CASE["output_ids"])
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens),
                         (len(CASE["prompt_ids"]), len(CASE["output_ids"])))

    def test_tokens_are_gone_on_with_as_their_text_is(self):
        self.assertEqual(self.complete(CASE["prompt_ids"]).choices[0].token_ids, CASE["output_ids"])

    def test_lists_of_texts_and_of_tokens_are_answered_in_their_order(self):
        alone = [self.complete(prompt).choices[0] for prompt in (PROMPT, OTHER)]
        self.assertNotEqual(alone[0].text, alone[1].text)
        choices = self.complete([PROMPT, OTHER]).choices
        self.assertEqual([(choice.index, choice.text) for choice in choices], list(enumerate(c.text for c in alone)))
        twice = self.complete([CASE["prompt_ids"], CASE["prompt_ids"]]).choices
        self.assertEqual([choice.token_ids for choice in twice], [CASE["output_ids"]] * 2)

    def test_n_answers_to_each_of_several_prompts(self):
        request = {"temperature": 3, "seed": 4, "max_tokens": 20}
        together = self.complete([PROMPT, OTHER], n=2, **request).choices
        apart = [choice for prompt in (PROMPT, OTHER) for choice in self.complete(prompt, n=2, **request).choices]
        self.assertEqual([choice.index for choice in together], [0, 1, 2, 3])
        self.assertEqual([choice.token_ids for choice in together], [choice.token_ids for choice in apart])
        self.assertEqual(len({tuple(choice.token_ids) for choice in together}), 4)

    def test_a_stream_joined_equals_the_whole(self):
        for request in ({}, {"n": 2, "temperature": 2, "seed": 1, "max_tokens": 50, "logprobs": 3},
                        {"prompt": [PROMPT, OTHER], "temperature": 1, "seed": 2}, {"echo": True}, {"stop": "carry"}):
            whole = self.complete(**request)
            chunks = list(self.complete(stream=True, stream_options={"include_usage": True}, **request))
            self.assertEqual(chunks[-1].choices, [])
            self.assertEqual(chunks[-1].usage.completion_tokens, whole.usage.completion_tokens)
            for expected in whole.choices:
                parts = [c for chunk in chunks for c in chunk.choices if c.index == expected.index]
                self.assertEqual("".join(part.text for part in parts), expected.text)
                self.assertEqual(sum((getattr(part, "token_ids", None) or [] for part in parts), []),
                                 expected.token_ids)
                self.assertEqual([part.finish_reason for part in parts if part.finish_reason],
                                 [expected.finish_reason])
                if expected.logprobs:
                    for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
                        self.assertEqual(sum((getattr(part.logprobs, name) for part in parts if part.logprobs), []),
                                         getattr(expected.logprobs, name))

    def test_log_probabilities(self):
        choice = self.complete(logprobs=5).choices[0]
        told = choice.logprobs
        self.assertTrue(len(told.tokens) == len(told.token_logprobs) == len(told.top_logprobs) == len(told.text_offset))
        self.assertEqual(told.token_ids, CASE["output_ids"][:-1])  # the end is no part of the answer
        for token, logprob, top, offset in zip(told.tokens, told.token_logprobs, told.top_logprobs, told.text_offset):
            self.assertLessEqual(sum(math.exp(value) for value in top.values()), 1 + 1e-6)
            self.assertEqual(max(top.values()), logprob)
            self.assertEqual(top[token], logprob)
            if token not in ("<think>", "</think>"):  # control tokens are no text, and take no place in it
                self.assertEqual(choice.text[offset:offset + len(token)], token)

    def test_the_prompt_is_echoed(self):
        plain = self.complete("What is ", max_tokens=5)
        self.assertEqual(self.complete("What is ", max_tokens=5, echo=True).choices[0].text,
                         "What is " + plain.choices[0].text)

    def test_stop_limit_and_bias(self):
        whole = self.complete().choices[0].text
        stopped = self.complete(stop=["carry"]).choices[0]
        self.assertEqual((stopped.text, stopped.finish_reason), (whole[:whole.index("carry")], "stop"))
        short = self.complete(max_tokens=3)
        self.assertEqual((short.choices[0].finish_reason, short.usage.completion_tokens), ("length", 3))
        self.assertEqual(self.complete(max_tokens=openai.omit, logit_bias={"20": 100}).choices[0].token_ids, [20] * 16)

    def test_what_is_not_offered_is_refused(self):
        for param, more in (("suffix", {"suffix": "end"}), ("best_of", {"best_of": 2})):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.complete(**more)
            self.assertEqual((caught.exception.param, caught.exception.code), (param, "unsupported_parameter"))

    def test_an_answer_goes_on_from_its_tokens(self):
        for cut in range(1, len(CASE["output_ids"]), 13):
            rest = self.complete(extra_body={"continue_tokens": CASE["output_ids"][:cut]})
            self.assertEqual(rest.choices[0].token_ids, CASE["output_ids"][cut:])


class Embeddings(Client):
    def embed(self, texts, **more):
        return self.client.embeddings.create(model=MODEL, input=texts, **more)

    def raw(self, texts, **more):
        """The JSON as it came: the client decodes base64 by itself."""
        return self.client.post("/embeddings", cast_to=object, body={"model": MODEL, "input": texts, **more})

    def test_base64_and_numbers_are_the_same_bits(self):
        texts = ["What is 737+361?", "a fox"]
        default, numbers = self.embed(texts), self.embed(texts, encoding_format="float")
        self.assertEqual([entry.index for entry in default.data], [0, 1])
        for one, other in zip(default.data, numbers.data):
            self.assertEqual(len(one.embedding), 128)
            self.assertEqual(struct.pack("<128f", *one.embedding), struct.pack("<128f", *other.embedding))
        self.assertNotEqual(default.data[0].embedding, default.data[1].embedding)
        packed = self.raw(texts, encoding_format="base64")["data"][1]["embedding"]
        self.assertEqual(struct.unpack("<128f", base64.b64decode(packed, validate=True)),
                         tuple(default.data[1].embedding))
        self.assertIsInstance(self.raw(texts)["data"][0]["embedding"], list)

    def test_a_text_is_embedded_the_same_alone_and_among_others(self):
        texts = [f"What is {a}+{a * 7}?" for a in range(40)]
        together = self.embed(texts)
        for index in (0, 17, 39):
            self.assertEqual(self.embed(texts[index]).data[0].embedding, together.data[index].embedding)

    def test_tokens_are_embedded_as_their_text(self):
        text = "What is 737+361?"
        tokens = self.client.post("/tokenize", cast_to=object, body={"model": MODEL, "text": text})["tokens"]
        expected = self.embed(text).data[0].embedding
        self.assertEqual(self.embed(tokens).data[0].embedding, expected)
        self.assertEqual([entry.embedding for entry in self.embed([tokens, tokens[:3]]).data][0], expected)

    def test_usage_counts_the_tokens(self):
        answer = self.embed(["12345", "67"])
        openai.types.CreateEmbeddingResponse.model_validate(answer.model_dump(), strict=True)
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.total_tokens), (7, 7))

    def test_other_dimensions_are_refused(self):
        self.assertEqual(len(self.embed("a", dimensions=128).data[0].embedding), 128)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.embed("a", dimensions=64)
        self.assertEqual(caught.exception.param, "dimensions")

    def test_a_text_that_is_too_long_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.embed("x" * 2000)
        self.assertEqual(caught.exception.code, "context_length_exceeded")


class Models(Client):
    def test_models_are_listed_and_described(self):
        (model,) = list(self.client.models.list())
        openai.types.Model.model_validate(model.model_dump(), strict=True)
        self.assertEqual((model.id, model.object), (MODEL, "model"))
        self.assertEqual(self.client.models.retrieve(MODEL), model)
        self.assertEqual((model.context_length, model.max_model_len, model.meta["n_ctx"]), (1024, 1024, 1024))
        self.assertLessEqual({"chat", "completion", "embedding", "reasoning"}, set(model.capabilities))

    def test_an_alias_is_answered_by_the_real_model(self):
        for name in ("gpt-4o", "anything-else"):
            answer = self.client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}],
                                                         max_tokens=1)
            self.assertEqual(answer.model, MODEL)
            self.assertEqual(self.client.embeddings.create(model=name, input="a").model, MODEL)


class NoSuchModel(ServedTest):
    def test_a_model_that_is_not_there_is_not_found(self):
        with openai.OpenAI(base_url=self.server.base_url, api_key="none") as client:
            for call in (lambda: client.models.retrieve("gpt-4o"), lambda: client.models.retrieve("a/b c"),
                         lambda: client.completions.create(model="gpt-4o", prompt="a"),
                         lambda: client.embeddings.create(model="gpt-4o", input="a"),
                         lambda: client.chat.completions.create(model="gpt-4o", messages=[
                             {"role": "user", "content": "a"}])):
                with self.assertRaises(openai.NotFoundError) as caught:
                    call()
                self.assertEqual(caught.exception.code, "model_not_found")


if __name__ == "__main__":
    main()
