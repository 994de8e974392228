"""The other files of a folder: tokenizer.json, which a model needs to be spoken to, and those that it may have."""
import copy
import json

from case import EITHER, REFUSE, any_of
from checkpoint_folder import CONFIG, INDEX, MODEL, TOKENIZER, Raw, dump, golden
from folder_case import (DIRECTORY, FIFO, SOCKET, Case, Link, Mode, Sparse, either, either_same, refuse, same, within,
                         word)
from folder_text import BAD_UTF8, NAMES

BASE = "llama"
NOBODY = 65534
OPTIONAL = ["generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
            "chat_template.json", "tokenizer.model", "added_tokens.json", "vocab.json", "merges.txt", "README.md"]
# Numbers where ids are expected.
NUMBERS = [-1, -2**31, 0.5, 1e308, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64, 10**30, "1", None, True, [], {}]


def cases():
    for group in [tokenizer_text, vocabulary, merges, added_tokens, parts, optional, files_missing, kinds, unreadable,
                  sizes]:
        yield from group()


def tokenizer():
    return json.loads(golden(BASE).tokenizer)


def tokenizer_text():
    good = golden(BASE).tokenizer
    here = word(TOKENIZER)
    for title, text in [("empty", b""), ("a brace", b"{"), ("null", b"null"), ("an array", b"[]"), ("a string", b'"a"'),
                        ("an empty object", b"{}"), ("zeros", bytes(4096)), ("twice", good + good),
                        ("with a NUL after it", good + b"\0"), ("with text after it", good + b"x"),
                        ("UTF-16", good.decode().encode("utf-16")), ("upside down", good[::-1]),
                        ("with NaN", good.replace(b'"dropout": null', b'"dropout": NaN')),
                        ("deep", b"[" * 100_000), ("deep and closed", b"[" * 100_000 + b"]" * 100_000),
                        ("deep in objects", b'{"a":' * 100_000), ("a tensor file", golden(BASE).model),
                        ("config.json", golden(BASE).config_text), ("GGUF", b"GGUF\3\0\0\0" + bytes(99)),
                        ("with a comma more", good.rstrip()[:-1] + b",}"),
                        ("of single quotes", good.replace(b'"', b"'"))]:
        yield refuse(f"tokenizer.json is {title}", BASE, here, tokenizer=text)
    assert b'"dropout": null' in good
    for at in range(1, len(good.rstrip()), 397):
        yield refuse(f"tokenizer.json cut at byte {at}", BASE, here, tokenizer=good[:at])
    for name, data in BAD_UTF8:
        yield refuse(f"{name} in tokenizer.json", BASE, here, tokenizer=good.replace(b"<unk>", b"<un" + data + b"k>"))
    for key in ("model", "version", "added_tokens", "pre_tokenizer", "decoder", "normalizer", "post_processor"):
        yield refuse(f"{key} twice in tokenizer.json", BASE, here,
                     tokenizer=good.rstrip()[:-1] + f', "{key}": 1}}'.encode())


def changed(change):
    """The base's tokenizer after `change` of its dictionary."""
    other = copy.deepcopy(tokenizer())
    change(other)
    return dump(other).encode()


def put(path, value):
    """The base's tokenizer with one field set, "model.vocab"."""
    def change(other):
        *parents, last = path.split(".")
        for part in parents:
            other = other[part]
        other[last] = value
    return changed(change)


def wrong(title, text, *names):
    return refuse(f"tokenizer.json: {title}", BASE, word(TOKENIZER), *names, tokenizer=text)


def vocabulary():
    for title, value in [("null", None), ("empty", {}), ("an array", []), ("a string", "a"), ("a number", 1),
                         ("an array of pairs", [["a", 1]])]:
        yield wrong(f"vocab is {title}", put("model.vocab", value), "vocab|token")
    names = "vocab|token|id"
    for value in NUMBERS:
        yield wrong(f"an id is {str(value)[:12]!r}", changed(lambda other, value=value: other["model"]["vocab"].update(
            {"a": value})), names)
    yield wrong("an id of NaN", changed(lambda other: other["model"]["vocab"].update({"a": Raw("NaN")})))
    yield wrong("one id for two tokens", changed(lambda other: other["model"]["vocab"].update({"a": 66})), names)
    yield wrong("one id for all tokens", changed(lambda other: other["model"].update(
        vocab={token: 7 for token in other["model"]["vocab"]})), names)
    vocab = json.dumps(tokenizer()["model"]["vocab"])
    for again in ('"a": 68', '"a": 9', '"\\u0061": 319'):
        yield wrong(f"a token twice, {again}", put("model.vocab", Raw(vocab[:-1] + f", {again}}}")), names)
    for title, token in NAMES:
        yield either(f"tokenizer.json: a token that is {title}", BASE, word(TOKENIZER), tokenizer=changed(
            lambda other, token=token: other["model"]["vocab"].update({token: 320})))
    for count in (321, 1000, 100_000):
        yield either(f"tokenizer.json: {count} tokens of a model of 320", BASE, any_of(word(TOKENIZER), "vocab"),
                     tokenizer=changed(lambda other, count=count: other["model"]["vocab"].update(
                         {f"zz{i}": i for i in range(320, count)})))
    yield either("tokenizer.json: a hole in the ids", BASE, word(TOKENIZER), tokenizer=changed(
        lambda other: other["model"]["vocab"].update({"zz": 2000})))


