"""Writes what the reference reader (pip install safetensors numpy) and Python's own JSON find in a folder, one line a fact.

usage: describe_safetensors.py FOLDER > FOLDER.txt        for a folder with config.json and model.safetensors

tests/format/safetensors_golden_test.cc writes the same lines from our own reader and compares:
  key NAME TYPE VALUE                 of config.json, as in describe_gguf.py
  document NAME SHA256
  tensor NAME TYPE SHAPE OFFSET BYTES SHA256    shape innermost first, offset in the file
  file SHA256
"""
import hashlib
import json
import pathlib
import struct
import sys

import safetensors

DOCUMENTS = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
             "special_tokens_map.json", "chat_template.jinja", "chat_template.json", "tokenizer.model",
             "model.safetensors.index.json"]


def sha(data):
    return hashlib.sha256(data).hexdigest()


def scalar(value):
    if isinstance(value, bool):
        return f"bool {int(value)}"
    if isinstance(value, int):
        return f"{'uint' if value >= 0 else 'int'} {value}"
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    return "string " + sha(value.encode())


def array(values):
    kinds = {type(value) for value in values}
    if kinds <= {str}:
        texts = [value.encode() for value in values]
        return f"array string {len(values)} " + sha(b"".join(struct.pack("<Q", len(t)) + t for t in texts))
    if kinds == {bool}:
        name, code = "bool", "?"
    elif kinds == {int}:
        name, code = ("int64", "q") if min(values) < 0 else ("uint64", "Q")
    elif kinds <= {int, float}:
        name, code = "float64", "d"
    else:
        return None
    return f"array {name} {len(values)} " + sha(b"".join(struct.pack("<" + code, value) for value in values))


def keys(members, prefix=""):
    for name, value in members.items():
        if isinstance(value, dict):
            yield from keys(value, prefix + name + ".")
        elif isinstance(value, list):
            if array(value):
                yield prefix + name, array(value)
        elif value is not None:
            yield prefix + name, scalar(value)


def describe(folder):
    for name, value in sorted(keys(json.loads((folder / "config.json").read_text()))):
        print("key", name, value)
    for name in DOCUMENTS:
        if (folder / name).exists():
            print("document", name, sha((folder / name).read_bytes()))
    path = folder / "model.safetensors"
    data = path.read_bytes()
    tensors = dict(safetensors.deserialize(data))
    with safetensors.safe_open(path, framework="numpy") as file:
        order = file.offset_keys()
    assert set(order) == set(tensors)
    offset = len(data) - sum(len(tensor["data"]) for tensor in tensors.values())  # end to end to the end of the file
    for name in order:
        tensor = tensors[name]
        content = bytes(tensor["data"])
        shape = ",".join(str(n) for n in reversed(tensor["shape"] or [1]))
        print("tensor", name, tensor["dtype"], shape, offset, len(content), sha(content))
        offset += len(content)
    print("file", sha(data))


describe(pathlib.Path(sys.argv[1]))
