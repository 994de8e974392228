"""Writes what the reference reader (pip install gguf numpy) finds in a GGUF file, one line a fact.

usage: describe_gguf.py FILE.gguf > FILE.gguf.txt

tests/format/gguf_golden_test.cc writes the same lines from our own reader and compares:
  key NAME TYPE VALUE           TYPE without its width; integers as decimals, floats as the hexadecimal bits of their float64
  key NAME string SHA256        of the bytes
  key NAME array TYPE COUNT SHA256    numbers: of the bytes in the file; strings: of each length (8 bytes) and text
  tensor NAME TYPE SHAPE OFFSET BYTES SHA256    shape innermost first, offset in the file
  file SHA256
"""
import hashlib
import struct
import sys

import numpy
from gguf import GGUFReader, GGUFValueType


def sha(data):
    return hashlib.sha256(data).hexdigest()


def describe(path):
    reader = GGUFReader(path)
    for name, field in sorted(reader.fields.items()):
        if name.startswith("GGUF."):
            continue
        kind = field.types[0]
        if kind == GGUFValueType.ARRAY:
            element = field.types[-1]
            parts = [numpy.asarray(field.parts[i]).tobytes() for i in field.data]
            if element == GGUFValueType.STRING:
                parts = [struct.pack("<Q", len(part)) + part for part in parts]
            value = f"{element.name.lower()} {len(field.data)} {sha(b''.join(parts))}"
        else:
            part = field.parts[field.data[0]]
            if kind == GGUFValueType.STRING:
                value = sha(part.tobytes())
            elif kind in (GGUFValueType.FLOAT32, GGUFValueType.FLOAT64):
                value = struct.pack(">d", float(part[0])).hex()
            else:
                value = int(part[0])
        print("key", name, kind.name.lower().rstrip("0123456789"), value)
    for tensor in sorted(reader.tensors, key=lambda t: t.data_offset):
        shape = ",".join(str(int(n)) for n in tensor.shape)
        data = numpy.asarray(tensor.data).tobytes()
        print("tensor", tensor.name, tensor.tensor_type.name, shape, tensor.data_offset, tensor.n_bytes, sha(data))
    with open(path, "rb") as file:
        print("file", sha(file.read()))


describe(sys.argv[1])
