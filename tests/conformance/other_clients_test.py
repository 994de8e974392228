"""LangChain, LiteLLM, `llm` and OpenAI's client for Node against `candor serve`."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from conformance import ANSWER, MODEL, QUESTION, THOUGHT, ServerTest

PROMPT = QUESTION[0]["content"]


class OtherClients(ServerTest):
    def test_langchain_chats_streams_and_embeds(self):
        from langchain_openai import ChatOpenAI, OpenAIEmbeddings
        chat = ChatOpenAI(model=MODEL, base_url=self.server.url, api_key="none", temperature=0)
        self.assertEqual(chat.invoke(PROMPT).content, ANSWER)
        pieces = list(chat.stream(PROMPT, stream_usage=True))
        self.assertEqual("".join(piece.content for piece in pieces), ANSWER)
        self.assertGreater(sum((piece.usage_metadata or {}).get("output_tokens", 0) for piece in pieces), 100)
        embed = OpenAIEmbeddings(model=MODEL, base_url=self.server.url, api_key="none", check_embedding_ctx_length=False)
        one, two = embed.embed_documents(["hello", "world"])
        self.assertEqual((len(one), one == two), (128, False))
        self.assertEqual(embed.embed_query("hello"), one)

    def test_litellm_gives_thought_and_answer(self):
        import litellm
        arguments = {"model": f"openai/{MODEL}", "messages": QUESTION, "temperature": 0, "api_base": self.server.url,
                     "api_key": "none"}
        message = litellm.completion(**arguments).choices[0].message
        self.assertEqual((message.content, message.reasoning_content), (ANSWER, THOUGHT))
        content = reasoning = ""
        for chunk in litellm.completion(**arguments, stream=True):
            delta = chunk.choices[0].delta
            content += delta.content or ""
            reasoning += getattr(delta, "reasoning_content", None) or ""
        self.assertEqual((content, reasoning), (ANSWER, THOUGHT))
        with self.assertRaises(litellm.BadRequestError):
            litellm.completion(**{**arguments, "temperature": 99})

    def test_llm_answers_on_the_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "extra-openai-models.yaml").write_text(json.dumps(
                [{"model_id": MODEL, "model_name": MODEL, "api_base": self.server.url}]), encoding="utf-8")
            for flags in ([], ["--no-stream"]):
                found = subprocess.run(
                    [pathlib.Path(sys.executable).with_name("llm"), "-m", MODEL, "-o", "temperature", "0", *flags,
                     PROMPT], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
                    env={**os.environ, "LLM_USER_PATH": folder, "OPENAI_API_KEY": "none"})
                self.assertIn(ANSWER, found.stdout, found.stderr)

    def test_node(self):
        script = pathlib.Path(os.environ["CANDOR_NODE_FOLDER"], "openai_node_test.mjs")
        shutil.copy(pathlib.Path(__file__).with_name(script.name), script)  # beside the packages it imports
        found = subprocess.run(["node", script, self.server.url], capture_output=True, text=True, timeout=60)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertEqual(found.stdout, "all as expected\n")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
