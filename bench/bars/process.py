"""What the program takes as a process: time to the first token, peak memory, two instances at once."""
import json
import os
import statistics
import subprocess
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
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{' '.join(map(str, command))} ended with {process.returncode}"
    return output, usage.ru_maxrss * 1024


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
