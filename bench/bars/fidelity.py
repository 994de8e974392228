"""How far the answers of a quantised file are from exact arithmetic on the same file.

The reference holds, for each position of a text, the 64 most likely next tokens and their log-probabilities, computed
in float32 from the file's dequantised weights. The figure is the mean Kullback-Leibler divergence of `candor eval
logits` from it, over those 64 tokens and one bucket for the rest.
"""
import json
import struct

import numpy


def read_safetensors(path):
    """The tensors of a safetensors file by name, mapped."""
    kinds = {"F32": "<f4", "I32": "<i4"}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return {
        name: numpy.memmap(path, kinds[entry["dtype"]], "r", 8 + length + entry["data_offsets"][0],
                           tuple(entry["shape"]))
        for name, entry in header.items() if name != "__metadata__"
    }


def log_softmax_at(row, ids):
    """The log-probabilities of `ids` under the logits `row`, and that of all others together."""
    row = row.astype(numpy.float64)
    row -= row.max()
    weights = numpy.exp(row)
    total = weights.sum()
    # The rest is summed on its own: one minus the others would lose it where it is small.
    rest = weights.copy()
    rest[ids] = 0.0
    return row[ids] - numpy.log(total), numpy.log(rest.sum() / total)


def mean_divergence(reference_path, logits_path):
    reference = read_safetensors(reference_path)
    logits = read_safetensors(logits_path)["logits"]
    tokens = reference["tokens"]
    assert logits.shape[0] == len(tokens), f"{logits.shape[0]} rows of logits for {len(tokens)} tokens"
    divergences = []
    for ids, expected, row in zip(reference["top_ids"], reference["top_logprobs"], logits):
        expected = expected.astype(numpy.float64)
        found, found_rest = log_softmax_at(row, ids)
        probabilities = numpy.exp(expected)
        divergence = (probabilities * (expected - found)).sum()
        rest = 1.0 - probabilities.sum()
        if rest > 0:
            divergence += rest * (numpy.log(rest) - found_rest)
        divergences.append(divergence)
    return float(numpy.mean(divergences))
