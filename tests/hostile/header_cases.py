"""Headers of safetensors files: their length, their JSON, and what they say of types, shapes and offsets.

The verdicts are the format's: a header is one JSON object without duplicate keys that begins with "{" and may be padded
with spaces; tensors cover all bytes after it, each once. The order of its keys means nothing.
"""
import dataclasses
import json
import math
import random
import struct

from case import any_of, numbered
from checkpoint_folder import DTYPES, MODEL, Raw, Tensor, dump, golden, split, with_header
from folder_case import TENSOR, either, either_same, refuse, same, tensor_name, word
from folder_text import BAD_UTF8, NAMES

FILE = word(MODEL)
BASE = "llama"
HUGE = [2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30]
# One tensor of each kind: the first, the last, a vector in the middle.
VICTIMS = ["lm_head.weight", "model.layers.1.input_layernorm.weight", "model.norm.weight"]


def parts():
    return split(golden(BASE).model)


def header_of():
    """The base's header as a dictionary that may be changed."""
    return json.loads(parts()[0])


def text_of():
    return parts()[0].decode().rstrip(" ")


def file_with(header, length=None, data=None):
    return with_header(header, parts()[1] if data is None else data, length)


def broken(title, header, *names, length=None, data=None):
    return refuse("header: " + title, BASE, FILE, *names, model=file_with(header, length, data))


def fine(title, header):
    return same("header: " + title, BASE, model=file_with(header))


def cases():
    for group in [lengths, cuts, extra_bytes, padding, texts, depth, duplicates, metadata, entry_fields, types, numbers,
                  ranges, shapes, names, escapes, empty_tensors, many]:
        yield from group()


