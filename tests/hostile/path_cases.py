"""Links, and where they lead. A link may lead to a file of the model's folder, or in the cache of Hugging Face's
client to a blob of the same model. What lies elsewhere is not opened, and so not read, whatever comes of it."""
from case import ACCEPT, EITHER, REFUSE, any_of
from checkpoint_folder import CONFIG, INDEX, MODEL, TOKENIZER, golden
from document_cases import OPTIONAL
from folder_case import DIRECTORY, FIFO, SAME, Case, Link, within, word
from index_cases import FIRST, SECOND, sharded

HUB = "models--org--tiny"
SNAPSHOT = f"{HUB}/snapshots/0123abcd"
PARTS = [CONFIG, MODEL, TOKENIZER]


def cases():
    for group in [outwards, optional, inwards, folders, shards, cache, foreign_blobs, other_layouts]:
        yield from group()


def case(title, verdict, files, *names, model="tiny", outside=("outside",)):
    return Case("path: " + title, verdict, files, names, SAME, model=model, outside=outside, traced=True)


def linked(name, target, more=()):
    """The whole folder, one file of which is a link; `outside` holds the same files, so that they would do."""
    files = within(golden().files()) | within(golden().files(), "outside")
    return files | {f"tiny/{name}": Link(target)} | dict(more)


def outwards():
    for name in PARTS:
        for target in [f"../outside/{name}", f"./../outside/{name}", f"sub/../../outside/{name}",
                       f"../tiny/../outside/{name}", f"../outside//{name}", "../" * 30 + f"outside/{name}"]:
            yield case(f"{name} is a link to {target[:40]}", REFUSE, linked(name, target, {"tiny/sub": DIRECTORY}),
                       word(name))
        # Through a second link, a linked folder, and a file that says nothing while it is open.
        whole = golden().files()[name]
        yield case(f"{name} is a link to a link outwards", REFUSE,
                   linked(name, "second", {"tiny/second": Link(f"../outside/{name}")}), word(name))
        yield case(f"{name} is a link through a linked folder", REFUSE,
                   linked(name, f"sub/{name}", {"tiny/sub": Link("../outside")}), word(name))
        yield case(f"{name} is a link to a fifo outside", REFUSE,
                   linked(name, "../outside/fifo", {"outside/fifo": FIFO}), word(name))
        yield case(f"{name} is a link to a folder outside", REFUSE, linked(name, "../outside"), word(name))
        yield case(f"{name} is a link to a missing file outside", REFUSE, linked(name, "../outside/nothing"),
                   word(name))
        yield case(f"{name} is a link to another folder whose name begins alike", REFUSE,
                   linked(name, f"../tiny2/{name}", {f"tiny2/{name}": whole}), word(name), outside=("tiny2",))
        yield case(f"{name} is a link to the folder above", REFUSE,
                   linked(name, f"../{name}", {name: whole}), word(name), outside=(name,))
        links = {f"tiny/link{number}": Link(f"link{number + 1}") for number in range(60)}
        yield case(f"{name} is a link to 60 links", REFUSE,
                   linked(name, "link0", links | {"tiny/link60": Link(f"../outside/{name}")}), word(name))
        yield case(f"{name} is a loop of two", REFUSE, linked(name, "other", {"tiny/other": Link(name)}), word(name))


def optional():
    """A file that need not be there: whether the folder is refused or goes without, it is not opened."""
    for name in [*OPTIONAL, INDEX]:
        for title, target, more in [("a file", f"../outside/{name}", {f"outside/{name}": b"{}"}),
                                    ("a fifo", f"../outside/{name}", {f"outside/{name}": FIFO}),
                                    ("a folder", "../outside", {}), ("nothing", "../outside/nothing", {}),
                                    ("a machine's file", "/etc/passwd", {}), ("a device", "/dev/zero", {})]:
            yield case(f"{name} is a link to {title} outside", EITHER, linked(name, target, more), word(name))
        yield case(f"{name} is a loop", EITHER, linked(name, name), word(name))