def merges():
    for title, value in [("null", None), ("a string", "a b"), ("a number", 1), ("an object", {}), ("numbers", [1, 2]),
                         ("arrays of one", [["a"]]), ("arrays of three", [["a", "b", "c"]]), ("nulls", [None]),
                         ("one word", ["a"]), ("three words", ["a b c"]), ("empty texts", [""]), ("a space", [" "]),
                         ("arrays of numbers", [[1, 2]]), ("deep arrays", [[[["a", "b"]]]]),
                         ("unknown parts", ["\u2603 \u2603"]),
                         ("an unknown result", ["~ ~"]), ("empty arrays", [[]]), ("arrays of empty texts", [["", ""]])]:
        yield wrong(f"merges are {title}", put("model.merges", value), "merge")
    good = tokenizer()["model"]["merges"]
    yield either("tokenizer.json: a merge twice", BASE, "merge", tokenizer=put("model.merges", good + good[:1]))
    yield either("tokenizer.json: no merges", BASE, "merge", tokenizer=put("model.merges", []))


def added_tokens():
    base = tokenizer()["added_tokens"][0]
    names = "added_token|token|id|content"
    for title, value in [("a string", "a"), ("a number", 1), ("an object", {}), ("numbers", [1]), ("texts", ["a"]),
                         ("nulls", [None]), ("arrays", [[]]), ("empty objects", [{}])]:
        yield wrong(f"added_tokens are {title}", put("added_tokens", value), names)
    for value in NUMBERS:
        # None of the base's vocabulary has the text, so that nothing else can give it an id.
        yield wrong(f"an added token's id is {str(value)[:12]!r}", changed(
            lambda other, value=value: other["added_tokens"].append(base | {"content": "<new>", "id": value})), names)
    for value in [None, 1, True, [], {}]:
        yield wrong(f"an added token's content is {value!r}", changed(
            lambda other, value=value: other["added_tokens"].append(base | {"content": value, "id": 319})), names)
    for key in ("special", "normalized", "lstrip", "rstrip", "single_word"):
        for value in ["true", 1, [], {}]:
            yield either(f"tokenizer.json: {key} of an added token is {value!r}", BASE, any_of(names, key),
                         tokenizer=changed(lambda other, key=key, value=value: other["added_tokens"][0].update(
                             {key: value})))
    for key in ("id", "content"):
        yield wrong(f"an added token without {key}", changed(
            lambda other, key=key: other["added_tokens"][0].pop(key)), names)
    yield either("tokenizer.json: an empty added token", BASE, names, tokenizer=changed(
        lambda other: other["added_tokens"].append(base | {"content": "", "id": 319})))
    yield wrong("two texts for one added id", changed(
        lambda other: other["added_tokens"].append(base | {"content": "<new>", "id": 1})), names)
    yield either("tokenizer.json: an added token beyond the model", BASE, names, tokenizer=changed(
        lambda other: other["added_tokens"].append(base | {"content": "<new>", "id": 320})))


