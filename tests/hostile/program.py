"""Running the program on one case at a time, and what every case has in common."""
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import unicodedata

MIB = 1 << 20
HANG_SECONDS = 20
SANITIZER_HANG_SECONDS = 120
SANITIZER_REPORT = re.compile(r"(?:Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error:")


@dataclasses.dataclass
class Outcome:
    """How one run of the program ended; the last three only of a traced one."""
    status: int
    hung: bool
    cpu: float
    memory: int
    opened: list = dataclasses.field(default_factory=list)
    shrunk: bool = False
    lost: bool = False
    out: bytes = b""
    err: bytes = b""


class Runner:
    """A folder for one case at a time, and the process that runs the program there."""

    def __init__(self, folder, script="measured_run.py"):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-I", "-S", pathlib.Path(__file__).with_name(script)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, command, seconds, **more):
        self.process.stdin.write(json.dumps({"command": command, "folder": str(self.folder), "seconds": seconds}
                                            | more) + "\n")
        outcome = Outcome(**json.loads(self.process.stdout.readline()))
        for name in ("out", "err"):
            with open(self.folder / name, "rb") as file:
                setattr(outcome, name, file.read(MIB))
        return outcome

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def is_safe(text):
    """Whether a terminal shows this and does nothing else."""
    return all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text)
