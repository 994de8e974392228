"""What the tests with clients share: a real server on the small thinking model."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest
import urllib.request

BINARY = pathlib.Path(os.environ["CANDOR_BINARY"]).resolve()
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
MODEL = "tiny-thinker"
QUESTION = [{"role": "user", "content": "What is 737+361?"}]
THOUGHT = "7+1+0=8, write 8, carry 0\n3+6+0=9, write 9, carry 0\n7+3+0=10, write 0, carry 1\nwrite 1\nso 1098"
ANSWER = "1098"


class Server:
    def __init__(self, *flags):
        self.home = tempfile.TemporaryDirectory(prefix="candor_conformance_")
        self.process = subprocess.Popen(
            [BINARY, "serve", DATA / "reasoning/tiny-thinker.gguf", "--port", "0", "--json", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={"PATH": os.environ["PATH"], "HOME": self.home.name, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")})
        self.root = json.loads(self.process.stdout.readline())["url"]
        self.url = self.root + "/v1"

    def stop(self):
        self.process.kill()
        self.process.communicate()
        self.home.cleanup()

    def metric(self, name):
        """The sum of a metric over its labels."""
        with urllib.request.urlopen(self.root + "/metrics") as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))

    def kill_worker(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)


class ServerTest(unittest.TestCase):
    """One server for all tests of a class."""

    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.FLAGS)
        cls.addClassCleanup(cls.server.stop)
