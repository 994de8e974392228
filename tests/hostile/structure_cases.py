"""Files whose bytes are no GGUF, whatever the model: header, truncation, lengths, types, offsets, duplicates."""
import random
import struct

import tiny_models
from case import ANY_FIELD, ANY_TENSOR, accept, any_of, either, exactly, numbered, refuse
from gguf_file import (ARRAY, BOOL, F32, F64, HUGE, STRING, TYPE_NAMES, U8, U32, U64, Array, Raw, Tensor, patch, string,
                       with_number)

MAGIC, VERSION = r"magic|gguf", "version|endian"
TENSOR_COUNT = r"tensor.?count|count of tensors|number of tensors|(?:\d|no) tensors"
KV_COUNT = r"metadata|kv.?count|key"
KEY, TENSOR = r"\bkeys?\b|metadata", "tensor"
FEW = [2**32, 2**63, 2**64 - 1]
# Every number is tried on these, a few on the others.
SOME = ["token_embd.weight", "blk.1.ffn_down.weight", "output_norm.weight",
        "general.architecture", "llama.block_count", "tokenizer.ggml.tokens", "tokenizer.ggml.merges",
        "tokenizer.ggml.scores", "tokenizer.ggml.add_bos_token"]


def cases():
    for group in [header, truncation, key_lengths, key_types, keys, tensor_fields, tensor_offsets, tensor_names,
                  overflows, alignment, nesting, other_files, corruption]:
        yield from group()


def built(model=None):
    return (model or tiny_models.cached()).build()


def fields_of(fields, kind, owner=None):
    return [field for field in fields if field.kind == kind and owner in (None, field.owner)]


def header():
    data, fields = built()
    for i in range(4):
        for bit in (1, 32, 128):
            yield refuse(f"magic byte {i} xor {bit}", data[:i] + bytes([data[i] ^ bit]) + data[i + 1:], MAGIC,
                         command="inspect")
    for magic in [b"GGML", b"GGMF", b"GGJT", b"FUGG", b"gguf", b"GGU\0", b"\0GGU", b"PK\3\4", b"\x80\2}q", b"\x7fELF",
                  bytes(4), b"\xff" * 4]:
        for command in ("inspect", "run"):
            yield refuse(f"magic {magic!r} {command}", magic + data[4:], MAGIC, command=command)
    field = fields[1]
    for version in [0, 1, 4, 5, 255, 256, 2**16, 0x03000000, *(n for n in HUGE if n < 2**32)]:
        for command in ("inspect", "run"):
            yield refuse(f"version {numbered(version)} {command}", with_number(data, field, version), VERSION,
                         command=command)
    for bit in range(2, 32, 3):
        yield refuse(f"version with bit {bit}", with_number(data, field, 3 | 1 << bit), VERSION, command="inspect")
    yield either("version 2, of the same layout", with_number(data, field, 2), VERSION)
    tensors, keys = len(tiny_models.cached().tensors), len(tiny_models.cached().keys)
    for count in [0, 1, tensors - 1, tensors + 1, tensors + 1000]:
        yield refuse(f"tensor_count {count} of {tensors}", with_number(data, fields[2], count),
                     any_of(TENSOR_COUNT, TENSOR, ANY_TENSOR))
    for count in [0, 1, keys - 1, keys + 1, keys + 1000]:
        yield refuse(f"metadata_kv_count {count} of {keys}", with_number(data, fields[3], count), ANY_FIELD)
    for count in [2**20, 2**24, *HUGE]:
        yield refuse(f"tensor_count {numbered(count)}", with_number(data, fields[2], count),
                     any_of(TENSOR_COUNT, TENSOR),
                     command="inspect" if count % 2 else "run")
        yield refuse(f"metadata_kv_count {numbered(count)}", with_number(data, fields[3], count), KV_COUNT,
                     command="run" if count % 2 else "inspect")
    yield refuse("both counts 2^64-1", with_number(with_number(data, fields[2], -1), fields[3], -1), ANY_FIELD)
    yield refuse("a header alone, counts 0", b"GGUF" + struct.pack("<IQQ", 3, 0, 0),
                 r"general\.architecture|architecture|tensor|metadata")
    for count in (1, 2**32, 2**63):
        yield refuse(f"a header alone, tensor_count {numbered(count)}", b"GGUF" + struct.pack("<IQQ", 3, count, 0),
                     TENSOR,
                     command="inspect")
        yield refuse(f"a header alone, metadata_kv_count {numbered(count)}", b"GGUF" + struct.pack("<IQQ", 3, 0, count),
                     KV_COUNT, command="inspect")


