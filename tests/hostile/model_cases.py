"""Well-formed files that describe no model: hyper-parameters, tensors that do not fit them, weights not finite."""
import math
import struct

import tiny_models
from case import ANY_TENSOR, accept, any_of, either, exactly, numbered, refuse
from gguf_file import (ARRAY, BOOL, F32, F64, I32, I64, STRING, TENSOR_TYPES, TYPE_NAMES, U8, U32, U64, Array, Tensor)
from tiny_models import ARCHITECTURES, EMBEDDING, FEED_FORWARD, HEAD_DIM, cached, replace_tensor

# What a wrong value may contradict instead of being wrong by itself: a small number that does not fit the tensors.
MISFITS = {"block_count": [1, 3, 4], "embedding_length": [1, 16, 31, 33, 64], "feed_forward_length": [1, 63, 65, 128],
           "attention.head_count": [1, 3, 4, 33], "attention.head_count_kv": [2, 3, 4],
           "attention.key_length": [1, 8, 15, 17, 32], "attention.value_length": [1, 8, 15, 17, 32]}
SIZES = {"block_count": 2, "embedding_length": EMBEDDING, "feed_forward_length": FEED_FORWARD,
         "attention.head_count": 2,
         "attention.head_count_kv": 1, "attention.key_length": HEAD_DIM, "attention.value_length": HEAD_DIM}
NOT_NUMBERS = [math.nan, math.inf, -math.inf]


def cases():
    for arch in ARCHITECTURES:
        for group in [sizes, context, floats, wrong_types, absent, tensor_set, shapes]:
            yield from group(arch)
    for group in [llama_only, gemma_only, consistent, architecture, rope_scaling, tensor_types, not_finite,
                  huge_weights, scales]:
        yield from group()


def made(model):
    return model.build()[0]


def changed(arch, key, kind, value):
    return made(cached(arch).copy().set(key, kind, value))


def sizes(arch):
    for suffix, misfits in MISFITS.items():
        key = f"{arch}.{suffix}"
        for kind in (U32, U64) if arch == "llama" else (U32,):
            yield refuse(f"{key} 0 as {TYPE_NAMES[kind]}", changed(arch, key, kind, 0), exactly(key))
        for number in misfits:
            yield refuse(f"{key} {number}", changed(arch, key, U32, number), any_of(exactly(key), ANY_TENSOR,
                                                                                  r"rope\.dimension_count"))
        absurd = [(U32, 2**31), (U64, 2**32 + SIZES[suffix]), (U64, 2**64 - 1)]
        if arch == "llama":
            absurd += [(U32, 2**31 - 1), (U32, 2**31 + 1), (U32, 2**32 - 1), (U64, 2**32 - 1), (U64, 2**32),
                       (U64, 2**63 - 1),
                       (U64, 2**63), (U64, 2**63 + 1), (U64, 2**64 - 2), (I32, -1), (I64, -1), (I64, -2**63)]
        for kind, number in absurd:
            yield refuse(f"{key} {numbered(number)} as {TYPE_NAMES[kind]}", changed(arch, key, kind, number),
                         any_of(exactly(key), ANY_TENSOR))
    for suffix in ("attention.head_count", "attention.head_count_kv", "feed_forward_length"):
        for items in ([], [SIZES[suffix]], [SIZES[suffix]] * 3, [0, 0], [2**31] * 2)[0 if arch == "llama" else 3:]:
            yield refuse(f"{arch}.{suffix} by layer: {items}",
                         changed(arch, f"{arch}.{suffix}", ARRAY, Array(U32, items)), exactly(f"{arch}.{suffix}"))


def context(arch):
    key = f"{arch}.context_length"
    for kind, number in [(U32, 0), (U64, 0), (I32, -1), (U64, 2**32 + 128), (U64, 2**63), (U64, 2**64 - 1)]:
        yield refuse(f"{key} {numbered(number)} as {TYPE_NAMES[kind]}", changed(arch, key, kind, number), exactly(key))
    yield refuse(f"{key} 1", changed(arch, key, U32, 1), r"context|token")
    for number in (2**31, 2**32 - 1):
        yield either(f"{key} {numbered(number)}", changed(arch, key, U32, number), r"context")
    yield accept(f"{key} 131072", changed(arch, key, U32, 131072))


