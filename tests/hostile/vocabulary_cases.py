"""Models whose tensors are right and whose vocabulary or chat template is not."""
import math
import struct

from case import accept, any_of, either, exactly, numbered, refuse
from gguf_file import ARRAY, BOOL, F32, F64, I32, STRING, TYPE_NAMES, U8, U32, U64, Array
from tiny_models import CHAT_TEMPLATE, cached

TOKENS, TYPES, SCORES, MERGES = (f"tokenizer.ggml.{name}" for name in ("tokens", "token_type", "scores", "merges"))
COUNT = r"token_embd|tokenizer\.ggml\.\w+|vocab"
TEMPLATE = "template"


def cases():
    for group in [model_names, tokens, types_and_scores, merges, special_tokens, broken_templates, endless_templates,
                  good_templates]:
        yield from group()


def changed(key, kind, value, tokenizer="gpt2"):
    return cached(tokenizer=tokenizer).copy().set(key, kind, value).build()[0]


def without(key, tokenizer="gpt2"):
    return cached(tokenizer=tokenizer).copy().remove(key).build()[0]


def model_names():
    for key in ("tokenizer.ggml.model", "tokenizer.ggml.pre"):
        for kind, value in [(STRING, "wombat"), (STRING, ""), (STRING, "GPT2 "), (STRING, b"\xff"), (STRING, "\x1b[2J"),
                            (STRING, "g" * 2**16), (U32, 1), (BOOL, 1), (F32, 1.0), (ARRAY, Array(STRING, ["gpt2"]))]:
            yield refuse(f"{key} {str(value)[:20]!r} as {TYPE_NAMES[kind]}", changed(key, kind, value),
                         any_of(exactly(key), "pre-tokenizer" if key.endswith("pre") else "tokenizer model"))
    yield refuse("no tokenizer.ggml.model", without("tokenizer.ggml.model"), r"tokenizer\.ggml\.model")
    yield either("no tokenizer.ggml.pre", without("tokenizer.ggml.pre"), r"tokenizer\.ggml\.pre|pre-tokenizer")
    bare = cached().copy()
    bare.keys = [entry for entry in bare.keys if not entry[0].startswith("tokenizer.")]
    yield refuse("no tokenizer at all", bare.build()[0], "tokenizer")
    yield either("tokenizer gpt2, vocabulary of pieces", changed("tokenizer.ggml.model", STRING, "gpt2", "llama"),
                 any_of(exactly(MERGES), exactly(TOKENS), r"tokenizer\.ggml\.\w+"))
    yield refuse("tokenizer.ggml.model no_vocab", changed("tokenizer.ggml.model", STRING, "no_vocab"),
                 r"tokenizer")


