#!/usr/bin/env python3
"""Runs the program on thousands of hostile model files and holds it to what a file may do: a refused file ends with
exit status 1 and a message that names the field, in under a second, in memory bounded by the file's size plus 64 MiB.
Valid files among them have to be accepted, so that refusing everything is no way to pass.

    hostile_files.py --candor PATH [--format gguf|safetensors] [--data tests/data] [--sanitizer] [--only REGEX] [--keep DIR] [--jobs N] [--list]

The verdicts come from the description of the format, not from what the program does.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time

import large_cases
import folder_cases
import model_cases
import split_cases
import structure_cases
import vocabulary_cases
from case import ACCEPT, EITHER, REFUSE, Case, Link
from program import HANG_SECONDS, MIB, SANITIZER_HANG_SECONDS, SANITIZER_REPORT, Runner, is_safe
from results import Results

MEMORY_ABOVE_FILE = 64 * MIB
CPU_SECONDS = 1.0
LONGEST_MESSAGE = 8192
GGUF_GROUPS = [structure_cases, model_cases, vocabulary_cases, split_cases, large_cases]


def golden_cases(folder):
    """Real files of the repository, which have to be accepted."""
    for path in sorted(pathlib.Path(folder).glob("*/*.gguf")):
        yield Case(f"test data {path.name}", ACCEPT, {"m.gguf": path.read_bytes()})


def all_cases(folder, model_format):
    if model_format == "safetensors":
        yield from folder_cases.cases(pathlib.Path(folder))
        return
    yield from golden_cases(folder)
    for group in GGUF_GROUPS:
        yield from group.cases()


def write_files(case, folder):
    """Writes the case's files and returns the model's path and the bytes of all."""
    total = 0
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content == "folder":
            path.mkdir()
        elif content == "fifo":
            os.mkfifo(path)
        elif content == "loop":
            path.symlink_to(path.name)
        elif isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            with open(path, "wb", buffering=0) as file:
                for piece in [content] if isinstance(content, bytes) else content():
                    file.write(piece)
            total += path.stat().st_size
    return folder / (case.model or next(iter(case.files))), total


def remove_files(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def faults(case, outcome, size, model, sanitizer):
    """What the program did other than the case says."""
    if outcome.hung:
        yield "hangs"
    wanted = {REFUSE: [1], ACCEPT: [0], EITHER: [0, 1]}[case.verdict]
    if outcome.status not in wanted:
        yield f"exit status {outcome.status} instead of {' or '.join(map(str, wanted))}"
    try:
        message = outcome.err.decode()
    except UnicodeDecodeError:
        yield "a message that is not UTF-8"
        message = outcome.err.decode(errors="replace")
    if SANITIZER_REPORT.search(message) or SANITIZER_REPORT.search(outcome.out.decode(errors="replace")):
        yield "a sanitizer's report"
    if not is_safe(message):
        yield "a message with control characters"
    if outcome.status == 1:
        # The path would match too much.
        message = message.replace(str(model), "").replace(model.name, "")
        if not message.strip():
            yield "no message"
        elif len(message) > LONGEST_MESSAGE:
            yield f"a message of {len(message)} characters"
        for name in case.names:
            if not re.search(name, message, re.IGNORECASE):
                yield f"a message that does not name {name}"
    if not sanitizer:
        if outcome.cpu > CPU_SECONDS:
            yield f"{outcome.cpu:.2f} s of CPU time"
        if outcome.memory > size + MEMORY_ABOVE_FILE:
            yield f"{outcome.memory / MIB:.0f} MiB for files of {size / MIB:.1f} MiB"


def run_case(case, runner, options, results):
    model, size = write_files(case, runner.folder)
    command = [options.candor, case.command, str(model)]
    if case.command == "run":
        command += ["Hi", "--max-tokens", "4"]
    outcome = runner.run(command, SANITIZER_HANG_SECONDS if options.sanitizer else HANG_SECONDS)
    wrong = list(faults(case, outcome, size, model, options.sanitizer))
    results.add(case, outcome, size, wrong, (case.command, case.verdict), runner.folder)
    remove_files(runner.folder)


def work(options, results, cases, lock, folder):
    runner = Runner(folder)
    while True:
        with lock:
            case = next(cases, None)
        if case is None:
            return runner.close()
        run_case(case, runner, options, results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candor", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--format", choices=["gguf", "safetensors"], default="gguf")
    parser.add_argument("--data", default=pathlib.Path(__file__).resolve().parents[1] / "data")
    parser.add_argument("--sanitizer", action="store_true", help="neither time nor memory count")
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose title matches")
    parser.add_argument("--keep", metavar="DIR", help="where the files of failures stay")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every case's title, command and verdict")
    options = parser.parse_args()
    chosen = (case for case in all_cases(options.data, options.format) if re.search(options.only, case.title))
    if options.list:
        for case in chosen:
            print(case.verdict, case.command, case.title, sep="\t")
        return 0
    results = Results("files", options.keep, write_files)
    lock = threading.Lock()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostile_") as root, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(work, options, results, chosen, lock,
                            pathlib.Path(root) / str(number)) for number in range(options.jobs)]
        for job in jobs:
            job.result()
    results.summary(time.monotonic() - begin)
    return 0 if results.passed() else 1


if __name__ == "__main__":
    sys.exit(main())
