#!/usr/bin/env python3
"""Checks what holds for every file of the repository.

    tools/check_files.py [ROOT]      exit 0 when all is well, 1 with one line a violation

- no source file is over 600 lines, no file over 1 MiB except test data;
- no file is left unfinished (the usual marks), none names a path of somebody's machine;
- every link of a document leads to a file, every path of this repository that it names is there;
- no two headers define types of one name in one namespace, which a linker would take for the same;
- the name of a model family stands in its own file and the registry, nowhere else in the engine.
"""
import pathlib
import re
import subprocess
import sys

MAX_LINES = 600
MAX_BYTES = 1 << 20
CODE = {".h", ".cc", ".inc", ".py", ".ts", ".tsx", ".cmake", ""}
TEST_DATA = "tests/data/"
# Spelled so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|work|Users)/\w+")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED_PATH = re.compile(r"`((?:src|tests|tools|bench|fuzz|cmake|examples)/[\w./-]*)[` ]")
# Folders of src that may not know any family. The tokenizer has pre-tokenizers, which are called after the models they
# came with; the store has the names of models to pull; cli has them in its help.
FAMILY_FREE = ["base", "kernels", "format", "chat", "grammar", "model", "engine", "ipc", "trust", "api", "server"]
FAMILIES = "src/model/families"
REGISTRIES = {"src/model/registry.cc", "src/model/registry.h", "src/model/CMakeLists.txt"}
# What a format calls its things after the model that brought them: a kind of rotation in config.json, a way to report
# reasoning.
FORMATS_OWN_WORDS = re.compile(r'"llama3"|linear, llama3, yarn|"auto", "deepseek", "parsed"')
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


TYPE = re.compile(r"^(?:class|struct|enum class) (\w+)(?: final)?(?: *:(?!:)| *\{)", re.MULTILINE)
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.MULTILINE)


def listed_files(root):
    """Tracked files and new ones that are not ignored, as paths from `root`."""
    git = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        out = subprocess.run(git, capture_output=True, check=True).stdout
        names = [name for name in out.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.parts[len(root.parts)] not in (".git", "build")]
    return [name for name in sorted(set(names)) if (root / name).is_file() and not (root / name).is_symlink()]


def check_sizes(root, name):
    size = (root / name).stat().st_size
    if name.startswith(TEST_DATA):
        return
    if size > MAX_BYTES:
        yield f"{name}: {size} bytes, more than {MAX_BYTES}; data that a test needs belongs in {TEST_DATA}"
    elif pathlib.PurePath(name).suffix in CODE and name != "LICENSE":
        lines = (root / name).read_bytes().count(b"\n")
        if lines > MAX_LINES:
            yield f"{name}: {lines} lines, more than {MAX_LINES}; split it by meaning"


def check_text(root, name):
    if name.startswith(TEST_DATA) or (root / name).stat().st_size > MAX_BYTES:
        return
    try:
        text = (root / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: a mark of unfinished work: {line.strip()}"
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()}"


def check_documents(root, names):
    for name in names:
        if not name.endswith(".md") or name.startswith(TEST_DATA):
            continue
        text = (root / name).read_text(encoding="utf-8")
        for target in LINK.findall(text):
            if "://" not in target and not (root / name).parent.joinpath(target).exists():
                yield f"{name}: links to {target}, which is not there"
        for path in NAMED_PATH.findall(text):
            if not (root / path).exists():
                yield f"{name}: names {path}, which is not there"


def family_pattern(root):
    """Matches the families' names without their version: "llama" and "Llama3" where there is a llama.cc."""
    stems = {re.sub(r"[\d_.]+.*$", "", p.stem).lower() for p in (root / FAMILIES).glob("*.cc")}
    stems -= {"", "family", "families", "common"}
    if not stems:
        return None
    names = "|".join(sorted(map(re.escape, stems)))
    # As a word or the beginning of one: "phi3" and "Phi3Config", but not "philox" or "StringPtr".
    capitals = "|".join(sorted(re.escape(stem.capitalize()) for stem in stems))
    # Long ones are no part of another word: "IsDeepSeek", "kSmolLm3", "DEEPSEEK".
    long = "|".join(sorted(re.escape(stem) for stem in stems if len(stem) > 4)) or "(?!)"
    return re.compile(f"(?<![A-Za-z])(?:{names})(?![a-z])|(?:{capitals})(?![a-z])|(?i:{long})")


def check_families(root, names):
    pattern = family_pattern(root)
    if not pattern:
        return
    for name in names:
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3 or parts[1] not in FAMILY_FREE:
            continue
        if name.startswith(FAMILIES + "/") or name in REGISTRIES:
            continue
        # Comments go, their line breaks stay, so that line numbers hold.
        code = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), (root / name).read_text(encoding="utf-8"))
        for number, line in enumerate(code.splitlines(), 1):
            if pattern.search(FORMATS_OWN_WORDS.sub("", line)):
                yield f"{name}:{number}: names a model family, which only {FAMILIES} may: {line.strip()}"


def check_type_names(root, names):
    defined = {}
    for name in names:
        if not (name.startswith("src/") and name.endswith(".h")):
            continue
        text = (root / name).read_text(encoding="utf-8")
        namespace = NAMESPACE.search(text)
        for match in TYPE.finditer(text):
            key = (namespace.group(1) if namespace else "", match.group(1))
            other = defined.setdefault(key, name)
            if other != name:
                yield f"{name}: {match.group(1)} is defined in {other} too, in the same namespace"


def check(root):
    names = listed_files(root)
    for name in names:
        yield from check_sizes(root, name)
        yield from check_text(root, name)
    yield from check_documents(root, names)
    yield from check_families(root, names)
    yield from check_type_names(root, names)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    violations = list(check(root))
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
