#!/usr/bin/env python3
"""`candor render`: the exact prompt of a model, and any template over given variables."""
import json
import shutil

import candor_cli

REASONING = candor_cli.DATA / "reasoning"
CASES = {case["case"]: case for case in reversed(json.loads((REASONING / "expected.json").read_text()))}
QUESTION = [{"role": "user", "content": "What is 737+361?"}]


class RenderTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        # The sanitizers' leak check looks into the process from outside, which a sealed process refuses.
        self.environment["ASAN_OPTIONS"] = "detect_leaks=0"

    def file(self, name, content):
        path = self.folder / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_bytes(text.encode())
        return str(path)

    def render(self, template, variables, *more):
        return self.run_candor("render", "--template", self.file("t.jinja", template), "--input",
                               self.file("v.json", variables), *more)

    def test_prints_the_prompt_of_a_model_byte_for_byte(self):
        model, messages = str(REASONING / "tiny-thinker.gguf"), self.file("m.json", QUESTION)
        self.assertEqual(self.run_candor("render", model, "--messages", messages), (0, CASES["thinks"]["prompt"], ""))
        self.assertEqual(self.run_candor("render", model, "--messages", messages, "--think", "off"),
                         (0, CASES["thinking off"]["prompt"], ""))
        for think in ("on", "high", "20", "auto"):
            self.assertEqual(self.run_candor("render", model, "--messages", messages, "--think", think),
                             (0, CASES["thinks"]["prompt"], ""))
        status, out, _ = self.run_candor("render", model, "--messages", messages, "--no-generation-prompt")
        self.assertEqual((status, out), (0, "<|im_start|>user\nWhat is 737+361?<|im_end|>\n"))

    def test_finds_a_model_in_the_store(self):
        self.store.mkdir()
        shutil.copy(REASONING / "tiny-thinker.gguf", self.store / "thinker.gguf")
        self.assertEqual(self.run_candor("render", "thinker", "--messages", self.file("m.json", QUESTION)),
                         (0, CASES["thinks"]["prompt"], ""))

    def test_reads_a_folder(self):
        model = self.folder / "model"
        model.mkdir()
        (model / "config.json").write_text("{}")
        (model / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
        (model / "tokenizer_config.json").write_text(json.dumps(
            {"bos_token": "<s>", "chat_template": "{{ bos_token }}{{ tools | map(attribute='name') | join }}"}))
        self.assertEqual(self.run_candor("render", str(model), "--messages", self.file("m.json", QUESTION), "--tools",
                                         self.file("t.json", [{"name": "f"}, {"name": "g"}])), (0, "<s>fg", ""))

    def test_renders_any_template_with_its_variables(self):
        self.assertEqual(self.render("{% for x in l %}\n{{ x }},\n{% endfor %}\n{{ d | tojson }}\n",
                                     '{"l": [1, "é"], "d": {"b": 12345678901234567890, "a": 0.1}}'),
                         (0, '1,\né,\n{"b": 12345678901234567890, "a": 0.1}', ""))

    def test_takes_the_time_from_the_command_line(self):
        template = "{{ strftime_now('%A %d %B %Y %H:%M:%S') }}"
        self.assertEqual(self.render(template, {}, "--now", "2026-11-22T09:30:00"), (0, "Sunday 22 November 2026 09:30:00", ""))
        self.assertEqual(self.render(template, {}, "--now", "2024-02-29T23:59"), (0, "Thursday 29 February 2024 23:59:00", ""))
        status, out, _ = self.render("{{ strftime_now('%Y') }}", {})
        self.assertEqual(status, 0)
        self.assertGreaterEqual(int(out), 2025)
        for wrong in ["2026-13-01T00:00:00", "2023-02-29T00:00:00", "2026-11-22", "2026-11-22T24:00:00", "yesterday", "2026-11-22T09:30:0x"]:
            status, out, err = self.render(template, {}, "--now", wrong)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(f'--now: "{wrong}" is no time', err)

    def test_says_where_a_template_fails(self):
        status, out, err = self.render("a\n{{ x.y }}", {})
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err, f"candor: {self.folder / 't.jinja'}:2: 'x' is undefined\n")
        status, _, err = self.render("{{ raise_exception('No.') }}", {})
        self.assertEqual((status, err), (1, f"candor: {self.folder / 't.jinja'}:1: No.\n"))

    def test_says_what_is_wrong_with_a_file(self):
        model, messages = str(REASONING / "tiny-thinker.gguf"), self.file("m.json", QUESTION)
        self.assert_fails(1, "must be an object", "render", "--template", self.file("t.jinja", ""), "--input", messages)
        self.assert_fails(1, "b.json: not JSON at byte 1", "render", model, "--messages", self.file("b.json", "{"))
        self.assert_fails(1, "c.json: messages[0].role: must be a string", "render", model, "--messages", self.file("c.json", "[{}]"))
        self.assert_fails(1, "t.json: must be a list of tools", "render", model, "--messages", messages, "--tools", self.file("t.json", "{}"))
        self.assert_fails(1, "no-such.json", "render", model, "--messages", "no-such.json")
        self.assert_fails(1, "has no chat template", "render", str(candor_cli.DATA / "gguf" / "llama.gguf"), "--messages", messages)

    def test_says_how_it_is_used(self):
        messages = self.file("m.json", QUESTION)
        for arguments in [(), ("model",), ("--messages", messages), ("--template", messages), ("--input", messages),
                          ("model", "--messages", messages, "--template", messages, "--input", messages),
                          ("--template", messages, "--input", messages, "--think", "on"),
                          ("model", "--messages", messages, "--think", "maybe")]:
            status, out, err = self.run_candor("render", *arguments)
            self.assertEqual((status, out), (2, ""), err)


if __name__ == "__main__":
    candor_cli.main()