def truncation():
    data, fields = built(tiny_models.cached(blocks=1))
    header_end = next(field for field in fields if field.kind in ("padding", "data")).start
    cuts = set(range(0, 64)) | set(range(0, header_end, 64)) | set(range(header_end, len(data), 256))
    for field in fields:
        if field.kind in ("element", "element_length"):
            continue
        cuts.add(field.start)
        if field.owner in SOME or field.kind == "value":
            cuts.add((field.start + field.end) // 2)
        if field.kind == "data":
            cuts |= {field.start - 1, field.end - 1}
    cuts |= set(range(header_end - 8, header_end + 8))
    names = {"magic": any_of(MAGIC, "empty"), "version": any_of(VERSION, "header"),
             "tensor_count": any_of(TENSOR_COUNT, "header"),
             "metadata_kv_count": any_of(KV_COUNT, "header"), "key_length": KEY, "key": KEY, "name_length": TENSOR,
             "name": TENSOR}
    for i, cut in enumerate(sorted(cuts)):
        inside = next(field for field in fields if field.start <= cut < field.end)
        if inside.kind in ("padding", "data"):
            lost = any_of(*(exactly(field.owner) for field in fields if field.kind == "data" and field.end > cut))
        else:
            # A count of what does not fit any more is at fault as well.
            counts = [TENSOR_COUNT] if cut >= fields[2].end else []
            lost = any_of(names.get(inside.kind, exactly(inside.owner)), *counts)
        yield refuse(f"cut to {cut} bytes, in {inside.kind} of {inside.owner}", data[:cut], lost,
                     command="inspect" if i % 4 else "run")


def key_lengths():
    """Every length and count of the metadata."""
    for tokenizer in ("gpt2", "llama"):
        data, fields = built(tiny_models.cached(tokenizer=tokenizer))
        owners = list(dict.fromkeys(field.owner for field in fields if field.kind == "key"))
        if tokenizer == "llama":
            owners = ["tokenizer.ggml.scores"]
        for owner in owners:
            targets = []
            for kind in ("key_length", "string_length", "array_count"):
                targets += fields_of(fields, kind, owner)
            elements = fields_of(fields, "element_length", owner)
            if elements:
                targets += [elements[0], elements[len(elements) // 2], elements[-1]]
            for i, field in enumerate(targets):
                actual = int.from_bytes(data[field.start:field.end], "little")
                name = any_of(KEY, exactly(owner)) if field.kind == "key_length" else exactly(owner)
                title = f"{field.kind} of {owner}" + (f" ({i})" if elements else "")
                for number in (HUGE if owner in SOME else FEW) + [len(data) - field.end + 1]:
                    yield refuse(f"{title} {numbered(number)}", with_number(data, field, number), name,
                                 command="inspect")
                for number in sorted({0, 1, max(actual, 1) - 1, actual + 1} - {actual})[0 if owner in SOME else -1:]:
                    yield refuse(f"{title} {number} instead of {actual}", with_number(data, field, number), ANY_FIELD)


def key_types():
    """Unknown type numbers, and types of another size than the value has."""
    sizes = [1, 1, 2, 2, 4, 4, 4, 1, None, None, 8, 8, 8]
    data, fields = built()
    for field in fields:
        if field.kind not in ("value_type", "array_type"):
            continue
        numbers = [13, 14, 64, 255, 256, 2**16, *(n for n in HUGE if n < 2**32)]
        for number in numbers if field.owner in SOME else (13,):
            yield refuse(f"{field.kind} {numbered(number)} of {field.owner}", with_number(data, field, number),
                         exactly(field.owner), command="inspect")
        actual = int.from_bytes(data[field.start:field.end], "little")
        if field.kind == "value_type":
            for number in range(13) if field.owner in SOME else (U64, STRING):
                if number != actual and (sizes[number] is None or sizes[number] != sizes[actual]):
                    yield refuse(f"value_type of {field.owner} {TYPE_NAMES[number]} over {TYPE_NAMES[actual]}",
                                 with_number(data, field, number), ANY_FIELD)


def keys():
    base = tiny_models.cached()
    for i, (key, kind, value) in enumerate(base.keys):
        twice = base.copy().add(key, kind, value)
        yield refuse(f"key {key} twice, the same", built(twice)[0], exactly(key), command="inspect" if i % 2 else "run")
        other = base.copy()
        other.keys.insert(0, [key, STRING, "other"])
        yield refuse(f"key {key} twice, another first", built(other)[0], exactly(key),
                     command="run" if i % 2 else "inspect")
    yield refuse("unknown key twice", built(base.copy().add("x.y", U8, 1).add("x.y", U32, 2))[0], exactly("x.y"))
    yield refuse("unknown key twice, far apart",
                 built(base.copy().add("x.y", U8, 1).add("x.z", U8, 1).add("x.y", U8, 1))[0], exactly("x.y"))
    for command in ("inspect", "run"):
        for title, key in [("empty", b""), ("byte FF", b"x.\xff"), ("overlong NUL", b"x.\xc0\x80"),
                           ("cut UTF-8", b"x.\xe2\x82"), ("surrogate", b"x.\xed\xa0\x80"), ("beyond U+10FFFF",
                           b"x.\xf4\x90\x80\x80"), ("Latin-1", b"x.\xe9"), ("a lone continuation", b"\x80.x"),
                           ("not ASCII", "x.é".encode()), ("right-to-left override", "x.\u202e".encode()),
                           ("65,536 bytes", b"x." + b"y" * 65534), ("1 MiB", b"x." + b"y" * 2**20)]:
            model = base.copy()
            model.keys.insert(0 if command == "inspect" else len(base.keys), [key, U32, 1])
            yield refuse(f"key {title} {command}", built(model)[0], KEY, command=command)
        for title, key in [("NUL", b"x.\0y"), ("ESC", b"x.\x1b[2J"), ("newline", b"x.\ny"), ("upper case", b"X.Y"),
                           ("a space", b"x. y"), ("only a dot", b"."), ("two dots", b"x..y")]:
            yield either(f"key with {title} {command}", built(base.copy().add(key, U32, 1))[0], KEY, command=command)
    for value in (2, 3, 128, 255):
        yield refuse(f"add_bos_token {value}, no bool",
                     built(base.copy().set("tokenizer.ggml.add_bos_token", BOOL, value))[0],
                     r"add_bos_token")
        yield either(f"unknown bool {value}", built(base.copy().add("x.y", BOOL, value))[0], r"x\.y")
    for title, text in [("byte FF", b"a\xff"), ("overlong", b"\xc0\x80"), ("ESC", b"\x1b[2J\x07\x1b]0;x\x07"),
                        ("C1", "\x9b31m".encode()), ("NUL", b"a\0b")]:
        yield either(f"general.name with {title}", built(base.copy().set("general.name", STRING, text))[0],
                     r"general\.name")


def tensor_fields():
    base = tiny_models.cached()
    data, fields = built()
    owners = SOME[:3] + ["blk.0.attn_norm.weight", "blk.0.attn_k.weight", "blk.0.attn_output.weight",
                         "blk.0.ffn_up.weight"]
    for owner in owners:
        names = exactly(owner)
        field = fields_of(fields, "name_length", owner)[0]
        for number in HUGE if owner in SOME else (2**32, 2**64 - 1):
            yield refuse(f"name_length {numbered(number)} of {owner}", with_number(data, field, number), TENSOR,
                         command="inspect")
        actual = field_value(data, field)
        for number in (0, 1, actual - 1, actual + 1, 65, 4096) if owner in SOME else (actual - 1,):
            yield refuse(f"name_length {number} of {owner}", with_number(data, field, number), ANY_FIELD)
        field = fields_of(fields, "n_dims", owner)[0]
        for number in [5, 6, 255, 2**16, *(n for n in HUGE if n < 2**32)] if owner in SOME else (5, 2**32 - 1):
            yield refuse(f"n_dims {numbered(number)} of {owner}", with_number(data, field, number), names,
                         command="inspect")
        for number in {0, 1, 2, 3, 4} - {field_value(data, field)} if owner in SOME else (0,):
            yield refuse(f"n_dims {number} of {owner}", with_number(data, field, number), any_of(names, ANY_FIELD))
        field = fields_of(fields, "tensor_type", owner)[0]
        for number in [4, 5, 31, 32, 33, 36, 37, 38, 100, 255, 2**16, *(n for n in HUGE if n < 2**32)]:
            if owner in SOME or number in (4, 2**32 - 1):
                yield refuse(f"tensor_type {numbered(number)} of {owner}", with_number(data, field, number), names,
                             command="inspect")
        for i, field in enumerate(fields_of(fields, "dimension", owner)):
            for number in HUGE if owner in SOME else (2**32, 2**64 - 1):
                yield refuse(f"dimension {i} {numbered(number)} of {owner}", with_number(data, field, number), names,
                             command="inspect")
            actual = field_value(data, field)
            for number in (0, 1, actual - 1, actual + 1, 2 * actual) if owner in SOME else (0, actual + 1):
                yield refuse(f"dimension {i} {number} of {owner}", with_number(data, field, number),
                             names_near(base, owner))


def field_value(data, field):
    return int.from_bytes(data[field.start:field.end], "little")


def names_near(model, owner):
    """A tensor, or the one that it runs into."""
    names = [tensor.name for tensor in model.tensors]
    at = names.index(owner)
    return any_of(*(exactly(name) for name in names[at:at + 2]))


def tensor_offsets():
    base = tiny_models.cached()
    data, fields = built()
    data_start = next(field for field in fields if field.kind == "data").start
    offsets = [field for field in fields if field.kind == "offset"]
    for i, field in enumerate(offsets):
        if field.owner not in SOME and ".1." in field.owner:
            continue
        name, actual = exactly(field.owner), field_value(data, field)
        size = len(base.tensor(field.owner).data)
        wraps = [2**64 - 32, 2**64 - data_start, 2**64 - data_start // 32 * 32, 2**64 - size // 32 * 32, 2**63 - 32]
        for number in sorted({*(HUGE if field.owner in SOME else FEW[2:]), *wraps}):
            yield refuse(f"offset {numbered(number)} of {field.owner}", with_number(data, field, number), name,
                         command="inspect")
        for number in {1, 31, actual + 1, actual + 8, actual + 16} if field.owner in SOME else {actual + 1}:
            yield refuse(f"offset {number} of {field.owner}, unaligned", with_number(data, field, number), name,
                         command="inspect")
        end = len(data) - data_start
        for number in {end, end - size + 32, end + 32, 2**25} if field.owner in SOME else {end - size + 32}:
            yield refuse(f"offset {number} of {field.owner}, {end} bytes of data", with_number(data, field, number),
                         any_of(name, exactly(offsets[-1].owner)), command="inspect")
        for other in {0, 1, len(offsets) // 2, len(offsets) - 1} - {i} if field.owner in SOME else {i - 1}:
            same = with_number(data, field, field_value(data, offsets[other]))
            # The tensors on both sides of the gap that it leaves are as much out of place.
            beside = [exactly(offsets[at].owner) for at in (other, i - 1, i + 1) if 0 <= at < len(offsets)]
            yield refuse(f"offset of {field.owner} as of {offsets[other].owner}", same, any_of(name, *beside),
                         command="inspect" if i % 2 else "run")
        if i + 1 < len(offsets):
            yield refuse(f"{field.owner} overlaps the next by 32 bytes", with_number(data, field, actual + 32),
                         any_of(name, exactly(offsets[i + 1].owner)), command="inspect")
    together = data
    for field in offsets[1:]:
        together = with_number(together, field, 0)
    for command in ("inspect", "run"):
        yield refuse(f"every tensor at 0 {command}", together, r"\.weight", command=command)


def tensor_names():
    base = tiny_models.cached()
    for command in ("inspect", "run"):
        for victim, name in [("blk.0.attn_q.weight", "blk.1.attn_q.weight"),
                             ("token_embd.weight", "output_norm.weight"),
                             ("output_norm.weight", "token_embd.weight"),
                             ("blk.0.ffn_up.weight", "blk.0.ffn_gate.weight")]:
            model = base.copy()
            model.tensor(victim).name = name
            yield refuse(f"{victim} named {name}, a duplicate {command}", built(model)[0], exactly(name),
                         command=command)
        for title, name in [("empty", b""), ("65 bytes", b"t" * 65), ("256 bytes", b"t" * 256),
                            ("64 KiB", b"t" * 65536),
                            ("1 MiB", b"t" * 2**20)]:
            for extra in (True, False):
                model = base.copy()
                if extra:
                    model.tensors.append(Tensor(name, (8,), "F32", bytes(32)))
                else:
                    model.tensor("blk.1.ffn_up.weight").name = name
                yield refuse(f"tensor name {title}, {'added' if extra else 'renamed'} {command}", built(model)[0],
                             TENSOR,
                             command=command)
    for title, name in [("byte FF", b"t\xff"), ("NUL", b"t\0"), ("ESC", b"\x1b[2J\x07"), ("newline", b"a\nb"),
                        ("right-to-left override", "\u202eab".encode()), ("64 bytes", b"t" * 64)]:
        for place in (0, len(base.tensors)):
            model = base.copy()
            model.tensors.insert(place, Tensor(name, (8,), "F32", bytes(32)))
            yield refuse(f"tensor name with {title} at {place}", built(model)[0], TENSOR)


def overflows():
    """Dimensions whose product, or its size in bytes, is beyond 64 bits and may look small."""
    shapes = [(2**32, 2**32), (2**63, 2), (2, 2**63), (2**62, 4), (2**33, 2**31), (2**64 - 1, 2**64 - 1),
              (2**31, 2**33),
              (2**16,) * 4, (2**21, 2**21, 2**22), (2**32, 2**16, 2**16), (2**63 - 1, 3), (2**60, 16), (2**32, 2**31),
              (2**62, 2), (2**62,), (2**63,), (2**64 - 32,), (2**61, 1), (2**60, 1, 4), (256, 2**56), (256, 2**55),
              (256, 2**54), (2**32 + 32, 2**32), (2**32, 2**32, 0), (1, 2**64 - 1), (0, 2**64 - 1),
              (2**64 - 256, 2**60)]
    base = tiny_models.cached()
    for kind in ("F32", "F16", "Q8_0", "Q4_K"):
        for i, dims in enumerate(shapes):
            for victim in (None, "blk.1.ffn_down.weight"):
                if kind != "F32" and (victim is None) == i % 2:
                    continue
                model = base.copy()
                name = victim or "x.weight"
                if victim:
                    model.tensor(victim).dims, model.tensor(victim).kind = dims, kind
                else:
                    model.tensors.insert(3, Tensor(name, dims, kind, bytes(64)))
                yield refuse(f"{name} {kind} {'x'.join(map(numbered, dims))}", built(model)[0], exactly(name),
                             command="run" if 0 in dims else "inspect")
    for kind, block in [("Q4_0", 32), ("Q4_1", 32), ("Q5_0", 32), ("Q5_1", 32), ("Q8_0", 32), ("Q2_K", 256),
                        ("Q3_K", 256),
                        ("Q4_K", 256), ("Q5_K", 256), ("Q6_K", 256)]:
        for row in (1, block - 1, block + 1, block // 2, block * 2 - 1, block + block // 2):
            model = base.copy()
            tensor = model.tensor("blk.0.ffn_down.weight")
            tensor.dims, tensor.kind = (row, block), kind
            yield refuse(f"{kind} with rows of {row}", built(model)[0], exactly(tensor.name), command="inspect")


def alignment():
    base = tiny_models.cached()
    for number in (0, 1, 2, 3, 4, 5, 7, 9, 12, 31, 33, 2**31 - 1, 2**32 - 1):
        yield refuse(f"general.alignment {numbered(number)}",
                     built(base.copy().add("general.alignment", U32, number))[0],
                     r"general\.alignment", command="inspect" if number % 2 else "run")
    for number in (2**16, 2**20, 2**30, 2**31):
        yield refuse(f"general.alignment {numbered(number)}, data aligned to 32",
                     built(base.copy().add("general.alignment", U32, number))[0], any_of(r"general\.alignment", TENSOR),
                     command="inspect")
    uneven = base.copy().add("general.alignment", U32, 64)
    uneven.tensors = [Tensor(f"t{i}", (8,), "F32", bytes(32)) for i in range(4)]
    yield refuse("general.alignment 64, tensors at multiples of 32", built(uneven)[0], TENSOR, command="inspect")
    for kind, value in [(STRING, "32"), (F32, 32.0), (BOOL, 1), (ARRAY, Array(U32, [32])), (STRING, "")]:
        yield refuse(f"general.alignment a {TYPE_NAMES[kind]}, {value!r}",
                     built(base.copy().add("general.alignment", kind, value))[0],
                     r"general\.alignment", command="inspect")
    for number in (24, 40):
        model = base.copy().add("general.alignment", U32, number)
        model.alignment = number
        yield either(f"general.alignment {number}, a multiple of 8 and no power of two", built(model)[0],
                     r"general\.alignment")
    for number in (1, 2, 4):
        model = base.copy().add("general.alignment", U32, number)
        model.alignment = number
        yield refuse(f"general.alignment {number}, no multiple of 8, and everything so aligned", built(model)[0],
                     r"general\.alignment")
    for number in (8, 16, 32, 64, 256, 4096):
        model = base.copy().add("general.alignment", U32, number)
        model.alignment = number
        yield accept(f"general.alignment {number}", built(model)[0])


def nesting():
    base = tiny_models.cached()
    inner = struct.pack("<IQ", U8, 0)
    for depth in (2, 4, 16):
        value = Raw(struct.pack("<IQ", ARRAY, 1) * depth + inner)
        yield either(f"arrays nested {depth} deep", built(base.copy().add("x.nested", ARRAY, value))[0], r"x\.nested")
    for depth in (1000, 10_000, 100_000, 300_000):
        for title, value in [("", struct.pack("<IQ", ARRAY, 1) * depth + inner),
                             (", none innermost", struct.pack("<IQ", ARRAY, 1) * depth),
                             (", counts 2^64-1", struct.pack("<IQ", ARRAY, 2**64 - 1) * depth + inner),
                             (", two wide", struct.pack("<IQ", ARRAY, 2) * depth + inner * 2)]:
            yield refuse(f"arrays nested {depth} deep{title}", built(base.copy().add("x.nested", ARRAY, Raw(value)))[0],
                         r"x\.nested", command="inspect")
    for number in [*HUGE, 2**61, 2**60, 2**62 + 1]:
        for kind in (U8, STRING, ARRAY, F64):
            yield refuse(f"array of {numbered(number)} {TYPE_NAMES[kind]}",
                         built(base.copy().add("x.long", ARRAY, Array(kind, [], number)))[0], r"x\.long",
                         command="inspect")


def other_files():
    for title, data in [("empty", b""), ("a byte", b"G"), ("text", b"hello\n" * 100), ("zeros", bytes(4096)),
                        ("safetensors", struct.pack("<Q", 2) + b"{}"), ("zip", b"PK\x05\x06" + bytes(18)),
                        ("pickle", b"\x80\x02}q\x00."), ("JSON", b'{"architectures": []}'), ("ones", b"\xff" * 4096)]:
        for command in ("inspect", "run"):
            yield refuse(f"not a GGUF file: {title} {command}", data, any_of(MAGIC, title), command=command)
    data, _ = built()
    yield either("a byte after the end", data + b"x")
    yield either("64 KiB after the end", data + bytes(65536))
    yield refuse("the file after 32 bytes of something else", bytes(32) + data, MAGIC, command="inspect")
    yield refuse("a byte lost in the middle of the metadata", data[:300] + data[301:], ANY_FIELD)
    yield refuse("a byte too many in the middle of the metadata", data[:300] + b"\1" + data[300:], ANY_FIELD)
    swapped = struct.pack(">IQQ", 3, 0, 0)
    yield refuse("big-endian header", b"GGUF" + swapped + data[24:], VERSION)


def corruption():
    """Single bytes changed anywhere before the data: any verdict, no crash."""
    data, fields = built()
    header_end = next(field for field in fields if field.kind == "data").start
    rng = random.Random(2)
    for i in range(100):
        at = rng.randrange(4, header_end)
        value = data[at] ^ rng.randrange(1, 256)
        yield either(f"byte {at} is {value}", data[:at] + bytes([value]) + data[at + 1:],
                     command="run" if i % 2 else "inspect")
