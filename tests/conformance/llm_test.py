"""The command-line tool `llm`, told of the server in its extra-openai-models.yaml."""
import json
import os
import pathlib
import tempfile

os.environ["LLM_LOAD_PLUGINS"] = ""  # those that a user may have installed
import llm.cli  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from served import ANSWER, MODEL, ServedTest, golden, main  # noqa: E402

TEXT = "What is 737+361?"


class Llm(ServedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory(prefix="candor_llm_")
        cls.addClassCleanup(cls.folder.cleanup)
        # Its configuration is YAML, of which JSON is a part.
        models = [{"model_id": "here", "model_name": MODEL, "api_base": cls.server.base_url, "reasoning": True},
                  {"model_id": "whole", "model_name": MODEL, "api_base": cls.server.base_url, "can_stream": False},
                  {"model_id": "text", "model_name": MODEL, "api_base": cls.server.base_url, "completion": True},
                  {"model_id": "gone", "model_name": "nothing", "api_base": cls.server.base_url}]
        (pathlib.Path(cls.folder.name) / "extra-openai-models.yaml").write_text(json.dumps(models), encoding="utf-8")

    def llm(self, *arguments, text=None):
        # In this process: importing it takes seconds.
        environment = {"LLM_USER_PATH": self.folder.name, "OPENAI_API_KEY": "none"}
        return CliRunner().invoke(llm.cli.cli, arguments, input=text or "", env=environment)

    def answer(self, *arguments, **keywords):
        done = self.llm(*arguments, **keywords)
        self.assertEqual(done.exit_code, 0, done.stderr)
        return done.stdout.strip()

    def test_a_question_is_answered_whole_and_streamed(self):
        for arguments in (("-m", "here"), ("-m", "here", "--no-stream"), ("-m", "whole")):
            self.assertEqual(self.answer(*arguments, "-o", "temperature", "0", TEXT), ANSWER)

    def test_options_reach_the_server(self):
        seeded = ("-m", "here", "-o", "temperature", "2", "-o", "seed", "7", "-o", "max_tokens", "60", TEXT)
        self.assertEqual(self.answer(*seeded), self.answer(*seeded))
        self.assertEqual(self.answer("-m", "here", "-o", "temperature", "0", "-o", "stop", "9", TEXT), "10")
        biased = self.answer("-m", "here", "-o", "logit_bias", '{"20": 100}', "-o", "max_tokens", "5", TEXT)
        self.assertEqual(biased, "55555")

    def test_usage_is_told(self):
        done = self.llm("-m", "here", "-o", "temperature", "0", "--usage", TEXT)
        case = golden("thinks")
        self.assertIn(f"{len(case['prompt_ids'])} input", done.stderr)
        self.assertIn(f"{len(case['output_ids'])} output", done.stderr)

    def test_a_conversation_goes_on(self):
        self.answer("-m", "here", "-o", "temperature", "0", TEXT)
        self.assertTrue(self.answer("-c", "-o", "temperature", "0", "-o", "max_tokens", "200", "What is 1+1?"))

    def test_a_system_prompt_and_standard_input(self):
        self.assertTrue(self.answer("-m", "here", "-s", "Add.", "-o", "max_tokens", "50", "-o", "logit_bias",
                                    '{"259": -100}', text=TEXT))

    def test_a_text_is_gone_on_with(self):
        said = self.answer("-m", "text", "-o", "temperature", "0", "-o", "max_tokens", "200",
                           golden("thinks")["prompt"])
        self.assertTrue(said.endswith(ANSWER), said)

    def test_a_model_that_is_not_there_is_told(self):
        done = self.llm("-m", "gone", TEXT)
        self.assertNotEqual(done.exit_code, 0)
        self.assertIn("nothing", done.stderr)


if __name__ == "__main__":
    main()