def tokens():
    for tokenizer in ("gpt2", "llama"):
        good = cached(tokenizer=tokenizer).get(TOKENS).items
        yield refuse(f"{tokenizer}: no tokens", without(TOKENS, tokenizer), exactly(TOKENS))
        for title, items in [("0 of the", []), ("one of the", good[:1]), ("all but one of the", good[:-1]),
                             ("one too many", good + ["more"]),
                             ("twice the", good + [f"m{i}" for i in range(len(good))])]:
            yield refuse(f"{tokenizer}: {title} tokens", changed(TOKENS, ARRAY, Array(STRING, items), tokenizer), COUNT)
            model = cached(tokenizer=tokenizer).copy().set(TOKENS, ARRAY, Array(STRING, items))
            model.set(TYPES, ARRAY, Array(I32, (model.get(TYPES).items * 2)[:len(items)]))
            if tokenizer == "llama":
                model.set(SCORES, ARRAY, Array(F32, (model.get(SCORES).items * 2)[:len(items)]))
            yield refuse(f"{tokenizer}: {title} tokens with their types", model.build()[0], COUNT)
        count = len(good)
        for kind, value in [(STRING, "a"), (U32, count), (BOOL, 1), (ARRAY, Array(U32, list(range(count)))),
                            (ARRAY, Array(U8, [1] * count)), (ARRAY, Array(F32, [1.0] * count)),
                            (ARRAY, Array(ARRAY, [Array(STRING, ["a"])] * count)),
                            (ARRAY, Array(ARRAY, [Array(STRING, good)]))]:
            inner = f" of {TYPE_NAMES[value.kind]} {len(value.items)}" if kind == ARRAY else ""
            yield refuse(f"{tokenizer}: tokens as {TYPE_NAMES[kind]}{inner}", changed(TOKENS, kind, value, tokenizer),
                         exactly(TOKENS))
        for at in (7, 100, count - 1):
            for title, token in [("FF", b"\xff"), ("overlong", b"\xc0\x80"), ("cut", b"\xe2\x82"),
                                 ("surrogate", b"\xed\xa0\x80"), ("beyond Unicode", b"\xf4\x90\x80\x80")]:
                items = good[:at] + [token] + good[at + 1:]
                yield refuse(f"{tokenizer}: token {at} is no UTF-8, {title}",
                             changed(TOKENS, ARRAY, Array(STRING, items), tokenizer), any_of(exactly(TOKENS), "token"))
        last = count - 1
        for a, b in [(last - 1, last), (10, last), (100, 101), (262, 263)]:
            items = list(good)
            items[b] = items[a]
            yield refuse(f"{tokenizer}: token {b} as token {a}",
                         changed(TOKENS, ARRAY, Array(STRING, items), tokenizer),
                         any_of(exactly(TOKENS), exactly(MERGES), "token"))
        items = ["same"] * count
        yield refuse(f"{tokenizer}: all tokens the same", changed(TOKENS, ARRAY, Array(STRING, items), tokenizer),
                     any_of(exactly(TOKENS), exactly(MERGES), "token"))
        yield either(f"{tokenizer}: an empty token", changed(TOKENS, ARRAY, Array(STRING, good[:-1] + [""]), tokenizer),
                     "token|merge")
        yield either(f"{tokenizer}: all tokens empty", changed(TOKENS, ARRAY, Array(STRING, [""] * count), tokenizer),
                     "token|merge")
        long = good[:-1] + ["x" * 2**20]
        yield either(f"{tokenizer}: a token of 1 MiB", changed(TOKENS, ARRAY, Array(STRING, long), tokenizer),
                     "token|merge")


