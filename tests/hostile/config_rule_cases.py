"""Configurations whose fields contradict each other: rotations, quantisations, heads, experts, and JSON itself."""
import json

from case import any_of
from checkpoint_folder import CONFIG, GOLDEN, Raw, dump, fields, get, golden, reshaped, with_field, without_field
from config_value_cases import CONTRADICTED, HERE, HUGE, NO_NUMBERS, NO_TEXTS, shown
from folder_case import (NOT_FINITE, TENSOR, either, either_other, either_same, field, refuse, runs, same, word)
from folder_text import BAD_UTF8, NAMES

ROPE = any_of(r"rope|rotary|yarn|longrope|llama3|dynamic|factor|theta", TENSOR)


def cases():
    for group in [rotations, rope_types, longrope, quantisations, heads, experts, layers, structure, nesting, unknown,
                  large]:
        yield from group()


def configured(name, *changes, config=None):
    """A folder's configuration with (path, value) changed."""
    config = golden(name).config if config is None else config
    for path, value in changes:
        config = with_field(config, path, value)
    return config


def rotations():
    """Every parameter of every rotation."""
    for name in GOLDEN:
        config = golden(name).config
        nested = [path for path in fields(config) if path.count(".") and path.startswith("rope")
                  and not isinstance(get(config, path), dict)]
        for path in nested:
            last = path.split(".")[-1]
            names = (HERE, field(path, ROPE))
            if last in ("rope_type", "type"):
                yield from types_of(name, path, names)
                continue
            yield from parameter(name, path, last, names)
        for path in nested:
            last = path.split(".")[-1]
            needed = last in ("factor", "low_freq_factor", "high_freq_factor")
            make = refuse if needed else either
            yield make(f"{name} without {path}", name, HERE, field(path, ROPE), config=without_field(config, path))


def parameter(name, path, last, names):
    old = get(golden(name).config, path)
    if last == "truncate":
        for value in ["a", [], {}, 2]:
            yield refuse(f"{name} {path} is {shown(value)}", name, *names, config=configured(name, (path, value)))
        return
    # A rotation of plain angles has no use for some.
    idle = last == "partial_rotary_factor"
    for value in [0, -1, -1e30, Raw("1e999"), Raw("-0.0"), *NO_NUMBERS]:
        is_number = value is not False and value in (0, -1, -1e30, "-0.0")
        make = either if is_number and (last.startswith("mscale") or idle and value == 0) else refuse
        yield make(f"{name} {path} is {shown(value)}", name, *names, config=configured(name, (path, value)))
    for value in [1e-300, 1e-30, 0.5, 1, 1.5, 7, 64, 2**31, 2**32, 2**63, 1e30, 1e308]:
        if value != old:
            yield either(f"{name} {path} is {shown(value)}", name, field(path, ROPE, NOT_FINITE),
                         config=configured(name, (path, value)))
    for value in [Raw("NaN"), Raw("Infinity")]:
        yield refuse(f"{name} {path} is {shown(value)}", name, word(CONFIG), config=configured(name, (path, value)))
    if last in ("factor", "low_freq_factor", "high_freq_factor", "rope_theta"):
        for value in (3.0, 20.0):
            yield either_other(f"{name} {path} is {value}, not {old}", name, field(path, ROPE),
                               config=configured(name, (path, value)))


def types_of(name, path, names):
    for value in ["", "foo", "dynamic", "ntk", "Default", "YARN", "default ", "su", "mrope", "default\0", "\x1b[31m",
                  "x" * 10_000, *NO_TEXTS]:
        old = get(golden(name).config, path)
        # "su" and "mrope" are known names of rotations that need more than is there.
        if value != old:
            yield refuse(f"{name} {path} is {shown(value)}", name, *names, config=configured(name, (path, value)))
    for value in ("linear", "yarn", "llama3", "longrope", "dynamic"):
        if value != get(golden(name).config, path) and get(golden(name).config, path) == "default":
            yield refuse(f"{name} {path} is {value}, no parameters", name, *names,
                         config=configured(name, (path, value)))


