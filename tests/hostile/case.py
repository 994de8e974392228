"""One hostile (or valid) file, and what the program has to do with it."""
import dataclasses
import re

REFUSE, ACCEPT, EITHER = "refuse", "accept", "either"

# Names of any metadata or tensor field: for files in which a wrong length moves all that follows, so that the fault may
# show at any of them.
ANY_FIELD = r"key|metadata|tensor|type|dimension|value|string|array|token_embd|blk\.|general\.|llama\.|tokenizer\."
ANY_TENSOR = r"\b(?:token_embd|output|output_norm|blk\.\d+\.\w+)\.(?:weight|bias)"


@dataclasses.dataclass
class Link:
    """Content of a file that is a symbolic link."""
    target: str


@dataclasses.dataclass
class Case:
    """`names` are regular expressions that must all occur in the message, if the file is refused. `files` maps names to
    bytes, or to functions that yield them in pieces, so that large files are never held; the first is the model unless `model` says which is."""
    title: str
    verdict: str
    files: dict
    names: tuple = ()
    command: str = "run"
    model: str = ""


def refuse(title, data, *names, command="run"):
    return Case(title, REFUSE, {"m.gguf": data}, names, command)


def accept(title, data, command="run"):
    return Case(title, ACCEPT, {"m.gguf": data}, (), command)


def either(title, data, *names, command="run"):
    return Case(title, EITHER, {"m.gguf": data}, names, command)


def exactly(text):
    """Matches a key or tensor name and nothing longer; what cannot be shown as it is may be shown in any way."""
    return rf"(?<![\w.]){re.escape(text)}(?![\w])"


def any_of(*names):
    return "|".join(f"(?:{name})" for name in names)


def numbered(number):
    """A number for a title: 2^32+1 rather than its digits."""
    for power in (31, 32, 63, 64):
        if abs(number - 2**power) < 1000:
            difference = number - 2**power
            return f"2^{power}" + (f"{difference:+d}" if difference else "")
    return str(number)
