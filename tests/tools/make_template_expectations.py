#!/usr/bin/env python3
"""Renders the cases of template_cases*.py with Jinja2, set up as Hugging Face transformers does, into
tests/data/templates/NAME.json: [{"template", "input", "output" or "error"}].

Needs jinja2 3.1. Run it after a change to the cases; the tests read the results.
"""
import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

import template_cases
import template_cases_chat
import template_cases_hostile
import template_cases_library

NOW = datetime.datetime(2026, 11, 22, 9, 30, 0)
SETS = {
    "chat": template_cases_chat.CASES,
    "filters": template_cases_library.FILTERS,
    "loops": template_cases.LOOPS,
    "macros": template_cases.MACROS,
    "methods": template_cases_library.METHODS,
    "operators": template_cases.OPERATORS,
    "sandbox": template_cases_hostile.CASES,
    "scopes": template_cases.SCOPES,
    "tests": template_cases_library.TESTS,
    "whitespace": template_cases.WHITESPACE,
}


class Generation(jinja2.ext.Extension):
    """Marks the assistant's tokens for training; renders as its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(template, variables):
    try:
        return {"output": environment().from_string(template).render(**variables)}
    except Exception as error:  # whatever it is, the interpreter must fail too
        return {"error": f"{error}"}


def main():
    out = pathlib.Path(__file__).resolve().parent.parent / "data" / "templates"
    out.mkdir(parents=True, exist_ok=True)
    for name, cases in SETS.items():
        rows = []
        for case in cases:
            template, variables = (case, {}) if isinstance(case, str) else case
            result = render(template, variables)
            try:
                json.dumps(result, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                sys.exit(f"{name}: not UTF-8: {template!r}")
            if " at 0x" in result.get("output", ""):
                sys.exit(f"{name}: shows an address: {template!r}")
            rows.append({"template": template, "input": variables, **result})
        text = ",\n".join(" " + json.dumps(row, ensure_ascii=False) for row in rows)
        (out / f"{name}.json").write_text(f"[\n{text}\n]\n")
        print(f"{name}: {len(rows)} templates, {sum('error' in row for row in rows)} of them errors")


if __name__ == "__main__":
    main()
