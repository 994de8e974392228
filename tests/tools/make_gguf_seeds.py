"""Writes the seed corpus of fuzz/gguf_fuzz.cc with the reference writer (pip install gguf numpy)."""
import sys
import numpy
from gguf import GGUFWriter, GGMLQuantizationType, GGUFValueType

folder = sys.argv[1]


def write(name, fill):
    writer = GGUFWriter(f"{folder}/{name}", "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def values(w):
    for method, value in [
        ("uint8", 255), ("int8", -128), ("uint16", 65535), ("int16", -32768), ("uint32", 2**32 - 1), ("int32", -(2**31)),
        ("uint64", 2**64 - 1), ("int64", -(2**63)), ("float32", 0.5), ("float64", 0.1), ("bool", True), ("string", "é"),
    ]:
        getattr(w, f"add_{method}")(f"v.{method}", value)
    w.add_array("a.string", ["", "a", "<s>"])
    w.add_array("a.int", [1, 2, 3])
    w.add_array("a.float", [1.0, 2.5])
    w.add_array("a.bool", [True, False])


def tensors(w):
    w.add_uint32("general.alignment", 64)
    w.data_alignment = 64
    w.add_tensor("token_embd.weight", numpy.arange(64, dtype=numpy.float32).reshape(2, 32))
    w.add_tensor("half", numpy.ones((3, 4), numpy.float16))
    w.add_tensor("q8", numpy.zeros((2, 34), numpy.uint8), raw_dtype=GGMLQuantizationType.Q8_0)
    w.add_tensor("q4k", numpy.zeros((2, 2, 144), numpy.uint8), raw_dtype=GGMLQuantizationType.Q4_K)


def part(w):
    w.add_key_value("split.no", 0, GGUFValueType.UINT16)
    w.add_key_value("split.count", 1, GGUFValueType.UINT16)
    w.add_key_value("split.tensors.count", 1, GGUFValueType.INT32)
    w.add_tensor("x", numpy.zeros(3, numpy.float32))


write("values.gguf", values)
write("tensors.gguf", tensors)
write("part.gguf", part)
