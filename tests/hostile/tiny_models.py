"""Models of about 40 KB that a correct reader runs: what the hostile files are made from."""
import functools
import random
import struct

from gguf_file import ARRAY, BOOL, F32, I32, STRING, TENSOR_TYPES, U32, Array, Gguf, Tensor, tensor_bytes

ARCHITECTURES = ["llama", "qwen2", "qwen3", "gemma3"]
BLOCKS, EMBEDDING, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, CONTEXT = 2, 32, 64, 2, 1, 16, 128
CHAT_TEMPLATE = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
                 "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


def byte_letters():
    """The letter that stands for each byte in byte-level BPE: itself where it can be seen, else one from U+0100 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {**{byte: chr(byte) for byte in seen}, **{byte: chr(256 + i) for i, byte in enumerate(hidden)}}


def byte_bpe():
    """Tokens, types and merges; special tokens come first."""
    specials = ["<unk>", "<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>"]
    merges = ["H i", "h e", "Ġ t", "Ġt he", "i n", "e r"]
    tokens = specials + sorted(byte_letters().values()) + [merge.replace(" ", "") for merge in merges]
    return tokens, [3] * len(specials) + [1] * (len(tokens) - len(specials)), merges


def sentence_pieces():
    """Tokens, types and scores."""
    specials = ["<unk>", "<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>"]
    pieces = ["▁", "H", "i", "h", "e", "t", "Hi", "▁Hi", "▁t", "he", "▁the"]
    tokens = specials + [f"<0x{byte:02X}>" for byte in range(256)] + pieces
    types = [2] + [3] * (len(specials) - 1) + [6] * 256 + [1] * len(pieces)
    return tokens, types, [0.0] * (len(specials) + 256) + [-float(i) for i in range(len(pieces))]


@functools.lru_cache(maxsize=None)
def weights(dims, kind, seed):
    """Small random numbers in the bytes of a tensor type: finite whatever the rest of a block holds."""
    rng = random.Random(f"{dims} {kind} {seed}")
    number, block, size, scales = TENSOR_TYPES[kind]
    total = tensor_bytes(dims, kind)
    if block == 1:
        values = [rng.uniform(-0.2, 0.2) for _ in range(total // size)]
        if kind == "BF16":
            return b"".join(struct.pack("<f", value)[2:] for value in values)
        return struct.pack(f"<{len(values)}{'f' if kind == 'F32' else 'e'}", *values)
    data = bytearray(rng.randbytes(total))
    for start in range(0, total, size):
        for scale in scales:
            struct.pack_into("<e", data, start + scale, rng.uniform(0.001, 0.003))
    return bytes(data)


def shapes(arch, vocabulary, blocks=BLOCKS, feed_forward=FEED_FORWARD, head_dim=HEAD_DIM):
    """(name, dimensions) of every tensor, matrices as [inputs, outputs]."""
    queries, keys = HEADS * head_dim, KV_HEADS * head_dim
    yield "token_embd.weight", (EMBEDDING, vocabulary)
    for block in range(blocks):
        rows = [("attn_norm", (EMBEDDING,)), ("attn_q", (EMBEDDING, queries)), ("attn_k", (EMBEDDING, keys)),
                ("attn_v", (EMBEDDING, keys)), ("attn_output", (queries, EMBEDDING)), ("ffn_norm", (EMBEDDING,)),
                ("ffn_gate", (EMBEDDING, feed_forward)), ("ffn_up", (EMBEDDING, feed_forward)),
                ("ffn_down", (feed_forward, EMBEDDING))]
        if arch in ("qwen3", "gemma3"):
            rows += [("attn_q_norm", (head_dim,)), ("attn_k_norm", (head_dim,))]
        if arch == "gemma3":
            rows += [("post_attention_norm", (EMBEDDING,)), ("post_ffw_norm", (EMBEDDING,))]
        for name, dims in rows:
            yield f"blk.{block}.{name}.weight", dims
        if arch == "qwen2":
            for name, width in [("attn_q", queries), ("attn_k", keys), ("attn_v", keys)]:
                yield f"blk.{block}.{name}.bias", (width,)
    yield "output_norm.weight", (EMBEDDING,)


def make(arch="llama", tokenizer=None, template=None, feed_forward=FEED_FORWARD, head_dim=HEAD_DIM, blocks=BLOCKS,
         matrix="F16"):
    """A model with tied output. Matrices are float16 unless told, everything else float32."""
    model = Gguf()
    tokenizer = tokenizer or ("llama" if arch == "gemma3" else "gpt2")
    model.add("general.architecture", STRING, arch)
    model.add("general.name", STRING, "Tiny")
    for key, value in [("block_count", blocks), ("context_length", CONTEXT), ("embedding_length", EMBEDDING),
                       ("feed_forward_length", feed_forward), ("attention.head_count", HEADS),
                       ("attention.head_count_kv", KV_HEADS), ("attention.key_length", head_dim),
                       ("attention.value_length", head_dim)]:
        model.add(f"{arch}.{key}", U32, value)
    model.add(f"{arch}.rope.freq_base", F32, 10000.0)
    if arch == "llama":
        model.add("llama.rope.dimension_count", U32, head_dim)
    if arch == "gemma3":
        model.add("gemma3.attention.sliding_window", U32, 16)
    model.add(f"{arch}.attention.layer_norm_rms_epsilon", F32, 1e-6)
    model.add("general.quantization_version", U32, 2)
    add_vocabulary(model, tokenizer)
    if template:
        model.add("tokenizer.chat_template", STRING, template)
    vocabulary = len(model.get("tokenizer.ggml.tokens").items)
    for seed, (name, dims) in enumerate(shapes(arch, vocabulary, blocks, feed_forward, head_dim)):
        add_tensor(model, name, dims, matrix if len(dims) == 2 else "F32", seed)
    return model


def add_vocabulary(model, tokenizer):
    model.add("tokenizer.ggml.model", STRING, tokenizer)
    tokens, types, rest = byte_bpe() if tokenizer == "gpt2" else sentence_pieces()
    model.add("tokenizer.ggml.pre", STRING, "gpt-2" if tokenizer == "gpt2" else "default")
    model.add("tokenizer.ggml.tokens", ARRAY, Array(STRING, tokens))
    if tokenizer == "gpt2":
        model.add("tokenizer.ggml.merges", ARRAY, Array(STRING, rest))
    else:
        model.add("tokenizer.ggml.scores", ARRAY, Array(F32, rest))
    model.add("tokenizer.ggml.token_type", ARRAY, Array(I32, types))
    for key, value in [("bos", 1), ("eos", 2), ("unknown", 0), ("padding", 3)]:
        model.add(f"tokenizer.ggml.{key}_token_id", U32, value)
    model.add("tokenizer.ggml.add_bos_token", BOOL, 1)


def add_tensor(model, name, dims, kind, seed=0):
    data = struct.pack(f"<{dims[0]}f", *[1.0] * dims[0]) if "norm" in name else weights(dims, kind, seed)
    model.tensors.append(Tensor(name, dims, kind, data))


def replace_tensor(model, name, dims, kind):
    """Gives a tensor another shape or type, with as many bytes as that needs."""
    tensor = model.tensor(name)
    tensor.dims, tensor.kind, tensor.data = tuple(dims), kind, weights(tuple(dims), kind, 99)
    return model


@functools.lru_cache(maxsize=None)
def cached(arch="llama", **choices):
    """`make`, once: copy before changing."""
    return make(arch, **choices)
