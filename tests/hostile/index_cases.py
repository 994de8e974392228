"""Checkpoints in several files: indices that name what is not theirs, and shards that are not what the index says."""
import json

from case import REFUSE, any_of
from checkpoint_folder import CONFIG, INDEX, MODEL, TOKENIZER, Raw, Tensor, build, dump, golden
from folder_case import (DIRECTORY, FIFO, SOCKET, TENSOR, Case, Link, either_same, refuse, same, tensor_name, within,
                         word)
from folder_text import BAD_UTF8, NAMES

BASE = "llama"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
SHARD = any_of(word(FIRST), word(SECOND), word(INDEX))
VICTIM = "model.layers.1.mlp.up_proj.weight"


def shard_names(count):
    return [f"model-{number + 1:05}-of-{count:05}.safetensors" for number in range(count)]


def shards(count=2, base=BASE):
    """The tensors of each shard."""
    tensors = golden(base).tensors
    return {name: tensors[number * len(tensors) // count:(number + 1) * len(tensors) // count]
            for number, name in enumerate(shard_names(count))}


def index_of(parts):
    return {"metadata": {"total_size": sum(len(tensor.data) for part in parts.values() for tensor in part)},
            "weight_map": {tensor.name: name for name, part in parts.items() for tensor in part}}


def sharded(parts=None, index=None, base=BASE):
    """The files of a checkpoint in shards; `index` may be bytes."""
    parts = shards(base=base) if parts is None else parts
    index = index_of(parts) if index is None else index
    files = golden(base).files()
    del files[MODEL]
    files |= {name: build(part) for name, part in parts.items()}
    files[INDEX] = index if isinstance(index, bytes) else dump(index).encode()
    return files


def cases():
    for group in [accepted, broken_index, foreign_names, odd_names, kinds, disagreement, shard_contents, many]:
        yield from group()


def accepted():
    for base in ("llama", "deepseek-v3-fp8", "gpt-oss-mxfp4", "gpt2"):
        for count in (1, 2, 3, 7):
            yield same(f"index: {base} in {count} shards", base, files=sharded(shards(count, base), base=base))
    # FP8 codes in one file, their scales in another.
    tensors = golden("deepseek-v3-fp8").tensors
    apart = {FIRST: [tensor for tensor in tensors if tensor.name.endswith("_inv")],
             SECOND: [tensor for tensor in tensors if not tensor.name.endswith("_inv")]}
    yield same("index: scales in a shard of their own", "deepseek-v3-fp8", files=sharded(apart, base="deepseek-v3-fp8"))
    tensors = golden("gpt-oss-mxfp4").tensors
    apart = {FIRST: [tensor for tensor in tensors if tensor.name.endswith("_scales")],
             SECOND: [tensor for tensor in tensors if not tensor.name.endswith("_scales")]}
    yield same("index: blocks without their scales in a shard", "gpt-oss-mxfp4",
               files=sharded(apart, base="gpt-oss-mxfp4"))
    yield same("index: a shard a tensor", BASE, files=sharded(shards(len(golden(BASE).tensors))))
    yield same("index: one shard, model.safetensors", BASE, files=sharded({MODEL: golden(BASE).tensors}))
    index = index_of(shards())
    index["weight_map"] = dict(reversed(index["weight_map"].items()))
    yield same("index: its names in another order", BASE, files=sharded(index=index))
    yield either_same("index: besides model.safetensors", BASE, any_of(SHARD, word(MODEL)),
                      files=sharded() | {MODEL: golden(BASE).model})
    yield either_same("index: a file more in the folder", BASE, "more",
                      files=sharded() | {"more.safetensors": golden(BASE).model})
    for title, metadata in [("no", None), ("empty", {}), ("more", {"total_size": 1, "a": [1, {"b": None}]}),
                            ("a wrong total_size in its", {"total_size": 1}),
                            ("a huge total_size in its", {"total_size": 2**64}),
                            ("a negative total_size in its", {"total_size": -1}),
                            ("a float total_size in its", {"total_size": 359296.0}),
                            ("a text as total_size in its", {"total_size": "359296"})]:
        index = index_of(shards()) | ({"metadata": metadata} if metadata is not None else {})
        if metadata is None:
            del index["metadata"]
        yield either_same(f"index: {title} metadata", BASE, any_of(word(INDEX), word("metadata")),
                          files=sharded(index=index))


def broken_index():
    good = dump(index_of(shards()))
    here = word(INDEX)
    for title, text in [("empty", ""), ("null", "null"), ("an array", "[]"), ("a string", '"a"'), ("an object", "{}"),
                        ("cut", good[:-1]), ("cut in half", good[:len(good) // 2]), ("twice", good + good),
                        ("of single quotes", good.replace('"', "'")), ("zeros", "\0" * 4096),
                        ("with a comma more", good[:-1] + ",}"), ("with a BOM", "\ufeff" + good),
                        ("with a NUL after it", good + "\0"), ("with a comment", "// a\n" + good),
                        ("deep", "[" * 100_000), ("deep and closed", "[" * 5000 + "]" * 5000),
                        ("deep in objects", '{"a":' * 100_000), ("UTF-16", good.encode("utf-16").decode("latin-1"))]:
        yield refuse(f"index: {title}", BASE, here, files=sharded(index=text.encode("latin-1" if title == "UTF-16"
                                                                                    else "utf-8")))
    for name, data in BAD_UTF8:
        yield refuse(f"index: {name} in it", BASE, here,
                     files=sharded(index=good.encode().replace(b"lm_head", b"lm_" + data + b"head")))
    for title, value in [("null", None), ("a string", "a"), ("an array", []), ("a number", 1), ("true", True),
                         ("empty", {}), ("an array of pairs", [[VICTIM, FIRST]])]:
        yield refuse(f"index: weight_map is {title}", BASE, here, any_of("weight_map", TENSOR),
                     files=sharded(index=index_of(shards()) | {"weight_map": value}))
    yield refuse("index: no weight_map", BASE, here, "weight_map", files=sharded(index={"metadata": {}}))
    yield refuse("index: weight_map twice", BASE, here, "weight_map",
                 files=sharded(index=(good[:-1] + ', "weight_map": {}}').encode()))
    for name in (FIRST, SECOND):
        again = good.replace('"weight_map": {', f'"weight_map": {{"{VICTIM}": "{name}", ', 1)
        yield refuse(f"index: a tensor twice, in {name}", BASE, here, tensor_name(VICTIM),
                     files=sharded(index=again.encode()))
    for title, value in [("null", None), ("a number", 1), ("true", True), ("an array", [FIRST]), ("an object", {}),
                         ("a huge number", 2**70), ("a fraction", 0.5)]:
        yield refuse(f"index: a shard's name is {title}", BASE, here, any_of(tensor_name(VICTIM), "weight_map"),
                     files=renamed(value))


def renamed(name, content=None):
    """Shards of which the index gives one tensor another place."""
    index = index_of(shards())
    index["weight_map"][VICTIM] = name
    files = sharded(index=index)
    if content is not None:
        files[name] = content
    return files


def moved(name):
    """Shards of which the second has another name, in the index as in the folder."""
    parts = shards()
    parts[name] = parts.pop(SECOND)
    return parts


def foreign_names():
    """Files that are not in the folder itself. Most of them exist, are whole, and lie outside."""
    second = build(shards()[SECOND])
    for name in ["../outside/x.safetensors", "../x.safetensors", "../tiny/" + SECOND, "./" + SECOND, "sub/" + SECOND,
                 "sub/../" + SECOND, "/etc/passwd", "/dev/zero", "/dev/null", "/proc/self/environ", "/proc/self/mem",
                 "/proc/self/fd/0", "..", ".", "/", "../..", "sub/..", "...", "//" + SECOND, SECOND + "/",
                 SECOND + "/.", "sub//" + SECOND, "~/" + SECOND, "$HOME/" + SECOND, "file:///etc/passwd",
                 "..\\outside\\x.safetensors", "C:\\x.safetensors", "sub\\" + SECOND, "%2e%2e/outside/x.safetensors",
                 "..%2foutside%2fx.safetensors", "..;/outside/x.safetensors", "../" * 200 + "etc/passwd",
                 "sub/" * 2000 + "x", "..\u2044outside", "．．/outside/x.safetensors", "/dev/stdin", "/dev/tty",
                 "/proc/self/exe", "/sys/kernel/profiling", "../outside", "sub", "../outside/fifo"]:
        parts = moved(name)
        files = within(sharded(parts, index=index_of(parts)))
        files = {path: content for path, content in files.items() if not path.endswith(name)}
        files |= {"outside/x.safetensors": second, "x.safetensors": second, "outside/fifo": FIFO,
                  f"tiny/sub/{SECOND}": second, f"tiny/{SECOND}": second}
        title = name if len(name) < 60 else name[:50] + "..."
        # The index may be refused for its name, or the file for not being there.
        yield Case(f"index: names {title}", REFUSE, files, (any_of(word(INDEX), r"safetensors"),), traced=True,
                   outside=("outside", "x.safetensors"))
        index = index_of(shards())
        index["weight_map"][VICTIM] = name
        files = within(sharded(index=index)) | {"outside/x.safetensors": second, "x.safetensors": second,
                                                f"tiny/sub/{SECOND}": second, "outside/fifo": FIFO}
        yield Case(f"index: names {title} for one tensor", REFUSE, files, (any_of(word(INDEX), r"safetensors"),),
                   traced=True, outside=("outside", "x.safetensors"))


def odd_names():
    for title, name in NAMES:
        yield refuse(f"index: a shard named {title}", BASE, any_of(word(INDEX), "safetensors"), files=renamed(name))
    for name in [CONFIG, TOKENIZER, INDEX]:
        yield refuse(f"index: {name} as a shard", BASE, any_of(word(name), word(INDEX)), files=renamed(name))
    for escape in ("\\ud800", "\\udc00\\ud800", "\\u0000"):
        text = dump(index_of(shards())).replace(SECOND, f"a{escape}.safetensors")
        yield refuse(f"index: a shard's name with {escape}", BASE, word(INDEX), files=sharded(index=text.encode()))
        yield refuse(f"index: {escape} after a shard's name", BASE, word(INDEX), files=sharded(
            index=dump(index_of(shards())).replace(SECOND, SECOND + escape).encode()))
    for name in ["weights.bin", "weights", ".hidden.safetensors", "modèle-2.safetensors", "a b.safetensors", "-",
                 "--help", "a" * 243 + ".safetensors", "model.SAFETENSORS", "a:b.safetensors", "*.safetensors",
                 "sub\\x.safetensors"]:
        parts = moved(name)
        yield either_same(f"index: a shard named {name[:40]}", BASE, any_of(word(INDEX), r"\w"),
                          files=sharded(parts, index=index_of(parts)))
    parts = moved(SECOND)
    escaped = dump(index_of(parts)).replace(SECOND, "model\\u002d00002-of-00002.safetensors")
    yield same("index: escapes in a shard's name", BASE, files=sharded(index=escaped.encode()))
    yield refuse("index: a shard's name in capitals", BASE, SHARD, files=renamed(SECOND.upper()))


def kinds():
    """Shards that are no regular files, or not there."""
    for name in (FIRST, SECOND):
        for content in (DIRECTORY, FIFO, SOCKET):
            yield refuse(f"index: {name} is a {content}", BASE, word(name), files=sharded() | {name: content})
        files = sharded()
        del files[name]
        yield refuse(f"index: {name} is missing", BASE, word(name), files=files)
        yield refuse(f"index: {name} is missing, model.safetensors there", BASE, any_of(word(name), word(INDEX)),
                     files={MODEL + ".bak": golden(BASE).model} | files)
        for title, target in [("a loop", name), ("a dangling link", "nothing"), ("a link to the folder", "."),
                              ("a link to /dev/zero", "/dev/zero"), ("a link to /dev/null", "/dev/null"),
                              ("a link to /proc/self/mem", "/proc/self/mem"), ("a link to /", "/"),
                              ("a link to /dev/stdin", "/dev/stdin"), ("a link to itself in two", f"./{name}")]:
            case = refuse(f"index: {name} is {title}", BASE, word(name), files=sharded() | {name: Link(target)})
            case.traced = True
            yield case
    files = sharded()
    files["real.safetensors"] = files[SECOND]
    yield same("index: a shard is a link in the folder", BASE, files=files | {SECOND: Link("real.safetensors")})
    files["blobs/x"] = files.pop("real.safetensors")
    yield same("index: a shard is a link to a folder in it", BASE, files=files | {SECOND: Link("blobs/x")})
    for content in (DIRECTORY, FIFO, SOCKET):
        yield refuse(f"index: the index is a {content}", BASE, any_of(word(INDEX), word(MODEL)),
                     files=sharded() | {INDEX: content})
    files = sharded()
    del files[INDEX]
    yield refuse("index: shards without an index", BASE, any_of(word(INDEX), word(MODEL)), files=files)


def disagreement():
    """Indices that say other things than the shards' headers."""
    parts = shards()
    first, second = parts[FIRST], parts[SECOND]
    for tensor in (first[0], first[-1], second[0], second[-1]):
        index = index_of(parts)
        place = index["weight_map"][tensor.name]
        index["weight_map"][tensor.name] = SECOND if place == FIRST else FIRST
        yield refuse(f"index: {tensor.name} is in the other shard", BASE, SHARD, tensor_name(tensor.name),
                     files=sharded(index=index))
        index = index_of(parts)
        del index["weight_map"][tensor.name]
        yield refuse(f"index: {tensor.name} is not in the index", BASE, SHARD, tensor_name(tensor.name),
                     files=sharded(index=index))
        both = {FIRST: list(first) + [tensor] * (tensor not in first),
                SECOND: list(second) + [tensor] * (tensor not in second)}
        yield refuse(f"index: {tensor.name} is in both shards", BASE, SHARD, tensor_name(tensor.name),
                     files=sharded(both, index=index_of(parts)))
        neither = {name: [each for each in part if each is not tensor] for name, part in parts.items()}
        yield refuse(f"index: {tensor.name} is in no shard", BASE, tensor_name(tensor.name),
                     files=sharded(neither, index=index_of(parts)))
    for name in ("foo", "model.layers.99.input_layernorm.weight"):
        index = index_of(parts)
        index["weight_map"][name] = SECOND
        yield refuse(f"index: {name} in the index alone", BASE, tensor_name(name), files=sharded(index=index))
        more = parts | {SECOND: (*second, Tensor(name, "BF16", (8,), bytes(16)))}
        yield refuse(f"index: {name} in a shard alone", BASE, tensor_name(name),
                     files=sharded(more, index=index_of(parts)))
        yield refuse(f"index: {name} in a shard and the index", BASE, tensor_name(name),
                     files=sharded(more, index=index_of(more)))
    yield refuse("index: the shards in each other's place", BASE, SHARD,
                 files=sharded({FIRST: second, SECOND: first}, index=index_of(parts)))
    yield refuse("index: the first shard twice", BASE, SHARD,
                 files=sharded({FIRST: first, SECOND: first}, index=index_of(parts)))
    yield refuse("index: the whole model in each shard", BASE, SHARD,
                 files=sharded({FIRST: first + second, SECOND: first + second}, index=index_of(parts)))
    index = index_of(parts)
    index["weight_map"] = {name: FIRST for name in index["weight_map"]}
    yield refuse("index: all in the first shard", BASE, SHARD, files=sharded(index=index))
    index = {"metadata": {}, "weight_map": {"__metadata__": FIRST} | index_of(parts)["weight_map"]}
    yield refuse("index: __metadata__ as a tensor", BASE, any_of(SHARD, "__metadata__"), files=sharded(index=index))


def shard_contents():
    data = sharded()[SECOND]
    for title, other in [("empty", b""), ("seven bytes", data[:7]), ("a header alone", data[:2000]),
                         ("a byte short", data[:-1]), ("a byte long", data + b"\0"), ("zeros", bytes(len(data))),
                         ("text", b"hello " * 999), ("of no tensors", b"\2" + bytes(7) + b"{}"),
                         ("of a huge header", b"\xff" * 8 + data[8:]), ("JSON", json.dumps({"a": 1}).encode())]:
        yield refuse(f"index: a shard is {title}", BASE, any_of(word(SECOND), TENSOR),
                     files=sharded() | {SECOND: other})
    empty = "model-00003-of-00002.safetensors"
    index = index_of(shards())
    yield either_same("index: an empty shard that no tensor is in", BASE, word(empty),
                      files=sharded(index=index) | {empty: b"\2" + bytes(7) + b"{}"})
    bad = shards()
    bad[SECOND] = [Tensor(tensor.name, tensor.dtype, tensor.shape, b"\xc0\x7f" * (len(tensor.data) // 2))
                   for tensor in bad[SECOND]]
    yield refuse("index: a shard of NaN", BASE, TENSOR, files=sharded(bad))


def many():
    """Indices of many names."""
    for count in (5000, 300_000):
        index = index_of(shards())
        index["weight_map"] |= {f"x{i:06}": f"model-{i:05}-of-99999.safetensors" for i in range(count)}
        case = refuse(f"index: {count} shards that are not there", BASE, any_of(word(INDEX), r"\d{5}-of-\d{5}"),
                      files=sharded(index=index))
        case.large = count > 10_000
        yield case
        index = index_of(shards())
        index["weight_map"] |= {f"x{i:06}": SECOND for i in range(count)}
        case = refuse(f"index: {count} tensors that are not there", BASE, any_of(word(INDEX), r"x\d{6}"),
                      files=sharded(index=index))
        case.large = count > 10_000
        yield case
    files = within(sharded())
    index = index_of(shards())
    for number in range(2000):
        name = f"more-{number:05}.safetensors"
        files[f"tiny/{name}"] = build([Tensor(f"x{number}", "U8", (1,), b"\0")])
        index["weight_map"][f"x{number}"] = name
    files[f"tiny/{INDEX}"] = dump(index).encode()
    yield Case("index: 2,000 shards of surplus tensors", REFUSE, files, (any_of(word(INDEX), r"x\d+|more-\d+|\d+ \S+ files"),))
    yield refuse("index: a name of a megabyte", BASE, word(INDEX), files=renamed("x" * 1_000_000))
    yield either_same("index: a number of a megabyte", BASE, word(INDEX), files=sharded(
        index=index_of(shards()) | {"metadata": {"total_size": Raw("9" * 1_000_000)}}))
