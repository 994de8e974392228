#!/usr/bin/env python3
"""Every command that reads a model is sealed when it says something.

What it writes to is a pipe that is full, so that it waits there for as long as the test looks.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time

import candor_cli

MODEL = candor_cli.DATA / "reasoning" / "tiny-thinker.gguf"


class SealedTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.store.mkdir()
        shutil.copy(MODEL, self.store / "m.gguf")
        (self.folder / "text").write_text("What is 737+361? " * 10)
        (self.folder / "messages.json").write_text(json.dumps([{"role": "user", "content": "Hi"}]))
        (self.folder / "template.jinja").write_text("{{ x }}")
        (self.folder / "input.json").write_text('{"x": 1}')
        os.mkfifo(self.folder / "full")
        self.full = os.open(self.folder / "full", os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, self.full)
        for size in (4096, 1):
            try:
                while True:
                    os.write(self.full, bytes(size))
            except BlockingIOError:
                pass
        os.set_blocking(self.full, True)

    def assert_sealed(self, *arguments, seconds=30):
        process = subprocess.Popen([candor_cli.BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=self.full,
                                   stderr=subprocess.DEVNULL, env=self.environment, cwd=self.folder)
        try:
            end = time.monotonic() + seconds
            while True:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                if "Seccomp:\t2\n" in status:
                    break
                self.assertIsNone(process.poll(), f"{arguments} has ended")
                self.assertLess(time.monotonic(), end, f"{arguments} is not sealed")
                time.sleep(0.005)
            self.assertIn("NoNewPrivs:\t1\n", status)
        finally:
            process.kill()
            process.wait()

    def test_commands_that_compute_are_sealed(self):
        self.assert_sealed("run", "m", "--max-tokens", "500", "What is 737+361?")
        self.assert_sealed("run", "m", "--json", "What is 737+361?")
        self.assert_sealed("eval", "logits", "m", "--tokens", "1,2,3", "--out", "full")
        self.assert_sealed("eval", "perplexity", "m", "text")
        self.assert_sealed("bench", "m", "--prompt", "4", "--gen", "1", "--repetitions", "1")

    def test_commands_that_only_read_are_sealed(self):
        self.assert_sealed("list")
        self.assert_sealed("inspect", "m")
        self.assert_sealed("tokenize", "m", "Hi")
        self.assert_sealed("render", "m", "--messages", "messages.json")
        self.assert_sealed("render", "--template", "template.jinja", "--input", "input.json")


if __name__ == "__main__":
    candor_cli.main()