def floats(arch):
    bases = [f"{arch}.rope.freq_base"] + (["gemma3.rope.freq_base_swa"] if arch == "gemma3" else [])
    for key in bases:
        for number in [0.0, -0.0, -1.0, -10000.0, *NOT_NUMBERS]:
            yield refuse(f"{key} {number}", changed(arch, key, F32, number), exactly(key))
        for number in (1e-45, 1e-30, 3e38) if arch == "llama" else ():
            yield either(f"{key} {number}", changed(arch, key, F32, number), exactly(key))
    key = f"{arch}.attention.layer_norm_rms_epsilon"
    for number in [-1e-6, -1.0, *NOT_NUMBERS]:
        yield refuse(f"{key} {number}", changed(arch, key, F32, number), exactly(key))
    for number in (0.0, 1e-45, 3e38) if arch == "llama" else ():
        yield either(f"{key} {number}", changed(arch, key, F32, number), exactly(key))


VALUES = {U32: 2, F32: 2.0, F64: 2.0, BOOL: 1, STRING: "2", ARRAY: Array(STRING, ["2"])}


def wrong_types(arch):
    for suffix in [*MISFITS, "context_length"]:
        for kind in (F32, F64, BOOL, STRING, ARRAY) if arch == "llama" else (F32, STRING):
            key = f"{arch}.{suffix}"
            yield refuse(f"{key} as {TYPE_NAMES[kind]}", changed(arch, key, kind, VALUES[kind]), exactly(key))
    for suffix in ("rope.freq_base", "attention.layer_norm_rms_epsilon"):
        for kind in (U32, BOOL, STRING, ARRAY) if arch == "llama" else (STRING, ARRAY):
            key = f"{arch}.{suffix}"
            yield refuse(f"{key} as {TYPE_NAMES[kind]}", changed(arch, key, kind, VALUES[kind]), exactly(key))


def absent(arch):
    for suffix in ("block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
                   "attention.layer_norm_rms_epsilon"):
        key = f"{arch}.{suffix}"
        yield refuse(f"no {key}", made(cached(arch).copy().remove(key)), exactly(key))
    for suffix in ("rope.freq_base", "attention.head_count_kv"):
        yield either(f"no {arch}.{suffix}", made(cached(arch).copy().remove(f"{arch}.{suffix}")),
                     any_of(suffix, ANY_TENSOR))


def tensor_set(arch):
    names = [tensor.name for tensor in cached(arch).tensors]
    for name in names:
        if arch != "llama" and ".1." in name:
            continue
        yield refuse(f"{arch} without {name}", made(cached(arch).copy().remove_tensor(name)), exactly(name))
    extra = ["foo", "blk.0.foo.weight", "blk.2.attn_q.weight", "blk.-1.attn_q.weight", "blk.00.attn_q.weight",
             "blk.4294967296.attn_q.weight", "blk.18446744073709551616.attn_q.weight", "blk..attn_q.weight",
             "output_norm.bias", "output_norm.weight ", "Token_embd.weight", "token_embd", "blk.0.attn_q.weight.weight"]
    for name in extra if arch == "llama" else extra[:3]:
        model = cached(arch).copy()
        model.tensors.append(Tensor(name, (8,), "F32", bytes(32)))
        yield refuse(f"{arch} with {name!r}", made(model), exactly(name.strip()))


def shapes(arch):
    """Every tensor with the wrong shape, with as many bytes as that shape needs."""
    for tensor in cached(arch).tensors:
        if ".1." in tensor.name or arch != "llama" and tensor.name in {each.name for each in cached("llama").tensors}:
            continue
        first, *rest = tensor.dims
        wrong = [(first * 2, *rest), (first, *rest, 2)]
        if len(tensor.dims) == 2:
            wrong += [(first * rest[0],), (first, rest[0] - 1), (first, rest[0] + 1)]
            wrong += [(rest[0], first)] if rest[0] != first else []
        else:
            wrong += [(first - 1,), (first + 1,), (1, first)]
        for dims in wrong:
            yield refuse(f"{arch} {tensor.name} {dims} instead of {tensor.dims}",
                         made(replace_tensor(cached(arch).copy(), tensor.name, dims, tensor.kind)),
                         exactly(tensor.name))