def inwards():
    whole = golden().files()
    for name in PARTS:
        yield case(f"{name} is a link to a file beside it", ACCEPT, linked(name, "real", {"tiny/real": whole[name]}))
        yield case(f"{name} is a link to ./", ACCEPT, linked(name, "./real", {"tiny/real": whole[name]}))
        yield case(f"{name} is a link to a file below", ACCEPT,
                   linked(name, "sub/deep/real", {"tiny/sub/deep/real": whole[name]}))
        yield case(f"{name} is a link to a link", ACCEPT,
                   linked(name, "second", {"tiny/second": Link("third"), "tiny/third": whole[name]}))
        yield case(f"{name} is a link through a linked folder within", ACCEPT,
                   linked(name, "sub/real", {"tiny/sub": Link("deep"), "tiny/deep/real": whole[name]}))
        yield case(f"{name} is a link down and up again", ACCEPT,
                   linked(name, "sub/../real", {"tiny/sub": DIRECTORY, "tiny/real": whole[name]}))
        yield case(f"{name} is a link out and in again", EITHER,
                   linked(name, "../tiny/real", {"tiny/real": whole[name]}), word(name))


def folders():
    """The folder itself is the user's word: it may be a link, and lie anywhere."""
    whole = within(golden().files())
    yield case("the folder is a link", ACCEPT, whole | {"link": Link("tiny")}, model="link")
    yield case("the folder is a link to a link", ACCEPT, whole | {"link": Link("other"), "other": Link("tiny")},
               model="link")
    yield case("the folder below a linked one", ACCEPT, within(golden().files(), "a/tiny") | {"b": Link("a")},
               model="b/tiny")
    for title, model in [("a slash after it", "tiny/"), ("slashes after it", "tiny///"), ("a dot after it", "tiny/."),
                         ("up and down", "tiny/../tiny"), ("dots before it", "./tiny")]:
        yield case(f"the folder with {title}", ACCEPT, whole, model=model)
    for title, name in [("spaces", "a b"), ("other scripts", "модель"), ("a line feed", "a\nb"), ("an escape", "\x1b[2Ja"),
                        ("dots", "a.b.gguf"), ("a long name", "x" * 255)]:
        yield case(f"a folder named with {title}", ACCEPT, within(golden().files(), name), model=name)
        yield case(f"a bad folder named with {title}", REFUSE, within(golden().files(config=b"{"), name), word(CONFIG),
                   model=name)
    yield case("the folder is a loop", REFUSE, {"loop": Link("loop")}, model="loop")
    yield case("the folder is a dangling link", REFUSE, {"link": Link("nothing")}, model="link")


def shards():
    whole = within(sharded()) | within(sharded(), "outside")
    for name in (FIRST, SECOND, INDEX):
        for target in (f"../outside/{name}", f"../outside/../outside/{name}", "../outside", "../outside/fifo"):
            yield case(f"{name} is a link to {target}", REFUSE,
                       whole | {f"tiny/{name}": Link(target), "outside/fifo": FIFO},
                       any_of(word(name), word(MODEL)))
    yield case("all files are links outwards", REFUSE, {path: Link(f"../outside/{path.split('/')[1]}")
                                                       if path.startswith("tiny/") else content
                                                       for path, content in whole.items()}, "json|safetensors")


def cached(hub=HUB, snapshot=SNAPSHOT, files=None, up="../../blobs/"):
    """The cache of Hugging Face's client: a snapshot of links to blobs named by their digests."""
    files = golden().files() if files is None else files
    links = {f"{snapshot}/{name}": Link(f"{up}{number:040x}") for number, name in enumerate(files)}
    blobs = {f"{hub}/blobs/{number:040x}": content for number, content in enumerate(files.values())}
    return links | blobs | {f"{hub}/refs/main": b"0123abcd"}


def cache():
    yield case("a snapshot of links to blobs", ACCEPT, cached(), model=SNAPSHOT)
    yield case("a snapshot of links to blobs, with a slash", ACCEPT, cached(), model=SNAPSHOT + "/")
    yield case("a snapshot in shards", ACCEPT, cached(files=sharded()), model=SNAPSHOT)
    yield case("a snapshot with a file of its own", ACCEPT,
               cached() | {f"{SNAPSHOT}/{TOKENIZER}": golden().tokenizer}, model=SNAPSHOT)
    yield case("a snapshot below other folders", ACCEPT,
               {f"a/b/{path}": content for path, content in cached().items()}, model=f"a/b/{SNAPSHOT}")
    yield case("a link to a snapshot", EITHER, cached() | {"link": Link(SNAPSHOT)}, "link|json|safetensors",
               model="link")
    for number, name in enumerate(PARTS):
        blob = f"{HUB}/blobs/{number:040x}"
        for content in (FIFO, DIRECTORY):
            yield case(f"the blob of {name} is a {content}", REFUSE, cached() | {blob: content}, word(name),
                       model=SNAPSHOT)
        yield case(f"the blob of {name} is missing", REFUSE,
                   {path: content for path, content in cached().items() if path != blob}, word(name), model=SNAPSHOT)
        yield case(f"the blob of {name} is a loop", REFUSE, cached() | {blob: Link(blob.split("/")[-1])}, word(name),
                   model=SNAPSHOT)
        yield case(f"the blob of {name} is a link to another blob", EITHER,
                   cached() | {blob: Link("real"), f"{HUB}/blobs/real": golden().files()[name]}, word(name),
                   model=SNAPSHOT)


