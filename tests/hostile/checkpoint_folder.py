"""Reads and writes Hugging Face checkpoint folders: safetensors and JSON, valid or not."""
import dataclasses
import functools
import json
import math
import pathlib
import struct

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
MODEL, CONFIG, TOKENIZER, INDEX = "model.safetensors", "config.json", "tokenizer.json", "model.safetensors.index.json"

# Bytes of an element; the types of the format that Candor has no use for are there to be refused.
DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I64": 8, "I32": 4,
          "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}

GOLDEN = ["deepseek-v3", "deepseek-v3-fp8", "deepseek-v3-no-q-lora", "gemma2", "gemma3", "gpt-oss", "gpt-oss-mxfp4",
          "gpt2", "llama", "llama3-rope", "mistral", "mixtral", "olmo2", "phi3", "qwen2", "qwen3", "qwen3-moe",
          "smollm3"]


class Raw(str):
    """JSON text that is written as it is."""


@dataclasses.dataclass(frozen=True)
class Tensor:
    """`shape` is as the file has it, outermost dimension first."""
    name: str
    dtype: str
    shape: tuple
    data: bytes


@dataclasses.dataclass(frozen=True)
class Golden:
    """A folder of the repository, which has to be accepted."""
    name: str
    config: dict
    tensors: tuple
    model: bytes
    tokenizer: bytes
    config_text: bytes

    def tensor(self, name):
        return next(tensor for tensor in self.tensors if tensor.name == name)

    def files(self, **others):
        """The folder's files; `others` replaces some: config (a dictionary or bytes), tensors, model, tokenizer."""
        config = others.get("config", self.config_text)
        model = build(others["tensors"]) if "tensors" in others else others.get("model", self.model)
        return {CONFIG: config if isinstance(config, bytes) else dump(config).encode(), MODEL: model,
                TOKENIZER: others.get("tokenizer", self.tokenizer)}


@functools.lru_cache(maxsize=None)
def golden(name="llama"):
    folder = DATA / "checkpoints" / name
    config = (folder / CONFIG).read_bytes()
    model = (folder / MODEL).read_bytes()
    return Golden(name, json.loads(config), parse(model), model, (folder / TOKENIZER).read_bytes(), config)


def parse(data):
    """The tensors of a valid file, in the order of their bytes."""
    header, rest = split(data)
    tensors = []
    for name, info in json.loads(header).items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            tensors.append((begin, Tensor(name, info["dtype"], tuple(info["shape"]), rest[begin:end])))
    return tuple(tensor for _, tensor in sorted(tensors, key=lambda pair: pair[0]))


def split(data):
    """The header's text and the bytes after it."""
    length = struct.unpack("<Q", data[:8])[0]
    return data[8:8 + length], data[8 + length:]


def entries(tensors):
    """The header of these tensors as a dictionary."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for tensor in tensors:
        end = offset + len(tensor.data)
        header[tensor.name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    return header


def with_header(header, data, length=None):
    """A file of a header (text, bytes or a dictionary) and the bytes after it; `length` is what the file states."""
    if isinstance(header, dict):
        header = dump(header)
    if isinstance(header, str):
        header = header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def build(tensors):
    header = dump(entries(tensors))
    return with_header(header + " " * (-len(header) % 8), b"".join(tensor.data for tensor in tensors))


def dump(value):
    """JSON text of a value in which Raw texts stand for themselves."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value)


def replaced(tensors, name, /, **fields):
    """The tensors with some fields of one replaced."""
    assert any(tensor.name == name for tensor in tensors), name
    return tuple(dataclasses.replace(tensor, **fields) if tensor.name == name else tensor for tensor in tensors)


def without(tensors, *names):
    assert all(any(tensor.name == name for tensor in tensors) for name in names), names
    return tuple(tensor for tensor in tensors if tensor.name not in names)


def sized(data, count):
    """These bytes over and over, to a length."""
    return (data * (count // max(len(data), 1) + 1))[:count]


def reshaped(tensors, name, shape):
    """The tensors with one of another shape, with as many of its elements as that needs."""
    tensor = next(each for each in tensors if each.name == name)
    size = math.prod(shape) * DTYPES[tensor.dtype]
    return replaced(tensors, name, shape=tuple(shape), data=sized(tensor.data, size))


def converted(tensor, dtype):
    """A BF16 tensor in another type: the same values in F32 and F64, rounded in F16, as many zeros else."""
    count = math.prod(tensor.shape)
    if tensor.dtype == "BF16" and dtype in ("F64", "F32", "F16"):
        bits = struct.unpack(f"<{count}H", tensor.data)
        wide = struct.pack(f"<{count}I", *(each << 16 for each in bits))
        if dtype != "F32":
            values = struct.unpack(f"<{count}f", wide)
            wide = struct.pack(f"<{count}{'d' if dtype == 'F64' else 'e'}", *values)
        return dataclasses.replace(tensor, dtype=dtype, data=wide)
    return dataclasses.replace(tensor, dtype=dtype, data=bytes(count * DTYPES[dtype]))


def get(config, path):
    """A field of a configuration, "rope_parameters.factor"."""
    for part in path.split("."):
        config = config[part]
    return config


def with_field(config, path, value):
    """A copy of a configuration with one field set."""
    head, _, rest = path.partition(".")
    return config | {head: with_field(config.get(head) or {}, rest, value) if rest else value}


def without_field(config, path):
    head, _, rest = path.partition(".")
    if rest:
        return config | {head: without_field(config[head], rest)}
    return {key: value for key, value in config.items() if key != head}


def fields(config, prefix=""):
    """The paths of all fields, those within an object as well as the object."""
    for key, value in config.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from fields(value, prefix + key + ".")
