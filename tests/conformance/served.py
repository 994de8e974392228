"""A real `candor serve`, started for a class of tests, and what the tests of the Python clients share.

Needs $CANDOR_BINARY. The model is tests/data/reasoning/tiny-thinker.gguf, which adds numbers and thinks before it
answers; what it says was written down by another implementation (expected.json beside it).
"""
import json
import math
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
import candor_server  # noqa: E402

BINARY = candor_server.BINARY
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
THINKER = candor_server.THINKER
MODEL = "tiny-thinker"
MODELS = candor_server.MODELS

THINK, END_THINK, END = 259, 260, 258  # <think>, </think>, <|im_end|>
QUESTION = [{"role": "user", "content": "What is 737+361?"}]
# At temperature 0, without marks: expected.json, "thinks".
THOUGHT = ("7+1+0=8, write 8, carry 0\n3+6+0=9, write 9, carry 0\n7+3+0=10, write 0, carry 1\nwrite 1\nso 1098")
ANSWER = "1098"
# An answer that goes on until its client leaves or the context is full: a thought that cannot be closed by the model.
ENDLESS = {"messages": QUESTION, "temperature": 1, "seed": 1, "logit_bias": {str(END_THINK): -100, str(END): -100}}


def golden(case):
    cases = json.loads((DATA / "reasoning/expected.json").read_text(encoding="utf-8"))
    return next(row for row in cases if row["case"] == case)


class Server(candor_server.CandorServer):
    """candor serve on a free port of 127.0.0.1, with a home of its own."""

    def __init__(self, *arguments, models=(THINKER,), store=None):
        super().__init__(models, *arguments, store=store)
        self.base_url = self.url + "/v1"

    def stop(self):
        """Ends it, and with it the answers under way that nobody waits for; returns its exit status."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(0.5)  # a signal that comes while it ends would change its status
        except subprocess.TimeoutExpired:
            pass  # the second signal does not wait for answers
        return super().stop()[0]

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def metric(self, name, **labels):
        """The sum of a metric over the labels that are not given."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=20) as response:
            lines = response.read().decode().splitlines()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.split("{")[0].split(" ")[0] == name and all(label in line for label in wanted))

    def running(self):
        return self.metric("candor_answers_running") + self.metric("candor_answers_waiting")


def wait_for(condition, timeout=20):
    """Waits until `condition` holds; returns whether it did in time."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class ServedTest(unittest.TestCase):
    """Tests that share one server, started with ARGUMENTS."""
    ARGUMENTS = ()
    MODEL_FILES = (THINKER,)
    STORE = {}  # what the store holds, by name

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.ARGUMENTS, models=cls.MODEL_FILES, store=cls.STORE)
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        status = cls.server.stop()
        # A sanitizer that has found something shows here.
        assert status == 0, f"candor serve ended with status {status}"

    def check_logprobs(self, entry, greedy=True):
        """One place of an answer: probabilities, sampled token, bytes."""
        top = entry.top_logprobs
        self.assertLessEqual(sum(math.exp(likely.logprob) for likely in top), 1 + 1e-6)
        self.assertEqual([likely.logprob for likely in top], sorted((t.logprob for t in top), reverse=True))
        self.assertLessEqual(entry.logprob, 0)
        if greedy:
            self.assertEqual((entry.token, entry.logprob), (top[0].token, top[0].logprob))
        if entry.bytes is None:  # a control token, which is no text
            self.assertRegex(entry.token, "^<.*>$")
        else:
            self.assertEqual(bytes(entry.bytes).decode("utf-8", "replace"), entry.token)


def real_model(name):
    """The path of a real model, or the test is skipped."""
    path = MODELS / f"{name}.gguf"
    if not path.exists():
        raise unittest.SkipTest(f"{path} is not there: build/release/candor pull {name}")
    return path


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