def lengths():
    header, data = parts()
    total = len(header) + len(data)
    for number in [0, 1, 2, 7, len(header) - 1, len(header) + 1, len(header) - 8, len(header) + 8, total - 1, total,
                   total + 1, 10**8, 10**8 + 1, *HUGE[:7]]:
        yield broken(f"length {numbered(number)}", header, length=number % 2**64)
    for size in range(8):
        yield refuse(f"header: a file of {size} bytes", BASE, FILE, model=golden(BASE).model[:size])
    for number in (0, 1, 2, 8, 2**63, 2**64 - 1):
        yield refuse(f"header: 8 bytes that say {numbered(number)}", BASE, FILE, model=struct.pack("<Q", number))
    yield refuse("header: no tensors", BASE, any_of(FILE, TENSOR), model=with_header("{}", b""))
    yield refuse("header: metadata alone", BASE, any_of(FILE, TENSOR), model=with_header('{"__metadata__": {}}', b""))
    for title, data in [("text", b"hello, world\n" * 99), ("zeros", bytes(4096)), ("ones", b"\xff" * 4096),
                        ("GGUF", b"GGUF\3\0\0\0" + bytes(64)), ("a ZIP archive", b"PK\3\4" + bytes(64)),
                        ("a pickle", b"\x80\2}q\0." + bytes(64)), ("JSON alone", b'{"a": 1}' * 9),
                        ("a Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64)]:
        yield refuse(f"header: the file is {title}", BASE, FILE, model=data)


def cuts():
    model = golden(BASE).model
    header, _ = parts()
    rng = random.Random("cuts")
    points = {8, 9, 8 + len(header) // 2, 7 + len(header), 8 + len(header), 9 + len(header), len(model) - 1,
              len(model) - 2, *(rng.randrange(8, 8 + len(header)) for _ in range(40)),
              *(rng.randrange(8 + len(header), len(model)) for _ in range(40))}
    for point in sorted(points):
        yield refuse(f"header: cut at byte {point}", BASE, FILE, model=model[:point])


def extra_bytes():
    header, data = parts()
    for title, more in [("a byte", b"\0"), ("a space", b" "), ("8 zeros", bytes(8)), ("4,096 zeros", bytes(4096)),
                        ("another file", golden(BASE).model), ("a ZIP archive", b"PK\3\4" + bytes(99))]:
        yield broken(f"{title} after the tensors", header, data=data + more)
        yield broken(f"{title} before the tensors", header, data=more + data)


def padding():
    text = text_of()
    for count in (0, 1, 7, 8, 4096, 100_000):
        yield fine(f"{count} spaces after it", text + " " * count)
    for name, byte in [("NUL", "\0"), ("letter", "x"), ("brace", "}"), ("comma", ","), ("form feed", "\f"),
                       ("no-break space", "\u00a0"), ("BOM", "\ufeff"), ("0x1b", "\x1b"), ("object", "{}")]:
        yield broken(f"a {name} after it", text + byte)
        yield broken(f"a {name} among spaces after it", text + "   " + byte + "  ")
        yield broken(f"a {name} before it", byte + text)
    for name, byte in [("line feed", "\n"), ("tab", "\t"), ("carriage return", "\r")]:
        yield either_same(f"header: a {name} after it", BASE, FILE, model=file_with(text + byte))
    for name, byte in [("space", " "), ("line feed", "\n"), ("8 spaces", " " * 8)]:
        yield broken(f"a {name} before it", byte + text)
    yield fine("spaces within it", text.replace(",", " , ").replace(":", " : ").replace("{", "{ "))
    yield either_same("header: lines and tabs within it", BASE, FILE,
                      model=file_with(json.dumps(header_of(), indent="\t")))
    yield broken("NUL within it", text.replace(",", ",\0", 1))


def texts():
    text = text_of()
    for title, other in [
            ("no closing brace", text[:-1]), ("one brace more", text + "}"), ("an array", "[" + text + "]"),
            ("a string", json.dumps(text)), ("null", "null"), ("true", "true"), ("a number", "12345678"),
            ("a comma at its end", text[:-1] + ",}"), ("a comma at its start", "{," + text[1:]),
            ("two commas", text.replace("},", "},,", 1)), ("no comma", text.replace("},", "} ", 1)),
            ("no colon", text.replace('":', '" ', 1)), ("single quotes", text.replace('"', "'")),
            ("no quotes", text.replace('"', "")), ("a comment", text.replace("{", "{/* a */", 1)),
            ("a line comment", text.replace("{", "{// a\n", 1)), ("upside down", text[::-1]),
            ("semicolons", text.replace(",", ";")), ("parentheses", text.replace("{", "(").replace("}", ")")),
            ("a comma at an array's end", text.replace("]", ",]", 1)), ("UTF-16", text.encode("utf-16-le")),
            ("UTF-32", text.encode("utf-32-le")), ("latin-1 quotes", text.replace('"', "\u201c").encode("utf-8")),
            ("a key without a value", text[:-1] + ', "a"}'), ("a value without a key", text[:-1] + ", 1}"),
            ("a key that is a number", text[:-1] + ", 1: 2}"), ("an open string", text[:-1] + ', "a}'),
            ("an open escape", text[:-1] + ', "\\'), ("two objects", text + text),
            ("a header in it", "{" + text + "}"), ("undefined", text[:-1] + ', "a": undefined}'),
            ("a line feed in a string", text.replace("weight", "wei\nght", 1)),
            ("a control character in a string", text.replace("weight", "wei\x01ght", 1)),
            ("NUL in a string", text.replace("weight", "wei\0ght", 1)),
            ("an unknown escape", text.replace("weight", "wei\\ght", 1)),
            ("half an escape", text.replace("weight", "wei\\u00", 1))]:
        yield broken(title, other)
    for title, number in [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), ("hexadecimal", "0x0"),
                          ("a plus", "+0"), ("a leading zero", "00"), ("a point", "."), ("a bare minus", "-"),
                          ("a bare exponent", "1e"), ("underscores", "0_0"), ("a bare fraction", "0.")]:
        assert "[0," in text
        yield broken(f"{title} as a number", text.replace("[0,", f"[{number},", 1))
    for name, data in BAD_UTF8:
        key = b'"x' + data + b'": "a"'
        start = b'{"__metadata__":{' + key + b"},"
        yield broken(f"{name} in a key", start + text.encode().split(b",", 1)[1], data=parts()[1])
        text_bytes = text.encode()
        yield broken(f"{name} in a tensor's name", text_bytes.replace(b"lm_head.", b"lm_" + data + b"head.", 1))
        yield broken(f"{name} in a type", text_bytes.replace(b"BF16", b"BF" + data + b"16", 1))


def depth():
    text = text_of()
    for count in (5, 64, 1000, 100_000, 2_000_000):
        for name, opening, closing in [("arrays", "[", "]"), ("objects", '{"a":', "}")]:
            inner = opening * count + ("1" if opening != "[" else "") + closing * count
            yield broken(f"{count} {name} deep in a tensor", text[:-1] + f', "x": {inner}}}')
            yield broken(f"{count} {name} deep in a shape", text.replace('"shape":[', f'"shape":[{inner},', 1))
            if count >= 1000:
                yield broken(f"{count} {name} deep in the metadata", text.replace('"pt"', inner, 1))
                yield broken(f"{count} {name} deep and open", "{" + '"a":' + opening * count)


def duplicates():
    text = text_of()
    header = header_of()
    for victim in VICTIMS:
        entry = json.dumps(header[victim])
        yield broken(f"{victim} twice, alike", text[:-1] + f', "{victim}": {entry}}}', tensor_name(victim))
        yield broken(f"{victim} twice, one empty", text[:-1] + f', "{victim}": ' + "{}}", FILE)
        other = dict(header[victim], dtype="F16")
        yield broken(f"{victim} twice, of two types", text[:-1] + f', "{victim}": {json.dumps(other)}}}',
                     tensor_name(victim))
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in victim)
        yield broken(f"{victim} twice, once in escapes", text[:-1] + f', "{escaped}": {entry}}}', tensor_name(victim))
        for name, again in [("dtype", '"F16"'), ("dtype", '"BF16"'), ("shape", "[1]"), ("data_offsets", "[0, 2]"),
                            ("data_offsets", json.dumps(header[victim]["data_offsets"]))]:
            changed = entry[:-1] + f', "{name}": {again}}}'
            yield broken(f"{name} twice in {victim}: {again}", dump(header | {victim: Raw(changed)}),
                         any_of(tensor_name(victim), name))
    yield broken("__metadata__ twice", text[:-1] + ', "__metadata__": {"format": "pt"}}')
    yield broken("a key of the metadata twice", text.replace('"pt"', '"pt", "format": "pt"', 1))


