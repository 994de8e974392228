"""What the program takes as a process: time to the first token, peak memory, two instances at once."""
import json
import os
import statistics
import subprocess
import sys
import time


def first_token_seconds(candor, model, prompt, repeat=5):
    """Median time from starting `candor run` to the first byte of its answer; one run before it warms up."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        process = subprocess.Popen([candor, "run", model, prompt, "--max-tokens", "8"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        first = os.read(process.stdout.fileno(), 1)
        times.append(time.perf_counter() - start)
        process.stdout.read()
        assert process.wait() == 0 and first, "candor run gave no answer"
    return statistics.median(times[1:])


def peak_bytes(command):
    """Runs a command and returns (its standard output, the most memory it held, in bytes)."""
    # A process inherits the peak of the one that started it, so a small one has to.
    starter = [sys.executable, "-c", _STARTER, *map(str, command)]
    result = subprocess.run(starter, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.returncode == 0, f"{' '.join(map(str, command))} ended with {result.returncode}"
    return result.stdout, int(result.stderr) * 1024


_STARTER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def share_kept_by_two(candor, model, threads=2):
    """The lesser share of its decode speed alone that each of two instances at once keeps."""
    command = [candor, "bench", model, "--threads", str(threads), "--prompt", "64", "--gen", "256", "--json"]

    def finish(process):
        output, _ = process.communicate()
        assert process.returncode == 0, f"candor bench ended with {process.returncode}"
        return json.loads(output)["decode_tps"]

    def start():
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    shares = []
    for _ in range(3):
        alone = finish(start())
        pair = [start(), start()]
        shares.append(min(finish(process) for process in pair) / alone)
    return statistics.median(shares)
