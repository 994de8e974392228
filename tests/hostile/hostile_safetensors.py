#!/usr/bin/env python3
"""Runs the program on thousands of hostile checkpoint folders and holds it to what a folder may do: a refused one ends
with exit status 1 and one line that names the file and the tensor or field, soon, and in memory bounded by the folder's
size; an accepted one gives finite logits. Nothing outside of the folder is opened. Valid folders among them have to be
accepted, many of them with unchanged logits, so that refusing everything is no way to pass.

    hostile_safetensors.py --candor PATH [--share N] [--sanitizer] [--group REGEX] [--only REGEX] [--keep DIR]
                           [--jobs N] [--list]

The verdicts come from the format, from what transformers computes, and from one rule: no index, link or header leads
out of the folder. None comes from what the program does.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import re
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
import zlib

import config_rule_cases
import config_value_cases
import document_cases
import header_cases
import header_mutation_cases
import index_cases
import path_cases
import shrink_cases
import tensor_cases
import value_cases
from case import ACCEPT, EITHER, REFUSE
from checkpoint_folder import golden
from folder_case import DIRECTORY, FIFO, OTHER, SAME, SOCKET, Link, Mode, Sparse, within
from program import HANG_SECONDS, MIB, SANITIZER_HANG_SECONDS, SANITIZER_REPORT, Runner, is_safe
from results import Results

MEMORY_ABOVE_FILES = 64 * MIB
MEMORY_TIMES_FILES = 6
CPU_SECONDS, LARGE_CPU_SECONDS = 1.0, 10.0
LONGEST_MESSAGE = 4096
GROUPS = [header_cases, header_mutation_cases, tensor_cases, value_cases, config_value_cases, config_rule_cases,
          index_cases, document_cases, path_cases, shrink_cases]
NOTE = re.compile(r"^candor: tiny: a part of each \S+ is kept transposed, as \w+ instead of \w+\n")
TOKENS, VOCABULARY = "1,2,3", 320
# Files of the machine to which hostile links lead, and which the program has no reason to open.
FOREIGN = re.compile(r"/etc/passwd|/dev/(?:zero|full|random|stdin|tty)|/proc/(?:kmsg|self/.*|\d+/(?:environ|mem|exe))")


def write_files(case, root):
    """Writes the case's files and returns the bytes of all."""
    total = 0
    for name, content in case.contents().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Mode) and content.data is None:
            path.chmod(content.mode)
        elif content == DIRECTORY:
            path.mkdir(exist_ok=True)
        elif content == FIFO:
            os.mkfifo(path)
        elif content == SOCKET:
            # A socket's path may be no longer than 107 bytes.
            with socket.socket(socket.AF_UNIX) as listener:
                here = os.open(path.parent, os.O_RDONLY)
                listener.bind(f"/proc/self/fd/{here}/{path.name}")
                os.close(here)
        else:
            data = content.data if isinstance(content, Mode) else content.head if isinstance(content, Sparse) else content
            path.write_bytes(data)
            total += len(data) + (content.held if isinstance(content, Sparse) else 0)
            if isinstance(content, Sparse):
                os.truncate(path, content.size)
            if isinstance(content, Mode):
                path.chmod(content.mode)
    return total


def logits_of(data):
    """The numbers of the file that the program wrote, or what is wrong with it."""
    try:
        length = struct.unpack("<Q", data[:8])[0]
        info = json.loads(data[8:8 + length])["logits"]
        numbers = struct.unpack(f"<{3 * VOCABULARY}f", data[8 + length:])
    except (struct.error, ValueError, KeyError) as error:
        return f"logits that cannot be read: {error}"
    if info["dtype"] != "F32" or info["shape"] != [3, VOCABULARY]:
        return f"logits of {info['dtype']} {info['shape']}"
    return numbers if all(map(math.isfinite, numbers)) else "logits that are not finite"


