"""langchain-openai's chat model and embeddings."""
import asyncio
import json

import openai
import tiktoken
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from served import ANSWER, DATA, MODEL, ServedTest, golden, main

TEXT = "What is 737+361?"


def encoding():
    """The model's own tokens as tiktoken counts them: single bytes, spelled as GPT-2 does."""
    vocabulary = json.loads((DATA / "reasoning/tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    spelled = {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
    ranks = {bytes([spelled[piece]]): number for piece, number in vocabulary.items() if piece in spelled}
    return tiktoken.Encoding("bytes", pat_str=r"[\s\S]", mergeable_ranks=ranks, special_tokens={})


class LangChain(ServedTest):
    def chat(self, **options):
        return ChatOpenAI(**{"model": MODEL, "base_url": self.server.base_url, "api_key": "none", "temperature": 0,
                             "max_retries": 0, **options})

    def embeddings(self, **options):
        return OpenAIEmbeddings(model=MODEL, base_url=self.server.base_url, api_key="none", max_retries=0, **options)

    def test_a_message_is_answered(self):
        answer = self.chat().invoke([SystemMessage("Add."), HumanMessage(TEXT)])
        self.assertIsInstance(answer, AIMessage)
        self.assertTrue(answer.content)
        answer = self.chat().invoke(TEXT)
        self.assertEqual(answer.content, ANSWER)
        case = golden("thinks")
        self.assertEqual(answer.usage_metadata["input_tokens"], len(case["prompt_ids"]))
        self.assertEqual(answer.usage_metadata["output_tokens"], len(case["output_ids"]))
        self.assertGreater(answer.usage_metadata["output_token_details"]["reasoning"], 50)
        self.assertEqual(answer.response_metadata["finish_reason"], "stop")
        self.assertEqual(answer.response_metadata["model_name"], MODEL)
        self.assertTrue(answer.response_metadata["system_fingerprint"])

    def test_a_stream_joined_is_the_whole_answer(self):
        for options in ({}, {"temperature": 2, "seed": 3, "max_tokens": 80, "reasoning_effort": "none"}):
            whole = self.chat(**options).invoke(TEXT)
            chunks = list(self.chat(stream_usage=True, **options).stream(TEXT))
            joined = chunks[0]
            for chunk in chunks[1:]:
                joined += chunk
            self.assertEqual(joined.content, whole.content)
            for name in ("input_tokens", "output_tokens", "total_tokens"):
                self.assertEqual(joined.usage_metadata[name], whole.usage_metadata[name])
            self.assertEqual(joined.response_metadata["finish_reason"], whole.response_metadata["finish_reason"])

    def test_log_probabilities_stop_and_bias_reach_the_server(self):
        told = self.chat(logprobs=True, top_logprobs=2).invoke(TEXT).response_metadata["logprobs"]["content"]
        self.assertEqual("".join(entry["token"] for entry in told).strip(), ANSWER)
        self.assertEqual(len(told[0]["top_logprobs"]), 2)
        self.assertEqual(self.chat(stop=["9"]).invoke(TEXT).content, "10")
        self.assertEqual(self.chat(logit_bias={20: 100}, max_tokens=4, reasoning_effort="none").invoke(TEXT).content,
                         "5555")

    def test_several_answers_and_several_questions(self):
        made = self.chat(n=3, temperature=3, seed=1, max_tokens=20).generate([[HumanMessage(TEXT)]])
        self.assertEqual(len(made.generations[0]), 3)
        answers = self.chat().batch([TEXT, TEXT, "What is 1+1?"])
        self.assertEqual([answers[0].content, answers[1].content], [ANSWER, ANSWER])

        async def together():
            return await asyncio.gather(*(self.chat().ainvoke(TEXT) for _ in range(8)))

        self.assertEqual({answer.content for answer in asyncio.run(together())}, {ANSWER})

    def test_tools_and_schemas_are_refused_by_name(self):
        schema = {"title": "sum", "description": "A sum.", "type": "object", "properties": {"sum": {"type": "integer"}},
                  "required": ["sum"]}
        for param, model in (("tools", self.chat().bind_tools([schema])),
                             ("response_format", self.chat().with_structured_output(schema, method="json_schema"))):
            with self.assertRaises(openai.BadRequestError) as caught:
                model.invoke(TEXT)
            self.assertEqual((caught.exception.param, caught.exception.code), (param, "unsupported_parameter"))

    def test_a_model_that_is_not_there(self):
        with self.assertRaises(openai.NotFoundError):
            self.chat(model="gpt-4o").invoke(TEXT)

    def test_embeddings_of_texts(self):
        plain = self.embeddings(check_embedding_ctx_length=False)
        first, second = plain.embed_documents([TEXT, "a fox"])
        self.assertEqual((len(first), len(second)), (128, 128))
        self.assertEqual(plain.embed_query(TEXT), first)
        self.assertNotEqual(first, second)

    def test_embeddings_by_arrays_of_tokens_are_those_of_the_texts(self):
        # Its default is to send token numbers. What it would fetch the encoding for is put in its place.
        original = tiktoken.encoding_for_model, tiktoken.get_encoding
        tiktoken.encoding_for_model = tiktoken.get_encoding = lambda *_: encoding()
        try:
            by_tokens = self.embeddings().embed_documents([TEXT, "a fox"])
        finally:
            tiktoken.encoding_for_model, tiktoken.get_encoding = original
        by_text = self.embeddings(check_embedding_ctx_length=False).embed_documents([TEXT, "a fox"])
        self.assertEqual(by_tokens, by_text)


if __name__ == "__main__":
    main()