def llama_only():
    key = "llama.rope.dimension_count"
    for kind, number in [(U32, 0), (U32, 1), (U32, 7), (U32, 15), (U32, 17), (U32, 18), (U32, 32), (U32, 2**31),
                         (U32, 2**32 - 1), (U64, 2**32 + 16), (U64, 2**63), (U64, 2**64 - 1), (I32, -16),
                         (F32, 16.0), (STRING, "16"), (BOOL, 1)]:
        title = numbered(number) if kind in (U32, U64) else repr(number)
        yield refuse(f"{key} {title} as {TYPE_NAMES[kind]}", changed("llama", key, kind, number), exactly(key))
    for kind, number in [(U32, 0), (U32, 1), (U32, 267), (U32, 269), (U32, 2**31), (U32, 2**32 - 1), (U64, 2**32 + 268),
                         (U64, 2**63), (U64, 2**64 - 1), (STRING, "268"), (F32, 268.0)]:
        yield refuse(f"llama.vocab_size {number} as {TYPE_NAMES[kind]}",
                     changed("llama", "llama.vocab_size", kind, number),
                     any_of(r"vocab_size", r"token_embd", r"tokenizer\.ggml\.tokens"))
    yield accept("llama.vocab_size 268", changed("llama", "llama.vocab_size", U32, 268))
    for kind, number in [(U32, 8), (U32, 2**32 - 1)]:
        model = cached("llama").copy().add("llama.expert_count", kind, number).add("llama.expert_used_count", U32, 2)
        yield refuse(f"llama.expert_count {number}, no experts", made(model), any_of("expert", r"ffn_\w+"))
    factors = [("too few", [1.0] * 7), ("too many", [1.0] * 9), ("one", [1.0])]
    factors += [(repr(bad), [1.0] * 7 + [bad]) for bad in [0.0, -1.0, *NOT_NUMBERS]]
    for title, values in factors:
        model = cached("llama").copy()
        data = struct.pack(f"<{len(values)}f", *values)
        model.tensors.insert(1, Tensor("rope_freqs.weight", (len(values),), "F32", data))
        yield refuse(f"rope_freqs.weight {title}", made(model), exactly("rope_freqs.weight"))
    model = cached("llama").copy()
    model.tensors.insert(1, Tensor("rope_freqs.weight", (8,), "F32", struct.pack("<8f", *[1.0] * 8)))
    yield accept("rope_freqs.weight", made(model))


def gemma_only():
    key = "gemma3.attention.sliding_window"
    for kind, value in [(I32, -1), (I64, -2**63), (STRING, "16"), (F32, 16.0), (BOOL, 1)]:
        yield refuse(f"{key} {value!r} as {TYPE_NAMES[kind]}", changed("gemma3", key, kind, value), exactly(key))
    for kind, number in [(U32, 0), (U32, 2**31), (U32, 2**32 - 1), (U64, 2**63), (U64, 2**64 - 1)]:
        yield either(f"{key} {numbered(number)}", changed("gemma3", key, kind, number), exactly(key))
    yield accept(f"{key} 1", changed("gemma3", key, U32, 1))
    yield either(f"no {key}", made(cached("gemma3").copy().remove(key)), exactly(key))