def llama(scaling, *changes):
    """Llama in the older spelling."""
    config = without_field(golden("llama").config, "rope_parameters")
    return configured("llama", ("rope_theta", 10000.0), ("rope_scaling", scaling), *changes, config=config)


def rope_types():
    ntk = {"rope_type": "dynamic", "factor": 4.0}
    names = (HERE, ROPE)
    for title, scaling in [
            ("dynamic", ntk), ("dynamic in the old word", {"type": "dynamic", "factor": 4.0}),
            ("dynamic with alpha", {"type": "dynamic", "alpha": 1000.0}),
            ("dynamic with an original length", ntk | {"original_max_position_embeddings": 64}),
            ("dynamic by 1", {"type": "dynamic", "factor": 1.0}),
            ("two types", {"type": "linear", "rope_type": "dynamic", "factor": 4.0}),
            ("no factor", {"rope_type": "linear"}), ("mrope", {"type": "mrope", "mrope_section": [2, 3, 3]}),
            ("YaRN without a factor", {"rope_type": "yarn"}), ("llama3 alone", {"rope_type": "llama3"}),
            ("llama3 of two equal bands", {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0,
                                           "high_freq_factor": 4.0, "original_max_position_embeddings": 64}),
            ("llama3 without a length", {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                         "high_freq_factor": 4.0}),
            ("a string", "linear"), ("an array", ["linear", 4.0])]:
        yield refuse(f"rope_scaling: {title}", "llama", *names, config=llama(scaling))
        new = scaling | {"rope_theta": 10000.0} if isinstance(scaling, dict) else scaling
        yield refuse(f"rope_parameters: {title}", "llama", *names, config=configured("llama", ("rope_parameters", new)))
    for title, scaling in [("default", {"rope_type": "default"}), ("null", None), ("empty", {})]:
        yield either_same(f"rope_scaling: {title}", "llama", *names, config=llama(scaling))
    yield same("rope_theta in the older spelling", "llama", config=llama(None))
    for title, scaling in [("linear", {"rope_type": "linear", "factor": 4.0}),
                           ("linear in the old word", {"type": "linear", "factor": 4.0}),
                           ("linear in both", {"type": "linear", "rope_type": "linear", "factor": 4.0}),
                           ("llama3", golden("llama3-rope").config["rope_scaling"])]:
        yield either_other(f"rope_scaling: {title}", "llama", ROPE, config=llama(scaling))
    for title, scaling in [
            ("no type", {"factor": 4.0}),
            ("two types, the other way", {"type": "dynamic", "rope_type": "linear", "factor": 4.0}),
            ("llama3 of bands in the wrong order", {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0,
                                                    "high_freq_factor": 1.0, "original_max_position_embeddings": 64}),
            ("YaRN of equal betas", {"rope_type": "yarn", "factor": 4.0, "beta_fast": 1, "beta_slow": 1}),
            ("YaRN of betas in the wrong order", {"rope_type": "yarn", "factor": 4.0, "beta_fast": 1, "beta_slow": 32}),
            ("YaRN by 1", {"rope_type": "yarn", "factor": 1.0}), ("linear by 1", {"rope_type": "linear", "factor": 1}),
            ("linear by a half", {"rope_type": "linear", "factor": 0.5}),
            ("YaRN with an attention factor", {"rope_type": "yarn", "factor": 4.0, "attention_factor": 2.0}),
            ("YaRN, more unknown", {"rope_type": "yarn", "factor": 4.0, "finetuned": True, "a": [{}]})]:
        yield either(f"rope_scaling: {title}", "llama", ROPE, config=llama(scaling))
    for value in (-1.0, 0.0, "1", Raw("1e999")):
        yield refuse(f"rope_scaling: an attention_factor of {value}", "llama", HERE, ROPE, config=llama(
            {"rope_type": "yarn", "factor": 4.0, "attention_factor": value}))
    # Both spellings, of two minds.
    yield either("rope_theta besides rope_parameters", "llama", ROPE, config=configured("llama", ("rope_theta", 500.0)))
    yield either("rope_scaling besides rope_parameters", "llama", ROPE,
                 config=configured("llama", ("rope_scaling", {"type": "linear", "factor": 4.0})))
    yield refuse("dynamic rope_scaling besides rope_parameters", "llama", HERE, ROPE, config=configured(
        "llama", ("rope_scaling", ntk)))
    for key in ("full_attention", "sliding_attention"):
        yield refuse(f"gemma3: dynamic {key}", "gemma3", HERE, ROPE, config=configured(
            "gemma3", (f"rope_parameters.{key}", ntk | {"rope_theta": 10000.0})))
        for value in (None, "a", 1, [], [1], True):
            yield either(f"gemma3: rope_parameters.{key} is {value!r}", "gemma3", any_of(ROPE, key), config=configured(
                "gemma3", (f"rope_parameters.{key}", value)))
        yield either(f"gemma3: no rope_parameters.{key}", "gemma3", any_of(ROPE, key), config=without_field(
            golden("gemma3").config, f"rope_parameters.{key}"))
    for name in ("phi3", "llama"):
        for value in (-1, 0, 0.3, 0.01, 1.0001, 2, 1e30, "1", [], True, Raw("1e999")):
            # Of 16 dimensions 0.3 leaves an odd number.
            for path in ("partial_rotary_factor", "rope_parameters.partial_rotary_factor"):
                if name == "phi3" or value == 0.3:
                    make = either if value in (0, 0.3, 0.01) or name == "llama" or "." not in path else refuse
                    yield make(f"{name}: {path} {value}", name, HERE, any_of("partial_rotary_factor", ROPE),
                               config=configured(name, (path, value)))
        yield either_other(f"{name}: half of a head rotates", name, ROPE, config=configured(
            name, ("rope_parameters.partial_rotary_factor", 0.5), ("partial_rotary_factor", 0.5)))