def metadata():
    header = header_of()
    for title, value in [("a string", "pt"), ("an array", ["pt"]), ("a number", 1), ("true", True),
                         ("a number in it", {"format": 1}), ("null in it", {"format": None}),
                         ("an object in it", {"format": {}}), ("an array in it", {"format": ["pt"]}),
                         ("false in it", {"a": "b", "c": False})]:
        yield broken(f"metadata is {title}" if " in it" not in title else f"metadata has {title}",
                     dump(header | {"__metadata__": value}))
    yield either_same("header: metadata is null", BASE, FILE,
                      model=file_with(dump(header | {"__metadata__": None})))
    for title, value in [("empty", {}), ("no format", {"a": "b"}), ("format tf", {"format": "tf"}),
                         ("an empty key", {"": ""}), ("a thousand keys", {f"k{i}": "v" for i in range(1000)}),
                         ("a long value", {"a": "x" * 100_000}), ("other scripts", {"schlüssel": "値"})]:
        yield fine(f"metadata: {title}", dump(header | {"__metadata__": value}))
    header.pop("__metadata__")
    yield fine("no metadata", dump(header))
    yield fine("metadata last", dump(header | {"__metadata__": {"format": "pt"}}))
    for seed in range(6):
        keys = list(header)
        random.Random(seed).shuffle(keys)
        yield fine(f"its keys in another order {seed}", dump({key: header[key] for key in keys}))
    yield fine("the fields of tensors in another order",
               dump({key: dict(reversed(value.items())) for key, value in header.items()}))


def changed(victim, **fields):
    """The base's header with some fields of a tensor replaced; None removes one."""
    header = header_of()
    entry = {key: value for key, value in (header[victim] | fields).items() if value is not None}
    return dump(header | {victim: entry})


