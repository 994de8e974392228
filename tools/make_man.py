#!/usr/bin/env python3
"""Writes candor's man page: the text of docs/man/candor.1.in, with the commands and flags as `candor --help` has them.

    tools/make_man.py CANDOR VERSION candor.1.in candor.1
"""
import re
import subprocess
import sys


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in (".", "'") else text


def help_sections(candor, command):
    """The --help of a command: (what it is for, how it is called, [(section, [(entry, description)])], the end as it is).

    The end is what comes from "Examples:" on.
    """
    text = subprocess.run([candor, *command, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout
    text, *end = re.split(r"^(?=Examples:$)", text, maxsplit=1, flags=re.MULTILINE)
    purpose, usage, sections = [], "", []
    for line in text.splitlines():
        if line.startswith("Usage:"):
            usage = line.removeprefix("Usage:").strip()
        elif re.fullmatch(r"\S.*:", line):
            sections.append((line[:-1], []))
        elif sections and re.match(r"  \S", line):
            entry, _, description = line.strip().partition("  ")
            sections[-1][1].append([entry, description.strip()])
        elif sections and sections[-1][1] and line.startswith("    "):
            last = sections[-1][1][-1]
            last[1] = f"{last[1]} {line.strip()}".strip()
        elif sections and line.strip():  # a sentence below a list
            sections[-1][1].append(["", line.strip()])
        elif line.strip() and not sections and not usage:
            purpose.append(line.strip())
    return " ".join(purpose), usage, sections, "".join(end).splitlines()


def subcommands(sections):
    return [entry.split()[0] for title, entries in sections if "commands" in title.lower() for entry, _ in entries]


def describe(candor, command, out):
    """Appends the page's part on one command and those below it."""
    purpose, usage, sections, end = help_sections(candor, command)
    below = subcommands(sections)
    if command:
        out += [f".SS {escape(' '.join(command))}", escape(purpose), ".PP", f".B {escape(usage)}"]
    for title, entries in sections:
        if "commands" in title.lower():
            continue
        for entry, description in entries:
            entry = re.sub(r"\{(?:true|false)\}$", "", entry)  # the library's way to write a flag that turns off
            out += [".TP", f".B {escape(entry)}", escape(description) or "\\&"] if entry else [".PP", escape(description)]
    if end:
        out += [".PP", ".nf", *map(escape, end), ".fi"]
    for name in below:
        describe(candor, [*command, name], out)


def main():
    candor, version, source, target = sys.argv[1:]
    commands = []
    describe(candor, [], commands)
    with open(source, encoding="utf-8") as file:
        page = file.read().replace("@VERSION@", version).replace("@COMMANDS@\n", "\n".join(commands) + "\n")
    with open(target, "w", encoding="utf-8") as file:
        file.write(page)


if __name__ == "__main__":
    main()
