"""The hostile requests: every field of every endpoint with every value of hostile_values.py, and bodies that are wrong as a
whole. Each has its verdict before it is sent (field_rules.py)."""
import copy
import dataclasses
import hashlib
import json
import random
import re
import typing

import answers
import field_rules
import hostile_values
from hostile_values import BROKEN, Value

CLOSE = answers.CHAT + "/{id}/answer"
MARK = "@hostile@"
ASK = {"role": "user", "content": "What is 12+34?"}
CHAT_BASE = {"model": field_rules.MODEL, "messages": [ASK], "max_completion_tokens": 8, "seed": 5}
BASES = {
    answers.CHAT: CHAT_BASE, "/v1/render": {"model": field_rules.MODEL, "messages": [ASK]},
    answers.COMPLETION: {"model": field_rules.MODEL, "prompt": "12+34=", "max_tokens": 8, "seed": 5},
    answers.EMBEDDING: {"model": field_rules.MODEL, "input": "12+34="},
    "/v1/tokenize": {"model": field_rules.MODEL, "text": "12+34="}, "/v1/detokenize": {"model": field_rules.MODEL, "tokens": [17, 18]},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}
TALK = [ASK, {"role": "assistant", "content": "46", "reasoning_content": "2+4=6", "tool_calls": [CALL]}, ASK]
# What else a request has when a field is attacked, by the beginning of the field's name; None takes a field away.
BESIDE = [
    ("messages[0].content[", {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is 1+2?"}]}]}),
    ("messages[1]", {"messages": TALK}), ("top_logprobs", {"logprobs": True}), ("stream_options", {"stream": True}),
    ("max_tokens", {"max_completion_tokens": None}), ("max_completion_tokens", {"max_tokens": None}),
    ("reasoning.", {"reasoning": {}}), ("thinking.", {"thinking": {"type": "enabled"}}),
    ("stream_options.", {"stream": True, "stream_options": {}}), ("logit_bias.", {"logit_bias": {}}),
    ("stop[", {"stop": ["zz"]}), ("continue_tokens[", {"continue_tokens": [17]}), ("prompt[", {"prompt": ["1+2="]}),
    ("input[", {"input": ["1+2="]}), ("chat_template_kwargs.", {"chat_template_kwargs": {}}),
    ("response_format.", {"response_format": {"type": "text"}}),
]
FIRST_MESSAGE = ("role", "content", "name", "tool_call_id", "prefix", "partial", "function_call", "audio", "images")


SWAPPED = ("null", "true", "1", '"a"', "[]", "{}", "1.5", "-1", "NaN", '""')  # every field gets these, and its own limits

TOKENS = ("prompt", "input", "tokens", "continue_tokens")  # these get all short lists


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    path: str
    parts: tuple  # of the body: values are shared by many cases
    judge: typing.Callable  # returns (ok, bad or either; the fields of which a refusal has to name one)
    essential: bool = False
    hint: bool = False  # the field has no effect, and a response tells it
    field: str = ""

    @property
    def body(self):
        return b"".join(self.parts)

    @property
    def size(self):
        return sum(map(len, self.parts))

    def order(self):
        return hashlib.sha256(self.name.encode()).digest()


def bad(*fields):
    return lambda: ("bad", fields)


def with_mark(base, field):
    """A copy of `base` with the mark in `field` ("a.b[0].c"), and in how many lists and objects it stands."""
    body = copy.deepcopy(base)
    for prefix, more in BESIDE:
        if field.startswith(prefix):
            body.update(copy.deepcopy(more))
    body = {name: value for name, value in body.items() if value is not None or name == field}
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", field)]
    place = body
    for step in steps[:-1]:
        place = place[step]
    last = steps[-1]
    if isinstance(place, dict):
        last = str(last)
    place[last] = MARK
    return body, len(steps)


def around_mark(body):
    return json.dumps(body).encode().split(json.dumps(MARK).encode())


def fields_of(path, schema, schemas):
    """[(field, schema)] of a request: those of the tables, of the objects in them, and one that does not exist."""
    at = lambda name: schemas.schemas[name]["properties"]
    for name, part in schema.get("properties", {}).items():
        yield name, part
        if name == "messages":
            yield from ((f"messages[0].{inner}", part) for inner, part in at("Message").items() if inner in FIRST_MESSAGE)
            yield from ((f"messages[1].{inner}", part) for inner, part in at("Message").items() if inner not in FIRST_MESSAGE[2:])
            yield from ((f"messages[0].content[0].{inner}", part) for inner, part in at("TextPart").items())
            yield from ((f"messages[1].tool_calls[0].{inner}", part) for inner, part in at("PastToolCall").items())
            yield from ((f"messages[1].tool_calls[0].function.{inner}", part) for inner, part in at("CalledFunction").items())
            yield "messages[0].no_such_field", {}
        elif name in ("reasoning", "thinking", "stream_options"):
            inside = {"reasoning": "ReasoningSetting", "thinking": "ThinkingSetting", "stream_options": "StreamOptions"}[name]
            yield from ((f"{name}.{inner}", part) for inner, part in at(inside).items())
            yield f"{name}.no_such_field", False
        elif name in ("stop", "continue_tokens", "prompt", "input", "tokens"):
            yield f"{name}[0]", None
        elif name == "logit_bias":
            yield "logit_bias.5", {"type": "number", "minimum": -100, "maximum": 100}
        elif name == "response_format":
            yield "response_format.type", {"type": "string", "enum": ["text"]}
        elif name == "chat_template_kwargs":
            yield from ((f"chat_template_kwargs.{inner}", None) for inner in ("enable_thinking", "reasoning_effort", "x"))
    yield "no_such_field", False


def judge(path, field, value, schemas, part, depth):
    """As field_rules.verdict; `part` is False where no value is allowed, None where only the whole field has a schema."""
    if part is None:
        said, named = field_rules.verdict(path, field, value.meaning, schemas, {}, depth)
        if said == "ok":
            said = "either"  # an item: too much depends on the others
        return said, named
    if part is False:
        said, named = field_rules.verdict(path, field, value.meaning, schemas, {}, depth)
        if said == "bad":
            return said, named
        # Null is the same as nothing: a field that does not exist may be null or be refused.
        return ("either", False) if value.meaning is None else ("bad", True)
    return field_rules.verdict(path, field, value.meaning, schemas, part, depth)


def is_hint(part):
    return bool(part) and part.get("description", "").startswith("No effect")


def field_cases(path, schema, schemas):
    for field, part in fields_of(path, schema, schemas):
        body, depth = with_mark(BASES[path], field)
        before, after = around_mark(body)
        limits = list(hostile_values.limits(schemas.resolve(part))) if part else []
        wanted = {*SWAPPED, *(limit.name for limit in limits)}
        if field in TOKENS:
            wanted |= {value.name for value in hostile_values.all_values() if value.data.startswith(b"[") and len(value.data) < 1000}
        for value in {value.name: value for value in [*hostile_values.all_values(), *limits]}.values():
            def judged(field=field, part=part, value=value, depth=depth):
                said, named = judge(path, field, value, schemas, part, depth)
                return said, (field,) if named else ()
            yield Case(f"{path} {field}: {value.name}", path, (before, value.data, after), judged, value.name in wanted,
                       is_hint(part) and value.meaning is not None, field)


def missing_cases(path, schema):
    for field in schema.get("required", []):
        body = {name: value for name, value in BASES[path].items() if name != field}
        yield Case(f"{path} without {field}", path, (json.dumps(body).encode(),), bad(field), True)


def pair_cases(path, schema, schemas, count):
    """Two hostile fields at once: refused for one of them where one of them is wrong by itself."""
    source = random.Random(path)
    fields = [(field, part) for field, part in fields_of(path, schema, schemas) if part and "." not in field and "[" not in field]
    values = [value for value in hostile_values.all_values() if len(value.data) < 2000 and value.meaning is not BROKEN]
    for number in range(count):
        (one, part), (other, other_part) = source.sample(fields, 2)
        first, second = source.choice(values), source.choice(values)
        body, depth = with_mark(BASES[path], one)
        body.pop(other, None)
        data = first.data.join(around_mark(body))
        data = (data[:-1] + b", " + json.dumps(other).encode() + b": " + second.data + b"}",)
        def judged(rows=((one, first, part), (other, second, other_part)), depth=depth):
            verdicts = [(field, *judge(path, field, value, schemas, part, depth)) for field, value, part in rows]
            wrong = [(field, named) for field, said, named in verdicts if said == "bad"]
            named = tuple(field for field, _ in wrong) if all(named for _, named in wrong) else ()
            return ("bad", named) if wrong else ("either", ())
        yield Case(f"{path} pair {number}: {one}={first.name} {other}={second.name}", path, data, judged)


def body_cases(path, base):
    """Bodies that are wrong as a whole."""
    good = json.dumps(base).encode()
    first = next(iter(base))
    wrong = {
        "empty": b"", "blank": b" \n", "null": b"null", "true": b"true", "a number": b"1", "a text": b'"a"', "a list": b"[]",
        "a list of it": b"[" + good + b"]", "no fields": b"{}", "half": good[:len(good) // 2], "all but the end": good[:-1],
        "twice": good + good, "something after": good + b" x", "a comma after": good + b",", "a NUL after": good + b"\0",
        "a byte order mark": b"\xef\xbb\xbf" + good, "UTF-16": good.decode().encode("utf-16"), "UTF-32": good.decode().encode("utf-32"),
        "in brackets": b"(" + good + b")", "single quotes": good.replace(b'"', b"'"), "a comment": b"/**/" + good,
        "the first field twice": good[:-1] + b", " + json.dumps(first).encode() + b': "x"}',
        "the first field twice, escaped": good[:-1] + b', "\\u%04x' % ord(first[0]) + first[1:].encode() + b'": "x"}',
        "a form": b"model=tiny-thinker&messages=x", "XML": b"<?xml version='1.0'?><model/>", "zeros": bytes(1000), "0xff": b"\xff" * 1000,
        "10,000 open objects": b'{"a":' * 10000, "200,000 open lists": b"[" * 200000, "deflated": bytes.fromhex("789cabae0500017500f9"),
        "33 MiB of blanks": b" " * (33 << 20), "1 MiB of quotes": b'"' * (1 << 20), "1 MiB of backslashes": b'{"a":"' + b"\\" * (1 << 20),
        "100,000 unknown fields": good[:-1] + b"".join(b',"u%d":1' % place for place in range(100000)) + b"}",
        "a name of 1 MiB": good[:-1] + b',"' + b"n" * (1 << 20) + b'":1}', "an empty name": good[:-1] + b',"":1}',
        "a name with NUL": good[:-1] + b',"seed\\u0000":1}', "a name in capitals": good[:-1] + b',"SEED":1}',
        "a name that is no UTF-8": good[:-1] + b',"\xff":1}', "a name with a lone surrogate": good[:-1] + b',"\\ud800":1}',
    }
    for name, data in wrong.items():
        yield Case(f"{path} body: {name}", path, (data,), bad(), True)
    right = {"blanks around": b" \r\n\t" + good + b" \n\t\r", "every letter of the names escaped": re.sub(
        rb'"(\w+)":', lambda found: b'"' + b"".join(b"\\u%04x" % letter for letter in found[1]) + b'":', good),
        "1 MiB of blanks inside": b"{" + b" " * (1 << 20) + good[1:]}
    for name, data in right.items():
        yield Case(f"{path} body: {name}", path, (data,), lambda: ("ok", ()), True)


def close_cases():
    """The endpoint that closes thoughts, with ids that no completion has and bodies of all kinds."""
    ids = ["x", "chatcmpl-0", "chatcmpl-" + "0" * 24, "-1", "0", "18446744073709551616", "a" * 255, "a" * 4000, "%20", "%2e%2e", "..%2f..",
           "%2F", "%00", "%ff", "%c3%a9", "%", "%zz", "a%0d%0ax:y", "*", "{id}", "%7B%7B7*7%7D%7D", "a;b", "a?b=c", "~", "'", "%22"]
    for identity in ids:
        yield Case(f"close {identity[:40]}", CLOSE.replace("{id}", identity), (), bad(), True)
    for value in hostile_values.all_values():
        if value.data:
            yield Case(f"close with {value.name}", CLOSE.replace("{id}", "chatcmpl-none"), (value.data,), bad())


def all_cases(openapi, count, heavy):
    """`count` cases in an order that their names give, and how many there are; of those with a body over 100 kB at most
    `heavy`. Each field's own limits and one value of each type are always among them."""
    schemas = field_rules.Schemas(openapi)
    cases = list(close_cases())
    for path, base in BASES.items():
        schema = schemas.resolve(openapi["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"])
        cases += field_cases(path, schema, schemas)
        cases += missing_cases(path, schema)
        cases += body_cases(path, base)
        if path not in ("/v1/tokenize", "/v1/detokenize"):
            cases += pair_cases(path, schema, schemas, 400)
    cases.sort(key=lambda case: (not case.essential, case.order()))
    chosen = []
    for case in cases:
        heavy -= case.size > 100000
        if case.size <= 100000 or heavy >= 0:
            chosen.append(case)
        if len(chosen) == count:
            break
    return sorted(chosen, key=Case.order), len(cases)
