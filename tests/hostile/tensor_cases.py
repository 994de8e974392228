"""Tensors that are missing, surplus, renamed, of another type or shape, in checkpoints of every architecture."""
import dataclasses
import math
import re

from case import any_of
from checkpoint_folder import DTYPES, GOLDEN, MODEL, Tensor, converted, golden, replaced, reshaped, sized, without
from folder_case import TENSOR, either, either_same, refuse, runs, same, tensor_name, word

HERE = any_of(word(MODEL), word("tiny"))
MATRIX_TYPES = ["F64", "F8_E5M2", "F8_E8M0", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"]


def cases():
    for name in GOLDEN:
        yield same(f"{name} as it is", name)
        yield same(f"{name} written again", name, tensors=golden(name).tensors)
        for group in [missing, renamed, surplus, types, shapes]:
            yield from group(name)
    for group in [ignored, exchanged, repeated, fp8, mxfp4]:
        yield from group()


def chosen(name):
    """The tensors that stand for the others: those outside of layers, those of the first and the last layer, and of
    experts the first and the last."""
    tensors = golden(name).tensors
    layers = max(int(found[1]) for found in map(layer_of, tensors) if found)
    experts = max([int(found[1]) for found in map(expert_of, tensors) if found], default=0)
    for tensor in tensors:
        layer, expert = layer_of(tensor), expert_of(tensor)
        if layer and int(layer[1]) not in (0, 1, layers) or expert and int(expert[1]) not in (0, experts):
            continue
        yield tensor


def layer_of(tensor):
    return re.search(r"\b(?:layers|h)\.(\d+)\.", tensor.name)


def expert_of(tensor):
    return re.search(r"\bexperts\.(\d+)\.", tensor.name)


def in_layer(tensor, number):
    found = layer_of(tensor)
    return found is None or int(found[1]) == number


def partners(name):
    """Names that mean a tensor as well: FP8 codes and their scales, MXFP4 blocks and theirs."""
    stem = re.sub(r"(_scale_inv|_blocks|_scales)$", "", name)
    return any_of(*(tensor_name(stem + end) for end in ("", "_scale_inv", "_blocks", "_scales")))


def missing(name):
    tensors = golden(name).tensors
    for tensor in chosen(name):
        yield refuse(f"{name} without {tensor.name}", name, HERE, partners(tensor.name),
                     tensors=without(tensors, tensor.name))
    yield refuse(f"{name} without a layer", name, HERE, TENSOR,
                 tensors=tuple(tensor for tensor in tensors if layer_of(tensor) is None or not in_layer(tensor, 1)))
    yield refuse(f"{name} without layers", name, HERE, any_of(TENSOR, "quantization_config"),
                 tensors=tuple(tensor for tensor in tensors if layer_of(tensor) is None))
    yield refuse(f"{name} with layers alone", name, HERE, TENSOR,
                 tensors=tuple(tensor for tensor in tensors if layer_of(tensor)))


def renamed(name):
    tensors = golden(name).tensors
    for tensor in chosen(name):
        if not in_layer(tensor, 0):
            continue
        for other in [tensor.name + "x", tensor.name.upper(), "x" + tensor.name] if name == "llama" else [
                tensor.name + "x"]:
            yield refuse(f"{name} with {tensor.name} as {other}", name, HERE,
                         any_of(partners(tensor.name), tensor_name(other)),
                         tensors=replaced(tensors, tensor.name, name=other))
    for prefix in ("model.model.", "base_model.", "language_model.", "module."):
        yield refuse(f"{name} with all names after {prefix}", name, HERE, any_of(TENSOR, prefix.strip(".")),
                     tensors=tuple(dataclasses.replace(tensor, name=prefix + tensor.name) for tensor in tensors))


SURPLUS = ["foo", "foo.weight", "model.layers.0.foo.weight", "model.layers.99.input_layernorm.weight",
           "model.layers.-1.input_layernorm.weight", "model.layers.00.input_layernorm.weight",
           "model.layers.4294967296.input_layernorm.weight", "model.layers.18446744073709551616.input_layernorm.weight",
           "model.layers..input_layernorm.weight", "model.layers.0.self_attn.q_proj.weight.weight", "model.norm.bias",
           "Model.norm.weight", "model.norm.weight ", " model.norm.weight", "model.norm.weight\n", "model", "model.",
           "model.layers.{}.self_attn.q_proj.weight", "model.layers.*", "model.layers.0x0.input_layernorm.weight",
           "model.layers.+0.input_layernorm.weight", "model.layers. 0.input_layernorm.weight",
           "model.layers.0.self_attn.q_proj.weight_scale_inv", "model.layers.0.self_attn.q_proj.weight_scale",
           "model.layers.0.self_attn.q_proj.qweight", "model.layers.0.self_attn.q_proj.g_idx",
           "model.layers.0.mlp.experts.0.up_proj.weight", "model.layers.0.mlp.experts.99.gate_proj.weight",
           "model.layers.0.mlp.experts.down_proj_blocks", "model.layers.0.mlp.experts.down_proj_scales",
           "model.layers.0.block_sparse_moe.experts.9.w1.weight", "model.layers.0.mlp.shared_experts.up_proj.bias",
           "model.visual.patch_embed.weight", "score.weight", "lm_head.bias", "transformer.h.99.ln_1.weight"]


def surplus(name):
    tensors = golden(name).tensors
    present = {tensor.name for tensor in tensors}
    for extra in SURPLUS if name == "llama" else SURPLUS[:4] + SURPLUS[-3:]:
        if extra not in present:
            yield refuse(f"{name} with {extra!r}", name, HERE, tensor_name(extra.strip()),
                         tensors=tensors + (Tensor(extra, "BF16", (8,), bytes(16)),))
    template = next(tensor for tensor in tensors if layer_of(tensor) and not expert_of(tensor))
    number = max(int(layer_of(tensor)[1]) for tensor in tensors if layer_of(tensor)) + 1
    extra = template.name.replace(f".{layer_of(template)[1]}.", f".{number}.", 1)
    yield refuse(f"{name} with a layer more", name, HERE, TENSOR,
                 tensors=tensors + tuple(dataclasses.replace(tensor, name=tensor.name.replace(".0.", f".{number}.", 1))
                                         for tensor in tensors if layer_of(tensor) and in_layer(tensor, 0)))
    yield refuse(f"{name} with {extra}", name, HERE, tensor_name(extra),
                 tensors=tensors + (dataclasses.replace(template, name=extra),))


def types(name):
    tensors = golden(name).tensors
    mine = list(chosen(name))
    for tensor in mine:
        if tensor.dtype != "BF16" or not in_layer(tensor, 0) and layer_of(tensor):
            continue
        experts = "experts." in tensor.name and name.startswith("gpt-oss")
        # The same values in a wider type are the same model.
        make = either_same if experts else same
        names = () if make is same else (tensor_name(tensor.name),)
        yield make(f"{name} with {tensor.name} in F32", name, *names,
                   tensors=replaced(tensors, tensor.name, dtype="F32", data=converted(tensor, "F32").data))
        if name in ("llama", "gpt2", "gpt-oss", "gemma2", "phi3"):
            yield either(f"{name} with {tensor.name} in F16", name, tensor_name(tensor.name),
                         tensors=replaced(tensors, tensor.name, dtype="F16", data=converted(tensor, "F16").data))
        for dtype in MATRIX_TYPES + ["F8_E4M3"] if name == "llama" else MATRIX_TYPES[::5] + ["F8_E4M3"]:
            yield refuse(f"{name} with {tensor.name} in {dtype}", name, HERE, partners(tensor.name),
                         tensors=replaced(tensors, tensor.name, dtype=dtype, data=converted(tensor, dtype).data))
    if all(tensor.dtype == "BF16" for tensor in tensors):
        yield same(f"{name} in F32", name, tensors=tuple(converted(tensor, "F32") for tensor in tensors))
        yield runs(f"{name} in F16", name, tensors=tuple(converted(tensor, "F16") for tensor in tensors))
        yield refuse(f"{name} in F64", name, HERE, TENSOR,
                     tensors=tuple(converted(tensor, "F64") for tensor in tensors))


def shapes(name):
    """Shapes other than the configuration's, with as many bytes as they need."""
    tensors = golden(name).tensors
    for tensor in chosen(name):
        if name != "llama" and layer_of(tensor) and not in_layer(tensor, 0) and not expert_of(tensor):
            continue
        shape = tensor.shape
        wrong = []
        for at, size in enumerate(shape):
            for other in (size + 1, size - 1, 2 * size) if name == "llama" else (size + 1, size // 2):
                wrong.append(shape[:at] + (other,) + shape[at + 1:])
        wrong += [shape + (1,), (1,) + shape, shape + (2,)] if name == "llama" else [shape + (1,)]
        if len(shape) > 1:
            wrong += [(math.prod(shape),)] + ([shape[::-1]] if shape[::-1] != shape else [])
        for other in wrong:
            yield refuse(f"{name} {tensor.name} {list(other)} instead of {list(shape)}", name, HERE,
                         partners(tensor.name), tensors=reshaped(tensors, tensor.name, other))
    scalar = next(tensor for tensor in tensors if len(tensor.shape) == 1)
    yield refuse(f"{name} {scalar.name} without dimensions", name, HERE, tensor_name(scalar.name),
                 tensors=reshaped(tensors, scalar.name, ()))


def ignored():
    """What old checkpoints carry besides their weights may be known and ignored."""
    tensors = golden("llama").tensors
    frequencies = Tensor("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", (8,), bytes(32))
    yield either_same("llama with rotary_emb.inv_freq", "llama", tensor_name(frequencies.name),
                      tensors=tensors + (frequencies,))
    tensors = golden("gpt2").tensors
    for extra in [Tensor("transformer.h.0.attn.bias", "F32", (1, 1, 512, 512), bytes(4 << 18)),
                  Tensor("transformer.h.0.attn.masked_bias", "F32", (), bytes(4))]:
        yield either_same(f"gpt2 with {extra.name}", "gpt2", tensor_name(extra.name), tensors=tensors + (extra,))
    # GPT-2 as its first files name it.
    short = tuple(dataclasses.replace(tensor, name=tensor.name.removeprefix("transformer.")) for tensor in tensors)
    yield either_same("gpt2 with names without transformer.", "gpt2", r"\b(?:wte|wpe|h\.\d+|ln_f|transformer)\b",
                      tensors=short)
    embedding = golden("gemma2").tensor("model.embed_tokens.weight")
    for name in ("gemma2", "gpt2", "qwen2", "smollm3"):
        embedding = golden(name).tensor("transformer.wte.weight" if name == "gpt2" else "model.embed_tokens.weight")
        head = dataclasses.replace(embedding, name="lm_head.weight")
        yield either_same(f"{name} with its embedding again as lm_head.weight", name, r"lm_head|tie_word",
                          tensors=golden(name).tensors + (head,))


def exchanged():
    """Tensors of one shape in each other's place are another model, and a valid one."""
    tensors = golden("llama").tensors
    for first, second in [("model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.up_proj.weight"),
                          ("lm_head.weight", "model.embed_tokens.weight")]:
        a, b = golden("llama").tensor(first), golden("llama").tensor(second)
        case = runs(f"llama with {first} and {second} exchanged", "llama",
                    tensors=replaced(replaced(tensors, first, data=b.data), second, data=a.data))
        yield case
    for name in ("llama", "deepseek-v3-fp8", "gpt-oss-mxfp4"):
        yield same(f"{name} with its tensors in another order", name, tensors=tuple(reversed(golden(name).tensors)))


def repeated():
    """Many tensors that are alike but for a number."""
    tensors = golden("llama").tensors
    layer = [tensor for tensor in tensors if layer_of(tensor) and in_layer(tensor, 0)]
    for count in (10, 1000):
        more = tuple(Tensor(f"model.layers.{number}.input_layernorm.weight", "BF16", (64,), layer[0].data[:128])
                     for number in range(3, 3 + count))
        yield refuse(f"llama with input_layernorm of {count} layers more", "llama", HERE, TENSOR,
                     tensors=tensors + more)


def fp8():
    name = "deepseek-v3-fp8"
    tensors = golden(name).tensors
    scales = [tensor for tensor in chosen(name) if tensor.name.endswith("_scale_inv") and layer_of(tensor)[1] in "01"]
    for scale in scales:
        codes = scale.name.removesuffix("_scale_inv")
        names = (HERE, partners(scale.name))
        rows, columns = scale.shape
        for shape in [(rows * columns,), (1, 1), (rows, columns, 1), (rows + 1, columns + 1), (columns + 1, rows),
                      (0, 0)]:
            if shape != scale.shape:
                yield refuse(f"{name} {scale.name} of shape {list(shape)}", name, *names,
                             tensors=reshaped(tensors, scale.name, shape))
        for dtype in ("F64", "I32", "U8", "F8_E4M3", "F8_E5M2"):
            yield refuse(f"{name} {scale.name} in {dtype}", name, *names,
                         tensors=replaced(tensors, scale.name, dtype=dtype,
                                          data=bytes(rows * columns * DTYPES[dtype])))
        yield either(f"{name} {scale.name} in BF16", name, *names,
                     tensors=replaced(tensors, scale.name, dtype="BF16", data=b"\x80\x3c" * (rows * columns)))
        yield refuse(f"{name} {scale.name} as {codes}_scale", name, *names,
                     tensors=replaced(tensors, scale.name, name=codes + "_scale"))
        for dtype in ("F8_E5M2", "I8", "U8", "F8_E8M0"):
            yield refuse(f"{name} {codes} in {dtype}", name, *names, tensors=replaced(tensors, codes, dtype=dtype))
        yield refuse(f"{name} {codes} in BF16 with scales", name, *names,
                     tensors=replaced(tensors, codes, dtype="BF16", data=golden(name).tensor(codes).data * 2))
    for plain in ("lm_head.weight", "model.embed_tokens.weight", "model.layers.1.mlp.gate.weight",
                  "model.norm.weight", "model.layers.0.input_layernorm.weight"):
        extra = Tensor(plain + "_scale_inv", "F32", (1, 1), bytes(4))
        yield refuse(f"{name} with {extra.name}", name, HERE, partners(extra.name), tensors=tensors + (extra,))
        count = math.prod(golden(name).tensor(plain).shape)
        yield refuse(f"{name} with {plain} in F8_E4M3 without scales", name, HERE, partners(plain),
                     tensors=replaced(tensors, plain, dtype="F8_E4M3", data=bytes(count)))
    for scale in scales[:1]:
        again = dataclasses.replace(scale, name=scale.name + "_scale_inv")
        yield refuse(f"{name} with scales of scales", name, HERE, any_of(partners(scale.name), word(again.name)),
                     tensors=tensors + (again,))


def mxfp4():
    name = "gpt-oss-mxfp4"
    tensors = golden(name).tensors
    for stem in ("model.layers.0.mlp.experts.down_proj", "model.layers.1.mlp.experts.gate_up_proj"):
        blocks, scales = golden(name).tensor(stem + "_blocks"), golden(name).tensor(stem + "_scales")
        experts, rows, count, _ = blocks.shape
        names = (HERE, partners(blocks.name))
        for shape in [(experts, rows, count, 8), (experts, rows, count, 15), (experts, rows, count, 32),
                      (experts, rows, 2 * count, 8), (experts, rows, 16, count), (experts, rows, 16 * count),
                      (experts, rows, count + 1, 16), (experts - 1, rows, count, 16), (experts + 1, rows, count, 16),
                      (experts, rows - 1, count, 16), (experts * rows, count, 16), (experts, rows, count, 4, 4), (16,),
                      (rows, experts, count, 16), (experts, rows, count, 0)]:
            yield refuse(f"{name} {blocks.name} of shape {list(shape)}", name, *names,
                         tensors=reshaped(tensors, blocks.name, shape))
        for shape in [(experts, rows, count + 1), (experts, rows, count - 1), (experts, rows), (experts, rows, 0),
                      (experts, rows * count), (experts, count, rows), (experts - 1, rows, count), (1,),
                      (experts, rows, count, 1)]:
            yield refuse(f"{name} {scales.name} of shape {list(shape)}", name, *names,
                         tensors=reshaped(tensors, scales.name, shape))
        for part in (blocks, scales):
            for dtype in ("I8", "F8_E4M3", "BOOL", "U16", "F32", "BF16"):
                data = sized(part.data, math.prod(part.shape) * DTYPES[dtype])
                yield refuse(f"{name} {part.name} in {dtype}", name, *names,
                             tensors=replaced(tensors, part.name, dtype=dtype, data=data))
        yield either_same(f"{name} {scales.name} in F8_E8M0", name, *names,
                          tensors=replaced(tensors, scales.name, dtype="F8_E8M0"))
        plain = golden("gpt-oss").tensor(stem)
        yield refuse(f"{name} with {stem} besides its blocks", name, *names, tensors=tensors + (plain,))
        yield refuse(f"{name} with {stem} besides its scales", name, *names,
                     tensors=without(tensors, blocks.name) + (plain,))
        yield refuse(f"{name} with {stem} besides its blocks, no scales", name, *names,
                     tensors=without(tensors, scales.name) + (plain,))
        yield either(f"{name} with {stem} instead of its blocks", name, *names,
                     tensors=without(tensors, blocks.name, scales.name) + (plain,))
        yield refuse(f"gpt-oss with {blocks.name}", "gpt-oss", *names, tensors=golden("gpt-oss").tensors + (blocks,))
    weight = "model.layers.0.self_attn.q_proj.weight"
    for end, shape in [("_blocks", (128, 2, 16)), ("_scales", (128, 2))]:
        extra = Tensor(weight + end, "U8", shape, bytes(math.prod(shape)))
        yield refuse(f"{name} with {extra.name}", name, HERE, partners(extra.name), tensors=tensors + (extra,))