class Tester:
    def __init__(self, options):
        self.options = options
        self.results = Results("folders", options.keep, write_files)
        self.lock = threading.Lock()
        self.references = {}

    def seconds(self):
        return SANITIZER_HANG_SECONDS if self.options.sanitizer else HANG_SECONDS

    def command(self, model, out):
        return [self.options.candor, "eval", "logits", str(model), "--tokens", TOKENS, "--out", str(out)]

    def reference(self, base, runner):
        """The logits of the unchanged folder."""
        with self.lock:
            if base not in self.references:
                folder, out = runner.folder / "reference", runner.folder / "reference.out"
                for name, data in within(golden(base).files()).items():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(data)
                outcome = runner.run(self.command(folder / "tiny", out), self.seconds())
                shown = outcome.err.decode(errors="replace").strip()
                self.references[base] = logits_of(out.read_bytes()) if outcome.status == 0 else f"none: {shown}"
                shutil.rmtree(folder)
            return self.references[base]

    def faults(self, case, outcome, size, root, runner):
        """What the program did other than the case says."""
        wanted, output = [case.verdict], case.output
        if case.shrink and outcome.lost:
            wanted = [REFUSE]
        elif case.shrink and not outcome.shrunk:
            wanted = [ACCEPT]
        statuses = {REFUSE: [1], ACCEPT: [0], EITHER: [0, 1]}[wanted[0]]
        if outcome.hung:
            yield "hangs"
        if outcome.status not in statuses:
            yield f"exit status {outcome.status} instead of {' or '.join(map(str, statuses))}"
        yield from message_faults(case, outcome, root)
        if outcome.status == 0:
            logits = logits_of(pathlib.Path(runner.folder / "logits").read_bytes())
            reference = self.reference(case.base, runner)
            if isinstance(logits, str):
                yield logits
            elif isinstance(reference, str):
                yield f"nothing to compare with, {reference}"
            elif output == SAME and logits != reference:
                yield "other logits than without the change"
            elif output == OTHER and logits == reference:
                yield "the same logits as without the change"
        for path in outcome.opened:
            inside = path.removeprefix(f"{root}/")
            if FOREIGN.fullmatch(path) or any(inside == each or inside.startswith(each + "/") for each in case.outside):
                yield f"{inside} was opened"
        if not self.options.sanitizer:
            if outcome.cpu > (LARGE_CPU_SECONDS if case.large or case.traced else CPU_SECONDS):
                yield f"{outcome.cpu:.2f} s of CPU time"
            if outcome.memory > MEMORY_TIMES_FILES * size + MEMORY_ABOVE_FILES:
                yield f"{outcome.memory / MIB:.0f} MiB for files of {size / MIB:.1f} MiB"

    def run(self, case, runner, traced):
        root = runner.folder / "case"
        root.mkdir()
        size = write_files(case, root)
        command = self.command(f"{root}/{case.model}", runner.folder / "logits")
        if case.traced or case.user is not None:
            shrink = case.shrink and (f"{root}/tiny/{case.shrink[0]}", *case.shrink[1:])
            outcome = traced.run(command, self.seconds(), user=case.user, shrink=shrink)
        else:
            outcome = runner.run(command, self.seconds())
        wrong = list(self.faults(case, outcome, size, root, runner))
        self.results.add(case, outcome, size, wrong, (case.base, case.verdict, case.output), root)
        for path in root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(root)
        (runner.folder / "logits").unlink(missing_ok=True)


def message_faults(case, outcome, root):
    """What is wrong with what the program says."""
    try:
        message = outcome.err.decode()
    except UnicodeDecodeError:
        yield "a message that is not UTF-8"
        message = outcome.err.decode(errors="replace")
    if SANITIZER_REPORT.search(message) or SANITIZER_REPORT.search(outcome.out.decode(errors="replace")):
        yield "a sanitizer's report"
    if not is_safe(message) or "\t" in message:
        yield "a message with control characters"
    if outcome.status != 1:
        return
    # The path would match too much.
    message = message.replace(f"{root}/", "")
    # What the program tells of a folder that it reads comes before what is wrong with it.
    message = NOTE.sub("", message)
    if not message.strip():
        yield "no message"
    elif message.count("\n") != 1 or not message.endswith("\n"):
        yield f"a message of {message.count(chr(10))} lines"
    if len(message) > LONGEST_MESSAGE:
        yield f"a message of {len(message)} characters"
    for name in case.names:
        if not re.search(name, message, re.IGNORECASE):
            yield f"a message that does not name {name}"


def work(tester, cases, lock, folder):
    folder.mkdir()
    # Cases run as a user without rights, who has to get there.
    folder.chmod(0o777)
    runner, traced = Runner(folder), Runner(folder, "traced_run.py")
    while True:
        with lock:
            case = next(cases, None)
        if case is None:
            runner.close()
            return traced.close()
        tester.run(case, runner, traced)


def all_cases(groups):
    for group in GROUPS:
        if re.search(groups, group.__name__):
            yield from group.cases()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candor", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--share", type=int, default=1, metavar="N", help="one case of N, always the same")
    parser.add_argument("--sanitizer", action="store_true", help="neither time nor memory count")
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose title matches")
    parser.add_argument("--group", default="", metavar="REGEX", help="cases of the modules whose name matches")
    parser.add_argument("--keep", metavar="DIR", help="where the files of failures stay")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every case's title and verdict")
    options = parser.parse_args()
    chosen = (case for case in all_cases(options.group) if re.search(options.only, case.title)
              and zlib.crc32(case.title.encode()) % options.share == 0)
    if options.list:
        for case in chosen:
            print(case.verdict, case.output, case.base, case.title.encode("unicode_escape").decode(), sep="\t")
        return 0
    tester = Tester(options)
    lock = threading.Lock()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostile_") as root, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        os.chmod(root, 0o711)
        jobs = [pool.submit(work, tester, chosen, lock, pathlib.Path(root) / str(number))
                for number in range(options.jobs)]
        for job in jobs:
            job.result()
    tester.results.summary(time.monotonic() - begin)
    return 0 if tester.results.passed() else 1


if __name__ == "__main__":
    sys.exit(main())
