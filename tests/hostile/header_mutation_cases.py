"""Single bytes of a header replaced, removed and added. What each file then is follows from a strict reading of the
format, written here, not from the program."""
import json
import random

from case import any_of
from checkpoint_folder import MODEL, golden, split, with_header
from folder_case import TENSOR, either, either_same, refuse, same, word

BASE = "llama"
SUBSTITUTES = b'"{}[],:0123456789-.eE\\/ \n\tnutrfals\0\x1b\x7f\x80\xff_xB'


class NotStrict(Exception):
    """A header that breaks a rule of the format."""


def pairs(items):
    """An object; its keys may not repeat."""
    if len({key for key, _ in items}) != len(items):
        raise NotStrict
    return dict(items)


def number(text):
    raise NotStrict


def strict(header):
    """The header as a dictionary, or None where it is not one of the format."""
    try:
        text = header.decode()
        if not text.startswith("{"):
            return None
        value = json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_constant=number)
    except (UnicodeDecodeError, json.JSONDecodeError, NotStrict):
        return None
    metadata = value.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(item, str) for item in metadata.values()):
        return None
    return value


def tensors_of(header):
    """What a header says of its tensors; text, because 1 == True."""
    return {key: json.dumps(value, sort_keys=True) for key, value in header.items() if key != "__metadata__"}


def judged(title, header):
    base, data = split(golden(BASE).model)
    model = with_header(header, data)
    read = strict(header)
    if read is None:
        return refuse(title, BASE, word(MODEL), model=model)
    if tensors_of(read) == tensors_of(json.loads(base)):
        # Whitespace other than spaces is JSON's and not the format's padding; what is in the metadata is free.
        if header.rstrip(b" ")[-1:] in b"\n\t\r" or any(ord(letter) >= 0xD800 for letter in str(read)):
            return either_same(title, BASE, word(MODEL), model=model)
        return same(title, BASE, model=model)
    if tensors_of(read) == {key: text.replace('"BF16"', '"F16"') if '"F16"' in tensors_of(read).get(key, "") else text
                            for key, text in tensors_of(json.loads(base)).items()}:
        return either(title, BASE, word(MODEL), model=model)  # another type of the same size
    return refuse(title, BASE, any_of(word(MODEL), word("tiny")), any_of(TENSOR, "hole|gap|tensor"), model=model)


def cases():
    header, _ = split(golden(BASE).model)
    header = header.rstrip(b" ")
    rng = random.Random("mutations")
    # The first entries whole, then here and there: the rest is like them.
    places = [*range(0, 260), *range(260, len(header), 7), len(header) - 1, len(header) - 2]
    for at in places:
        other = rng.choice([byte for byte in SUBSTITUTES if byte != header[at]])
        yield judged(f"header byte {at} {chr(header[at])!r} becomes {chr(other)!r}",
                     header[:at] + bytes([other]) + header[at + 1:])
        yield judged(f"header byte {at} {chr(header[at])!r} removed", header[:at] + header[at + 1:])
        if at % 2 == 0:
            extra = rng.choice(SUBSTITUTES)
            yield judged(f"header byte {chr(extra)!r} added at {at}", header[:at] + bytes([extra]) + header[at:])
        if at % 3 == 0:
            bit = 1 << rng.randrange(8)
            yield judged(f"header byte {at} {chr(header[at])!r} with bit {bit} flipped",
                         header[:at] + bytes([header[at] ^ bit]) + header[at + 1:])
    for count in range(60):
        start = rng.randrange(len(header))
        length = rng.randrange(2, 200)
        yield judged(f"header without its bytes {start} to {start + length} ({count})",
                     header[:start] + header[start + length:])
        piece = header[start:start + length]
        at = rng.randrange(len(header))
        yield judged(f"header with its bytes {start} to {start + length} again at {at} ({count})",
                     header[:at] + piece + header[at:])
