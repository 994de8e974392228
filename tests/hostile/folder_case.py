"""One hostile (or valid) checkpoint folder, and what the program has to do with it."""
import collections.abc
import dataclasses
import re

from case import ACCEPT, EITHER, REFUSE, any_of
from checkpoint_folder import golden

FOLDER = "tiny"

# What an accepted folder's logits are to those of the unchanged one.
ANY, SAME, OTHER = "any", "same", "other"

# Names of any tensor of a model, for faults that show at one of several.
TENSOR = r"(?<![\w.])(?:model|transformer|h|wte|wpe|ln_f)\.[\w.]*\w|\blm_head\b"
NOT_FINITE = r"finite|\bnan\b|infinit"


@dataclasses.dataclass
class Case:
    """`files` maps paths to contents: bytes, or one of the classes and words below; or it is a function that does.
    `names` are regular expressions that must all occur in the message, if the folder is refused. What is `traced` is
    watched for opening files of `outside` or of the machine. A `shrink` of (path, number, size) cuts a file to a size
    before the read of that number: where bytes are lost that nobody had read, the folder has to be refused."""
    title: str
    verdict: str
    files: dict | collections.abc.Callable
    names: tuple = ()
    output: str = ANY
    base: str = "llama"
    model: str = FOLDER
    outside: tuple = ()
    traced: bool = False
    shrink: tuple | None = None
    large: bool = False
    user: int | None = None

    def contents(self):
        return self.files() if callable(self.files) else self.files


@dataclasses.dataclass(frozen=True)
class Link:
    target: str


@dataclasses.dataclass(frozen=True)
class Sparse:
    """A file that begins with `head` and is said to be `size` bytes long; a reader may hold `held` bytes of it."""
    head: bytes
    size: int
    held: int = 0


@dataclasses.dataclass(frozen=True)
class Mode:
    """A file with these permissions; without data, the folder of that name."""
    data: bytes | None
    mode: int


DIRECTORY, FIFO, SOCKET = "directory", "fifo", "socket"


def within(files, folder=FOLDER):
    """These files in the model's folder."""
    return {f"{folder}/{name}": content for name, content in files.items()}


def refuse(title, base, *names, files=None, **changes):
    return make(title, REFUSE, base, names, ANY, files, changes)


def same(title, base, files=None, **changes):
    """Accepted, with unchanged logits."""
    return make(title, ACCEPT, base, (), SAME, files, changes)


def runs(title, base, files=None, **changes):
    """Accepted; the logits are finite."""
    return make(title, ACCEPT, base, (), ANY, files, changes)


def either(title, base, *names, files=None, **changes):
    return make(title, EITHER, base, names, ANY, files, changes)


def either_same(title, base, *names, files=None, **changes):
    """Refused, or accepted with unchanged logits."""
    return make(title, EITHER, base, names, SAME, files, changes)


def either_other(title, base, *names, files=None, **changes):
    """Refused, or accepted and heeded: with other logits."""
    return make(title, EITHER, base, names, OTHER, files, changes)


def make(title, verdict, base, names, output, files, changes):
    # Made when it is written: most runs of the suite take a part of the cases.
    return Case(title, verdict, lambda: within(golden(base).files(**changes) if files is None else files), names, output,
                base)


def word(text):
    """Matches a name within a path of names: "factor" in "rope_scaling.factor"."""
    return rf"(?<!\w){re.escape(text)}(?!\w)"


def tensor_name(text):
    """Matches a tensor's name, or a field of its entry in a header, and no longer name. GPT-2's first files leave out
    what all names begin with."""
    name = "(?:transformer\\.)?" * text.startswith("transformer.") + re.escape(text.removeprefix("transformer."))
    return rf"(?:(?<![\w.])|(?<=weight_map\.)){name}(?!\w)(?!\.(?!(?:dtype|shape|data_offsets)\b)\w)"


def field(path, *others):
    """Matches a configuration's field by its last name."""
    return any_of(word(path.split(".")[-1]), *others)
