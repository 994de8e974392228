"""Models in several files, as `gguf-split` divides them: NAME-00001-of-0000N.gguf."""
import struct

from case import ACCEPT, ANY_TENSOR, EITHER, REFUSE, Case, any_of, exactly, numbered
from gguf_file import F32, I32, STRING, TYPE_NAMES, U16, U32, U64, Gguf
from tiny_models import cached

NO, COUNT, TENSORS = (exactly(f"split.{name}") for name in ("no", "count", "tensors.count"))
FIRST, SECOND = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"


def name(part, parts):
    return f"m-{part + 1:05}-of-{parts:05}.gguf"


def split(parts=2, tensors_in_first=True):
    """The parts of a model, as GGUF objects. Only the first has the model's metadata."""
    base = cached()
    models = [base.copy()] + [Gguf() for _ in range(parts - 1)]
    models[0].tensors = []
    for i, tensor in enumerate(base.copy().tensors):
        models[i * parts // len(base.tensors) if tensors_in_first else 1].tensors.append(tensor)
    for part, model in enumerate(models):
        model.add("split.no", U16, part).add("split.count", U16, parts)
        model.add("split.tensors.count", I32, len(base.tensors))
    return models


def case(title, models, *names, verdict=REFUSE, missing=(), command="run", files=None):
    files = {name(part, len(models)): model.build()[0] for part, model in enumerate(models) if part not in missing} | (
        files or {})
    return Case("split: " + title, verdict, files, names, command)


def changed(part, key, kind, value, parts=2):
    models = split(parts)
    models[part].set(key, kind, value)
    return models


def cases():
    for group in [accepted, keys, parts, contents]:
        yield from group()


def accepted():
    for count in (2, 3, 7):
        yield case(f"{count} parts", split(count), verdict=ACCEPT)
    yield case("metadata alone in the first part", split(2, tensors_in_first=False), verdict=ACCEPT)
    yield case("one part of one", split(1), verdict=ACCEPT)


def keys():
    total = len(cached().tensors)
    for part, numbers in [(0, (1, 2, 255, 65535)), (1, (0, 2, 255, 65535))]:
        for number in numbers:
            yield case(f"split.no {number} in part {part}", changed(part, "split.no", U16, number), NO)
    for kind, value in [(STRING, "1"), (F32, 1.0), (I32, -1), (U64, 2**64 - 1), (U64, 2**32 + 1), (U32, 2**31)]:
        yield case(f"split.no {value} as {TYPE_NAMES[kind]} in part 1", changed(1, "split.no", kind, value), NO)
        yield case(f"split.count {value} as {TYPE_NAMES[kind]} in part 0", changed(0, "split.count", kind, value),
                   any_of(COUNT, r"\bparts?\b", SECOND))
    for number in (0, 1, 3, 99, 65535):
        yield case(f"split.count {number} in part 0 of 2", changed(0, "split.count", U16, number),
                   any_of(COUNT, r"\bparts?\b", r"-of-\d", ANY_TENSOR))
        yield case(f"split.count {number} in part 1 of 2", changed(1, "split.count", U16, number), COUNT)
    for number in (0, 1, total - 1, total + 1, 2**31 - 1, -1, -2**31):
        models = split()
        for model in models:
            model.set("split.tensors.count", I32, number)
        yield case(f"split.tensors.count {numbered(number)} of {total}", models, TENSORS)
    yield case("split.tensors.count as string", changed(0, "split.tensors.count", STRING, "20"), TENSORS)
    yield case("split.tensors.count differs in part 1", changed(1, "split.tensors.count", I32, total + 1), TENSORS)
    for key in ("split.no", "split.count"):
        for part in (0, 1):
            models = split()
            models[part].remove(key)
            yield case(f"no {key} in part {part}", models, any_of(r"split\.", r"\bparts?\b", ANY_TENSOR))
    models = split()
    for model in models:
        model.remove("split.no").remove("split.count").remove("split.tensors.count")
    yield case("no split keys in any part", models, any_of("split", r"\bparts?\b", ANY_TENSOR))
    models = split()
    for model in models:
        model.remove("split.tensors.count")
    yield case("no split.tensors.count", models, verdict=EITHER)


def parts():
    yield case("part 1 missing", split(), any_of(SECOND, r"\bpart\b"), missing=[1])
    for gone in (1, 2):
        yield case(f"part {gone} of 3 missing", split(3), any_of(name(gone, 3), r"\bpart\b"), missing=[gone])
    yield case("part 0 missing, part 1 given", split(), any_of(NO, FIRST, r"\bpart\b"), missing=[0])
    built = [model.build()[0] for model in split()]
    yield Case("split: part 1 given", REFUSE, {SECOND: built[1], FIRST: built[0]}, (any_of(NO, r"first|part"),))
    yield Case("split: the parts in each other's place", REFUSE, {FIRST: built[1], SECOND: built[0]},
               (any_of(NO, r"first|part"),))
    yield Case("split: the first part twice", REFUSE, {FIRST: built[0], SECOND: built[0]}, (any_of(NO, "part"),))
    yield Case("split: a name without a number", REFUSE, {"m.gguf": built[0], "m-00002.gguf": built[1]},
               (any_of("split", r"\bparts?\b", "name"),))
    yield Case("split: a name of part 0", REFUSE, {"m-00000-of-00002.gguf": built[0], SECOND: built[1]},
               (any_of("split", r"\bparts?\b", "name"),))
    yield Case("split: one part of 65535", REFUSE,
               {"m-00001-of-65535.gguf": changed(0, "split.count", U16, 65535)[0].build()[0]},
               (any_of(r"\bparts?\b", "00002-of-65535", r"split\.count"),))
    yield Case("split: one part of 99999", REFUSE,
               {"m-00001-of-99999.gguf": changed(0, "split.count", U32, 99999)[0].build()[0]},
               (any_of(r"\bparts?\b", "00002-of-99999", r"split\.count"),))
    for kind in ("folder", "fifo", "loop"):
        yield case(f"part 1 is a {kind}", split(), any_of(SECOND, r"\bpart\b"), missing=[1], files={SECOND: kind})


def contents():
    data = split()[1].build()[0]
    for title, other in [("empty", b""), ("a byte", b"G"), ("text", b"hello " * 99), ("cut in the header", data[:20]),
                         ("cut in the metadata", data[:60]), ("zeros", bytes(4096)),
                         ("version 9", data[:4] + b"\t" + data[5:]),
                         ("tensor_count 2^64-1", data[:8] + b"\xff" * 8 + data[16:]),
                         ("metadata_kv_count 2^63", data[:16] + struct.pack("<Q", 2**63) + data[24:])]:
        yield case(f"part 1 {title}", split(), any_of(SECOND, r"\bpart\b"), files={SECOND: other})
    yield case("part 1 cut by a byte", split(), exactly("output_norm.weight"), files={SECOND: data[:-1]})
    for number in (2**63, 2**64 - 32, 2**32):
        models = split()
        models[1].tensors[-1].offset = number
        yield case(f"offset {numbered(number)} in part 1", models, exactly("output_norm.weight"))
    models = split()
    models[1].tensors.append(cached().copy().tensor("token_embd.weight"))
    for model in models:
        model.set("split.tensors.count", I32, len(cached().tensors) + 1)
    yield case("a tensor in both parts", models, exactly("token_embd.weight"))
    models = split()
    models[1].remove_tensor("output_norm.weight")
    yield case("a tensor in no part", models, any_of(exactly("output_norm.weight"), TENSORS))
    models = split()
    models[1].tensors[-1].name = "foo"
    yield case("an unknown tensor in part 1", models, any_of("foo", exactly("output_norm.weight")))
    for title, kind, value in [("another", STRING, "qwen2"), ("a broken", U32, 1)]:
        models = split()
        models[1].add("general.architecture", kind, value)
        yield case(f"{title} general.architecture in part 1", models, verdict=EITHER)
    models = split()
    models[1].add("general.alignment", U32, 0)
    yield case("general.alignment 0 in part 1", models, r"general\.alignment")
    models = split()
    models[1].add("x.y", U32, 0).add("x.y", U32, 0)
    yield case("a key twice in part 1", models, r"x\.y")
