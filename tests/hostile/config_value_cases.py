"""Every field of every golden config.json at its extremes, and without it.

What is wrong by itself is refused by its name; a size that the tensors contradict, by its name or a tensor's. Fields
that no logit depends on may be ignored. A field that changes what is computed may be refused, or heeded: an answer that
is the same as without the change means that it was overlooked."""
import zlib

from case import ACCEPT, EITHER, REFUSE, any_of, numbered
from checkpoint_folder import CONFIG, GOLDEN, MODEL, Raw, golden, with_field, without_field
from config_fields import (BASE, CONTEXT, COUNT, EPSILON, FLOAT, IDLE, LIST, OBJECT, SIZE, SWITCH, WINDOW, WORD, kind)
from folder_case import ANY, NOT_FINITE, OTHER, SAME, TENSOR, field, make, word

HERE = any_of(word(CONFIG), word(MODEL), word("tiny"))

# The folders that get every value; the others get a sixth of them.
WHOLE = {"llama", "deepseek-v3-fp8", "gpt-oss-mxfp4", "gpt2", "gemma3", "phi3"}

NOT_JSON = [Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("01"), Raw("0x10"), Raw("1."), Raw(".5"), Raw("+1"),
            Raw("'a'"), Raw("nul"), Raw("True"), Raw("")]
HUGE = [2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30]
NO_NUMBERS = ["64", "", "a", [], [64], {}, {"a": 1}, True, False]
# A size may be found wrong where it meets another one.
CONTRADICTED = r'key "\w+": expected|layers\[\d+\]\.\w+'
NO_TEXTS = [0, 1, -1, 1.5, [], ["silu"], {}, True, False]


def cases():
    for name in GOLDEN:
        for path in golden(name).config:
            chosen = list(values(name, path))
            # What is idle is so in one folder as in another.
            share = (1 if name in WHOLE else 6) * (4 if kind(name, path) == IDLE else 1)
            for number, (value, verdict, output, names) in enumerate(chosen):
                if zlib.crc32(f"{name} {path} {number}".encode()) % share == 0:
                    yield case(name, path, value, verdict, output, names)
            yield without(name, path)


def shown(value):
    if isinstance(value, list) and len(value) > 2:
        return f"{value[0]!r:.30} to {value[-1]!r:.30} ({len(value)})"
    if isinstance(value, Raw):
        return f"the text {value}" if len(value) < 20 else f"the text {value[:9]}..."
    return numbered(value) if type(value) is int else repr(value)[:40]


def case(name, path, value, verdict, output, names):
    # That a text has more tokens than the context is as much about the text.
    names = names if path == "max_position_embeddings" and type(value) is int and value in (1, 2) else (HERE, *names)
    return make(f"{name} {path} is {shown(value)}", verdict, name, names, output, None,
                {"config": with_field(golden(name).config, path, value)})


def wrong(value, *names):
    return value, REFUSE, ANY, names


def values(name, path):
    """(value, verdict, output, names) of a top-level field."""
    old = golden(name).config[path]
    for value in NOT_JSON[:4] if name != "llama" else NOT_JSON:
        yield value, REFUSE, ANY, (word(CONFIG),)
    by_kind = {SIZE: sizes, COUNT: counts, EPSILON: epsilons, BASE: bases, CONTEXT: contexts, FLOAT: floats,
               WINDOW: windows, SWITCH: switches, WORD: words, LIST: lists, OBJECT: objects, IDLE: idle}
    for value, verdict, output, names in by_kind[kind(name, path)](name, path, old):
        # 1 and 1.0 are not True.
        if type(value) is not type(old) or value != old:
            yield value, verdict, output, names


