"""What candor says of its command line: help, version, exit statuses, suggestions, the file of settings."""
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import unittest

CANDOR = os.environ["CANDOR_BINARY"]


def candor(*arguments, settings=None):
    with tempfile.TemporaryDirectory() as home:
        if settings is not None:
            folder = pathlib.Path(home, "candor")
            folder.mkdir()
            (folder / "config.toml").write_text(settings, encoding="utf-8")
        environment = {**os.environ, "XDG_CONFIG_HOME": home, "CANDOR_MODELS": home}
        return subprocess.run([CANDOR, *arguments], capture_output=True, text=True, timeout=60, env=environment,
                              stdin=subprocess.DEVNULL)


class CommandLine(unittest.TestCase):
    def test_help_and_version_go_to_standard_output(self):
        for arguments in (["--help"], ["help"], ["run", "--help"], ["help", "run"], ["eval", "logits", "--help"]):
            done = candor(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertIn("Usage: candor", done.stdout)
            self.assertIn("Examples:", done.stdout)
        self.assertRegex(candor("--version").stdout, r"^candor \d+\.\d+\.\d+\n")

    def test_every_command_has_examples_of_its_own(self):
        words = re.search(r"Commands:\n((?:  .*\n)+)", candor("--help").stdout, re.IGNORECASE).group(1)
        commands = [line.split()[0] for line in words.splitlines() if re.match(r"  \S", line)]
        self.assertIn("inspect", commands)
        for command in commands:
            shown = candor(command, "--help").stdout
            lines = [line for line in shown.splitlines() if line.startswith("  candor ")]
            self.assertTrue(lines, command)
            for line in lines:
                self.assertTrue(line.startswith((f"  candor {command} ", "  candor tokenize ")) or line == f"  candor {command}", line)
            self.assertNotRegex(shown, r"\s:\{")

    def test_flags_do_something(self):
        self.assert_wrong_usage(candor("bench", "m", "--ctx", "100"), "unknown option --ctx")
        for command in ["run"], ["bench"], ["eval", "logits"], ["eval", "perplexity"], ["inspect"], ["tokenize"], ["render"]:
            self.assertRegex(candor(*command, "--help").stdout, r"a\s+folder\s+with config.json", command)
        self.assertIn("XDG_DATA_HOME", candor("list", "--help").stdout)

    def test_help_fits_a_hundred_columns(self):
        for arguments in (["--help"], ["run", "--help"]):
            for line in candor(*arguments).stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def assert_wrong_usage(self, done, *words):
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_misspelt_command_or_flag_gets_a_suggestion(self):
        self.assert_wrong_usage(candor(), "a command is missing", "candor --help")
        self.assert_wrong_usage(candor("rum", "x"), 'unknown command "rum"; did you mean run?')
        self.assert_wrong_usage(candor("run", "m", "--treads", "2"), "--treads; did you mean --threads?",
                                "candor run --help")
        self.assert_wrong_usage(candor("run", "m", "--top_p=1"), "--top_p; did you mean --top-p?")
        self.assert_wrong_usage(candor("run"), "MODEL")
        for typed, meant in (("rm", "remove"), ("ps", "list"), ("show", "inspect"), ("rnu", "run"), ("ls", "list")):
            self.assert_wrong_usage(candor(typed, "x"), f'unknown command "{typed}"; did you mean {meant}?')
        self.assert_wrong_usage(candor("run", "m", "-n", "5"), "unknown option -n; did you mean --max-tokens?")
        self.assert_wrong_usage(candor("run", "m", "--num-ctx=5"), "unknown option --num-ctx; did you mean --ctx?")
        self.assert_wrong_usage(candor("run", "m", "-x"), "unknown option -x\n")
        self.assert_wrong_usage(candor("list", "-n"), "unknown option -n\n")
        self.assert_wrong_usage(candor("list", "-"), "candor list --help")
        self.assert_wrong_usage(candor("pull", "unheard"), '"unheard" is no model that candor knows; known are ')
        self.assert_wrong_usage(candor("eval", "logist"), "candor eval --help")

    def test_a_refused_value_names_flag_and_range(self):
        self.assert_wrong_usage(candor("run", "m", "--top-p", "1.5"), "--top-p", '"1.5"', "0 to 1")
        self.assert_wrong_usage(candor("run", "m", "--top-k", "1.5"), "--top-k", "whole number")
        self.assert_wrong_usage(candor("run", "m", "--temperature", "nan"), "--temperature", "0 to 10")
        self.assert_wrong_usage(candor("run", "m", "--threads", "0"), "--threads", "1 to")
        self.assert_wrong_usage(candor("run", "m", "--kv", "q4"), "--kv", "f16, f32, q8_0")
        self.assert_wrong_usage(candor("run", "m", "--seed", "-1"), "--seed")
        self.assert_wrong_usage(candor("run", "m", "--logit-bias", "5"), "--logit-bias", "TOKEN:BIAS")
        self.assert_wrong_usage(candor("run", "m", "--think", "maybe"), "--think", "on, off")

    def test_a_missing_model_is_a_failure(self):
        done = candor("run", "no-such-model", "x")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no-such-model", done.stderr)

    def test_what_a_file_says_is_no_command_to_the_terminal(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder, "bad\x1b]0;p\a.gguf")
            bad.write_bytes(b"no model")
            template = pathlib.Path(folder, "t.jinja")
            values = pathlib.Path(folder, "v.json")
            values.write_text("{}", encoding="utf-8")
            for text in ("{{ raise_exception('\x1b]0;p\x07\u009b') }}", "{{ \x1b }}"):
                template.write_text(text, encoding="utf-8")
                done = candor("render", "--template", template, "--input", values)
                self.assertEqual(done.returncode, 1)
                self.assertNotRegex(done.stderr, r"[^\n -~\u00a0-\uffff]")
            done = candor("run", bad, "x")
            self.assertIn("bad\u241b]0;p\u2407.gguf", done.stderr)
            self.assertNotIn("\x1b", done.stderr)

    def test_results_are_exact_in_a_pipe_and_safe_on_a_terminal(self):
        with tempfile.TemporaryDirectory() as folder:
            template = pathlib.Path(folder, "t.jinja")
            template.write_text("a\x1b]0;p\x07b\n", encoding="utf-8")
            values = pathlib.Path(folder, "v.json")
            values.write_text("{}", encoding="utf-8")
            render = ["render", "--template", template, "--input", values]
            self.assertEqual(candor(*render).stdout, "a\x1b]0;p\x07b")
            ours, theirs = pty.openpty()
            subprocess.run([CANDOR, *render], check=True, stdout=theirs, stdin=subprocess.DEVNULL, timeout=60)
            os.close(theirs)
            self.assertEqual(os.read(ours, 100).decode("utf-8"), "a\u241b]0;p\u2407b")
            os.close(ours)

    def test_settings_come_from_the_file(self):
        self.assert_wrong_usage(candor("run", "m", "x", settings="[run]\ntop-p = 7\n"), "config.toml:2: top-p", "0 to 1")
        self.assert_wrong_usage(candor("run", "m", "x", settings="thread = 7\n"), "config.toml:1", "did you mean threads?")
        self.assertEqual(candor("list", settings="threads = 2\n[run]\nexact = true\n").returncode, 0)
        self.assert_wrong_usage(candor("--config", "/no/such/file", "list"), "/no/such/file")
        self.assert_wrong_usage(candor("list", "--config", "/no/such/file"), "/no/such/file")
        self.assert_wrong_usage(candor("eval", "logits", "m", "--config=/no/such/file"), "/no/such/file")
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("top-p = 7\n")
            file.flush()
            self.assert_wrong_usage(candor("run", "m", "x", "--config", file.name), file.name + ":1: top-p")

    def test_settings_are_a_regular_file(self):
        with tempfile.TemporaryDirectory() as home:
            folder = pathlib.Path(home, "candor")
            folder.mkdir()
            os.mkfifo(folder / "config.toml")
            environment = {**os.environ, "XDG_CONFIG_HOME": home, "CANDOR_MODELS": home}
            for flags in ([], ["--config", folder / "config.toml"], ["--config", "/dev/zero"]):
                done = subprocess.run([CANDOR, "list", *flags], capture_output=True, text=True, timeout=5, env=environment,
                                      stdin=subprocess.DEVNULL)
                self.assert_wrong_usage(done, "--config: ", "not a regular file")


if __name__ == "__main__":
    unittest.main()
