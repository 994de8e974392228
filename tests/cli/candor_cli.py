"""What the command-line tests share: running the program on a store of its own."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = pathlib.Path(os.environ.get("CANDOR_BINARY", "candor")).resolve()
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


class CandorTest(unittest.TestCase):
    """Gives every test a folder, a store in it (not made yet) and an environment that knows no other."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor_cli_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = self.folder / "store"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CANDOR_MODELS": str(self.store),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
        }

    def start(self, *arguments, **keywords):
        keywords.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment, cwd=self.folder, **keywords)

    def finish(self, process, timeout=60):
        """The process's exit status, stdout and stderr."""
        out, err = process.communicate(timeout=timeout)
        return process.returncode, out, err

    def run_candor(self, *arguments, **keywords):
        return self.finish(self.start(*arguments, **keywords))

    def assert_fails(self, status, text, *arguments):
        """The command ends with `status` and a message with `text`, in one line that begins with the program's name."""
        found, out, err = self.run_candor(*arguments)
        self.assertEqual(found, status, err)
        self.assertIn(text, err)
        self.assertIn("candor: ", err)
        self.assertEqual(out, "")
        return err

    def stored(self):
        """Every file below the store, relative."""
        if not self.store.exists():
            return []
        return sorted(str(p.relative_to(self.store)) for p in self.store.rglob("*"))


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
