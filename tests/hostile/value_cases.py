"""Weights and scales that are no numbers, or numbers at the edge of what can be computed with."""
import dataclasses
import struct

from case import any_of
from checkpoint_folder import GOLDEN, converted, golden, replaced
from folder_case import NOT_FINITE, either, either_other, refuse, runs, tensor_name
from tensor_cases import HERE, chosen, in_layer, layer_of, partners

BF16 = {"NaN": 0x7FC0, "-NaN": 0xFFC0, "a signalling NaN": 0x7F81, "infinity": 0x7F80, "-infinity": 0xFF80}
F32 = {"NaN": 0x7FC00000, "-NaN": 0xFFFFFFFF, "a signalling NaN": 0x7F800001, "infinity": 0x7F800000,
       "-infinity": 0xFF800000}
F16 = {"NaN": 0x7E00, "infinity": 0x7C00, "-infinity": 0xFC00}
LOGITS = r"logit"


def cases():
    for name in GOLDEN:
        yield from not_finite(name)
    for group in [wide, everywhere, huge, fp8_codes, fp8_scales, mxfp4]:
        yield from group()


def patched(tensor, index, number, size=2):
    """The tensor's bytes with one element's bits replaced."""
    at = index * size
    return tensor.data[:at] + number.to_bytes(size, "little") + tensor.data[at + size:]