def types_and_scores():
    for tokenizer in ("gpt2", "llama"):
        types = cached(tokenizer=tokenizer).get(TYPES).items
        for title, items in [("none", []), ("one", types[:1]), ("one too few", types[:-1]),
                             ("one too many", types + [1]),
                             ("twice", types * 2)]:
            yield refuse(f"{tokenizer}: token types, {title}", changed(TYPES, ARRAY, Array(I32, items), tokenizer),
                         exactly(TYPES))
        for number in (7, 8, 255, 2**31 - 1, -1, -2**31):
            for at in (0, 100, len(types) - 1):
                items = types[:at] + [number] + types[at + 1:]
                yield refuse(f"{tokenizer}: type {number} of token {at}",
                             changed(TYPES, ARRAY, Array(I32, items), tokenizer), exactly(TYPES))
        for kind, value in [(STRING, "1"), (U32, 1), (ARRAY, Array(STRING, ["1"] * len(types))),
                            (ARRAY, Array(F32, [1.0] * len(types))), (ARRAY, Array(BOOL, [1] * len(types))),
                            (ARRAY, Array(ARRAY, [Array(I32, types)]))]:
            inner = f" of {TYPE_NAMES[value.kind]}" if kind == ARRAY else ""
            yield refuse(f"{tokenizer}: token types as {TYPE_NAMES[kind]}{inner}",
                         changed(TYPES, kind, value, tokenizer),
                         exactly(TYPES))
        yield either(f"{tokenizer}: type 0 of a token",
                     changed(TYPES, ARRAY, Array(I32, types[:-1] + [0]), tokenizer), "type")
        yield either(f"{tokenizer}: no token types", without(TYPES, tokenizer), "type")
    scores = cached(tokenizer="llama").get(SCORES).items
    for title, items in [("none", []), ("one", [0.0]), ("one too few", scores[:-1]), ("one too many", scores + [0.0])]:
        yield refuse(f"scores, {title}", changed(SCORES, ARRAY, Array(F32, items), "llama"), exactly(SCORES))
    for value in (math.nan, math.inf, -math.inf):
        for at in (0, len(scores) - 1):
            items = scores[:at] + [value] + scores[at + 1:]
            verdict = refuse if value != value else either
            yield verdict(f"score {value} of token {at}", changed(SCORES, ARRAY, Array(F32, items), "llama"),
                          exactly(SCORES))
    for kind, value in [(STRING, "0"), (F32, 0.0), (ARRAY, Array(STRING, ["0"] * len(scores))),
                        (ARRAY, Array(I32, [0] * len(scores))), (ARRAY, Array(BOOL, [0] * len(scores))),
                        (ARRAY, Array(ARRAY, [Array(F32, scores)]))]:
        inner = f" of {TYPE_NAMES[value.kind]}" if kind == ARRAY else ""
        yield refuse(f"scores as {TYPE_NAMES[kind]}{inner}", changed(SCORES, kind, value, "llama"), exactly(SCORES))
    yield either("no scores", without(SCORES, "llama"), "score")


def merges():
    good = cached().get(MERGES).items
    for bad in ["", " ", "  ", "Hi", "H", " H", "H ", "H  i", "H i n", "H i ", " H i", "H\ti", "H\0i", b"\xff i",
                b"H \xc0\x80",
                "zq i", "H zq", "zq zq", "H e", "i H", "Hi Hi", "<unk> <s>", "x" * 2**20, "x " * 2**19]:
        for at in (0, len(good)):
            items = good[:at] + [bad] + good[at:]
            yield refuse(f"merge {bad[:12]!r} at {at}", changed(MERGES, ARRAY, Array(STRING, items)), exactly(MERGES))
    for kind, value in [(STRING, "H i"), (U32, 1), (BOOL, 1), (ARRAY, Array(U32, [1, 2])),
                        (ARRAY, Array(ARRAY, [Array(STRING, ["H", "i"])])), (ARRAY, Array(F64, [1.0]))]:
        inner = f" of {TYPE_NAMES[value.kind]}" if kind == ARRAY else ""
        yield refuse(f"merges as {TYPE_NAMES[kind]}{inner}", changed(MERGES, kind, value), exactly(MERGES))
    yield either("the same merge twice", changed(MERGES, ARRAY, Array(STRING, good + good)), "merge")
    yield accept("no merges, tokens are atomic", without(MERGES))
    model = cached().copy().remove(MERGES)
    count = len(model.get(TOKENS).items)
    model.set(TOKENS, ARRAY, Array(STRING, [f"long{i}" for i in range(count)]))
    model.set(TYPES, ARRAY, Array(I32, [1] * count))
    model.set("tokenizer.ggml.add_bos_token", BOOL, 0)
    for title, text in [("", None), (", with a chat template", CHAT_TEMPLATE)]:
        if text:
            model.set("tokenizer.chat_template", STRING, text)
        yield refuse(f"tokens that no prompt is made of{title}", model.build()[0], exactly(TOKENS))


