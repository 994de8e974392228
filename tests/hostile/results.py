"""What came of many cases: counts, failures as they happen, the slowest and the largest."""
import collections
import pathlib
import threading

from case import EITHER
from program import MIB


class Results:
    """For several threads. `what`: the cases' word, "files"; `keep_files(case, folder)` writes those of a failure."""

    def __init__(self, what, keep, keep_files):
        self.what, self.keep, self.keep_files = what, keep, keep_files
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.failures = []
        self.slowest, self.largest = (0.0, ""), (0, "")

    def add(self, case, outcome, size, wrong, about, hidden):
        """`wrong`: what the program did other than the case says; `about`: words on the case; `hidden`: a path that is
        left out of messages."""
        with self.lock:
            self.counts[self.what] += 1
            self.counts[case.verdict] += 1
            self.counts[f"status {outcome.status}"] += 1
            self.counts["cpu"] += outcome.cpu
            self.slowest = max(self.slowest, (outcome.cpu, case.title))
            self.largest = max(self.largest, (outcome.memory - size, case.title))
            if not wrong:
                return
            self.failures.append(case.title)
            shown = outcome.err.decode(errors="replace").replace(f"{hidden}/", "")[:400]
            print(f"FAILED {case.title} [{', '.join(about)}]: {'; '.join(wrong)}\n"
                  f"    status {outcome.status}, {outcome.cpu:.2f} s, {outcome.memory / MIB:.0f} MiB: {shown!r}",
                  flush=True)
            if self.keep:
                folder = pathlib.Path(self.keep) / f"{len(self.failures):04}"
                folder.mkdir(parents=True)
                (folder / "title").write_text(f"{case.title}\n{', '.join(about)}\n")
                self.keep_files(case, folder)

    def passed(self):
        return not self.failures and self.counts[self.what] > 0

    def summary(self, seconds):
        """What happened, in two lines; the second is the one to compare."""
        refused, accepted = self.counts["status 1"], self.counts["status 0"]
        print(f"{self.counts[EITHER]} {self.what} may be refused or accepted; {seconds:.0f} s, of CPU time "
              f"{self.counts['cpu']:.0f} s; slowest {self.slowest[0]:.2f} s ({self.slowest[1]}); "
              f"most memory above the files' size {self.largest[0] / MIB:.0f} MiB ({self.largest[1]})")
        print(f"{self.counts[self.what]} {self.what}, {refused} refused, {accepted} accepted, "
              f"failures: {len(self.failures)}")