def parts():
    names = "model|type|normalizer|pre_tokenizer|decoder|post_processor|tokenizer"
    for value in ["", "foo", "bpe", "WordPiece", "WordLevel", 1, [], {}, True, "\x1b[31m"]:
        yield wrong(f"model.type is {value!r}", put("model.type", value), names)
    yield wrong("Unigram without scores", put("model.type", "Unigram"), names + "|vocab|unk")
    for value in [1, "a", [], True]:
        yield wrong(f"model is {value!r}", put("model", value), names)
    for key in ("normalizer", "pre_tokenizer", "decoder"):
        for value in ["", "a", 1, 0.5, True, [], [1], {}, {"type": "foo"}, {"type": 1}, {"type": None}, {"type": []},
                      {"type": "Sequence"}, {"type": "\x1b[31m"}, {"type": "x" * 100_000}]:
            yield wrong(f"{key} is {str(value)[:30]}", put(key, value), any_of(names, key))
        list_key = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "decoder": "decoders"}[key]
        text = '{"type": "Sequence", "' + list_key + '": ['
        deep = Raw(text * 20_000 + "]}" * 20_000)
        yield wrong(f"{key} 20,000 sequences deep", put(key, deep))
    for pattern in ["(", "[", "a{99999}", "(a+)+$", "(?R)", "(?<=a+)b", "\\", "(" * 10_000 + ")" * 10_000,
                    "[" * 10_000, "(?:" * 5000 + "a" + ")*" * 5000, "x" * 1_000_000, "\\p{Foo}", "(?C1)",
                    "(*LIMIT_MATCH=1)",
                    "(*UTF)", "a{1000}{1000}{1000}", "\\Q", "(?i", "\x00", "(?P<n>a)(?P<n>b)"]:
        split = {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}
        yield either(f"tokenizer.json: the pattern {pattern[:20]!r} ({len(pattern)})", BASE, word(TOKENIZER),
                     tokenizer=put("pre_tokenizer", split))


def optional():
    """Files that a folder may have: whole, broken, or of another kind."""
    for name in OPTIONAL:
        here = word(name)
        for title, data in [("empty", b""), ("broken JSON", b"{"), ("null", b"null"), ("an array", b"[]"),
                            ("zeros", bytes(4096)), ("not UTF-8", b'{"a": "\xff\xfe"}'), ("deep", b"[" * 100_000),
                            ("deep and closed", b"[" * 100_000 + b"]" * 100_000), ("random", bytes(range(256)) * 9),
                            ("NaN", b'{"eos_token_id": NaN, "temperature": Infinity}'),
                            ("a template that is open", b"{% for a in b %}"), ("a template of braces", b"{{" * 50_000)]:
            yield either_same(f"{name} is {title}", BASE, here, files=golden(BASE).files() | {name: data})
        for content in (DIRECTORY, FIFO, SOCKET):
            yield either_same(f"{name} is a {content}", BASE, here, files=golden(BASE).files() | {name: content})
    for key, path in [("eos_token_id", "generation_config.json"), ("bos_token_id", "generation_config.json"),
                      ("temperature", "generation_config.json"), ("chat_template", "tokenizer_config.json"),
                      ("eos_token", "tokenizer_config.json"), ("added_tokens_decoder", "tokenizer_config.json"),
                      ("add_bos_token", "tokenizer_config.json"), ("chat_template", "chat_template.json")]:
        for value in [*NUMBERS, [2**63], [-1], ["a"], {"a": {"b": []}}, [{"name": 1, "template": 2}], "{{ 1 / 0 }}"]:
            yield either_same(f"{key} of {path} is {str(value)[:30]!r}", BASE, word(path),
                              files=golden(BASE).files() | {path: json.dumps({key: value}).encode()})


def files_missing():
    whole = golden(BASE).files()
    for name, names in [(CONFIG, word(CONFIG)), (MODEL, r"\.safetensors")]:
        yield refuse(f"no {name}", BASE, names, files={key: data for key, data in whole.items() if key != name})
    yield either_same("no tokenizer.json", BASE, word(TOKENIZER), files={CONFIG: whole[CONFIG], MODEL: whole[MODEL]})
    yield refuse("config.json alone", BASE, r"\.safetensors", files={CONFIG: whole[CONFIG]})
    yield refuse("model.safetensors alone", BASE, word(CONFIG), files={MODEL: whole[MODEL]})
    yield Case("an empty folder", REFUSE, {"tiny": DIRECTORY}, (word("tiny"),))
    yield Case("no folder", REFUSE, {"other": DIRECTORY}, (word("tiny"),))
    for name in (CONFIG, MODEL, TOKENIZER):
        yield Case(f"{name} instead of a folder", REFUSE, within(whole), (word(name),), model=f"tiny/{name}")
    yield Case("a fifo instead of a folder", REFUSE, {"tiny": FIFO}, (word("tiny"),))
    yield Case("a socket instead of a folder", REFUSE, {"tiny": SOCKET}, (word("tiny"),))
    for title, name in [("Config.json", "Config.json"), ("config.json with a space", "config.json ")]:
        yield refuse(f"{title} instead of config.json", BASE, word(CONFIG),
                     files={name: whole[CONFIG], MODEL: whole[MODEL], TOKENIZER: whole[TOKENIZER]})
    for name in ("pytorch_model.bin", "model.gguf", "consolidated.safetensors", "model-00001-of-00001.safetensors"):
        yield either_same(f"{name} instead of model.safetensors", BASE, r"\.safetensors",
                          files={CONFIG: whole[CONFIG], TOKENIZER: whole[TOKENIZER], name: whole[MODEL]})
        yield same(f"{name} besides model.safetensors", BASE, files=whole | {name: b"\x80\2}q\0."})


