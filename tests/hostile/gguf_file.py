"""Writes GGUF files, valid or not, and remembers where each field of them stands."""
import dataclasses
import math
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
TYPE_NAMES = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"]

# name: (number, values of a block, bytes of a block, where its float16 scales and minimums stand)
TENSOR_TYPES = {
    "F32": (0, 1, 4, ()), "F16": (1, 1, 2, ()), "BF16": (30, 1, 2, ()),
    "Q4_0": (2, 32, 18, (0,)), "Q4_1": (3, 32, 20, (0, 2)), "Q5_0": (6, 32, 22, (0,)), "Q5_1": (7, 32, 24, (0, 2)),
    "Q8_0": (8, 32, 34, (0,)), "Q2_K": (10, 256, 84, (80, 82)), "Q3_K": (11, 256, 110, (108,)),
    "Q4_K": (12, 256, 144, (0, 2)), "Q5_K": (13, 256, 176, (0, 2)), "Q6_K": (14, 256, 210, (208,)),
}


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def string(text):
    data = as_bytes(text)
    return struct.pack("<Q", len(data)) + data


class Raw(bytes):
    """A value that is written as it is, whatever its type says."""


@dataclasses.dataclass
class Array:
    """An array value; `count` overrides the number of elements that the file states."""
    kind: int
    items: list
    count: int | None = None


@dataclasses.dataclass
class Tensor:
    """`data` is what the file holds; `offset` overrides where the file says that it stands."""
    name: str | bytes
    dims: tuple
    kind: str | int
    data: bytes
    offset: int | None = None

    def type_number(self):
        return self.kind if isinstance(self.kind, int) else TENSOR_TYPES[self.kind][0]


@dataclasses.dataclass
class Field:
    """One number or text of a file: bytes [start, end). `owner` is the key or tensor that it belongs to."""
    kind: str
    owner: str
    start: int
    end: int


class Gguf:
    def __init__(self):
        self.version = 3
        self.alignment = 32
        self.keys = []  # of [key, type, value]
        self.tensors = []

    def copy(self):
        other = Gguf()
        other.version, other.alignment = self.version, self.alignment
        other.keys = [list(entry) for entry in self.keys]
        other.tensors = [dataclasses.replace(tensor) for tensor in self.tensors]
        return other

    def set(self, key, kind, value):
        for entry in self.keys:
            if entry[0] == key:
                entry[1:] = [kind, value]
                return self
        return self.add(key, kind, value)

    def add(self, key, kind, value):
        self.keys.append([key, kind, value])
        return self

    def get(self, key):
        return next(entry[2] for entry in self.keys if entry[0] == key)

    def remove(self, key):
        self.keys = [entry for entry in self.keys if entry[0] != key]
        return self

    def tensor(self, name):
        return next(tensor for tensor in self.tensors if tensor.name == name)

    def remove_tensor(self, name):
        self.tensors = [tensor for tensor in self.tensors if tensor.name != name]
        return self

    def build(self):
        """The file's bytes and its fields, in the order of the file."""
        out, fields = bytearray(), []

        def put(kind, owner, data):
            fields.append(Field(kind, owner, len(out), len(out) + len(data)))
            out.extend(data)

        put("magic", "magic", b"GGUF")
        put("version", "version", struct.pack("<I", self.version))
        put("tensor_count", "tensor_count", struct.pack("<Q", len(self.tensors)))
        put("metadata_kv_count", "metadata_kv_count", struct.pack("<Q", len(self.keys)))
        for key, kind, value in self.keys:
            owner = as_bytes(key).decode("latin-1")
            put("key_length", owner, struct.pack("<Q", len(as_bytes(key))))
            put("key", owner, as_bytes(key))
            put("value_type", owner, struct.pack("<I", kind))
            put_value(put, owner, kind, value)
        offset = 0
        for tensor in self.tensors:
            name = as_bytes(tensor.name)
            owner = name.decode("latin-1")
            put("name_length", owner, struct.pack("<Q", len(name)))
            put("name", owner, name)
            put("n_dims", owner, struct.pack("<I", len(tensor.dims)))
            for dim in tensor.dims:
                put("dimension", owner, struct.pack("<Q", dim))
            put("tensor_type", owner, struct.pack("<I", tensor.type_number()))
            put("offset", owner, struct.pack("<Q", offset if tensor.offset is None else tensor.offset))
            offset += padded(len(tensor.data), self.alignment)
        for i, tensor in enumerate(self.tensors):
            put("padding", "" if i == 0 else tensor.name, bytes(-len(out) % self.alignment))
            put("data", as_bytes(tensor.name).decode("latin-1"), tensor.data)
        put("padding", "", bytes(-len(out) % self.alignment))
        return bytes(out), [field for field in fields if field.end > field.start]


def put_value(put, owner, kind, value):
    if isinstance(value, Raw):
        put("value", owner, value)
    elif kind == STRING:
        put("string_length", owner, struct.pack("<Q", len(as_bytes(value))))
        put("value", owner, as_bytes(value))
    elif kind == ARRAY:
        put("array_type", owner, struct.pack("<I", value.kind))
        put("array_count", owner, struct.pack("<Q", len(value.items) if value.count is None else value.count))
        if value.kind == STRING:
            for item in value.items:
                put("element_length", owner, struct.pack("<Q", len(as_bytes(item))))
                put("element", owner, as_bytes(item))
        elif value.kind == ARRAY:
            for item in value.items:
                put_value(put, owner, ARRAY, item)
        else:
            put("elements", owner, struct.pack(f"<{len(value.items)}{CODES[value.kind]}", *value.items))
    else:
        put("value", owner, struct.pack("<" + CODES[kind], value))


def padded(size, alignment):
    return -(-size // alignment) * alignment


def tensor_bytes(dims, kind):
    _, block, size, _ = TENSOR_TYPES[kind]
    return math.prod(dims) // block * size


def patch(data, field, new):
    """The file with the bytes of one field replaced, by others."""
    assert data[field.start:field.end] != new, field
    return data[:field.start] + new + data[field.end:]


def with_number(data, field, number):
    """The file with a number field replaced; negative ones as two's complement."""
    size = field.end - field.start
    return patch(data, field, (number % (1 << 8 * size)).to_bytes(size, "little"))


# The numbers at which lengths, counts, offsets and sums of them go wrong.
HUGE = [2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1]