def consistent():
    """Absurd numbers that every tensor agrees with."""
    model = tiny_models.make("llama", head_dim=15)
    yield refuse("head dimension 15 everywhere", made(model), r"key_length|dimension_count|head")
    model = cached("llama").copy().set("llama.block_count", U32, 0)
    model.tensors = [tensor for tensor in model.tensors if not tensor.name.startswith("blk.")]
    yield refuse("no layers at all", made(model), r"block_count")
    model = tiny_models.make("llama", feed_forward=0)
    yield refuse("feed_forward_length 0 everywhere", made(model), any_of("feed_forward_length", r"ffn_\w+"))
    for heads, kv_heads in [(2, 3), (3, 2), (1, 2), (4, 3)]:
        model = cached("llama").copy().set("llama.attention.head_count", U32, heads)
        model.set("llama.attention.head_count_kv", U32, kv_heads)
        for block in (0, 1):
            replace_tensor(model, f"blk.{block}.attn_q.weight", (EMBEDDING, heads * HEAD_DIM), "F16")
            replace_tensor(model, f"blk.{block}.attn_k.weight", (EMBEDDING, kv_heads * HEAD_DIM), "F16")
            replace_tensor(model, f"blk.{block}.attn_v.weight", (EMBEDDING, kv_heads * HEAD_DIM), "F16")
            replace_tensor(model, f"blk.{block}.attn_output.weight", (heads * HEAD_DIM, EMBEDDING), "F16")
        yield refuse(f"{heads} heads, {kv_heads} key heads everywhere", made(model), r"head_count")
    model = cached("llama").copy()
    for tensor in model.tensors:
        tensor.dims, tensor.data = tuple(0 if dim == EMBEDDING else dim for dim in tensor.dims), b""
    model.set("llama.embedding_length", U32, 0)
    yield refuse("embedding_length 0 everywhere", made(model), any_of("embedding_length", ANY_TENSOR))
    model = cached("llama").copy().set("tokenizer.ggml.tokens", ARRAY, Array(STRING, []))
    model.set("tokenizer.ggml.token_type", ARRAY, Array(I32, [])).set("tokenizer.ggml.merges", ARRAY, Array(STRING, []))
    model.tensor("token_embd.weight").dims, model.tensor("token_embd.weight").data = (EMBEDDING, 0), b""
    yield refuse("no tokens and no embeddings", made(model), r"tokenizer\.ggml\.tokens|token_embd|vocab")
    for count in (2**20, 2**31):
        model = cached("llama").copy().set("llama.block_count", U32, count)
        model.tensors = []
        yield refuse(f"{numbered(count)} layers, no tensors", made(model), any_of("block_count", ANY_TENSOR, "tensor"))


def architecture():
    key = "general.architecture"
    for kind, value in [(U32, 1), (U64, 2**64 - 1), (F32, 1.0), (BOOL, 1), (ARRAY, Array(STRING, ["llama"])),
                        (STRING, ""), (STRING, "wombat"), (STRING, "LLAMA"), (STRING, "llama "), (STRING, "llama\0"),
                        (STRING, b"\xff\xfe"), (STRING, "\x1b[2J\x07"), (STRING, "l" * 2**20), (STRING, "../llama"),
                        (STRING, "%s%n"), (STRING, "clip"), (STRING, "wavtokenizer-dec")]:
        yield refuse(f"{key} {str(value)[:40]!r} as {TYPE_NAMES[kind]}", changed("llama", key, kind, value),
                     "architecture")
    yield refuse(f"no {key}", made(cached("llama").copy().remove(key)), "architecture")
    for arch in ARCHITECTURES:
        for other in ARCHITECTURES:
            if arch != other:
                yield refuse(f"keys of {arch}, {key} {other}", changed(arch, key, STRING, other), rf"{other}\.\w+")
                model = cached(arch).copy()
                model.keys = [[key.replace(arch + ".", other + ".") if key.startswith(arch) else key, kind,
                               other if value == arch else value] for key, kind, value in model.keys]
                have, want = ({tensor.name for tensor in cached(each).tensors} for each in (arch, other))
                if have != want:
                    verdict = either if (arch, other) == ("qwen2", "llama") else refuse  # there are some with biases
                    yield verdict(f"tensors of {arch} as {other}", made(model),
                                  any_of("sliding_window", *(exactly(name) for name in sorted(have ^ want))))


def scaled(kind, number_type, factor):
    model = cached("llama").copy().add("llama.rope.scaling.type", STRING, kind)
    return model.add("llama.rope.scaling.factor", number_type, factor)


