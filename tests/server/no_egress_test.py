"""A whole chat under strace: nothing is connected to, and nothing sent, but what clients on this machine asked for."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from candor_cli import BINARY, DATA, CandorTest, main  # noqa: E402

THINKER = DATA / "reasoning/tiny-thinker.gguf"
# Calls that reach out, and what may stand in them: nothing but the machine itself.
CALL = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg|bind)\((.*)")
ADDRESS = re.compile(r"sa_family=(AF_\w+)(?:.*?inet_addr\(\"([\d.]+)\"\))?")


class NoEgress(CandorTest):
    @staticmethod
    def kill_all(group):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def test_a_chat_makes_no_connection_outside_this_machine(self):
        trace = self.folder / "trace"
        server = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=network", "-o", trace, BINARY, "serve", THINKER, "--port", "0",
              "--json"], stdout=subprocess.PIPE, text=True, env=self.environment, cwd=self.folder,
            start_new_session=True)
        self.addCleanup(server.communicate)
        self.addCleanup(self.kill_all, server.pid)
        url = json.loads(server.stdout.readline())["url"]
        for stream in (False, True):
            body = {"model": "tiny-thinker", "stream": stream, "temperature": 0,
                    "messages": [{"role": "user", "content": "What is 737+361?"}]}
            request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(),
                                             {"content-type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as response:
                self.assertIn(b"[DONE]" if stream else b"carry", response.read())
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as children:
            os.kill(int(children.read().split()[0]), signal.SIGINT)
        server.wait(30)
        calls = trace.read_text(encoding="utf-8", errors="replace")
        self.assertIn("accept4(", calls)  # it was traced
        listening = calls.index("listen(")
        for name, arguments in CALL.findall(calls):
            address = ADDRESS.search(arguments)
            if address:
                self.assertIn(address.groups(), [("AF_INET", "127.0.0.1"), ("AF_UNIX", None), ("AF_UNIX", "")],
                              f"{name}({arguments}")
            self.assertNotEqual(name, "connect", arguments)
        self.assertNotIn("socket(AF_INET", calls[listening:])


if __name__ == "__main__":
    main()
