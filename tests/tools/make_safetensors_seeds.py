"""Writes the seed corpora of fuzz/safetensors_fuzz.cc, safetensors_index_fuzz.cc and json_metadata_fuzz.cc with the reference
writer (pip install safetensors numpy).

usage: make_safetensors_seeds.py fuzz/corpus
"""
import json
import pathlib
import sys

import numpy
from safetensors.numpy import save

folder = pathlib.Path(sys.argv[1])


def write(corpus, name, data):
    (folder / corpus).mkdir(parents=True, exist_ok=True)
    (folder / corpus / name).write_bytes(data)


def tensor(dtype, *shape):
    return numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape).astype(dtype)


write("safetensors", "types", save({
    "model.embed_tokens.weight": tensor("float32", 2, 4), "half": tensor("float16", 3), "byte": tensor("uint8", 5),
    "flag": tensor("bool", 1), "long": tensor("int64", 1, 2, 1), "single": numpy.full((), 1.0)}))
write("safetensors", "metadata", save({"x": tensor("int8", 1)}, metadata={"format": "pt", "name": "\u00e9"}))
write("safetensors", "none", save({}))

write("safetensors_index", "two", json.dumps({
    "metadata": {"total_size": 16, "note": [1.5, None]},
    "weight_map": {"a.weight": "model-00001-of-00002.safetensors", "b.weight": "model-00002-of-00002.safetensors",
                   "c": "model-00001-of-00002.safetensors"}}).encode())

write("json_metadata", "config", json.dumps({
    "model_type": "x", "hidden_size": 64, "sliding_window": None, "tie_word_embeddings": True, "rms_norm_eps": 1e-05,
    "rope_scaling": {"factor": 8.0, "long_factor": [1, 1.25, -3], "nested": {"deep": {"on": False}}},
    "eos_token_id": [1, 2], "layer_types": ["full_attention", "sliding"], "flags": [True, False], "empty": [],
    "mixed": [1, "a", None, [2], {"b": 3}], "large": 2**64 - 1, "larger": 2**64, "small": -2**63}, indent=1).encode())