def entry_fields():
    header = header_of()
    for victim in VICTIMS:
        for name in ("dtype", "shape", "data_offsets"):
            yield broken(f"{victim} without {name}", changed(victim, **{name: None}), tensor_name(victim))
            for title, value in [("null", Raw("null")), ("true", True), ("a string", "1"), ("an object", {}),
                                 ("a number", 1), ("an array of strings", ["1", "2"]), ("an array of null", [None] * 2),
                                 ("an array of arrays", [[1], [2]]), ("a fraction", 0.5), ("an empty string", "")]:
                yield broken(f"{name} of {victim} is {title}", changed(victim, **{name: value}), tensor_name(victim))
        for title, value in [("null", None), ("true", True), ("a string", "BF16"), ("an array", []), ("a number", 1),
                             ("an empty object", {})]:
            yield broken(f"{victim} is {title}", dump(header | {victim: value}), tensor_name(victim))
        for count in (0, 1, 3, 4):
            offsets = (header[victim]["data_offsets"] * 2)[:count]
            yield broken(f"{count} data_offsets of {victim}", changed(victim, data_offsets=offsets),
                         tensor_name(victim))
        yield either_same(f"header: an unknown field in {victim}", BASE, any_of(tensor_name(victim), "foo"),
                          model=file_with(changed(victim, foo=1)))
        for name in ("Dtype", "shapes", "offsets"):
            original = {"Dtype": "dtype", "shapes": "shape", "offsets": "data_offsets"}[name]
            yield broken(f"{victim} spells {name}", changed(victim, **{original: None, name: header[victim][original]}),
                         tensor_name(victim))


def types():
    for victim in VICTIMS:
        for dtype in ["F17", "bf16", "BF16 ", " BF16", "bfloat16", "float32", "Q4_K", "BF1", "BF166", "F",
                      "\x1b[31mF32", "F8_E4M3FN", "U4", "F4", "C64", "x" * 10_000, "BF16\0", "％s%n"]:
            yield broken(f"{victim} of type {dtype[:12]!r}", changed(victim, dtype=dtype), tensor_name(victim))
        # The bytes do not fit the type.
        for dtype, size in DTYPES.items():
            if size != 2:
                yield broken(f"{victim} said to be {dtype}", changed(victim, dtype=dtype), tensor_name(victim))


def numbers():
    """Numbers of shapes and offsets that are no sizes, or far too large."""
    texts = ["-1", "-2", "0.5", "64.0", "6.4e1", "1e3", "-0.0", "1e400", "9007199254740993.0", *map(str, HUGE),
             *(str(-number) for number in HUGE[:7]), "9" * 400]
    for victim in VICTIMS:
        shape, (begin, end) = header_of()[victim]["shape"], header_of()[victim]["data_offsets"]
        for text in texts if victim != VICTIMS[1] else texts[::3]:
            short = text if len(text) < 40 else text[:8] + "..."
            for at in range(len(shape)):
                values = [Raw(text) if i == at else size for i, size in enumerate(shape)]
                yield broken(f"dimension {at} of {victim} {short}", changed(victim, shape=values), tensor_name(victim))
            yield broken(f"offsets of {victim} [{short}, end]", changed(victim, data_offsets=[Raw(text), end]), TENSOR)
            yield broken(f"offsets of {victim} [begin, {short}]", changed(victim, data_offsets=[begin, Raw(text)]),
                         TENSOR)
            yield broken(f"offsets of {victim} [{short}, {short}]", changed(victim, data_offsets=[Raw(text)] * 2),
                         TENSOR)
    yield either_same("header: an offset of -0", BASE, TENSOR,
                      model=file_with(changed("lm_head.weight", data_offsets=[Raw("-0"), 40960])))


