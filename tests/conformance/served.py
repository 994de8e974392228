"""A real `candor serve`, started for a class of tests, and what the tests of the Python clients share.

Needs $CANDOR_BINARY. The model is tests/data/reasoning/tiny-thinker.gguf, which adds numbers and thinks before it
answers; what it says was written down by another implementation (expected.json beside it).
"""
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

BINARY = pathlib.Path(os.environ.get("CANDOR_BINARY", "candor")).resolve()
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
THINKER = DATA / "reasoning/tiny-thinker.gguf"
MODEL = "tiny-thinker"
MODELS = pathlib.Path(os.environ.get("CANDOR_MODELS") or pathlib.Path.home() / ".local/share/candor/models")

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


class Server:
    """candor serve on a free port of 127.0.0.1, with a home of its own."""

    def __init__(self, *arguments, models=(THINKER,), store=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor_conformance_"))
        self.store = self.folder / "store"
        self.store.mkdir()
        for name, data in (store or {}).items():
            (self.store / name).write_bytes(data)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "CANDOR_MODELS": str(self.store),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        self.log = open(self.folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([BINARY, "serve", *models, "--port", "0", "--json", *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env=environment, cwd=self.folder)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise RuntimeError(f"candor serve did not start: {self.said()}")
        self.url = json.loads(line)["url"]
        self.base_url = self.url + "/v1"

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Ends it: twice, because answers may be under way that nobody waits for."""
        for _ in range(2):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
                time.sleep(0.05)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

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