def special_tokens():
    count = len(cached().get(TOKENS).items)
    for name in ("bos", "eos", "unknown", "padding"):
        key = f"tokenizer.ggml.{name}_token_id"
        for kind, number in [(U32, count), (U32, count + 1), (U32, 2**31), (U32, 2**32 - 1), (U64, 2**32), (U64, 2**63),
                             (U64, 2**64 - 1), (I32, -1), (I32, -2**31)]:
            verdict = either if name == "padding" else refuse  # which one sequence at a time never needs
            yield verdict(f"{key} {numbered(number)} as {TYPE_NAMES[kind]}, {count} tokens", changed(key, kind, number),
                          exactly(key))
        for kind, value in [(STRING, "1"), (F32, 1.0), (BOOL, 1), (ARRAY, Array(U32, [1]))]:
            yield refuse(f"{key} as {TYPE_NAMES[kind]}", changed(key, kind, value), exactly(key))
    for key, tokenizer in [("tokenizer.ggml.add_bos_token", "gpt2"), ("tokenizer.ggml.add_space_prefix", "llama")]:
        for kind, value in [(STRING, "true"), (F32, 1.0), (U32, 1), (ARRAY, Array(BOOL, [1]))]:
            yield refuse(f"{key} as {TYPE_NAMES[kind]}", changed(key, kind, value, tokenizer), exactly(key))


def template(text):
    return cached().copy().set("tokenizer.chat_template", STRING, text).build()[0]


def broken_templates():
    for text in ["{{", "}}{{", "{%", "{#", "{{ }}", "{{ 1 + }}", "{{ (1 }}", "{{ [1, }}", "{{ {1: }}", "{{ 'a }}",
                 '{{ "a }}',
                 "{{ a b }}", "{{ a. }}", "{{ a[ }}", "{{ a| }}", "{{ a|nosuchfilter }}", "{{ 1 is nosuchtest }}",
                 "{{ nosuchfunction() }}", "{{ a.b.c }}", "{{ 1/0 }}", "{{ 1 % 0 }}", "{{ 'a' + 1 }}",
                 "{{ messages[99].x }}",
                 "{{ raise_exception('nothing doing') }}", "{% if %}", "{% if true %}", "{% if true %}{% endfor %}",
                 "{% endif %}", "{% else %}", "{% for %}{% endfor %}", "{% for x in %}{% endfor %}",
                 "{% for x in messages %}",
                 "{% for x of messages %}{% endfor %}", "{% endfor %}", "{% set %}", "{% set x %}", "{% set x = %}",
                 "{% set 1 = 2 %}", "{% macro %}{% endmacro %}", "{% macro a( %}{% endmacro %}", "{% macro a() %}",
                 "{% wombat %}", "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% raw %}",
                 "{% call %}{% endcall %}", "{% filter %}{% endfilter %}", "{% block %}", "{{ 1 if }}", "{{ not }}",
                 "{{ 'a' ~ }}", "{{ 0x }}", "{{ 1..2 }}", "{{ @ }}", "{{ $ }}", "{{ ` }}", "{% for a, in messages %}",
                 "{{ messages[0]['content'].nosuchmethod() }}", "{{ range(1, 2, 0) }}", "{{ 5() }}", "{% - if true %}"]:
        yield refuse(f"template {text}", template(text), TEMPLATE)
    for text in ["", "{# nothing #}", "{% if false %}x{% endif %}"]:
        yield either(f"template that prints nothing: {text}", template(text), any_of(TEMPLATE, "prompt"))
    for text in [b"\xff", b"{{ '\xff' }}", b"{{ \xc0\x80 }}", b"{\0{"]:
        yield either(f"template with the bytes {text!r}", template(text), TEMPLATE)
    for opening, closing in ["()", "[]", "{}", ("-", ""), ("not ", ""), ("a.", "a"), ("a[", "]"), ("a|", "a"),
                             ("1+", "1"),
                             ("a if ", ""), ("~", "")]:
        for depth in (10_000, 200_000):
            for text in ["{{ " + opening * depth + closing * depth + " }}", "{{ " + opening * depth]:
                closed = text.endswith("}")
                verdict = either if closed and opening == "1+" else refuse
                yield verdict(f"template with {depth} times {opening!r}{'' if closed else ', open'}", template(text),
                              TEMPLATE)
    for opening, closing in [("{% if true %}", "{% endif %}"), ("{% for x in messages %}", "{% endfor %}"),
                             ("{% macro a() %}", "{% endmacro %}"), ("{% set x %}", "{% endset %}")]:
        for depth in (10_000, 100_000):
            yield refuse(f"template with {opening} {depth} deep", template(opening * depth + closing * depth), TEMPLATE)
            yield refuse(f"template with {opening} {depth} times, open", template(opening * depth), TEMPLATE)
    for kind, value in [(U32, 1), (BOOL, 1), (F32, 1.0), (ARRAY, Array(STRING, ["a"]))]:
        yield refuse(f"tokenizer.chat_template as {TYPE_NAMES[kind]}",
                     cached().copy().set("tokenizer.chat_template", kind, value).build()[0], TEMPLATE)