def kinds():
    """Files that are no regular files: refused at once, not waited for."""
    for name in (CONFIG, MODEL, TOKENIZER):
        for content in (DIRECTORY, FIFO, SOCKET):
            yield refuse(f"{name} is a {content}", BASE, word(name), files=golden(BASE).files() | {name: content})
        for target in ("/dev/zero", "/dev/null", "/dev/full", "/dev/random", "/dev/stdin", "/proc/self/environ",
                       "/proc/self/mem", "/proc/kmsg", "/", ".", "..", name, "nothing", "/etc/passwd"):
            case = refuse(f"{name} is a link to {target}", BASE, word(name),
                          files=golden(BASE).files() | {name: Link(target)})
            case.traced = True
            yield case


def unreadable():
    for name in (CONFIG, MODEL, TOKENIZER):
        files = golden(BASE).files()
        case = refuse(f"{name} may not be read", BASE, word(name), files=files | {name: Mode(files[name], 0)})
        case.user = NOBODY
        yield case
    yield Case("a folder that may not be entered", REFUSE, within(golden(BASE).files()) | {"tiny": Mode(None, 0)},
               (word("tiny"),), user=NOBODY)
    yield Case("a folder that may be entered and not listed", EITHER,
               within(golden(BASE).files()) | {"tiny": Mode(None, 0o711)}, (word("tiny"),), user=NOBODY)


def sizes():
    """Files that are said to be far larger than anything read of them may be."""
    terabyte = 1 << 40
    whole = golden(BASE).files()
    for name in (CONFIG, TOKENIZER):
        for head in (b"", whole[name], whole[name].rstrip()[:-1]):
            yield refuse(f"{name} of a terabyte after {len(head)} bytes", BASE, word(name),
                         files=whole | {name: Sparse(head, terabyte)})
    for name in OPTIONAL[:6]:
        yield either_same(f"{name} of a terabyte", BASE, word(name), files=whole | {name: Sparse(b"{", terabyte)})
    yield refuse("model.safetensors of a terabyte", BASE, word(MODEL),
                 files=whole | {MODEL: Sparse(whole[MODEL], terabyte)})
    yield refuse("model.safetensors of a terabyte of zeros", BASE, word(MODEL),
                 files=whole | {MODEL: Sparse(b"", terabyte)})
    for length in (10**8, 10**9, terabyte - 8, terabyte // 2):
        head = length.to_bytes(8, "little") + b"{"
        yield refuse(f"model.safetensors of a terabyte and a header of {length}", BASE, word(MODEL),
                     files=whole | {MODEL: Sparse(head, terabyte, min(length, 10**8))})
    header = dump({"lm_head.weight": {"dtype": "BF16", "shape": [2**33, 64], "data_offsets": [0, 2**40]}}).encode()
    head = len(header).to_bytes(8, "little") + header
    yield refuse("a tensor of a terabyte", BASE, word(MODEL) + "|lm_head",
                 files=whole | {MODEL: Sparse(head, len(head) + terabyte)})
    good = golden(BASE).tokenizer.rstrip()
    large = [("20 MB of spaces", good + b" " * 20_000_000, EITHER),
             ("an unknown text of 20 MB", good[:-1] + b', "foo": "' + b"x" * 20_000_000 + b'"}', EITHER),
             ("a million tokens", changed(lambda other: other["model"]["vocab"].update(
                 {f"zz{i}": i for i in range(320, 1_000_000)})), EITHER),
             ("two million merges", good.replace(b'"merges": [', b'"merges": [' + b'"a b",' * 2_000_000), EITHER),
             ("a token of 20 MB", good.replace(b"<unk>", b"x" * 20_000_000), EITHER),
             ("20 MB of open arrays", good[:-1] + b', "foo": ' + b"[" * 20_000_000, REFUSE),
             ("a million added tokens", put("added_tokens", Raw("[" + '{"id":0,"content":"a"},' * 999_999
                                                                 + '{"id":0,"content":"a"}]')), EITHER)]
    for title, text, verdict in large:
        make = refuse if verdict == REFUSE else either
        case = make(f"tokenizer.json with {title}", BASE, word(TOKENIZER), tokenizer=text)
        case.large = True
        yield case
