#!/usr/bin/env python3
"""Makes tests/data/tokenizer/cases.json: small tokenizer.json files of every kind that is supported, trained on the
texts below, with the ids and decoded texts that Hugging Face's library (PyPI: tokenizers) gives for them.

    tools/make_tokenizer_cases.py > tests/data/tokenizer/cases.json
"""
import json
import sys

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog didn't mind: it's what dogs do.",
    "for (int i = 0; i < 100; ++i) {\n    total += values[i] * 2;\n}\n",
    "In 2025 the price fell from 1,250 to 37 dollars; that's 97% less than in 1999.",
    "Der Fluss fließt über die Wiese, und die Bäume grüßen. Ça va déjà à l'école.",
    "Привет, мир! Как дела сегодня? 你好，世界。今天天气很好。こんにちは、世界。안녕하세요 세계",
    "HTTPServer parseJSON camelCase snake_case kebab-case CONSTANT_NAME",
    "one  two   three    four\t\tfive\n\n\nsix\r\nseven",
] * 3

TEXTS = [
    "", "a", " ", "  ", "   ", "\n", "\n\n", " \n ", "\r\n\r\n", "\t", " a", "a ", "The dog", "the  dog", "   the dog   ",
    "Hello, world!", "I'm we've they'd don't IT'S you'LL 'tis", "1234567890", "12 345 6789", "x=1;y=22;z=333",
    "for(int i=0;i<10;++i){\n    a[i] = b[i]*c;\n}\n", "naïve café déjà vu", "Straße über Äpfel", "Привет, мир!",
    "こんにちは世界。", "你好世界abc123", "안녕하세요 세계", "नमस्ते दुनिया", "😀👍🏽👨\u200d👩\u200d👧",
    "e\u0301 a\u0308\u0304 \u1e9b\u0323 \ufb01 \u00bd \u2460 \u212b \u2126", "\u0301\u0316x", "a\u00a0b\u2003c\u3000d",
    "<s>hi</s>", "<|end|> <|end|>", "x<|end|>y", " <tool> ", "<tool><tool>", "a<mask>b", "a <mask>  b", "a  <left> b",
    "wordword word", "word", "sword words word.", "\u2581\u2581a \u2581", "HTTPServer parseJSON", "ABCdefGHI", "\x00\x01\x7f",
    "..!!??", "$^ <> ~|", "\n\n\n\nend", "a\n\n\nb", "a\r\n b", "\u1e0d\u0307 q\u0307\u0323", "ſ 'ſ K", "\uac00\u11a8",
    "snake_case kebab-case", "tab\there", "x" * 70, "ab" * 60, "dog " * 20,
]

GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
TAIL = r"""\s*[\r\n]+|\s+(?!\S)|\s+"""
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|"
          r"\s+(?!\S)|\s+")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
LEAD = r"[^\r\n\p{L}\p{N}]?"
O200K = (f"{LEAD}{UPPER}*{LOWER}+{ENDING}|{LEAD}{UPPER}+{LOWER}*{ENDING}|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL)
DEEPSEEK = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
            " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"]
CODER = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥\u0800-一가-\ud7ff]+"]

SPACE = "\u2581"
BYTES = [f"<0x{i:02X}>" for i in range(256)]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(parts, size=420, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts) if len(parts) > 1 else parts[0]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def characters(normalizer, pre_tokenizer, decoder, specials=("<unk>", "<s>", "</s>"), with_bytes=True, **model):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=with_bytes, **model))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    if decoder:
        tokenizer.decoder = decoder
    trainer = trainers.BpeTrainer(vocab_size=300 + (256 if with_bytes else 0), show_progress=False,
                                  special_tokens=list(specials) + (BYTES if with_bytes else []), max_token_length=12)
    # Trained word by word: without a pre-tokenizer one merge would swallow a whole text.
    words = [word for text in CORPUS for word in text.replace(" ", " \0").split("\0")]
    tokenizer.train_from_iterator(words, trainer)
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = [t for t in document["added_tokens"] if t["content"] not in BYTES]
    return Tokenizer.from_str(json.dumps(document))


def unspaced(start):
    return decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
                             + ([decoders.Strip(" ", 1, 0)] if start else []))


def changed(tokenizer, **model):
    document = json.loads(tokenizer.to_str())
    document["model"].update(model)
    return Tokenizer.from_str(json.dumps(document))


def as_strings(tokenizer):
    """Merges as one string each, as older files have them."""
    document = json.loads(tokenizer.to_str())
    document["model"]["merges"] = [" ".join(pair) for pair in document["model"]["merges"]]
    document["model"].pop("ignore_merges", None)
    return document


def special(content, **flags):
    return AddedToken(content, special=True, normalized=False, **flags)