def positions(count):
    return sorted({0, 1, count // 3, count // 2, count - 1})


def not_finite(name):
    """One bad value in each tensor of the first layer, and of those outside of layers."""
    tensors = golden(name).tensors
    for tensor in chosen(name):
        if not in_layer(tensor, 0) and not (layer_of(tensor) and layer_of(tensor)[1] == "1" and "deepseek" in name):
            continue
        if tensor.dtype not in ("BF16", "F32") or tensor.name.endswith("_scale_inv"):
            continue
        size, values = (2, BF16) if tensor.dtype == "BF16" else (4, F32)
        count = len(tensor.data) // size
        for number, (title, bits) in enumerate(values.items()):
            places = positions(count) if name == "llama" else [positions(count)[number % len(positions(count))]]
            for place in places if name == "llama" else places[:1] if number < 4 else []:
                yield refuse(f"{name} {tensor.name}[{place}] {title}", name, HERE, partners(tensor.name),
                             tensors=replaced(tensors, tensor.name, data=patched(tensor, place, bits, size)))
        if name not in ("llama", "gpt-oss", "deepseek-v3-fp8"):
            continue
        yield runs(f"{name} {tensor.name}[0] -0", name,
                   tensors=replaced(tensors, tensor.name, data=patched(tensor, 0, 1 << (8 * size - 1), size)))
        yield runs(f"{name} {tensor.name}[0] the smallest number", name,
                   tensors=replaced(tensors, tensor.name, data=patched(tensor, 0, 1, size)))


def wide():
    """Bad values in the wider and narrower types."""
    tensors = golden("llama").tensors
    for tensor in chosen("llama"):
        if not in_layer(tensor, 0):
            continue
        for dtype, values, size in [("F32", F32, 4), ("F16", F16, 2)]:
            other = converted(tensor, dtype)
            for title, bits in values.items():
                place = len(other.data) // size - 1
                yield refuse(f"llama {tensor.name} in {dtype}, {title} in it", "llama", HERE, tensor_name(tensor.name),
                             tensors=replaced(tensors, tensor.name, dtype=dtype,
                                              data=patched(other, place, bits, size)))


def filled(name, victim, bits, size=2):
    tensor = golden(name).tensor(victim)
    return replaced(golden(name).tensors, victim, data=bits.to_bytes(size, "little") * (len(tensor.data) // size))


def everywhere():
    for name in ("llama", "gpt2", "gpt-oss", "deepseek-v3", "qwen3-moe", "gemma3", "olmo2"):
        for tensor in chosen(name):
            if tensor.dtype == "BF16" and in_layer(tensor, 0):
                yield refuse(f"{name} {tensor.name} all NaN", name, HERE, tensor_name(tensor.name),
                             tensors=filled(name, tensor.name, 0x7FC0))
                yield runs(f"{name} {tensor.name} all zeros", name, tensors=filled(name, tensor.name, 0))
                yield runs(f"{name} {tensor.name} all denormal", name, tensors=filled(name, tensor.name, 1))
    for name in GOLDEN:
        zeros = tuple(dataclasses.replace(tensor, data=bytes(len(tensor.data))) for tensor in golden(name).tensors)
        yield runs(f"{name} all zeros", name, tensors=zeros)


def huge():
    """Finite weights whose products are not: an error that says so, never a NaN in the answer."""
    for name in ("llama", "gpt2", "gpt-oss", "deepseek-v3", "mixtral", "gemma2", "phi3", "olmo2"):
        for tensor in chosen(name):
            if tensor.dtype == "BF16" and in_layer(tensor, 0):
                for title, bits in [("the largest number", 0x7F7F), ("-3e38", 0xFF7F), ("1e30", 0x7149)]:
                    yield either(f"{name} {tensor.name} all {title}", name,
                                 any_of(tensor_name(tensor.name), LOGITS, NOT_FINITE),
                                 tensors=filled(name, tensor.name, bits))


def fp8_codes():
    name = "deepseek-v3-fp8"
    for tensor in chosen(name):
        if tensor.dtype != "F8_E4M3" or layer_of(tensor)[1] not in "01":
            continue
        count = len(tensor.data)
        for title, code in [("NaN", 0x7F), ("-NaN", 0xFF)]:
            for place in sorted({0, 127, 128, count // 2, count - 1}):
                yield refuse(f"{name} {tensor.name}[{place}] {title}", name, HERE, partners(tensor.name),
                             tensors=replaced(golden(name).tensors, tensor.name,
                                              data=patched(tensor, place, code, 1)))
        for title, code in [("448", 0x7E), ("-448", 0xFE), ("zero", 0), ("-0", 0x80), ("denormal", 1)]:
            yield runs(f"{name} {tensor.name} all {title}", name, tensors=filled(name, tensor.name, code, 1))


def fp8_scales():
    """Scales have to be finite, and with them the largest weight: 448 times the scale."""
    name = "deepseek-v3-fp8"
    tensors = golden(name).tensors
    for tensor in chosen(name):
        if not tensor.name.endswith("_scale_inv") or layer_of(tensor)[1] not in "01":
            continue
        last = len(tensor.data) // 4 - 1
        for place in sorted({0, last}):
            bad = [*F32.items(), ("the largest number", 0x7F7FFFFF), ("1e37", struct.unpack("<I", struct.pack(
                "<f", 1e37))[0]), ("-1e37", struct.unpack("<I", struct.pack("<f", -1e37))[0])]
            for title, bits in bad:
                yield refuse(f"{name} {tensor.name}[{place}] {title}", name, HERE, partners(tensor.name),
                             tensors=replaced(tensors, tensor.name, data=patched(tensor, place, bits, 4)))
        for title, number in [("0", 0.0), ("-0", -0.0), ("denormal", 1e-42), ("tiny", 1e-37)]:
            yield runs(f"{name} {tensor.name} all {title}", name,
                       tensors=filled(name, tensor.name, struct.unpack("<I", struct.pack("<f", number))[0], 4))
        yield either_other(f"{name} {tensor.name}[0] negative", name, partners(tensor.name), tensors=replaced(
            tensors, tensor.name, data=patched(tensor, 0, struct.unpack("<I", struct.pack("<f", -1.0))[0], 4)))
        for number in (1e20, 7e35):
            bits = struct.unpack("<I", struct.pack("<f", number))[0]
            yield either(f"{name} {tensor.name} all {number}", name,
                         any_of(partners(tensor.name), LOGITS, NOT_FINITE), tensors=filled(name, tensor.name, bits, 4))


def mxfp4():
    """A scale is a power of two, 2^(code - 127), and code 255 is not a number. 2^127 times 6 is infinite."""
    name = "gpt-oss-mxfp4"
    for tensor in chosen(name):
        if tensor.name.endswith("_scales"):
            count = len(tensor.data)
            for place in positions(count):
                yield refuse(f"{name} {tensor.name}[{place}] 255", name, HERE, partners(tensor.name),
                             tensors=replaced(golden(name).tensors, tensor.name,
                                              data=patched(tensor, place, 255, 1)))
            yield refuse(f"{name} {tensor.name} all 255", name, HERE, partners(tensor.name),
                         tensors=filled(name, tensor.name, 255, 1))
            for code in (252, 253, 254):
                yield either(f"{name} {tensor.name} all {code}", name,
                             any_of(partners(tensor.name), LOGITS, NOT_FINITE),
                             tensors=filled(name, tensor.name, code, 1))
            for code in (0, 1, 2, 64):
                yield runs(f"{name} {tensor.name} all {code}", name, tensors=filled(name, tensor.name, code, 1))
        if tensor.name.endswith("_blocks"):
            for code in (0, 0x77, 0x88, 0xFF):
                yield runs(f"{name} {tensor.name} all {code}", name, tensors=filled(name, tensor.name, code, 1))