def endless_templates():
    """Programs that would run, fill the memory or recurse for ever."""
    double = "{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}"
    for text in ["{% for i in range(1000000000) %}{% endfor %}",
                 "{% for i in range(1000000000000000000) %}x{% endfor %}",
                 "{{ range(1000000000)|list|length }}", "{{ range(9223372036854775807)|sum }}",
                 "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                 "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
                 "{{ 'a' * 1000000000 }}", "{{ 'a' * 9223372036854775807 }}", "{{ ['a'] * 1000000000 }}",
                 "{{ [[0] * 99999] * 99999 }}", "{{ ('a' * 10000) * 10000 }}", "{{ 'a'.ljust(1000000000) }}",
                 "{{ 'a'.center(1000000000) }}", "{{ '%1000000000d' % 1 }}", "{{ '%.1000000000f' % 1 }}",
                 "{{ ('a\\n' * 9999)|indent(99999) }}", "{{ 'a'|center(1000000000) }}",
                 "{% set ns = namespace(x='aaaa') %}" + double, "{% set ns = namespace(x=[1]) %}" + double,
                 "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
                 "{{ ns.x }}",
                 "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
                 "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
                 "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                 "{% for m in messages recursive %}{{ loop([m]) }}{% endfor %}",
                 "{{ ('a' * 9999).replace('a', 'b' * 99999) }}", "{{ ('a' * 99999).replace('', 'b' * 99999) }}",
                 "{{ ('a' * 99999)|replace('a', 'b' * 99999) }}",
                 "{{ ('a,' * 99999).join(('b,' * 99999).split(',')) }}",
                 "{{ messages|tojson(indent=1000000000) }}", "{{ ([[[[1]]]] * 999)|tojson(indent=999999) }}",
                 "{% set x %}{% for i in range(9999999) %}aaaaaaaaaaaaaaaa{% endfor %}{% endset %}{{ x }}"]:
        yield refuse(f"template {text}", template(text), any_of(TEMPLATE, "context", "tokens"))
    for text in ["{% set ns = namespace(x=2) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}"
                 "{{ ns.x }}",
                 "{{ 9 ** 9 ** 9 ** 9 }}", "{{ 2 ** 1000000000 }}", "{{ 'a'|indent(1000000000) }}"]:
        yield either(f"template {text}", template(text), any_of(TEMPLATE, "context", "tokens"))


def good_templates():
    yield accept("template that ChatML uses", template(CHAT_TEMPLATE))
    yield accept("template with one message only", template("{{ messages[0]['content'] }}"))
    yield accept("template with a namespace",
                 template("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = "
                                                       "ns.n + 1 %}{% endfor %}{{ ns.n }}{{ messages[-1].content|trim }}"))
    yield accept("template with a macro", template("{% macro say(m) %}{{ m.role }}: {{ m.content }}\n{% endmacro %}"
                                                   "{% for m in messages %}{{ say(m) }}{% endfor %}"))
    yield accept("template with comments and whitespace control",
                 template("{#- a comment -#}\n{%- for m in messages -%}\n{{- m.content -}}\n{%- endfor -%}"))
