"""What schemathesis does not know of the server: answers are capped, and the events of a stream have schemas of their own."""
import json

import jsonschema_rs
import schemathesis

MOST_TOKENS = 8
LIMITS = {"/v1/chat/completions": ("max_completion_tokens", "max_tokens"), "/v1/completions": ("max_tokens", "max_completion_tokens")}
CHUNKS = {"/v1/chat/completions": "ChatCompletionChunk", "/v1/completions": "TextCompletion"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Caps the tokens of an answer; leaves a limit that is wrong as it is."""
    names = LIMITS.get(case.path)
    if not names or not isinstance(case.body, dict):
        return
    given = [name for name in names if case.body.get(name) is not None]
    for name in given:
        value = case.body[name]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and MOST_TOKENS < value < 2**31 and value == int(value):
            case.body[name] = MOST_TOKENS
    if not given:
        case.body[names[0]] = MOST_TOKENS


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The description of a stream is that of its text; schemathesis would take it for that of each event."""
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                response.get("content", {}).get("text/event-stream", {}).pop("schema", None)


@schemathesis.check
def stream_conformance(context, response, case):
    """A stream ends with [DONE], has no error, and each event is a chunk as /openapi.json describes it."""
    content_type = response.headers.get("content-type", [""])[0]
    if not content_type.startswith("text/event-stream"):
        return
    schemas = case.operation.schema.raw_schema["components"]
    validator = jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{CHUNKS[case.path]}", "components": schemas})
    lines = [line for line in response.content.decode("utf-8").split("\n") if line and not line.startswith(":")]
    assert lines and lines[-1] == "data: [DONE]", f"the stream ends with {lines[-1:]}"
    for line in lines[:-1]:
        assert line.startswith("data: "), f"the stream has the line {line!r}"
        fault = next(validator.iter_errors(json.loads(line[len("data: "):])), None)
        assert fault is None, f"{fault} in the event {line[:300]}"
