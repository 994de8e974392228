"""What the description of the API says about a value: the verdict on a hostile request, fixed before it is sent."""
import functools
import pathlib
import re

from hostile_values import BROKEN, TWICE, Number

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "api.md"


@functools.cache
def documented_limits():
    """(levels, values) that a body may have."""
    text = DOCS.read_text(encoding="utf-8")
    found = re.search(r"A body\*\* is JSON in UTF-8 of at most .*?, ([\d,]+) levels and ([\d,]+) values", text)
    return [int(limit.replace(",", "")) for limit in found.groups()]


@functools.cache
def documented_codes():
    """{code: status} of the errors."""
    text = DOCS.read_text(encoding="utf-8")
    return {code: int(status) for code, status in re.findall(r"(?m)^\| `(\w+)` \| (\d{3}) \|", text)}


def kind_of(meaning):
    if meaning is None:
        return "null"
    for types, name in ((bool, "boolean"), (Number, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(meaning, types):
            return name
    raise TypeError(repr(meaning))


class Schemas:
    """Judges meanings of values by the schemas of /openapi.json: only those words that it uses."""

    KNOWN = {"type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "items", "anyOf", "$ref",
             "propertyNames", "maxProperties", "additionalProperties", "properties", "required", "description"}

    def __init__(self, openapi):
        self.schemas = openapi["components"]["schemas"]

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def allows(self, schema, meaning):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KNOWN
        if unknown:
            raise ValueError(f"/openapi.json has the unforeseen {unknown}")
        if "anyOf" in schema and not any(self.allows(part, meaning) for part in schema["anyOf"]):
            return False
        if "enum" in schema and not any(self.same(word, meaning) for word in schema["enum"]):
            return False
        if "const" in schema and not self.same(schema["const"], meaning):
            return False
        if "type" not in schema:
            return True
        kind = kind_of(meaning)
        wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if kind == "number" and "integer" in wanted and "number" not in wanted:
            wanted = wanted + ["number"]
            if meaning.denominator != 1:
                return False
        return kind in wanted and getattr(self, f"allows_{kind}", lambda *_: True)(schema, meaning)

    @staticmethod
    def same(word, meaning):
        if isinstance(word, (int, float)) and not isinstance(word, bool):
            return kind_of(meaning) == "number" and meaning == Number(str(word))
        return type(word) is type(meaning) and word == meaning

    @staticmethod
    def allows_number(schema, meaning):
        low, high = schema.get("minimum"), schema.get("maximum")
        return (low is None or meaning >= Number(str(low))) and (high is None or meaning <= Number(str(high)))

    @staticmethod
    def allows_string(schema, meaning):
        return schema.get("minLength", 0) <= len(meaning) <= schema.get("maxLength", len(meaning))

    def allows_array(self, schema, meaning):
        if not schema.get("minItems", 0) <= len(meaning) <= schema.get("maxItems", len(meaning)):
            return False
        if "items" not in schema or not meaning:
            return True
        if len(meaning) > 1000 and all(item is meaning[0] for item in meaning):
            return self.allows(schema["items"], meaning[0])
        return all(self.allows(schema["items"], item) for item in meaning)

    def allows_object(self, schema, meaning):
        if len(meaning) > schema.get("maxProperties", len(meaning)):
            return False
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        pattern = schema.get("propertyNames", {}).get("pattern")
        if any(name not in meaning for name in schema.get("required", [])):
            return False
        for name, member in meaning.items():
            if pattern and not re.search(pattern, name):
                return False
            if name in properties:
                if not self.allows(properties[name], member):
                    return False
            elif others is False or (others and not self.allows(others, member)):
                return False
        return True


def size(meaning):
    """(levels, values) of a value, itself included."""
    levels, values, rest = 1, 0, [(meaning, 1)]
    while rest:
        item, level = rest.pop()
        levels, values = max(levels, level), values + 1
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, list):
            if len(item) > 1000 and all(other is item[0] for other in item):
                inner_levels, inner_values = size(item[0])
                levels, values = max(levels, level + inner_levels), values + len(item) * inner_values
            else:
                rest.extend((other, level + 1) for other in item)
    return levels, values


# What the description cannot say in a schema. For a field and a value that its schema allows: "ok" (status 2xx), "bad"
# (400, or 404 for a model) or "either" (what the model, the prompt or another field decides). Fields that are not here
# are "ok" with all that their schemas allow. The model has 262 tokens, 1,024 places, and a vector of 128.
VOCABULARY, ROOM, WIDTH = 262, 700, 128
MODEL = "tiny-thinker"


def text_bytes(meaning):
    if isinstance(meaning, str):
        return len(meaning.encode("utf-8", "replace"))
    if isinstance(meaning, list):
        return sum(map(text_bytes, meaning)) if len(meaning) < 2000 else ROOM + 1
    return sum(map(text_bytes, meaning.values())) if isinstance(meaning, dict) else 0


def fits(meaning):
    return "ok" if text_bytes(meaning) <= ROOM else "either"


def either_unless(*harmless):
    return lambda meaning: "ok" if any(type(meaning) is type(one) and meaning == one for one in harmless) else "either"


def known_tokens(meaning):
    known = lambda items: all(isinstance(item, Number) and item < VOCABULARY for item in items)
    return "ok" if not meaning or (len(meaning) < 1000 and known(meaning)) else "either"


def prompt(meaning):
    items = meaning if isinstance(meaning, list) else [meaning]
    if not all(isinstance(item, str) for item in items):
        return "either"
    return "ok" if all(text_bytes(item) <= ROOM for item in items) else "either"


def bias(meaning):
    return "ok" if not meaning or all(int(name) < VOCABULARY for name in meaning) else "either"


FIELDS = {
    "model": lambda meaning: "ok" if meaning == MODEL else "bad",
    "messages": either_unless(), "prompt": prompt, "input": prompt, "text": either_unless(),
    "continue_final_message": either_unless(None, False), "add_generation_prompt": either_unless(None, True),
    "chat_template_kwargs": either_unless(None, {}, {"a": Number(1)}),
    "logit_bias": bias, "continue_tokens": lambda meaning: "ok" if not meaning else "either", "tokens": known_tokens,
    "dimensions": lambda meaning: "ok" if meaning in (None, WIDTH) else "bad",
    "thinking": either_unless(None, True, False), "reasoning": either_unless(None, {}), "echo": either_unless(None, False, True),
    "messages[0].role": either_unless("system", "user", "developer"),
    "messages[0].content": lambda meaning: "bad" if meaning is None else fits(meaning) if isinstance(meaning, str) else "either",
    "messages[0].content[0].text": fits, "messages[0].content[0].type": lambda meaning: "ok",
    "messages[0].prefix": either_unless(None, False), "messages[0].partial": either_unless(None, False),
    "messages[1].content": either_unless(), "messages[1].role": either_unless(),
    "messages[1].prefix": either_unless(None, False), "messages[1].partial": either_unless(None, False),
    "messages[1].reasoning_content": fits, "messages[1].reasoning": fits, "messages[1].thinking": fits,
    "messages[1].tool_calls": either_unless(None, []), "messages[1].tool_calls[0].function.arguments": either_unless({}, "{}"),
}
# The text of /v1/tokenize needs no room in the context, but has at most 250,000 tokens: here each byte is one.
MOST_TOKENS = 250000


def verdict(path, field, meaning, schemas, schema, depth):
    """("ok" | "bad" | "either", whether a refusal has to name the field), for `meaning` in `field` of a valid request.

    `depth`: in how many lists and objects the value stands.
    """
    if meaning is BROKEN or meaning is TWICE:
        return "bad", False
    levels, values = size(meaning)
    most_levels, most_values = documented_limits()
    if levels + depth > most_levels or values + 10 > most_values:
        return "bad", False
    if not schemas.allows(schema, meaning):
        return "bad", True
    if (path, field) == ("/v1/tokenize", "text"):
        return "ok" if text_bytes(meaning) <= MOST_TOKENS else "either", False
    said = FIELDS.get(field, lambda _: "ok")(meaning)
    return said, said == "bad"