def ranges():
    """Offsets in bounds that do not divide the bytes among the tensors."""
    header = header_of()
    names_in_order = sorted((name for name in header if name != "__metadata__"),
                            key=lambda name: header[name]["data_offsets"])
    for victim in VICTIMS:
        begin, end = header[victim]["data_offsets"]
        for title, offsets in [("swapped", [end, begin]), ("empty", [begin, begin]), ("empty at its end", [end, end]),
                               ("two bytes short", [begin, end - 2]), ("a byte short", [begin, end - 1]),
                               ("two bytes long", [begin, end + 2]), ("two bytes late", [begin + 2, end + 2]),
                               ("a byte late", [begin + 1, end + 1]), ("doubled", [begin, 2 * end - begin]),
                               ("after the file", [10**9, 10**9 + end - begin]),
                               ("wrapping around", [2**64 - (end - begin), 0]),
                               ("those of another tensor", header["model.layers.0.input_layernorm.weight"]
                                ["data_offsets"])]:
            yield broken(f"offsets of {victim} {title}", changed(victim, data_offsets=offsets), TENSOR)
        if begin >= 2:
            yield broken(f"offsets of {victim} two bytes early", changed(victim, data_offsets=[begin - 2, end - 2]),
                         TENSOR)
    # Two tensors that are the same bytes, and two that lie within each other.
    first, second = "model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.up_proj.weight"
    yield broken("two tensors of the same bytes", changed(second, data_offsets=header[first]["data_offsets"]), TENSOR)
    begin, end = header[first]["data_offsets"]
    yield broken("a tensor within another", changed("model.norm.weight", data_offsets=[begin + 64, begin + 192]),
                 TENSOR)
    swapped = dict(header)
    swapped[first] = dict(header[first], data_offsets=header[second]["data_offsets"])
    swapped[second] = dict(header[second], data_offsets=header[first]["data_offsets"])
    data = parts()[1]
    a, b = header[first]["data_offsets"], header[second]["data_offsets"]
    moved = data[:a[0]] + data[b[0]:b[1]] + data[a[0]:a[1]] + data[b[1]:]
    assert a[1] == b[0] and a[0] < b[0]
    yield same("header: two tensors in each other's place", BASE, model=file_with(dump(swapped), data=moved))
    # A hole before each of some tensors, and at the end.
    for name in names_in_order[::5]:
        shifted, at = dict(header), header[name]["data_offsets"][0]
        for other in names_in_order:
            pair = header[other]["data_offsets"]
            if pair[0] >= at:
                shifted[other] = dict(header[other], data_offsets=[pair[0] + 8, pair[1] + 8])
        yield broken(f"a hole before {name}", dump(shifted), any_of(TENSOR, "hole|gap|bytes"),
                     data=data[:at] + bytes(8) + data[at:])
        # All offsets are those of a file without this tensor, whose bytes are there.
        fewer = {key: value for key, value in header.items() if key != name}
        yield broken(f"{name} is not in the header, its bytes are there", dump(fewer), any_of(TENSOR, "hole|gap|bytes"))


def shapes():
    """Shapes whose product is, or is said to be, another number than the bytes."""
    for victim in VICTIMS:
        shape = header_of()[victim]["shape"]
        count = math.prod(shape)
        for other in [[], [1], [0], [0, *shape], [*shape, 0], [2, *shape], [*shape, 2], [count - 1], [count + 1],
                      [2**32, 2**32], [2**63, 2], [2**33, 2**31], [2**64 - 1, 2**64 - 1], [2**32, 2**31, 2],
                      [0, 2**64 - 1], [2**62, 4, 0], [count, 2**64], [3037000500, 3037000500], [2**63, 2, count],
                      [2] * 64, [2] * 63, [2**16] * 4, [1] * 10_000, [2] * 10_000]:
            title = str(other) if len(other) < 9 else f"{len(other)} times {other[0]}"
            yield broken(f"shape of {victim} {title}", changed(victim, shape=other), tensor_name(victim))
        # The right number of elements in another shape.
        for other in [[1, *shape], [*shape, 1], [*shape] + [1] * 100, [1] * 5 + shape]:
            yield refuse(f"header: shape of {victim} {str(other)[:30]}", BASE, tensor_name(victim),
                         model=file_with(changed(victim, shape=other)))


def names():
    """Surplus tensors of odd names; the message has to be safe to show."""
    tensors = golden(BASE).tensors
    for title, name in NAMES:
        extra = Tensor(name, "F32", (1,), bytes(4))
        yield refuse(f"header: a surplus tensor named {title}", BASE, any_of(FILE, word("tiny")),
                     tensors=tensors + (extra,))
        renamed = tuple(dataclasses.replace(tensor, name=name) if tensor.name == "model.norm.weight" else tensor
                        for tensor in tensors)
        yield refuse(f"header: model.norm.weight is named {title}", BASE, any_of(FILE, word("tiny")), tensors=renamed)


