"""A throw-away source tree that a check of tools/ runs on."""
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"


class Tree:
    def __init__(self, test):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, script):
        """Returns the script's exit status and what it printed."""
        done = subprocess.run([sys.executable, TOOLS / script, self.root], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr
