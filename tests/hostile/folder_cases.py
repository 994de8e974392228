"""Folders with safetensors: headers, index, configuration and other documents, tensors that do not fit, links."""
import copy
import json
import random
import struct

from case import ACCEPT, EITHER, REFUSE, Case, Link

FOLDER = "the-model"
WEIGHTS, CONFIG, INDEX = "model.safetensors", "config.json", "model.safetensors.index.json"
# What a JSON value may be instead of what is expected.
ODD = [None, True, -1, 0, 1.5, 2**31, 2**32, 2**63, 2**64 - 1, 2**64, -2**63, 1e300, "", "x", "1", [], {}, [1], [[1]],
       [None], ["x"], {"a": 1}, [2**64 - 1] * 2, [2**32] * 8, [-1, 1], [0]]
RAW = ["NaN", "Infinity", "-Infinity", "1e999", "01", "+1", "1.", "'x'", '"\\ud800"', '"\x01"', "[1,]", "tru", "", "[" * 100000]


class Folder:
    """A model's files, of which any can be changed. The header is kept as an object, in the order of its bytes."""

    def __init__(self, path):
        self.files = {p.name: p.read_bytes() for p in sorted(path.iterdir())
                      if p.name in (CONFIG, "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")}
        data = (path / WEIGHTS).read_bytes()
        length, = struct.unpack_from("<Q", data)
        self.header = json.loads(data[8:8 + length])
        self.header.pop("__metadata__", None)
        self.header = dict(sorted(self.header.items(), key=lambda item: item[1]["data_offsets"]))
        self.data = data[8 + length:]

    def copy(self):
        return copy.deepcopy(self)

    def weights(self, header=None):
        text = json.dumps(self.header).encode() if header is None else header
        return struct.pack("<Q", len(text)) + text + self.data

    def names(self):
        return [name for name in self.header if name != "__metadata__"]

    def bytes_of(self, name):
        begin, end = self.header[name]["data_offsets"]
        return self.data[begin:end]

    def replace(self, tensors):
        """The tensors are these: {name: (dtype, shape, bytes)}."""
        self.header, self.data = {}, b""
        for name, (dtype, shape, content) in tensors.items():
            self.header[name] = {"dtype": dtype, "shape": shape,
                                 "data_offsets": [len(self.data), len(self.data) + len(content)]}
            self.data += content
        return self

    def tensors(self):
        return {name: (self.header[name]["dtype"], self.header[name]["shape"], self.bytes_of(name))
                for name in self.names()}

    def config(self, name=CONFIG, **members):
        document = json.loads(self.files.get(name, b"{}"))
        document.update(members)
        self.files[name] = json.dumps(document).encode()
        return self


def case(title, verdict, folder, *names, command="inspect", weights=None, files=None):
    content = {FOLDER + "/" + name: data for name, data in folder.files.items()}
    content[FOLDER + "/" + WEIGHTS] = folder.weights() if weights is None else weights
    content.update({FOLDER + "/" + name: data for name, data in (files or {}).items()})
    return Case("folder: " + title, verdict, {name: data for name, data in content.items() if data is not None}, names,
                command, FOLDER)


def shown(value):
    text = json.dumps(value)
    return text if len(text) < 40 else text[:37] + "..."


def cases(data):
    base = Folder(data / "checkpoints" / "llama")
    thinker = Folder(data / "reasoning")
    yield from accepted(data, base)
    for group in (lengths, entries, places, names, bytes_of_the_header, index, tensors, values, configuration, links, large):
        yield from group(base)
    yield from documents(thinker)


def accepted(data, base):
    for path in sorted((data / "checkpoints").iterdir()):
        if path.is_dir():
            yield case("test data " + path.name, ACCEPT, Folder(path))
    yield case("as it is", ACCEPT, base, command="run")
    for spaces in range(1, 10):
        yield case(f"{spaces} spaces behind the header", ACCEPT, base, command="run",
                   weights=base.weights(json.dumps(base.header).encode() + b" " * spaces))
    reversed_header = dict(reversed(base.header.items()))
    yield case("the header in another order than the data", ACCEPT, base, command="run",
               weights=base.weights(json.dumps(reversed_header).encode()))


def lengths(base):
    whole = base.weights()
    size = len(whole) - len(base.data)
    for at in [*range(0, 40), *range(40, size, 61), size - 1, size, size + 1, len(whole) - 1]:
        yield case(f"cut off at {at} bytes", REFUSE, base, r"header|beyond|bytes|empty file", weights=whole[:at])
    for value in [0, 1, 2, 7, 2**16, 2**31 - 1, 2**31, 2**32, 10**8, 10**8 + 1, 2**63, 2**64 - 1, 2**64 - 8,
                  size - 9, size - 7, len(whole), len(whole) - 7]:
        yield case(f"header length {value}", REFUSE, base, weights=struct.pack("<Q", value) + whole[8:])
    yield case("a byte behind the data", REFUSE, base, "unexpected bytes", weights=whole + b"\0")


def entries(base):
    for tensor in base.names()[::7]:
        for field in ("dtype", "shape", "data_offsets"):
            for value in ODD:
                changed = base.copy()
                if changed.header[tensor][field] == value:
                    continue
                changed.header[tensor][field] = value
                yield case(f"{tensor}: {field} {shown(value)}", REFUSE, changed, tensor)
            for raw in RAW:
                text = json.dumps(base.header)
                entry = json.dumps(base.header[tensor][field])
                at = text.index('"' + tensor + '"')
                at = text.index(entry, at)
                text = text[:at] + raw + text[at + len(entry):]
                yield case(f"{tensor}: {field} {raw[:20]}", REFUSE, base, weights=base.weights(text.encode()))
            missing = base.copy()
            del missing.header[tensor][field]
            yield case(f"{tensor}: no {field}", REFUSE, missing, tensor, field)
            text = json.dumps(base.header[tensor])[:-1] + f', "{field}": {json.dumps(base.header[tensor][field])}}}'
            twice = json.dumps(base.header).replace(json.dumps(base.header[tensor]), text, 1)
            yield case(f"{tensor}: {field} twice", REFUSE, base, tensor, field, weights=base.weights(twice.encode()))
        for value in ODD:
            changed = base.copy()
            changed.header[tensor] = value
            yield case(f"{tensor}: {shown(value)} instead of fields", REFUSE, changed, tensor)
        more = base.copy()
        more.header[tensor]["strides"] = [1]
        yield case(f"{tensor}: a field more", REFUSE, more, tensor, "strides")
    for value in ODD:
        changed = base.copy()
        changed.header = {"__metadata__": value, **changed.header}
        yield case(f"__metadata__ {shown(value)}", ACCEPT if value == {} else REFUSE, changed,
                   *([] if value == {} else ["__metadata__"]))


def places(base):
    for tensor in base.names()[::5]:
        for begin, end in ((1, 1), (-1, -1), (0, 1), (1, 0), (0, -1), (-1, 0), (2**40, 2**40), (len(base.data),) * 2):
            changed = base.copy()
            offsets = changed.header[tensor]["data_offsets"]
            changed.header[tensor]["data_offsets"] = [offsets[0] + begin, offsets[1] + end]
            yield case(f"{tensor}: moved by {begin} and {end}", REFUSE, changed)
    same = base.copy()
    a, b = [n for n in same.names() if same.header[n]["shape"] == same.header[same.names()[3]]["shape"]][:2]
    same.header[b]["data_offsets"] = same.header[a]["data_offsets"]
    yield case("two tensors in one place", REFUSE, same, "overlaps|right after|bytes")


def names(base):
    for name in ["", "a\n", "\x1b[2J", "\u202e", "\u200b", "n" * 513, "__metadata__ ", "../x", "a\0b"]:
        changed = base.copy()
        header = dict(changed.header)
        header[name] = header.pop(changed.names()[-1])
        changed.header = header
        verdict = ACCEPT if name in ("__metadata__ ", "../x") else REFUSE  # inspect shows what cannot run
        yield case(f"a tensor called {shown(name)}", verdict, changed)
        if verdict == ACCEPT:
            yield case(f"a tensor called {shown(name)} is run", REFUSE, changed, command="run")
    first = base.names()[0]
    text = json.dumps(base.header)
    for spelling in (json.dumps(first), '"' + "".join(f"\\u{ord(c):04x}" for c in first) + '"'):
        twice = text[:-1] + ", " + spelling + ": " + json.dumps(base.header[first]) + "}"
        yield case(f"{spelling[:20]} twice", REFUSE, base, "twice", weights=base.weights(twice.encode()))


def bytes_of_the_header(base):
    source = random.Random(1)
    header = json.dumps(base.header).encode()
    for number in range(300):
        changed = bytearray(header)
        for _ in range(source.choice([1, 1, 1, 2, 8])):
            changed[source.randrange(len(changed))] = source.choice([source.randrange(256), *b'{}[]",:0-9e. \\'])
        yield case(f"bytes of the header changed, {number}", EITHER, base, weights=base.weights(bytes(changed)))
    for number in range(100):
        begin = source.randrange(len(header))
        end = begin + source.choice([1, 2, 20, 500])
        for content, what in ((header[:begin] + header[end:], "left out"), (header[:end] + header[begin:], "twice")):
            yield case(f"a part of the header {what}, {number}", EITHER, base, weights=base.weights(content))


def shards(base):
    tensors_of = list(base.tensors().items())
    files, weight_map = {}, {}
    for number, part in enumerate((tensors_of[::2], tensors_of[1::2]), 1):
        name = f"model-0000{number}-of-00002.safetensors"
        files[name] = base.copy().replace(dict(part)).weights()
        weight_map.update({tensor: name for tensor, _ in part})
    return {**files, WEIGHTS: None}, weight_map


def index(base):
    files, weight_map = shards(base)

    def of(title, verdict, document, *names, command="inspect", **more):
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        return case("index: " + title, verdict, base, *names, command=command, files={**files, INDEX: text, **more})

    yield of("as it is", ACCEPT, {"metadata": {"total_size": 1}, "weight_map": weight_map}, command="run")
    tensor = sorted(weight_map)[3]
    for value in ODD:
        yield of(f"weight_map {shown(value)}", REFUSE, {"weight_map": value}, "weight_map")
        yield of(f"a file {shown(value)}", REFUSE, {"weight_map": {**weight_map, tensor: value}}, tensor)
        yield of(f"the document {shown(value)}", REFUSE, value, INDEX)
    for name in ["/etc/passwd", "../x.safetensors", "the-model/../x.safetensors", "..", ".", "a\\b.safetensors", "x\0.safetensors",
                 "x.bin", "missing.safetensors", "\u202ex.safetensors", "n" * 5000 + ".safetensors", "file:///x.safetensors"]:
        yield of(f"the file {shown(name)}", REFUSE, {"weight_map": {**weight_map, tensor: name}}, tensor)
    other = next(name for name in weight_map.values() if name != weight_map[tensor])
    yield of("the wrong file", REFUSE, {"weight_map": {**weight_map, tensor: other}}, tensor)
    yield of("a tensor more", REFUSE, {"weight_map": {**weight_map, "no.such.weight": other}}, r"no\.such\.weight")
    yield of("a tensor less", REFUSE, {"weight_map": {n: f for n, f in weight_map.items() if n != tensor}}, tensor)
    for raw in RAW:
        yield of(f"{raw[:20]}", REFUSE, b'{"weight_map": ' + raw.encode() + b"}", INDEX)
    yield of("a shard missing", REFUSE, {"weight_map": weight_map}, other, **{other: None})
    yield of("a shard that is a folder", REFUSE, {"weight_map": weight_map}, other, **{other: "folder"})
    yield of("a shard that is a pipe", REFUSE, {"weight_map": weight_map}, other, **{other: "fifo"})
    yield of("another file beside them", ACCEPT, {"weight_map": weight_map}, **{"consolidated.safetensors": b"x"})
    yield of("model.safetensors beside them", REFUSE, {"weight_map": weight_map}, WEIGHTS, **{WEIGHTS: base.weights()})


def tensors(base):
    whole = base.tensors()
    for name, (dtype, shape, content) in whole.items():
        less = dict(whole)
        del less[name]
        yield case(f"without {name}", REFUSE, base.copy().replace(less), name, command="run")
        for changed in ([*shape, 1], [len(content) // 2], shape[::-1] if len(set(shape)) > 1 else [2, *shape[:-1], shape[-1] // 2]):
            if changed != shape:
                yield case(f"{name} of shape {changed}", REFUSE,
                           base.copy().replace({**whole, name: (dtype, changed, content)}), name, command="run")
        for other, width in (("U8", 1), ("I8", 1), ("BOOL", 1), ("I16", 2), ("F8_E5M2", 1), ("I64", 8), ("F64", 8)):
            count = len(content) // 2
            yield case(f"{name} as {other}", REFUSE,
                       base.copy().replace({**whole, name: (other, shape, bytes(count * width))}), name, command="run")
    for more in ["model.layers.3.mlp.up_proj.weight", "model.layers.-1.mlp.up_proj.weight", "model.layers.00.mlp.up_proj.weight",
                 "model.layers.0.mlp.up_proj.weight_scale_inv", "model.layers.0.mlp.up_proj.bias", "x"]:
        yield case(f"{more} too", REFUSE, base.copy().replace({**whole, more: ("BF16", [2], b"\0" * 4)}), more,
                   command="run")


def values(base):
    whole = base.tensors()
    for name, (dtype, shape, content) in list(whole.items())[::4]:
        for bits, what in ((0x7FC0, "NaN"), (0x7F80, "infinity"), (0xFF80, "minus infinity")):
            for at in (0, len(content) // 4 * 2, len(content) - 2):
                broken = content[:at] + struct.pack("<H", bits) + content[at + 2:]
                yield case(f"{what} at byte {at} of {name}", REFUSE,
                           base.copy().replace({**whole, name: (dtype, shape, broken)}), name, command="run")


def configuration(base):
    members = json.loads(base.files[CONFIG])
    for member in members:
        for value in ODD:
            if value != members[member]:
                yield case(f"config.json: {member} {shown(value)}", EITHER, base.copy().config(**{member: value}),
                           command="run")
        del_config = base.copy()
        del_config.files[CONFIG] = json.dumps({k: v for k, v in members.items() if k != member}).encode()
        yield case(f"config.json without {member}", EITHER, del_config, command="run")
    for member in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size"):
        for value in (-1, 0, 1.5, "x", [], {}, True, None, 2**31, 2**63, 2**64, 7):
            yield case(f"config.json: {member} {shown(value)} is refused", REFUSE, base.copy().config(**{member: value}),
                       r"config\.json|" + member, command="run")
    for value in [*ODD, "bert", "llama\0", "\x1b[2J"]:
        yield case(f"config.json: model_type {shown(value)} is refused", REFUSE, base.copy().config(model_type=value),
                   "model_type", command="run")
    text = base.files[CONFIG].decode().rstrip()
    for raw in RAW:
        changed = base.copy()
        changed.files[CONFIG] = (text[:-1] + ', "more": ' + raw + "}").encode()
        yield case(f"config.json: {raw[:20]}", REFUSE, changed, r"config\.json")
    for content in (b"", b"{}", b"[]", b"5", b"{", b"\xff", b"\xef\xbb\xbf{}", text.encode() + b"x", b"\0" * 100):
        changed = base.copy()
        changed.files[CONFIG] = content
        yield case(f"config.json: {content[:10]!r}", REFUSE, changed, r"config\.json", command="run")
    yield case("no config.json", REFUSE, base, r"config\.json", files={CONFIG: None})


def documents(thinker):
    yield case("a trained model", ACCEPT, thinker, command="run")
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        for content in (b"", b"[]", b"5", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 100000, b'{"a":' * 50000):
            yield case(f"{name}: {content[:10]!r}", REFUSE, thinker, name.replace(".", r"\."), command="run",
                       files={name: content})
    for member in ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "do_sample", "eos_token_id"):
        for value in ODD:
            yield case(f"generation_config.json: {member} {shown(value)}", EITHER,
                       thinker.copy().config("generation_config.json", **{member: value}),
                       rf"generation_config\.json.*{member}", command="run")
    for member in ("bos_token", "eos_token", "chat_template", "add_bos_token"):
        for value in ODD:
            changed = thinker.copy()
            del changed.files["chat_template.jinja"]
            yield case(f"tokenizer_config.json: {member} {shown(value)}", EITHER,
                       changed.config("tokenizer_config.json", **{member: value}), command="run")
    tokenizer = json.loads(thinker.files["tokenizer.json"])
    for member in tokenizer:
        for value in ODD:
            yield case(f"tokenizer.json: {member} {shown(value)}", EITHER,
                       thinker.copy().config("tokenizer.json", **{member: value}), command="run")
    for text in ("{% if %}", "{{ x.y.z }}", "{% for i in range(10**9) %}{{ i }}{% endfor %}", "{{ 'a' * 10**9 }}", "\xff"):
        yield case(f"a template: {text}", REFUSE, thinker, command="run",
                   files={"chat_template.jinja": text.encode("latin-1")})


def links(base):
    outside = {"secret": base.files[CONFIG], "model.safetensors": base.weights()}
    for name in (CONFIG, "tokenizer.json", WEIGHTS, "extra.safetensors", "generation_config.json"):
        for target in ("../secret", "/etc/passwd", "../elsewhere/../secret", "/dev/zero", "/proc/self/mem", "../../..", "nowhere"):
            linked = case(f"{name} is a link to {target}", REFUSE, base, name.replace(".", r"\."), command="run",
                          files={name: Link(target)})
            linked.files["elsewhere/x"] = b""
            linked.files.update(outside)
            yield linked
        yield case(f"{name} is a link to itself", REFUSE, base, name.replace(".", r"\."), files={name: "loop"})
        yield case(f"{name} is a folder", REFUSE, base, name.replace(".", r"\."), files={name: "folder"})
        yield case(f"{name} is a pipe", REFUSE, base, name.replace(".", r"\."), files={name: "fifo"})
    yield case("a link within the folder", ACCEPT, base, command="run",
               files={"real": base.files[CONFIG], CONFIG: Link("real")})


def pieces(*parts):
    def generate():
        for part, times in parts:
            block = part * max(1, (1 << 20) // len(part))
            whole, rest = divmod(len(part) * times, len(block))
            for _ in range(whole):
                yield block
            yield block[:rest]
    return generate


def large(base):
    def header(*parts):
        size = sum(len(part) * times for part, times in parts)
        return pieces((struct.pack("<Q", size), 1), *parts)

    entry = b'"%d":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}'
    yield case("40 MB of spaces behind the header", REFUSE, base, command="run",
               weights=header((b"{}", 1), (b" ", 40 << 20)))
    yield case("10 MB of brackets", REFUSE, base, weights=header((b'{"a":', 1), (b"[", 10 << 20)))
    yield case("a name of 10 MB", REFUSE, base, weights=header((b'{"', 1), (b"a", 10 << 20), (b'":{}}', 1)))
    yield case("a million empty tensors", REFUSE, base, weights=header((b"{", 1), (b'"a":{},', 1000000), (b'"b":{}}', 1)))
    yield case("a million metadata of one name", REFUSE, base,
               weights=header((b'{"__metadata__":{', 1), (b'"a":"",', 1000000), (b'"a":""}}', 1)))
    yield case("a shape of a million ones", REFUSE, base,
               weights=header((b'{"a":{"dtype":"U8","shape":[', 1), (b"1,", 1000000), (b'1],"data_offsets":[0,1]}}', 1)))
    count = 20000
    text = b"{" + b",".join(entry % (i, i, i + 1) for i in range(count)) + b"}"
    yield case(f"{count} tensors", ACCEPT, base, weights=struct.pack("<Q", len(text)) + text + bytes(count))
    yield case(f"{count} tensors are run", REFUSE, base, command="run",
               weights=struct.pack("<Q", len(text)) + text + bytes(count))
    yield case("5 MB of config.json", REFUSE, base, "at most", files={CONFIG: pieces((b"{}", 1), (b" ", 5 << 20))})
    yield case("a million members of config.json", REFUSE, base, r"config\.json",
               files={CONFIG: b"{" + b",".join(b'"%d":1' % i for i in range(300000)) + b"}"})
    yield case("65 MB of tokenizer.json", REFUSE, base, "at most", files={"tokenizer.json": pieces((b" ", 65 << 20))})
    many = {f"{i}.safetensors": b"" for i in range(1025)}
    yield case("1,026 files", REFUSE, base, "1024", files=many)
    yield case("300 files of which none is the model", REFUSE, base, WEIGHTS.replace(".", r"\."),
               files={**{f"{i}.safetensors": b"" for i in range(300)}, WEIGHTS: None})
