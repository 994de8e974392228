"""What `make run` shows once candor is built: the answer and all of its notes as candor shows them itself.

    demo_test.py CANDOR
"""
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "tests/data/reasoning/tiny-thinker.gguf"
CANDOR = pathlib.Path(sys.argv.pop(1)).resolve()
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "CANDOR_BINARY": str(CANDOR), "TERM": "xterm",
               "MODEL": str(MODEL), "PROMPT": "What is 737+361?", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}


class Demo(unittest.TestCase):
    def test_what_goes_to_files_has_no_escape_sequences(self):
        done = subprocess.run([ROOT / "tools/demo"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=True)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertIn("7+1+0=8, write 8, carry 0", done.stderr)
        self.assertRegex(done.stderr, r"digest of the answer [0-9a-f]{64}\n")
        self.assertRegex(done.stdout, r"\n1098\n(.*\n)+.*  the same\n")

    def test_a_terminal_stays_one(self):
        ours, theirs = pty.openpty()
        with subprocess.Popen([ROOT / "tools/demo"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=theirs) as process:
            os.close(theirs)
            shown = b""
            while select.select([ours], [], [], 120)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:
                    break
        os.close(ours)
        self.assertEqual(process.returncode, 0)
        text = shown.decode("utf-8").replace("\r", "")
        self.assertIn("\x1b[2;3mReasoning\x1b[0m\n\x1b[2m\u2502 7", text)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        self.assertRegex(text, r"so 1098\n\n1098\n35 prompt, .*; seed 1\nmodel tiny-thinker, ")
        self.assertIn("  the same\n", text)

    def test_what_candor_refuses_ends_it_as_candor_ends(self):
        done = subprocess.run([ROOT / "tools/demo"], env={**ENVIRONMENT, "MODEL": "/no/such.gguf"}, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("candor: /no/such.gguf: no such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