def rope_scaling():
    base = cached("llama")
    for kind, value in [(STRING, "wobble"), (STRING, ""), (STRING, b"\xff"), (U32, 1), (BOOL, 1)]:
        model = base.copy().add("llama.rope.scaling.type", kind, value).add("llama.rope.scaling.factor", F32, 2.0)
        yield refuse(f"llama.rope.scaling.type {value!r} as {TYPE_NAMES[kind]}", made(model), r"rope\.scaling\.type")
    for value in [-1.0, *NOT_NUMBERS]:
        model = scaled("linear", F32, value)
        yield refuse(f"llama.rope.scaling.factor {value}", made(model), r"rope\.scaling\.factor")
    for kind, value in [(STRING, "2"), (BOOL, 1), (ARRAY, Array(F32, [2.0]))]:
        model = scaled("linear", kind, value)
        yield refuse(f"llama.rope.scaling.factor as {TYPE_NAMES[kind]}", made(model), r"rope\.scaling\.factor")
    yield either("llama.rope.scaling.factor 0", made(scaled("linear", F32, 0.0)), r"rope\.scaling")
    for value in [-1.0, *NOT_NUMBERS]:
        model = base.copy().add("llama.rope.scale_linear", F32, value)
        yield refuse(f"llama.rope.scale_linear {value}", made(model), r"rope\.scale_linear")
    yield accept("llama.rope.scaling linear by 2", made(scaled("linear", F32, 2.0)))
    yield accept("llama.rope.scaling none", made(base.copy().add("llama.rope.scaling.type", STRING, "none")))
    yield either("llama.rope.scaling yarn without the original length", made(scaled("yarn", F32, 2.0)), r"rope\.scaling")


def tensor_types():
    for arch in ARCHITECTURES:
        yield accept(f"{arch} as it is", made(cached(arch)))
        yield accept(f"{arch} with a chat template", made(cached(arch, template=tiny_models.CHAT_TEMPLATE)))
        yield accept(f"{arch} with 64-bit sizes", made(with_wide_sizes(arch)))
        model = cached(arch).copy()
        tiny_models.add_tensor(model, "output.weight", model.tensor("token_embd.weight").dims, "F16", 77)
        yield accept(f"{arch} with an output of its own", made(model))
        for tokenizer in ("gpt2", "llama"):
            yield accept(f"{arch} with the {tokenizer} tokenizer", made(cached(arch, tokenizer=tokenizer)))
    for kind in ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
        yield accept(f"every matrix {kind}", made(cached("llama", matrix=kind)))
    for kind in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"):
        yield accept(f"ffn_down {kind}", made(wide(kind)))
    numbers = [kind for kind in range(13) if kind not in (STRING, ARRAY)]
    empty = [(f"x.{TYPE_NAMES[kind]}", ARRAY, Array(kind, [])) for kind in [*numbers, STRING]]
    known = [("every type of number", [(f"x.{TYPE_NAMES[kind]}", kind, 1) for kind in numbers]),
             ("every type of array", [(f"x.{TYPE_NAMES[kind]}", ARRAY, Array(kind, [1, 0, 1])) for kind in numbers]),
             ("strings", [("x.a", STRING, ""), ("x.b", STRING, "é\n"), ("x.c", ARRAY, Array(STRING, ["", "a"]))]),
             ("empty arrays", empty)]
    for title, entries in known:
        model = cached("llama").copy()
        for entry in entries:
            model.add(*entry)
        yield accept(f"unknown keys: {title}", made(model))
    for arch in ("llama", "gemma3"):
        for name in ("blk.1.ffn_down.weight", "blk.0.attn_norm.weight", "token_embd.weight"):
            for number in (24, 25, 26, 27, 9, 15):
                model = cached(arch).copy()
                model.tensor(name).kind = number
                model.tensors.append(model.tensors.pop(model.tensors.index(model.tensor(name))))
                model.tensor(name).data = bytes(math.prod(model.tensor(name).dims) * 8)
                yield refuse(f"{arch} {name} of type {number}, no weights", made(model), exactly(name))
    for number in (16, 17, 18, 19, 20, 21, 22, 23, 28, 29, 34, 35, 39):
        model = wide("F32")
        model.tensor("blk.1.ffn_down.weight").kind = number
        model.tensors.append(model.tensors.pop(model.tensors.index(model.tensor("blk.1.ffn_down.weight"))))
        model.tensor("blk.1.ffn_down.weight").data = bytes(256 * 32 * 8)
        yield either(f"blk.1.ffn_down.weight of type {number}, seldom used", made(model),
                     exactly("blk.1.ffn_down.weight"))


