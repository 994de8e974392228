"""candor run as a user runs it, on a small model that adds numbers and thinks before it answers.

The model, its prompts and its greedy outputs in tests/data/reasoning come from transformers.
"""
import hashlib
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import tempfile
import time
import unittest

CANDOR = os.environ["CANDOR_BINARY"]
DATA = pathlib.Path(__file__).resolve().parent.parent / "data/reasoning"
MODEL = DATA / "tiny-thinker.gguf"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
GREEDY = ["--temperature", "0"]


def run(*arguments, stdin="", status=0, model=MODEL):
    done = subprocess.run([CANDOR, "run", model, *arguments], input=stdin, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent"})
    assert done.returncode == status, (arguments, done)
    return done


def run_json(*arguments, **options):
    return json.loads(run(*GREEDY, "--json", *arguments, **options).stdout)


def case(name):
    return next(each for each in EXPECTED if each["case"] == name)


def question(expected):
    return expected["prompt"].split("\n")[1].removesuffix("<|im_end|>")


class Run(unittest.TestCase):
    def test_thinks_and_answers_as_the_reference(self):
        for name, flags in (("thinks", []), ("thinking off", ["--think", "off"])):
            expected = case(name)
            done = run_json(*flags, question(expected))
            self.assertEqual(done["prompt"], expected["prompt"])
            self.assertEqual(done["prompt_tokens"], expected["prompt_ids"])
            self.assertEqual(done["tokens"], expected["output_ids"])
            thought, _, answer = expected["output"].removesuffix("<|im_end|>").rpartition("</think>")
            self.assertEqual(done["reasoning"], thought.removeprefix("<think>").strip())
            self.assertEqual(done["text"], answer.strip())
            self.assertEqual(done["usage"]["generated_tokens"], len(expected["output_ids"]))
            self.assertEqual(done["finish_reason"], "end")
            self.assertFalse(done["prompted_reasoning"])
            self.assertEqual(done["tool_calls"], [])

    def test_asking_for_thought_opens_it(self):
        expected = case("thinks")
        for mode in ("on", "low", "high"):
            self.assertEqual(run_json("--think", mode, question(expected))["tokens"], expected["output_ids"])

    def test_a_budget_is_exact(self):
        text = question(case("thinks"))
        for budget in (0, 1, 10):
            done = run_json("--think", str(budget), text)
            self.assertEqual(done["usage"]["reasoning_tokens"], budget)
            self.assertGreater(done["usage"]["forced_tokens"], 0)
        self.assertEqual(run_json("--think", "1000", text)["tokens"], case("thinks")["output_ids"])

    def test_the_digest_is_that_of_the_token_ids(self):
        done = run_json(question(case("thinks")))
        ids = struct.pack(f"<{len(done['tokens'])}i", *done["tokens"])
        self.assertEqual(done["digest"], hashlib.sha256(ids).hexdigest())
        self.assertEqual(done["model_sha256"], [hashlib.sha256(MODEL.read_bytes()).hexdigest()])

    def test_answer_and_everything_else_are_apart(self):
        done = run(*GREEDY, "What is 737+361?")
        self.assertEqual(done.stdout, "1098\n")
        self.assertIn("7+1+0=8, write 8, carry 0", done.stderr)
        self.assertRegex(done.stderr, r"35 prompt, \d+ reasoning, \d+ answer tokens; first token [\d.]+ s; "
                                      r"[\d.]+ tokens/s; seed \d+\n$")
        self.assertNotIn("\x1b", done.stderr)
        quiet = run(*GREEDY, "--quiet", "What is 737+361?")
        self.assertEqual((quiet.stdout, quiet.stderr), ("1098\n", ""))
        self.assertIn(hashlib.sha256(MODEL.read_bytes()).hexdigest(), run(*GREEDY, "--stats", "What is 737+361?").stderr)

    def test_statistics_tell_the_memory_of_keys_and_values(self):
        # 4 layers of 2 heads with keys and values of 32 numbers, two bytes each, in pages of 64 positions.
        def expected(tokens):
            return f"{4 * 2 * 2 * 32 * 2 * 64 * -(-tokens // 64) / 1e6:.1f} MB for keys and values"
        self.assertIn(expected(35 + 6), run(*GREEDY, "--stats", "--max-tokens", "6", "What is 737+361?").stderr)
        self.assertIn(expected(35 + 500),
                      run("--stats", "--logit-bias", "258:-100", "--max-tokens", "500", "What is 737+361?").stderr)

    def test_the_prompt_comes_from_the_input_too(self):
        for arguments, stdin in (([], "What is 737+361?\n"), (["-"], "What is 737+361?"),
                                 (["What", "is", "737+361?"], "ignored")):
            self.assertEqual(run(*GREEDY, *arguments, stdin=stdin).stdout, "1098\n")
        self.assertIn("What is\n737+361?<|im_end|>", run_json("What is", "-", stdin="737+361?\n")["prompt"])
        self.assertIn("empty", run(stdin="", status=2).stderr)
        self.assertIn("16 MiB", run(stdin="x" * ((16 << 20) + 1), status=1).stderr)

    def test_text_that_is_not_utf_8_is_refused_before_loading(self):
        def refused(*arguments, stdin=b""):
            with tempfile.NamedTemporaryFile(suffix=".gguf") as broken:  # what is read of it is refused too
                broken.write(b"GGUF\3\0\0\0" + b"\xff" * 100)
                broken.flush()
                done = subprocess.run([CANDOR, "run", broken.name, *arguments], input=stdin, capture_output=True,
                                      timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                return done.stderr.decode("utf-8")
        self.assertEqual(refused(stdin="Grüße".encode("latin-1")),
                         "candor: standard input: not UTF-8 at byte 2; convert it first, e.g. with iconv -f latin1 -t "
                         "utf-8\n")
        self.assertIn("candor: the prompt: not UTF-8 at byte 5;", refused("caf\u00e9".encode("utf-8") + b"\xff"))
        self.assertIn("candor: --system: not UTF-8 at byte 0;", refused("--system", b"\xff", "x"))
        self.assertNotIn("UTF-8", refused("--raw", stdin=b"\xff"))

    def test_raw_takes_any_bytes_and_json_stays_utf_8(self):
        done = subprocess.run([CANDOR, "run", MODEL, "--raw", "--json", "--max-tokens", "3"], input=b"a\xffb",
                              capture_output=True, timeout=60, check=True)
        answer = json.loads(done.stdout.decode("utf-8"))
        self.assertEqual(answer["prompt"], "a\ufffdb")
        self.assertEqual(len(answer["prompt_tokens"]), 3)

    def test_the_model_comes_before_the_prompt(self):
        done = subprocess.run([CANDOR, "run", "no-such-model"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-such-model", done.stderr)

    def test_what_the_engine_refuses_is_named_as_the_flag(self):
        self.assertIn("candor: --ctx: 1025 is outside 2 to 1024", run("--ctx", "1025", "x", status=2).stderr)
        self.assertIn("candor: --logit-bias: token 262 is outside", run("--logit-bias", "262:1", "x", status=2).stderr)
        self.assertIn('--ctx: "1" is not a whole number from 2 to what', run("--ctx", "1", "x", status=2).stderr)

    def test_raw_goes_on_with_the_prompt(self):
        expected = case("thinks")
        done = run_json("--raw", expected["prompt"])
        self.assertEqual(done["prompt_tokens"], expected["prompt_ids"])
        self.assertEqual(done["tokens"], expected["output_ids"])
        self.assertIn("--system", run("--raw", "--system", "x", "y", status=2).stderr)
        self.assertIn("--think", run("--raw", "--think", "on", "y", status=2).stderr)

    def test_a_seed_gives_one_answer_whatever_computes_it(self):
        flags = ["--json", "--temperature", "3", "--max-tokens", "40", "What is 12+34?"]
        answers = [json.loads(run("--seed", "7", *more, *flags).stdout) for more in (
            [], ["--threads", "1"], ["--threads", "3"], ["--isa", "scalar"], ["--chunk", "1"], ["--chunk", "7"])]
        self.assertEqual(len({answer["digest"] for answer in answers}), 1)
        self.assertEqual(answers[3]["isa"], "scalar")
        self.assertEqual(answers[2]["threads"], 3)
        self.assertEqual((answers[0]["seed"], answers[0]["choice"]), (7, 0))
        choices = [json.loads(run("--seed", "7", "--choice", str(i), *flags).stdout) for i in range(4)]
        self.assertEqual(choices[0]["digest"], answers[0]["digest"])
        self.assertEqual(len({choice["digest"] for choice in choices}), 4)
        self.assertEqual(choices[3]["choice"], 3)
        others = {json.loads(run("--seed", str(seed), *flags).stdout)["digest"] for seed in range(8)}
        self.assertGreater(len(others), 4)

    def test_limits_and_stops_end_the_answer(self):
        done = run_json("--max-tokens", "5", "What is 737+361?")
        self.assertEqual((len(done["tokens"]), done["finish_reason"]), (5, "length"))
        done = run_json("--stop", "09", "What is 737+361?")
        self.assertEqual((done["text"], done["finish_reason"]), ("1", "stop"))
        done = run_json("--ctx", "50", "What is 737+361?")
        self.assertEqual((len(done["tokens"]), done["finish_reason"]), (15, "context"))
        self.assertIn("35", run("--ctx", "20", "What is 737+361?", status=1).stderr)

    def test_the_model_is_told_what_the_system_flag_says(self):
        self.assertTrue(run_json("--system", "Add.", "What is 1+2?")["prompt"].startswith("<|im_start|>system\nAdd.<"))

    def wait_until_it_watches(self, process, number):
        """That is when it computes; notes on standard error may come before."""
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while not int(re.search(r"SigCgt:\t(\w+)", status.read_text(encoding="utf-8")).group(1), 16) >> (number - 1) & 1:
            pass

    def test_an_interrupted_answer_ends_with_130(self):
        process = subprocess.Popen([CANDOR, "run", MODEL, "--temperature", "5", "--logit-bias", "258:-100", "--ctx", "1024",
                                    "--chunk", "1", "--isa", "scalar", "--threads", "1",
                                    "What is 1+2?"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.wait_until_it_watches(process, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertIn(b"; stopped\n", stderr)

    def test_a_second_interrupt_ends_the_program_within_a_step(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([CANDOR, "run", MODEL, "--isa", "scalar", "--exact", "--threads", "1",
                                        "1234567890" * 95],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            status = pathlib.Path(f"/proc/{process.pid}/status")
            caught = 0
            while not caught >> (number - 1) & 1:  # until it watches the signal, which is when it computes
                caught = int(re.search(r"SigCgt:\t(\w+)", status.read_text(encoding="utf-8")).group(1), 16)
            process.send_signal(number)
            while caught >> (number - 1) & 1:
                caught = int(re.search(r"SigCgt:\t(\w+)", status.read_text(encoding="utf-8")).group(1), 16)
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, -number)

    def test_a_termination_stops_the_answer_and_is_told(self):
        process = subprocess.Popen([CANDOR, "run", MODEL, "--temperature", "5", "--logit-bias", "258:-100", "--ctx", "1024",
                                    "--chunk", "1", "--isa", "scalar", "--threads", "1",
                                    "What is 1+2?"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.wait_until_it_watches(process, signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        self.assertIn(b"; stopped\n", stderr)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for flags in ([], ["--json"]):
                done = subprocess.run([CANDOR, "run", MODEL, *GREEDY, *flags, "What is 1+2?"], stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("standard output", done.stderr)

    def test_a_file_that_is_no_model_is_named(self):
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(b"GGUF\3\0\0\0" + b"\xff" * 100)
            file.flush()
            done = run("x", status=1, model=file.name)
            self.assertIn(file.name, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