def longrope():
    """Phi 3's two sets of factors: one for each pair of a head's dimensions, all above zero."""
    def config(changes=(), removed=()):
        scaling = {"type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8} | dict(changes)
        scaling = {key: value for key, value in scaling.items() if key not in removed}
        base = without_field(golden("phi3").config, "rope_parameters")
        return configured("phi3", ("rope_theta", 10000.0), ("rope_scaling", scaling),
                          ("original_max_position_embeddings", 64), config=base)

    yield either("longrope", "phi3", ROPE, config=config())
    for key in ("short_factor", "long_factor"):
        yield refuse(f"longrope without {key}", "phi3", HERE, key, config=config(removed=(key,)))
        bad = [("empty", []), ("one", [1.0]), ("7 of 8", [1.0] * 7), ("9 of 8", [1.0] * 9), ("16 of 8", [1.0] * 16),
               ("a number", 1.0), ("a text", "1.0"), ("an object", {}), ("texts", ["1.0"] * 8), ("arrays", [[1.0]] * 8),
               ("nulls", [None] * 8), ("100,000 numbers", [1.0] * 100_000), ("booleans", [True] * 8),
               ("mixed", [1.0] * 7 + ["1.0"])]
        bad += [(f"one of them {shown(value)}", [1.0] * 7 + [value]) for value in
                (0.0, -1.0, Raw("1e999"), Raw("-0.0"))]
        for title, value in bad:
            yield refuse(f"longrope: {key} {title}", "phi3", HERE, key, config=config([(key, value)]))
        for value in (1e-300, 1e-40, 1e40, 1e300):
            yield either(f"longrope: {key} one of them {value}", "phi3", any_of(key, NOT_FINITE),
                         config=config([(key, [1.0] * 7 + [value])]))
    for value in (0, -1, "64", 2**64, 0.5):
        base = config()
        yield refuse(f"longrope: original_max_position_embeddings {value}", "phi3", HERE,
                     "original_max_position_embeddings", config=base | {"original_max_position_embeddings": value})


def quantisations():
    name, path = "deepseek-v3-fp8", "quantization_config"
    old = golden(name).config[path]
    quant = any_of("quant", "weight_block_size", "fmt", TENSOR)
    for value in ["", "awq", "gptq", "bitsandbytes", "compressed-tensors", "mxfp4", "FP8", "fp8 ", "\x1b[31m",
                  *NO_TEXTS]:
        yield refuse(f"quant_method {shown(value)} for FP8", name, HERE, quant,
                     config=configured(name, (path + ".quant_method", value)))
    for value in ["", "e5m2", "e4m3fnuz", "E4M3 ", "int8", *NO_TEXTS]:
        yield refuse(f"fmt {shown(value)}", name, HERE, any_of("fmt", "quant"),
                     config=configured(name, (path + ".fmt", value)))
    for value in ["", "static", "foo", 1, [], {}]:
        yield either_same(f"activation_scheme {shown(value)}", name, any_of("activation_scheme", "quant"),
                          config=configured(name, (path + ".activation_scheme", value)))
    sizes = [[], [128], [128] * 3, [128, 0], [0, 128], [0, 0], [-128, 128], [128, -128], [64, 128], [128, 64], [64, 64],
             [1, 128], [128, 1], [1, 1], [256, 256], [127, 128], [129, 128], [128, 127], [2**31, 128], [128, 2**32],
             [2**63, 2**63], [2**64 + 128, 128], [2**32 + 128, 2**32 + 128], [128.5, 128], ["128", "128"],
             [[128], [128]], [None, None], [True, True], "128", 128, {}, {"0": 128},
             [128] * 100_000, [Raw("1e999"), 128]]
    for value in sizes:
        yield refuse(f"weight_block_size {shown(value)}", name, HERE, any_of("weight_block_size", TENSOR),
                     config=configured(name, (path + ".weight_block_size", value)))
    for key in old:
        yield either(f"no {key} for FP8", name, quant, config=without_field(golden(name).config, f"{path}.{key}"))
        yield either(f"{key} null for FP8", name, quant, config=configured(name, (f"{path}.{key}", None)))
    yield either_same("FP8 with fields that nobody knows", name, quant, config=configured(
        name, (path + ".foo", [1, {"a": None}])))
    for key in ("modules_to_not_convert", "ignored_layers"):
        for value in ([], ["lm_head"], ["model.layers.0.mlp.up_proj"], "a", 1, [1], [[]], None):
            yield either_same(f"FP8 with {key} {shown(value)}", name, any_of(key, "quant", TENSOR),
                              config=configured(name, (f"{path}.{key}", value)))
    for base in ("llama", "gpt-oss", "deepseek-v3"):
        for title, value in [("fp8", old), ("mxfp4", {"quant_method": "mxfp4"}), ("awq", {"quant_method": "awq"}),
                             ("nothing", {}), ("gptq", {"quant_method": "gptq", "bits": 4, "group_size": 128})]:
            yield either_same(f"{base} said to be {title}", base, quant, config=configured(base, (path, value)))
    yield refuse("MXFP4 said to be fp8", "gpt-oss-mxfp4", HERE, quant, config=configured("gpt-oss-mxfp4", (path, old)))
    for value in ["", "awq", "fp8", "MXFP4", *NO_TEXTS]:
        yield refuse(f"quant_method {shown(value)} for MXFP4", "gpt-oss-mxfp4", HERE, quant,
                     config=configured("gpt-oss-mxfp4", (path + ".quant_method", value)))


def shaped(name, config, shapes):
    """A folder of other shapes: (part of a tensor's name, function of its shape)."""
    tensors = golden(name).tensors
    for part, shape in shapes:
        for tensor in golden(name).tensors:
            if part in tensor.name:
                tensors = reshaped(tensors, tensor.name, shape(tensor.shape))
    return golden(name).files(config=config, tensors=tensors)


def heads():
    """Heads and widths that no division fits, in tensors that agree with them."""
    for count, keys in [(3, 2), (1, 2), (4, 3), (2, 4), (5, 4), (4, 5)]:
        config = configured("llama", ("num_attention_heads", count), ("num_key_value_heads", keys))
        yield refuse(f"llama of {count} heads, {keys} of keys, in all tensors", "llama", HERE,
                     "num_attention_heads|num_key_value_heads", files=shaped("llama", config, [
                         ("q_proj", lambda shape, count=count: (16 * count, shape[1])),
                         ("o_proj", lambda shape, count=count: (shape[0], 16 * count)),
                         ("k_proj", lambda shape, keys=keys: (16 * keys, shape[1])),
                         ("v_proj", lambda shape, keys=keys: (16 * keys, shape[1]))]))
    for width in (1, 15, 17):
        yield refuse(f"llama of heads {width} wide, in all tensors", "llama", HERE, "head_dim", files=shaped(
            "llama", configured("llama", ("head_dim", width)), [
                ("q_proj", lambda shape, width=width: (4 * width, shape[1])),
                ("o_proj", lambda shape, width=width: (shape[0], 4 * width)),
                ("k_proj", lambda shape, width=width: (2 * width, shape[1])),
                ("v_proj", lambda shape, width=width: (2 * width, shape[1]))]))
    for count in (3, 5, 6, 7, 128):
        yield refuse(f"gpt2 of {count} heads", "gpt2", HERE, field("n_head", "n_embd", TENSOR),
                     config=configured("gpt2", ("n_head", count)))
    # Without a width of its own, heads share the hidden size.
    for name in ("olmo2", "qwen2", "smollm3", "phi3"):
        for count in (3, 5, 7, 48):
            yield refuse(f"{name} of {count} heads", name, HERE, field("num_attention_heads", "head_dim", "hidden_size",
                                                                     "num_key_value_heads", TENSOR),
                         config=configured(name, ("num_attention_heads", count)))
    yield refuse("llama of no vocabulary, in all tensors", "llama", HERE, any_of("vocab_size", TENSOR),
                 files=shaped("llama", configured("llama", ("vocab_size", 0)), [
                     ("lm_head", lambda shape: (0, shape[1])), ("embed_tokens", lambda shape: (0, shape[1]))]))
    yield refuse("llama of no width, in all tensors", "llama", HERE, any_of("intermediate_size", TENSOR),
                 files=shaped("llama", configured("llama", ("intermediate_size", 0)), [
                     ("gate_proj", lambda shape: (0, shape[1])), ("up_proj", lambda shape: (0, shape[1])),
                     ("down_proj", lambda shape: (shape[0], 0))]))
    name = "deepseek-v3"
    for path, other in [("qk_rope_head_dim", 15), ("qk_rope_head_dim", 1), ("qk_rope_head_dim", 17)]:
        config = configured(name, (path, other), ("qk_head_dim", 32 + other), ("head_dim", other))
        yield refuse(f"{name} of {path} {other}, in all tensors", name, HERE, field(path, "head_dim"), files=shaped(
            name, config, [("q_b_proj", lambda shape, other=other: (4 * (32 + other), shape[1])),
                           ("kv_a_proj", lambda shape, other=other: (32 + other, shape[1]))]))
    config = configured(name, ("kv_lora_rank", 0))
    yield refuse(f"{name} of no latent, in all tensors", name, HERE, any_of("kv_lora_rank", TENSOR), files=shaped(
        name, config, [("kv_a_proj", lambda shape: (16, shape[1])), ("kv_b_proj", lambda shape: (shape[0], 0)),
                       ("kv_a_layernorm", lambda shape: (0,))]))
    yield runs(f"{name} of another value width, in all tensors", name, files=shaped(
        name, configured(name, ("v_head_dim", 16)), [("kv_b_proj", lambda shape: (4 * (32 + 16), shape[1])),
                                                     ("o_proj", lambda shape: (shape[0], 4 * 16))]))


def experts():
    """Routers that cannot choose."""
    for name in ("deepseek-v3", "deepseek-v3-fp8", "deepseek-v3-no-q-lora"):
        for groups, chosen, each in [(4, 1, 3), (4, 5, 3), (3, 2, 3), (8, 2, 3), (16, 2, 3), (0, 0, 3), (1, 2, 3),
                                     (4, 0, 3), (5, 2, 3), (4, 2, 5), (4, 2, 8), (4, 2, 9), (4, 2, 0), (8, 8, 9),
                                     (2**31, 2, 3), (4, 2**31, 3), (2**32 + 4, 2, 3), (4, 2, 2**32 + 3), (-4, 2, 3),
                                     (4, -2, 3), (4, 2, -3), (7, 3, 3), (6, 2, 3)]:
            yield refuse(f"{name}: {each} experts of {chosen} of {groups} groups", name, HERE,
                         "n_group|topk_group|num_experts_per_tok|group|expert", config=configured(
                             name, ("n_group", groups), ("topk_group", chosen), ("num_experts_per_tok", each)))
        for groups, chosen, each in [(1, 1, 8), (2, 1, 4), (4, 4, 8), (4, 2, 4)]:
            yield either_other(f"{name}: {each} experts of {chosen} of {groups} groups", name, "group|expert",
                               config=configured(name, ("n_group", groups), ("topk_group", chosen),
                                                 ("num_experts_per_tok", each)))
    for name, key in [("mixtral", "num_local_experts"), ("qwen3-moe", "num_local_experts"),
                      ("gpt-oss", "num_local_experts"), ("deepseek-v3", "n_routed_experts")]:
        for value in (0, 1, 2, 3, 5, 7, 9, 256, 2**20, 2**31, 2**32 + 4, 2**63):
            yield refuse(f"{name} of {shown(value)} experts", name, HERE, field(key, "expert", TENSOR, CONTRADICTED),
                         config=configured(name, (key, value)))
        yield refuse(f"{name} with num_experts of another mind", name, HERE, field(key, "num_experts", "n_group", TENSOR),
                     config=configured(name, (key, 3), ("num_experts", 5)))
    for name in ("qwen3-moe", "mixtral", "gpt-oss"):
        for value in (5, 9, 100, 2**31, 2**63):
            if value > golden(name).config["num_local_experts"]:
                yield refuse(f"{name} choosing {shown(value)} experts", name, HERE, field("num_experts_per_tok",
                                                                                         "expert"),
                             config=configured(name, ("num_experts_per_tok", value)))


def layers():
    """Far more layers than tensors: refused without building them."""
    for name in GOLDEN:
        key = "n_layer" if name == "gpt2" else "num_hidden_layers"
        for value in (1, 2, 100, 1000, 65_536, 10**6, 10**7, 2**31 - 1, 2**32 + 3):
            config = configured(name, (key, value))
            yield refuse(f"{name} of {shown(value)} layers", name, HERE, field(key, TENSOR, "layer"), config=config)
            if value in (1000, 65_536) and "layer_types" in config:
                full = config | {"layer_types": ["full_attention"] * value}
                yield refuse(f"{name} of {value} layers and as many types", name, HERE, field(key, TENSOR, "layer"),
                             config=full)
    for name in ("mixtral", "qwen3-moe", "deepseek-v3"):
        key = "n_routed_experts" if name == "deepseek-v3" else "num_local_experts"
        yield refuse(f"{name} of a million layers of a million experts", name, HERE, TENSOR + "|layer|expert",
                     config=configured(name, (key, 10**6), ("num_hidden_layers", 10**6)))
    empty = [tensor for tensor in golden("llama").tensors if ".layers." not in tensor.name]
    yield refuse("llama of no layers at all", "llama", HERE, "num_hidden_layers",
                 config=configured("llama", ("num_hidden_layers", 0)), tensors=tuple(empty))


def structure():
    """config.json as a file."""
    good = golden("llama").config_text
    compact = dump(golden("llama").config).encode()
    here = word(CONFIG)
    for title, text in [("empty", b""), ("a byte", b"{"), ("a space", b" "), ("null", b"null"), ("an array", b"[]"),
                        ("a string", b'"a"'), ("a number", b"1"), ("an empty object", b"{}"), ("zeros", bytes(4096)),
                        ("twice", good + good), ("with text after it", good + b"x"),
                        ("with a NUL after it", good + b"\0"),
                        ("with a BOM", b"\xef\xbb\xbf" + good), ("UTF-16", good.decode().encode("utf-16")),
                        ("in quotes", json.dumps(good.decode()).encode()), ("in an array", b"[" + good + b"]"),
                        ("upside down", good[::-1]), ("with a comment", b"/* a */" + good),
                        ("YAML", b"model_type: llama"), ("with single quotes", good.replace(b'"', b"'")),
                        ("Python", good.replace(b"false", b"False")),
                        ("with a comma more", good.rstrip()[:-1] + b",}"), ("GGUF", b"GGUF\3\0\0\0" + bytes(99)),
                        ("HTML", b"<!DOCTYPE html><html></html>"), ("random", bytes(range(256)) * 8),
                        ("a tensor file", golden("llama").model)]:
        yield refuse(f"config.json is {title}", "llama", here, config=text)
    for at in range(1, len(compact), 11):
        yield refuse(f"config.json cut at byte {at}", "llama", here, config=compact[:at])
    for count in (1, 8, 100_000):
        yield same(f"config.json with {count} spaces and lines around it", "llama",
                   config=b" \n" * count + good + b"\n " * count)
    for name, data in BAD_UTF8:
        yield refuse(f"{name} in a value of config.json", "llama", here, config=good.replace(b"LlamaFor", b"Ll" + data))
        yield refuse(f"{name} in a key of config.json", "llama", here,
                     config=good.replace(b'"use_cache"', b'"use' + data + b'cache"'))
    config = golden("llama").config
    for path in config:
        key, value = json.dumps(path), dump(config[path])
        other = {"str": '"foo"', "bool": "true", "list": "[]", "dict": "{}"}.get(type(config[path]).__name__, "77")
        again = compact.decode()[:-1] + f", {key}: {other}}}"
        yield refuse(f"{path} twice in config.json", "llama", here, word(path), config=again.encode())
        yield refuse(f"{path} twice, the other first", "llama", here, word(path),
                     config=(f"{{{key}: {other}, " + compact.decode()[1:]).encode())
        escaped = '"' + "".join(f"\\u{ord(letter):04x}" for letter in path) + '"'
        yield refuse(f"{path} twice, once in escapes", "llama", here, word(path),
                     config=(compact.decode()[:-1] + f", {escaped}: {other}}}").encode())
        yield same(f"{path} in escapes", "llama", config=compact.decode().replace(f"{key}: {value}",
                                                                               f"{escaped}: {value}").encode())
    for old, new in [('"rope_theta": 10000.0', '"rope_theta": 10000.0, "rope_theta": 500000.0'),
                     ('"rope_type": "default"', '"rope_type": "default", "rope_type": "dynamic"')]:
        yield refuse(f"{old.split(':')[0]} twice in rope_parameters", "llama", here, "rope", config=compact.replace(
            old.encode(), new.encode()))
    # A dotted key is no path.
    for path in ("rope_parameters.rope_theta", "rope_parameters.rope_type"):
        yield either_same(f"a key with a dot, {path}", "llama", any_of(word(path), "rope"),
                          config=config | {path: "77"})


def nesting():
    compact = dump(golden("llama").config)
    for depth in (2, 8):
        for opening, closing in [("[", "]"), ('{"a":', "}")]:
            inner = opening * depth + ("1" if opening != "[" else "") + closing * depth
            yield same(f"an unknown field {depth} deep in {opening}", "llama",
                       config=(compact[:-1] + f', "foo": {inner}}}').encode())
    for depth in (64, 1000, 100_000, 3_000_000):
        for opening, closing in [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")]:
            inner = opening * depth + ("1" if opening != "[" else "") + closing * depth
            make = either_same if depth == 64 else refuse
            yield make(f"an unknown field {depth} deep in {opening}", "llama", word(CONFIG),
                       config=(compact[:-1] + f', "foo": {inner}}}').encode())
            yield refuse(f"config.json {depth} deep in {opening}, open", "llama", word(CONFIG),
                         config=(compact[:-1] + ', "foo": ' + opening * depth).encode())
            yield refuse(f"hidden_size {depth} deep in {opening}", "llama", word(CONFIG), config=configured(
                "llama", ("hidden_size", Raw(inner))))


def unknown():
    """Fields that nobody knows are no reason to refuse a model; what they are called is no reason to trust it."""
    for title, name in NAMES:
        if name and "\0" not in name:
            yield either_same(f"an unknown field named {title}", "llama", word(CONFIG),
                              config=golden("llama").config | {name: 1})
            yield either_same(f"an unknown text that is {title}", "llama", word(CONFIG),
                              config=golden("llama").config | {"foo": name})
    for title, value in [("a number", 1), ("a float", 1.5), ("null", None), ("true", True), ("a text", "a"),
                         ("an array", [1, "a", None, {}]), ("an object", {"a": {"b": [{}]}}), ("nothing", [])]:
        yield same(f"an unknown field that is {title}", "llama", config=golden("llama").config | {"foo": value})
    for path in ("auto_map", "trust_remote_code"):
        yield either_same(f"config.json with {path}", "llama", path, config=golden("llama").config | {
            path: {"AutoModel": "modeling.Model", "AutoConfig": "../outside--x.Config"}})
    for value in HUGE:
        yield either_same(f"an unknown field that is {shown(value)}", "llama", word(CONFIG),
                          config=golden("llama").config | {"foo": value})
    for raw in ("1e400", "-1e400", "1e-400", "1" * 5000, "0." + "1" * 5000, "1e+5", "1E5", "-0", "-0.0"):
        yield either_same(f"an unknown field that is {raw[:12]}", "llama", word(CONFIG),
                          config=golden("llama").config | {"foo": Raw(raw)})
    for raw in ('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"'):
        yield either_same(f"an unknown text {raw}", "llama", word(CONFIG),
                          config=golden("llama").config | {"foo": Raw(raw)})
        yield refuse(f"model_type {raw}", "llama", word(CONFIG), config=golden("llama").config | {
            "model_type": Raw(raw)})


def large():
    config = golden("llama").config
    compact = dump(config).encode()
    for title, text in [("20 MB of spaces", compact + b" " * 20_000_000),
                        ("an unknown text of 20 MB", dump(config | {"foo": "x" * 20_000_000}).encode()),
                        ("an unknown array of 5 million",
                         dump(config | {"foo": Raw("[" + "1," * 5_000_000 + "1]")}).encode()),
                        ("an unknown array of 3 million texts",
                         dump(config | {"foo": Raw("[" + '"a",' * 3_000_000 + '"a"]')}).encode()),
                        ("an unknown array of 3 million arrays",
                         dump(config | {"foo": Raw("[" + "[]," * 3_000_000 + "[]]")}).encode()),
                        ("a million unknown fields", dump(config | {f"f{i}": 1 for i in range(1_000_000)}).encode())]:
        case = either_same(f"config.json with {title}", "llama", word(CONFIG), config=text)
        case.large = True
        yield case
    for title, text in [("300,000 times one field", compact[:-1] + b', "foo": 1' * 300_000 + b"}"),
                        ("20 MB of open arrays", compact[:-1] + b', "foo": ' + b"[" * 20_000_000),
                        ("model_type of 20 MB", dump(config | {"model_type": "x" * 20_000_000}).encode()),
                        ("a hidden_size of 10 MB", dump(config | {"hidden_size": Raw("1" * 10_000_000)}).encode()),
                        ("layer_types of 2 million", json.dumps(golden("qwen3").config | {
                            "layer_types": ["full_attention"] * 2_000_000}).encode())]:
        case = refuse(f"config.json with {title}", "qwen3" if "layer_types" in title else "llama", word(CONFIG),
                      config=text)
        case.large = True
        yield case
