#!/usr/bin/env python3
"""Checks that #include lines point only down the list of folders, and that tests mirror src.

    tools/check_includes.py [ROOT]      exit 0 when all is well, 1 with one line a violation

A file of a folder may include its own folder and those above it in FOLDERS, as "folder/file.h" from src.
A test of a folder may look at that folder, at those above it, and one level up (the folder that comes after).
"""
import pathlib
import re
import sys

# Lowest first: docs/architecture.md tells what lives in each.
FOLDERS = ["base", "kernels", "format", "tokenizer", "chat", "grammar", "model", "engine", "ipc", "trust", "store", "api",
           "server", "cli"]
# Folders of tests that test no folder of src: data, helpers, this script and its kind, whole programs.
TESTS_OF_THEIR_OWN = {"conformance", "data", "hostile", "support", "tools", "install"}
SOURCES = {".h", ".cc", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def source_files(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SOURCES) if folder.is_dir() else []


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_file(root, path, owner, highest, tests):
    """Yields the violations of one file that belongs to folder `owner` and may include FOLDERS[:highest + 1]."""
    where = path.relative_to(root)
    for number, quote, target in includes(path):
        folder = target.split("/")[0]
        if quote == "<":
            if (root / "src" / target).is_file():
                yield f'{where}:{number}: <{target}> is the project\'s own: write "{target}"'
            continue
        if "/" in target and folder in FOLDERS:
            if FOLDERS.index(folder) > highest:
                yield (f"{where}:{number}: {owner} may not include {folder}, which comes after it in "
                       f"{' '.join(FOLDERS)}")
        elif not (tests and (root / "tests" / target).is_file()):
            yield f'{where}:{number}: "{target}" starts with no folder of src (own headers are written "folder/file.h")'


def check(root):
    for folder in sorted(p.name for p in (root / "src").iterdir() if p.is_dir()):
        if folder not in FOLDERS:
            yield f"src/{folder}: not in the list of folders of tools/check_includes.py"
    for path in (p for p in sorted((root / "src").iterdir()) if p.suffix in SOURCES):
        yield f"{path.relative_to(root)}: a source file outside every folder"
    for index, folder in enumerate(FOLDERS):
        for path in source_files(root / "src" / folder):
            yield from check_file(root, path, folder, index, tests=False)
    if not (root / "tests").is_dir():
        return
    for tests in sorted(p for p in (root / "tests").iterdir() if p.is_dir()):
        if tests.name in TESTS_OF_THEIR_OWN:
            highest = len(FOLDERS) - 1
        elif (root / "src" / tests.name).is_dir() and tests.name in FOLDERS:
            highest = min(FOLDERS.index(tests.name) + 1, len(FOLDERS) - 1)
        else:
            yield f"tests/{tests.name}: no folder of that name in src"
            continue
        for path in source_files(tests):
            yield from check_file(root, path, f"a test of {tests.name}", highest, tests=True)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    violations = list(check(root))
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