def with_wide_sizes(arch):
    model = cached(arch).copy()
    for entry in model.keys:
        if entry[0].startswith(arch) and entry[1] == U32:
            entry[1] = U64
    return model


def wide(kind):
    """With ffn_down of 256 inputs in the given type."""
    model = cached("llama", feed_forward=256).copy()
    return replace_tensor(model, "blk.1.ffn_down.weight", (256, EMBEDDING), kind)


def not_finite():
    """Values of plain types: NaN and the infinities."""
    for arch in ARCHITECTURES:
        common = {tensor.name for tensor in cached("llama").tensors} if arch in ("qwen2", "qwen3") else set()
        for name in [tensor.name for tensor in cached(arch).tensors if ".0." not in tensor.name]:
            if name in common:
                continue
            for value, at in [(math.nan, "first"), (math.inf, "last")]:
                model = cached(arch).copy()
                tensor = model.tensor(name)
                item = struct.pack("<f" if tensor.kind == "F32" else "<e", value)
                tensor.data = item + tensor.data[len(item):] if at == "first" else tensor.data[:-len(item)] + item
                yield refuse(f"{arch} {name} has {value}, {at}", made(model),
                             any_of(exactly(name), r"finite|\bnan\b|infinit"))
    for kind, bad in [("BF16", b"\xc0\x7f"), ("BF16", b"\x80\xff"), ("F32", b"\0\0\xc0\x7f"), ("F32", b"\0\0\x80\xff")]:
        model = cached("llama", matrix=kind).copy()
        tensor = model.tensor("blk.1.ffn_up.weight")
        tensor.data = tensor.data[:128] + bad + tensor.data[128 + len(bad):]
        yield refuse(f"{kind} weight {bad.hex()}", made(model), any_of(exactly(tensor.name), r"finite|\bnan\b|infinit"))


def huge_weights():
    """Finite, and beyond what can be computed with: no number in the answer may come from an infinity."""
    for kind, item in [("F16", struct.pack("<e", 65504.0)), ("F32", struct.pack("<f", 3e38)), ("BF16", b"\x7f\x7f")]:
        for name in ("token_embd.weight", "blk.0.attn_k.weight", "blk.1.ffn_down.weight"):
            model = cached("llama", matrix=kind).copy()
            model.tensor(name).data = item * (len(model.tensor(name).data) // len(item))
            yield either(f"{name} all the largest {kind}", made(model), r"finite|not a number|logit")
    model = cached("llama").copy()
    model.tensor("output_norm.weight").data = struct.pack("<f", 3e38) * EMBEDDING
    yield either("output_norm.weight all the largest F32", made(model), r"finite|not a number|logit")


def scales():
    """Scales and minimums of quantised blocks that are no numbers."""
    for kind, (_, _, size, places) in TENSOR_TYPES.items():
        for place in places:
            for value in (math.nan, math.inf, -math.inf):
                for at in ("first", "middle", "last") if value != value else ("middle",) if value > 0 else ("last",):
                    model = wide(kind)
                    tensor = model.tensor("blk.1.ffn_down.weight")
                    blocks = len(tensor.data) // size
                    start = {"first": 0, "middle": blocks // 2, "last": blocks - 1}[at] * size + place
                    tensor.data = tensor.data[:start] + struct.pack("<e", value) + tensor.data[start + 2:]
                    yield refuse(f"{kind} {at} block has {value} at byte {place}", made(model), exactly(tensor.name))
    for name in ("token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.1.attn_v.weight",
                 "blk.1.attn_output.weight", "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"):
        for value in (math.nan, math.inf):
            model = cached("llama", matrix="Q8_0").copy()
            model.tensor(name).data = struct.pack("<e", value) + model.tensor(name).data[2:]
            yield refuse(f"Q8_0 {name} has scale {value}", made(model), exactly(name))
