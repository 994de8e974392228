"""Files of 10 to 40 MB that are cheap to write and could be dear to read: time must stay linear and memory near the
file's size."""
import struct

from case import ACCEPT, EITHER, REFUSE, Case
from gguf_file import ARRAY, BOOL, F32, F64, I32, STRING, U8, U16, string
from tiny_models import cached

PIECE = 1 << 16  # repetitions that are written at once
MEGA = 1_000_000


def repeated(unit, count):
    """A function that yields `unit` `count` times."""
    def pieces():
        whole = unit * PIECE
        for _ in range(count // PIECE):
            yield whole
        yield unit * (count % PIECE)
    return pieces


def joined(*parts):
    def pieces():
        for part in parts:
            if callable(part):
                yield from part()
            else:
                yield part
    return pieces


def with_key(key, header, body, size, base=None, entries=1):
    """A model with one more key (or another value of `key`), whose type and value are `header` and the `size` bytes of
    `body`. A body that goes on with further keys says how many these `entries` are."""
    model = (base or cached()).copy().remove(key)
    data, fields = model.build()
    start = next(field for field in fields if field.kind == "name_length").start
    data_start = next(field for field in fields if field.kind == "data").start
    info_end = max(field.end for field in fields if field.kind == "offset")
    entry = string(key) + header
    end = info_end + len(entry) + size
    return joined(data[:16] + struct.pack("<Q", len(model.keys) + entries) + data[24:start] + entry, body,
                  data[start:info_end] + bytes(-end % 32) + data[data_start:])


def array(key, kind, unit, count, base=None):
    return with_key(key, struct.pack("<IIQ", ARRAY, kind, count), repeated(unit, count), len(unit) * count, base)


def text(key, unit, count):
    return with_key(key, struct.pack("<IQ", STRING, len(unit) * count), repeated(unit, count), len(unit) * count)


def case(title, verdict, pieces, *names, command="run"):
    return Case("large: " + title, verdict, {"m.gguf": pieces}, names, command)


def cases():
    for group in [unknown_keys, many_keys, many_tensors, vocabularies, templates]:
        yield from group()


def unknown_keys():
    for title, kind, unit, count in [("20M u8", U8, b"\1", 20 * MEGA), ("10M u16", U16, b"\1\0", 10 * MEGA),
                                     ("20M bool", BOOL, b"\1", 20 * MEGA), ("4M u8", U8, b"\1", 4 * MEGA),
                                     ("4M bool", BOOL, b"\1", 4 * MEGA), ("4M f64", F64, bytes(8), 4 * MEGA)]:
        # A reader may limit how long an array is, but not below what vocabularies need many times over.
        verdict = ACCEPT if count <= 4 * MEGA else EITHER
        yield case(f"an unknown array of {title}", verdict, array("x.long", kind, unit, count), r"x\.long")
    for command in ("inspect", "run"):
        yield case(f"an unknown string of 60 MB {command}", EITHER, text("x.long", b"abc\n", 15 * MEGA), r"x\.long",
                   command=command)
    yield case("general.name of 60 MB", EITHER, text("general.name", b"abc\n", 15 * MEGA), r"general\.name",
               command="inspect")
    yield case("general.architecture of 60 MB", REFUSE, text("general.architecture", b"abc\n", 15 * MEGA),
               "architecture")
    yield case("tokenizer.ggml.pre of 60 MB", REFUSE, text("tokenizer.ggml.pre", b"abc\n", 15 * MEGA),
               r"tokenizer\.ggml\.pre")
    yield case("a chat template of 60 MB", REFUSE, text("tokenizer.chat_template", b"abc\n", 15 * MEGA), "template")
    yield case("an unknown array of 4M strings of 16 bytes", EITHER,
               array("x.long", STRING, string("a" * 16), 4 * MEGA),
               r"x\.long")
    three = joined(*(part for i in range(3) for part in
                     (b"" if i == 0 else string(f"x.long{i}") + struct.pack("<IIQ", ARRAY, F64, 4 * MEGA),
                      repeated(bytes(8), 4 * MEGA))))
    extra = sum(len(string(f"x.long{i}")) + 16 for i in (1, 2))
    yield case("three unknown arrays of 4M f64", EITHER,
               with_key("x.long", struct.pack("<IIQ", ARRAY, F64, 4 * MEGA), three, 96 * MEGA + extra, entries=3),
               r"x\.long")
    for command in ("inspect", "run"):
        yield case(f"an unknown array of 3M empty strings {command}", EITHER,
                   array("x.long", STRING, bytes(8), 3 * MEGA), r"x\.long", command=command)
        yield case(f"an unknown array of 2M strings of a byte {command}", EITHER,
                   array("x.long", STRING, string("a"), 2 * MEGA), r"x\.long", command=command)
        yield case(f"an unknown array of 2M empty arrays {command}", EITHER,
                   array("x.long", ARRAY, struct.pack("<IQ", U8, 0), 2 * MEGA), r"x\.long", command=command)


def many_keys():
    """Many keys of a byte each: a million, and what a reader may still take for serious."""
    model = cached()
    data, fields = model.build()
    start = next(field for field in fields if field.kind == "name_length").start
    data_start = next(field for field in fields if field.kind == "data").start
    info_end = max(field.end for field in fields if field.kind == "offset")
    for same in (False, True):
        def entries():
            for first in range(0, MEGA, 10_000):
                yield b"".join(struct.pack("<Q10sIB", 10, b"x.%08d" % (0 if same else i), U8, 1)
                               for i in range(first, first + 10_000))
        end = info_end + 23 * MEGA
        pieces = joined(data[:16] + struct.pack("<Q", len(model.keys) + MEGA) + data[24:start], entries,
                        data[start:info_end] + bytes(-end % 32) + data[data_start:])
        for command in ("inspect", "run"):
            if same:
                yield case(f"a key a million times {command}", REFUSE, pieces,
                           r"x\.00000000|number of metadata|kv.?count",
                           command=command)
            else:
                yield case(f"a million unknown keys {command}", EITHER, pieces, "key|metadata", command=command)


def many_tensors():
    """Tensors that no model has, of 32 bytes each."""
    model = cached()
    data, fields = model.build()
    start = next(field for field in fields if field.kind == "name_length").start
    for count, dims in [(300_000, 1), (130_000, 1), (130_000, 4)]:
        def infos(count=count, dims=dims):
            for first in range(0, count, 10_000):
                yield b"".join(struct.pack(f"<Q9sI{dims}QIQ", 9, b"x%08d" % i, dims, 8, *[1] * (dims - 1), 0, 32 * i)
                               for i in range(first, first + 10_000))
        end = start + (33 + 8 * dims) * count
        pieces = joined(data[:8] + struct.pack("<Q", count) + data[16:start], infos, bytes(-end % 32),
                        repeated(bytes(32), count))
        yield case(f"{count:,} unknown tensors of {dims}", REFUSE, pieces, r"x\d{8}|token_embd|tensor")
        yield case(f"{count:,} unknown tensors of {dims}, inspect", EITHER, pieces, "tensor", command="inspect")
    pieces = joined(data[:8] + struct.pack("<Q", MEGA) + data[16:start],
                    repeated(struct.pack("<Q1sIQIQ", 1, b"x", 1, 8, 0, 0), MEGA), bytes(64))
    yield case("one tensor a million times", REFUSE, pieces, "tensor", command="inspect")


def different_tokens(count):
    def pieces():
        for first in range(0, count, 10_000):
            yield b"".join(struct.pack("<Q9s", 9, b"t%08d" % i) for i in range(first, first + 10_000))
    return pieces


def vocabularies():
    key = "tokenizer.ggml.tokens"
    names = r"tokenizer\.ggml\.tokens|token_embd|vocab"
    for title, unit, count in [("3M empty tokens", bytes(8), 3 * MEGA), ("2M tokens of a byte", string("a"), 2 * MEGA),
                               ("1M tokens of 16 bytes", string("a" * 16), MEGA)]:
        yield case(title, REFUSE, array(key, STRING, unit, count), names)
    yield case("2M merges", REFUSE, array("tokenizer.ggml.merges", STRING, string("q zq"), 2 * MEGA), "merges")
    yield case("2M merges of known tokens, all the same", EITHER,
               array("tokenizer.ggml.merges", STRING, string("H i"), 2 * MEGA), "merges")
    yield case("4M empty merges", REFUSE, array("tokenizer.ggml.merges", STRING, bytes(8), 4 * MEGA), "merges")
    for count in (4, 8):
        yield case(f"{count}M token types", REFUSE,
                   array("tokenizer.ggml.token_type", I32, struct.pack("<i", 1), count * MEGA), "token_type")
        yield case(f"{count}M scores", REFUSE,
                   array("tokenizer.ggml.scores", F32, bytes(4), count * MEGA, cached(tokenizer="llama")), "scores")
    for title, tokens in [("empty", repeated(bytes(8), MEGA)), ("different", different_tokens(MEGA))]:
        size = 8 * MEGA if title == "empty" else 17 * MEGA
        types = string("tokenizer.ggml.token_type") + struct.pack("<IIQ", ARRAY, I32, MEGA)
        base = cached().copy().remove("tokenizer.ggml.token_type").remove("tokenizer.ggml.merges")
        yield case(f"1M {title} tokens with their types", REFUSE,
                   with_key(key, struct.pack("<IIQ", ARRAY, STRING, MEGA),
                            joined(tokens, types, repeated(struct.pack("<i", 1), MEGA)), size + len(types) + 4 * MEGA,
                            base,
                            entries=2), names)
    items = cached().get(key).items
    header = struct.pack("<IIQ", ARRAY, STRING, len(items)) + b"".join(map(string, items[:-1]))
    yield case("a token of 20 MB", EITHER,
               with_key(key, header + struct.pack("<Q", 20 * MEGA), repeated(b"x", 20 * MEGA),
                                                   20 * MEGA), "token|merge")


def templates():
    key = "tokenizer.chat_template"
    for unit, count in [("a", 20 * MEGA), ("{{1}}", 4 * MEGA), ("{{ ", 5 * MEGA), ("{#", 10 * MEGA),
                        ("{% if a %}", 2 * MEGA),
                        ("{{ [[[[[[[[", 2 * MEGA), ("{{'a'~'b'}}", MEGA)]:
        yield case(f"template of {count} times {unit!r}", REFUSE, text(key, unit.encode(), count),
                   "template|context|tokens")
    yield case("template of 1M settings", EITHER, text(key, b"{% set a = 1 %}", MEGA), "template|prompt")
    for before, unit, after in [("{{ [", "1,", "]|length }}"), ("{{ 0 if 1 ", "or 1 ", "}}"), ("{{ a", ".a", " }}"),
                                ("{{ a", "|a", " }}"), ("{{ a", "()", " }}"), ("{{ a", "[1]", " }}"),
                                ("{{ 1", "~1", "}}"),
                                ("{{ {", "1:1,", "}|length }}"), ("{{ a(", "1,", ") }}"), ("{% set ", "a,", "b = 1 %}"),
                                ("{{ 1", "+1", " }}"), ("{{ 1", " is odd", " }}"), ("", "{{a}}", ""),
                                ("", "{%if a%}{%endif%}", ""),
                                ("", "{%set a=1%}", ""), ("{% if a %}", "{%elif a%}", "{% endif %}"), ("", "{#a#}", ""),
                                ("", "{%for a in b%}{%endfor%}", ""), ("", "{%macro a()%}{%endmacro%}", "")]:
        count = MEGA // len(unit)
        data = before.encode(), unit.encode() * count, after.encode()
        size = sum(map(len, data))
        yield case(f"template {before!r}, {count} times {unit!r}", EITHER,
                   with_key(key, struct.pack("<IQ", STRING, size), joined(*data), size),
                   "template|prompt|context|token")