def sizes(name, path, old):
    wrongs = field(path)
    fits = field(path, TENSOR, CONTRADICTED, *(["layer_types", "no_rope_layers"] if path == "num_hidden_layers" else []))
    if path == "first_k_dense_replace":
        fits = any_of(fits, "expert", "mlp")
    may_be_zero = path in ("first_k_dense_replace", "n_shared_experts", "q_lora_rank")
    for value in [-1, -2**31, -2**63, 0.5, -0.5, 1e308, 1e-308, Raw("1e999"), Raw("1e400"), *NO_NUMBERS]:
        yield wrong(value, wrongs)
    for value in (0, Raw("-0")):
        # Nothing of an optional part is none of it.
        optional = old is None and path in ("q_lora_rank", "n_inner")
        yield (value, EITHER, SAME, (wrongs,)) if optional else wrong(value, fits if may_be_zero else wrongs)
    for value in HUGE:
        yield wrong(value, fits)
    if isinstance(old, int):
        yield old + 0.5, REFUSE, ANY, (wrongs,)
        yield float(old), EITHER, SAME, (wrongs,)
        yield Raw(f"{old}e0"), EITHER, SAME, (wrongs,)
        # Heads of half the width are another model of the same tensors.
        other_heads = name == "gpt2" and path == "n_head"
        for value in sorted({1, 2, old - 1, old + 1, old * 2, old * 3, old // 2, 2**32 + old, 2**31 + old} - {old}):
            if value > 0:
                consistent = other_heads and golden(name).config["n_embd"] % value == 0
                yield (value, EITHER, OTHER, (fits,)) if consistent else wrong(value, fits)
    yield from nothing(name, path, old, fits)


def nothing(name, path, old, names):
    """null stands for the default, which may be the right value."""
    if old is not None:
        yield None, EITHER, ANY, (names,)


def counts(name, path, old):
    names = field(path, "expert", "group", "topk", TENSOR, CONTRADICTED)
    for value in [-1, -2**31, 0.5, 1e308, Raw("1e999"), *NO_NUMBERS]:
        yield wrong(value, field(path))
    yield wrong(0, names)
    for value in HUGE:
        yield wrong(value, names)
    for value in (1, 2, 3, 4, 5, 7, 8, 9, 2**32 + old):
        if path == "num_experts_per_tok":
            config = golden(name).config
            experts = config.get("n_routed_experts") or config["num_local_experts"]
            most = experts * config.get("topk_group", 1) // config.get("n_group", 1)
            yield (value, EITHER, OTHER, (names,)) if value <= most else wrong(value, names)
        elif path == "n_group":
            valid = 8 % value == 0 and value >= 2 and 8 // value * 2 >= 3
            yield (value, EITHER, ANY, (names,)) if valid else wrong(value, names)
        elif path == "topk_group":
            yield (value, EITHER, ANY, (names,)) if 2 <= value <= 4 else wrong(value, names)
        else:
            # Layers with and without experts in turns: none of these folders has them.
            yield wrong(value, names)
    yield from nothing(name, path, old, names)


def epsilons(name, path, old):
    for value in [-1e-6, -1, 1e308, -1e308, Raw("1e999"), 10**39, *NO_NUMBERS]:
        yield wrong(value, field(path))
    for value in (0, 0.0, 1e-45, 1e-300, 0.5, 1, 2**31, 3e38, Raw("1e-999"), Raw("-0.0")):
        yield value, EITHER, ANY, (field(path, NOT_FINITE),)
    yield from nothing(name, path, old, field(path))


def bases(name, path, old):
    for value in [0, 0.0, -1, -1e4, Raw("-0.0"), Raw("1e999"), *NO_NUMBERS]:
        yield wrong(value, field(path))
    for value in (1, 1.0, 0.5, 1e-30, 2**31, 2**63, 1e30, 1e308, old * 2):
        yield value, EITHER, OTHER, (field(path),)
    yield from nothing(name, path, old, field(path))


def contexts(name, path, old):
    for value in [0, -1, -2**63, 0.5, 1e308, 2**63, 2**64, 10**30, Raw("1e999"), *NO_NUMBERS]:
        yield wrong(value, field(path))
    for value in (1, 2):
        yield value, REFUSE, ANY, (any_of(HERE, "tokens"), r"context|max_position")
    for value in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 512.0):
        yield value, EITHER, ANY, (field(path, "context"),)
    yield 131072, ACCEPT, ANY, ()
    yield 16, ACCEPT, ANY, ()
    yield from nothing(name, path, old, field(path))


def floats(name, path, old):
    for value in [Raw("1e999"), Raw("-1e999"), *NO_NUMBERS]:
        if not (value is False and old is None):
            yield wrong(value, field(path))
    for value in (0, 0.0, -1, -1e30, 1e-300, 1e30, 1e308, 2**64):
        yield (wrong(value, field(path)) if value in (0, -1, -1e30) and path == "query_pre_attn_scalar" else
               (value, EITHER, ANY, (field(path, NOT_FINITE, "logit"),)))
    for value in (1, 1.5, 2.5):
        # No activation of this folder's is as large as 2.5.
        reached = (name, path, value) != ("gpt-oss-mxfp4", "swiglu_limit", 2.5)
        yield value, EITHER, OTHER if reached else ANY, (field(path),)
    yield from nothing(name, path, old, field(path))


def windows(name, path, old):
    names = field(path, "window")
    for value in [-1, -2**31, 0.5, 1e308, Raw("1e999"), "16", "", [], [16], {}]:
        # Whether a model without windows may be said to have none in any way is open.
        yield wrong(value, names) if old is not None else (value, EITHER, SAME, (names,))
    for value in (True, False):
        yield value, EITHER, SAME, (names,)
    for value in (0, 2**31, 2**32, 2**63, 2**64, 2**64 + 16):
        yield value, EITHER, ANY, (names,)
    for value in (1, 2):
        # With three tokens such a window shows, where the architecture has windows at all.
        yield value, EITHER, OTHER if old is not None else ANY, (names,)
    for value in (4, 4096, 131072):
        yield value, ACCEPT, SAME if old is not None else ANY, ()
    yield from nothing(name, path, old, names)


# What a switch the other way round means.
FLIPPED = {"tie_word_embeddings": (EITHER, ANY, r"tie_word|lm_head"),
           "attention_bias": (REFUSE, ANY, r"attention_bias|\w+\.bias"),
           "mlp_bias": (REFUSE, ANY, r"mlp_bias|\w+\.bias"),
           "norm_topk_prob": (EITHER, OTHER, "norm_topk_prob"), "rope_interleave": (EITHER, OTHER, "rope_interleave"),
           "use_sliding_window": (EITHER, SAME, "sliding_window|layer_types"),
           "scale_attn_weights": (EITHER, OTHER, "scale_attn_weights"),
           "scale_attn_by_inverse_layer_idx": (EITHER, OTHER, "scale_attn_by_inverse"),
           "add_cross_attention": (EITHER, SAME, "cross_?attention|cross"),
           "use_bidirectional_attention": (EITHER, OTHER, "bidirectional")}


def switches(name, path, old):
    verdict, output, names = FLIPPED[path]
    if path == "tie_word_embeddings" and old:
        verdict = REFUSE
    # Gemma, OLMo 2, Qwen and SmolLM name it, and have it off: no tensors are there.
    yield not old, verdict, output, (names,)
    matters = path not in ("use_sliding_window", "add_cross_attention")
    for value in ["true", "", "false", [], [True], {}, 1.5, -1, 2**64, Raw("1e999")]:
        yield wrong(value, field(path)) if matters else (value, EITHER, SAME, (field(path),))
    for value in (0, 1):
        yield value, EITHER, ANY, (any_of(names, field(path)),)
    yield from nothing(name, path, old, any_of(names, field(path)))


def words(name, path, old):
    if path == "model_type":
        names = any_of("model_type", "architecture")
        for value in ["", "foo", "LLAMA", "llama ", " llama", "llama\n", "llama4", "llama\0", "../llama", "gemma3",
                      "x" * 100_000, "\x1b[31mllama", "mamba", "bert", "deepseek_v2", "general", "gpt-oss",
                      "qwen3-moe"]:
            yield wrong(value, names)
        for value in ["qwen3", "gpt2", "gpt_oss", "deepseek_v3", "mixtral", "gemma2", "gemma3_text", "phi3", "olmo2"]:
            if value != old:
                # Another architecture needs other tensors, or other fields.
                yield wrong(value, any_of(TENSOR, r"[a-z]+_[a-z_]+"))
    else:
        names = field(path)
        for value in ["", "foo", "x" * 100_000, "\x1b[31m", old + "\0", old.upper() + "!", " " + old]:
            yield wrong(value, names)
        others = {"scoring_func": ["softmax"], "topk_method": ["greedy", "group_limited_greedy"]}
        for value in others.get(path, ["relu", "tanh", "sigmoid", "linear", "relu2", "gelu", "gelu_new", "silu",
                                       "gelu_pytorch_tanh", "quick_gelu"]):
            # gelu_new and gelu_pytorch_tanh are one function; gpt-oss has an activation of its own.
            alike = {value, old} == {"gelu_new", "gelu_pytorch_tanh"} or name.startswith("gpt-oss")
            yield value, EITHER, ANY if alike else OTHER, (names,)
    for value in NO_TEXTS:
        yield wrong(value, names)
    yield None, REFUSE if path == "model_type" else EITHER, ANY, (names,)


def lists(name, path, old):
    names = field(path, "layer")
    if path == "mlp_only_layers":
        for value in ["", "a", {}, 1.5, ["a"], [-1], [0.5], [2**64], [[0]], [None]]:
            yield value, EITHER, ANY, (names,)
        for value in ([0], [2], [0, 1, 2]):
            yield wrong(value, any_of(names, TENSOR))
        yield 3, EITHER, ANY, (names,)
    elif path == "no_rope_layers":
        for value in ["", "1110", {}, 1, 1.5, True, ["a"] * 4, [1, 1, 1], [1] * 5, [1] * 1000, [[1]] * 4, [{}] * 4]:
            yield wrong(value, names)
        for value in ([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]):
            yield value, EITHER, OTHER, (names,)
        for value in ([], [2] * 4, [-1] * 4, [0.5] * 4, [None] * 4, [2**64] * 4, [True] * 3 + [False]):
            yield value, EITHER, ANY, (names,)
    else:
        for value in ["", "full_attention", {}, 1, 1.5, True, old[:-1], old + old[-1:], old * 100, ["foo"] * len(old),
                      old[:-1] + ["foo"], [1] * len(old), [[each] for each in old], old[:-1] + [None],
                      old[:-1] + ["full_attention\0"], [""] * len(old),
                      old[:-1] + ["chunked_attention"], old[:-1] + ["linear_attention"]]:
            yield wrong(value, names)
        yield [], EITHER, ANY, (names,)
        sliding = "sliding_attention" in old
        yield ["full_attention"] * len(old), ACCEPT, ANY, ()
        if sliding:
            yield ["sliding_attention"] * len(old), ACCEPT, ANY, ()
        else:
            yield ["sliding_attention"] * len(old), EITHER, ANY, (any_of(names, "window"),)
    yield from nothing(name, path, old, any_of(names, TENSOR))


def objects(name, path, old):
    names = field(path, "rope", "quant")
    for value in ["", "a", "default", 1, 0, -1, 1.5, True, [], [1], [{}], Raw('{"a"}'), Raw("{")]:
        if isinstance(value, Raw):
            yield value, REFUSE, ANY, (word(CONFIG),)
        elif old is None and path == "rope_scaling":
            yield value, EITHER, SAME, (names,)
        else:
            yield wrong(value, names)
    for value in ({}, {"foo": 1}):
        yield value, EITHER, ANY, (any_of(names, "factor", "theta", TENSOR),)
    yield from nothing(name, path, old, any_of(names, TENSOR))


def idle(name, path, old):
    for value in [0, -1, 1, 2**31, 2**63, 2**64, 1e308, Raw("1e999"), 0.5, "a", "", "\x1b[31m", [], [1], [[]], {},
                  {"a": [{}]}, None, True, False, "x" * 100_000]:
        # What a model ends with is no part of its logits, and may still be checked.
        yield value, EITHER, SAME, (field(path, "token", TENSOR),)


# Missing fields of sizes whose default is what the file has.
DEFAULTED = {("gpt2", "n_inner"), ("llama", "head_dim"), ("llama3-rope", "head_dim"), ("mistral", "head_dim"),
             ("mixtral", "head_dim"), ("deepseek-v3-no-q-lora", "q_lora_rank")}
# Missing switches whose default is not what the file has.
FLIPPED_BY_DEFAULT = {("qwen3-moe", "norm_topk_prob")}


def without(name, path):
    """The folder with a field left out."""
    what, names = kind(name, path), (HERE, field(path, TENSOR, "rope", "layer", "expert", "group", "factor"))
    if what == IDLE:
        verdict, output = ACCEPT, SAME
    elif path == "model_type":
        verdict, output = REFUSE, ANY
    elif what == SIZE:
        verdict, output = REFUSE, ANY
        if (name, path) in DEFAULTED or path in ("vocab_size", "n_positions", "n_shared_experts"):
            verdict, output = EITHER, SAME
    elif (name, path) in FLIPPED_BY_DEFAULT:
        verdict, output = EITHER, OTHER
    elif what in (EPSILON, CONTEXT, SWITCH, WORD) or path in ("sliding_window", "swiglu_alpha", "swiglu_limit",
                                                             "routed_scaling_factor", "quantization_config"):
        verdict, output = EITHER, SAME
    else:
        verdict, output = EITHER, ANY
    return make(f"{name} without {path}", verdict, name, names, output, None,
                {"config": without_field(golden(name).config, path)})