def cases():
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    tokenizer = byte_level([plain])
    yield "GPT-2", as_strings(tokenizer), {}
    yield "GPT-2 with a prefix space", byte_level([pre_tokenizers.ByteLevel(add_prefix_space=True)]), {}
    tokenizer = byte_level([pre_tokenizers.Digits(individual_digits=True), plain])
    tokenizer.add_special_tokens([special("<s>"), special("<|end|>")])
    yield "SmolLM", tokenizer, {"bos_token": "<s>", "eos_token": {"content": "<|end|>"}}

    tokenizer = changed(byte_level([split(LLAMA3), last]), ignore_merges=True)
    tokenizer.add_special_tokens([special("<s>"), special("</s>"), special("<|end|>")])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[
            ("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>"))])])
    yield "Llama 3", tokenizer, {}

    tokenizer = byte_level([split(QWEN2), last])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens([special("<|end|>")])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=True), AddedToken("déjà", normalized=True)])
    yield "Qwen2", tokenizer, {"eos_token": "<|end|>", "add_bos_token": False}

    yield "o200k", byte_level([split(O200K), last]), {}
    yield "cl100k", byte_level([split(CL100K, "removed", True), last]), {}
    yield "DeepSeek V3", byte_level([split(p) for p in DEEPSEEK] + [last]), {}
    yield "DeepSeek Coder", byte_level([split(p) for p in CODER]
                                       + [pre_tokenizers.Digits(individual_digits=True), last]), {}
    yield "Falcon", byte_level([pre_tokenizers.Punctuation("contiguous"), plain,
                                pre_tokenizers.Digits(individual_digits=False), split("[0-9][0-9][0-9]")]), {}
    yield "punctuation alone", byte_level([pre_tokenizers.Punctuation("isolated"), last]), {}
    yield "a pattern of its own", byte_level([split(r"[A-Z][a-z]+|\d{2}|(?<=_)\w|(?i:the)\b"), last]), {}
    yield "a literal", byte_level([pre_tokenizers.Split("e.", "isolated"), last]), {}
    yield "no pieces", byte_level([last]), {}

    for name in ("NFD", "NFKC", "NFKD"):
        tokenizer = byte_level([plain])
        tokenizer.normalizer = getattr(normalizers, name)()
        yield name, tokenizer, {}

    llama2 = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer = characters(llama2, None, unspaced(True), fuse_unk=True)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    yield "Llama 2", tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "add_eos_token": True}
    yield "Llama 2 with string merges", as_strings(tokenizer), {}

    gemma = characters(normalizers.Replace(" ", SPACE), pre_tokenizers.Split(" ", "merged_with_previous"),
                       unspaced(False), fuse_unk=True)
    gemma.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("\n\n\n", normalized=False),
                      AddedToken(SPACE * 2, normalized=False)])
    yield "Gemma", gemma, {}

    for scheme, parts in (("first", False), ("always", True), ("never", False)):
        metaspace = pre_tokenizers.Metaspace(SPACE, scheme, parts)
        tokenizer = characters(None, metaspace, decoders.Sequence([
            decoders.ByteFallback(), decoders.Metaspace(SPACE, scheme, parts)]))
        yield f"Metaspace, {scheme}", tokenizer, {}

    for fuse in (True, False):
        yield f"unknown characters, fused {fuse}", characters(
            llama2, None, unspaced(True), with_bytes=False, fuse_unk=fuse), {}

    tokenizer = byte_level([plain])
    tokenizer.normalizer = normalizers.Replace("mask", "MASK")
    tokenizer.add_special_tokens([special("<|end|>"), AddedToken("<mask>", special=True, normalized=False, lstrip=True),
                                  AddedToken("<left>", special=True, normalized=False, rstrip=True)])
    tokenizer.add_tokens([AddedToken("word", single_word=True, normalized=False),
                          AddedToken("<tool>", lstrip=True, rstrip=True, normalized=True),
                          AddedToken("tab", normalized=True), AddedToken("table", normalized=True)])
    yield "flags of added tokens", tokenizer, {}


def decoded(tokenizer, ids):
    """What the library decodes, or None where that is a quirk of its own: it takes added tokens for spelled bytes, and
    all the spaces out of a first token."""
    result = tokenizer.decode(ids, skip_special_tokens=True)
    first = tokenizer.id_to_token(ids[0]) if ids else ""
    metaspace = "Metaspace" in tokenizer.to_str()
    return None if "\ufffd" in result or (metaspace and first.count(SPACE) > 1) else result


def main():
    out = []
    for name, tokenizer, config in cases():
        document = tokenizer if isinstance(tokenizer, dict) else json.loads(tokenizer.to_str())
        # Old files are read as they are; their tokenizer is the one that was read.
        tokenizer = Tokenizer.from_str(json.dumps(document))
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        whole = tokenizer.encode("dog", add_special_tokens=True).ids
        out.append({"name": name, "config": config, "ids": ids, "dog": whole,
                    "decoded": [decoded(tokenizer, each) for each in ids],
                    "tokenizer": document})
    json.dump({"source": f"tokenizers {tokenizers.__version__}", "texts": TEXTS, "cases": out}, sys.stdout,
              ensure_ascii=True, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