def foreign_blobs():
    """Links of a snapshot that lead past its model's blobs."""
    whole = within(golden().files(), "outside")
    other = "models--org--other"
    for number, name in enumerate(PARTS):
        content = golden().files()[name]
        blob = f"{number:040x}"
        more = whole | {f"{other}/blobs/{blob}": content, f"{HUB}/refs/{name}": content, f"{HUB}/{name}": content,
                        "outside/fifo": FIFO, f"{HUB}2/blobs/{blob}": content, name: content}
        for target in [f"../../../{other}/blobs/{blob}", f"../../../{HUB}2/blobs/{blob}",
                       f"../../blobs/../../{other}/blobs/{blob}", f"../../../outside/{name}", "../../../outside/fifo",
                       f"../../blobs/../../outside/{name}", f"../../../{name}",
                       f"../../blobs/../../../../../../../../../etc/passwd", "/etc/passwd", "/dev/zero"]:
            yield case(f"{name} of a snapshot is a link to {target}", REFUSE,
                       cached() | more | {f"{SNAPSHOT}/{name}": Link(target)}, word(name), model=SNAPSHOT,
                       outside=("outside", other, HUB + "2", name))
        for target in [f"../../refs/{name}", f"../../{name}", f"../../blobs/../{name}", f"../../blobs/sub/{blob}"]:
            yield case(f"{name} of a snapshot is a link to {target}", REFUSE,
                       cached() | more | {f"{SNAPSHOT}/{name}": Link(target), f"{HUB}/blobs/sub/{blob}": content},
                       word(name), model=SNAPSHOT, outside=("outside", f"{HUB}/refs", f"{HUB}/{name}"))
        for target in (f"../../outside/{name}", f"../../{other}/blobs/{blob}", "../../outside/fifo"):
            yield case(f"the blob of {name} is a link to {target}", REFUSE,
                       cached() | more | {f"{HUB}/blobs/{blob}": Link(target)}, word(name), model=SNAPSHOT,
                       outside=("outside", other))
        yield case(f"{name} is a link to another snapshot", EITHER,
                   cached() | {f"{HUB}/snapshots/4567/{name}": content, f"{SNAPSHOT}/{name}": Link(f"../4567/{name}")},
                   word(name), model=SNAPSHOT)
    blobs = {path.replace(f"{HUB}/blobs", "outside/blobs"): content for path, content in cached().items()}
    yield case("blobs are a link to a folder outside", REFUSE, blobs | {f"{HUB}/blobs": Link("../outside/blobs")},
               "json|safetensors", model=SNAPSHOT)
    other_blobs = {path.replace(f"{HUB}/blobs", f"{other}/blobs"): content for path, content in cached().items()}
    yield case("blobs are a link to another model's", REFUSE, other_blobs | {f"{HUB}/blobs": Link(f"../{other}/blobs")},
               "json|safetensors", model=SNAPSHOT, outside=(other,))


def other_layouts():
    """Folders that only look like the cache: two folders up there is something else called blobs."""
    for title, hub, snapshot in [("no snapshots", "models--org--tiny", "models--org--tiny/copies/0123"),
                                 ("any folders", "a", "a/b/c"), ("one folder more", "models--x", "models--x/y/snapshots/0"),
                                 ("no model", "downloads", "downloads/files/0123")]:
        up = "../" * snapshot.count("/") + "blobs/"
        yield case(f"links to blobs in {title}", REFUSE, cached(hub, snapshot, up=up), "json|safetensors",
                   model=snapshot, outside=(f"{hub}/blobs",))
    yield case("links to blobs in snapshots of a folder without the client's name", EITHER,
               cached("a", "a/snapshots/0123"), "json|safetensors", model="a/snapshots/0123")