def escapes():
    """JSON escapes are another spelling of the same names."""
    text = text_of()
    for title, other in [("a letter", text.replace("lm_head", "\\u006cm_head")),
                         ("a dot", text.replace("lm_head.weight", "lm_head\\u002eweight")),
                         ("a field", text.replace('"dtype"', '"\\u0064type"')),
                         ("a type", text.replace('"BF16"', '"\\u0042F16"'))]:
        yield fine(f"{title} in escapes", other)
    for title, escape in [("a lone high surrogate", "\\ud800"), ("a lone low surrogate", "\\udc00"),
                          ("surrogates in the wrong order", "\\udc00\\ud800"), ("a NUL", "\\u0000"),
                          ("a surrogate and a letter", "\\ud800x")]:
        yield broken(f"{title} in a name", text.replace("lm_head", "lm_" + escape + "head", 1))
        yield either_same(f"header: {title} in the metadata", BASE, FILE,
                          model=file_with(text.replace('"pt"', f'"pt{escape}"', 1)))


def empty_tensors():
    """Tensors without bytes are part of the format, and none of this model."""
    tensors = golden(BASE).tensors
    for shape in [(0,), (0, 64), (64, 0), (0, 0, 0), (2**40, 0)]:
        for name in ("extra.weight", "model.layers.0.self_attn.q_proj.bias"):
            for at in (0, len(tensors)):
                extra = Tensor(name, "BF16", shape, b"")
                yield refuse(f"header: {name} of shape {shape} at {at}", BASE, tensor_name(name),
                             tensors=tensors[:at] + (extra,) + tensors[at:])
        for victim in VICTIMS:
            less = tuple(dataclasses.replace(tensor, shape=shape, data=b"") if tensor.name == victim else tensor
                         for tensor in tensors)
            yield refuse(f"header: {victim} of shape {shape}", BASE, tensor_name(victim), tensors=less)


def many():
    """Headers and numbers of tensors that are cheap to write."""
    data, text = parts()[1], text_of()
    end = len(data)
    for count in (1000, 65_536, 200_000):
        infos = [f'"x{i:06}":{{"dtype":"U8","shape":[1],"data_offsets":[{end + i},{end + i + 1}]}}'
                 for i in range(count)]
        case = refuse(f"header: {count} surplus tensors", BASE, any_of(FILE, r"x\d{6}"),
                      model=file_with(text[:-1] + "," + ",".join(infos) + "}", data=data + bytes(count)))
        case.large = count > 10_000
        yield case
    empty = ",".join(f'"x{i:06}":{{"dtype":"U8","shape":[0],"data_offsets":[{end},{end}]}}' for i in range(100_000))
    case = refuse("header: 100,000 surplus tensors without bytes", BASE, any_of(FILE, r"x\d{6}"),
                  model=file_with(text[:-1] + "," + empty + "}"))
    case.large = True
    yield case
    for title, header in [("20 MB of spaces", text + " " * 20_000_000),
                          ("20 MB of metadata", text.replace('"pt"', '"' + "x" * 20_000_000 + '"', 1)),
                          ("a million keys of metadata",
                           text.replace('"format"', "".join(f'"k{i}":"",' for i in range(1_000_000)) + '"format"', 1))]:
        case = either_same(f"header: {title}", BASE, FILE, model=file_with(header))
        case.large = True
        yield case
    for title, header in [("20 MB of open arrays", "{" + '"a":' + "[" * 20_000_000),
                          ("a shape of 5 million", text.replace('"shape":[', '"shape":[' + "1," * 5_000_000, 1)),
                          ("a number of 10 MB", text.replace("[0,", "[" + "1" * 10_000_000 + ",", 1)),
                          ("a name of 10 MB", text.replace("lm_head", "l" * 10_000_000, 1)),
                          ("a type of 10 MB", text.replace("BF16", "B" * 10_000_000, 1)),
                          ("10 MB of escapes", text.replace("lm_head", "\\u0001" * 1_700_000, 1))]:
        case = broken(title, header)
        case.large = True
        yield case
    yield either("header: a file that says 2^40 bytes of one tensor", BASE, FILE,
                 model=with_header({"a": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}}, bytes(64)))
