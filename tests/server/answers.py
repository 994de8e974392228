"""Answers in a form that can be compared on bits: numbers as they are written, streams joined to what a whole has."""
import json

CHAT, COMPLETION, EMBEDDING = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"


class BadAnswer(Exception):
    """A response that is no answer, or a stream that broke off."""


def parse(text):
    """JSON in which a number with a fraction or an exponent stays the text that it is."""
    return json.loads(text, parse_float=str)


def events(body):
    """The JSON of a stream's events; raises BadAnswer unless it ends with [DONE] and has no error."""
    found, done = [], False
    for block in body.decode("utf-8").split("\n\n"):
        for line in block.split("\n"):
            if not line or line.startswith(":"):
                continue
            if done or not line.startswith("data: "):
                raise BadAnswer(f"a stream has {line[:200]!r}" + (" after [DONE]" if done else ""))
            if line == "data: [DONE]":
                done = True
                continue
            event = parse(line[len("data: "):])
            if "error" in event:
                raise BadAnswer(f"a stream ends with {event['error']}")
            found.append(event)
    if not done:
        raise BadAnswer(f"a stream ends without [DONE], after {len(found)} events")
    return found


def is_stream(response):
    return response.fields.get("content-type", "").startswith("text/event-stream")


def answer(response):
    """What a response with status 200 says, without what differs from one time to the next (ids, times, reuse)."""
    if response.status != 200:
        raise BadAnswer(f"status {response.status}: {response.body[:300].decode(errors='replace')}")
    if is_stream(response):
        return joined(events(response.body))
    whole = parse(response.body)
    if "choices" not in whole:
        return without(whole, "usage")
    choices = {}
    for choice in whole["choices"]:
        add_choice(choices, choice, choice.get("message", choice))
    return finished(choices, whole["model"], whole["system_fingerprint"], whole["candor"]["seed"])


def without(value, *names):
    return {name: member for name, member in value.items() if name not in names}


def joined(chunks):
    choices, seed = {}, None
    if len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) != 1:
        raise BadAnswer("chunks of one stream differ in id, created or model")
    for chunk in chunks:
        seed = chunk.get("candor", {}).get("seed", seed)
        for choice in chunk["choices"]:
            add_choice(choices, choice, choice.get("delta", choice))
    return finished(choices, chunks[0]["model"], chunks[0]["system_fingerprint"], seed)


def add_choice(choices, choice, said):
    """Adds what a choice, or a chunk of one, says to what was said before."""
    so_far = choices.setdefault(choice["index"], {"content": "", "reasoning": "", "calls": {}, "logprobs": {},
                                                  "token_ids": [], "finish_reason": None})
    if so_far["finish_reason"]:
        raise BadAnswer(f"choice {choice['index']} goes on after its end")
    so_far["content"] += said.get("text") or said.get("content") or ""
    so_far["reasoning"] += said.get("reasoning_content") or ""
    if said.get("reasoning") != said.get("reasoning_content"):
        raise BadAnswer("reasoning and reasoning_content differ")
    for number, call in enumerate(said.get("tool_calls") or []):
        name_arguments = so_far["calls"].setdefault(call.get("index", number), ["", ""])
        name_arguments[0] += call["function"].get("name", "")
        name_arguments[1] += call["function"].get("arguments", "")
    for name, values in (choice.get("logprobs") or {}).items():
        if values:
            so_far["logprobs"].setdefault(name, []).extend(values)
    so_far["token_ids"] += choice.get("token_ids") or []
    so_far["finish_reason"] = choice["finish_reason"]


def finished(choices, model, fingerprint, seed):
    open_ones = [index for index, choice in choices.items() if not choice["finish_reason"]]
    if open_ones:
        raise BadAnswer(f"choices {open_ones} have no finish_reason")
    return {"choices": [choices[index] for index in sorted(choices)], "model": model, "seed": seed,
            "system_fingerprint": fingerprint}


def difference(found, expected, path="answer"):
    """Where two answers differ first, as text; empty when they are equal."""
    if type(found) is not type(expected):
        return f"{path}: {found!r} instead of {expected!r}"
    if isinstance(found, dict):
        for name in sorted(set(found) | set(expected), key=str):
            if name not in found or name not in expected:
                return f"{path}.{name} is only in {'what was found' if name in found else 'what was expected'}"
            if text := difference(found[name], expected[name], f"{path}.{name}"):
                return text
    elif isinstance(found, list):
        for index, (one, other) in enumerate(zip(found, expected)):
            if text := difference(one, other, f"{path}[{index}]"):
                return text
        if len(found) != len(expected):
            return f"{path} has {len(found)} items instead of {len(expected)}"
    elif found != expected:
        return f"{path}: {found!r} instead of {expected!r}"
    return ""
