#!/usr/bin/env python3
"""`candor inspect` as a user runs it.   usage: inspect_test.py CANDOR DATA"""
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unicodedata
import unittest

CANDOR, DATA = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
LLAMA = DATA / "gguf/llama.gguf"
# What a terminal acts on, in every coding that could get through: ESC [ as C0 and as C1, a bell, a bare byte 9B, a
# right-to-left override, a zero-width space, a tag character.
HOSTILE = b"\x1b[2J\x07\xc2\x9b31m\x9b\x7f\xe2\x80\xae\xe2\x80\x8b\xf3\xa0\x80\x81\r\n"


def inspect(*arguments):
    # The sanitizers' leak check looks into the process from outside, which a sealed process refuses.
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    return subprocess.run([CANDOR, "inspect", *map(str, arguments)], capture_output=True, env=environment)


def text(data):
    return struct.pack("<Q", len(data)) + data


def write_gguf(path, strings, uints=()):
    """A file with one tensor `t` of eight float32 values."""
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(strings) + len(uints))
    for key, value in strings:
        out += text(key) + struct.pack("<I", 8) + text(value)
    for key, value in uints:
        out += text(key) + struct.pack("<II", 4, value)
    out += text(b"t") + struct.pack("<IQIQ", 1, 8, 0, 0)
    out += bytes(-len(out) % 32)
    path.write_bytes(out + bytes(32))


class InspectTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name) / "m.gguf"

    def tearDown(self):
        self.folder.cleanup()

    def assert_no_controls(self, output):
        for character in output.decode():  # raises for what is not UTF-8
            self.assertTrue(character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp"),
                            f"U+{ord(character):04X} in {output[:2000]}")

    def test_shows_what_a_user_wants_to_know(self):
        result = inspect(LLAMA)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        output = result.stdout.decode()
        for line in ["architecture       llama\n", "layers             3\n", "context            512\n",
                     "key/value heads    2\n", "size               368.3 kB (368,256 bytes)\n",
                     "license            not stated in the file\n", "RoPE base          10,000\n",
                     'tokenizer          byte-level BPE ("gpt2", split as "gpt-2"), 320 tokens\n',
                     "chat template      no: the model completes text\n", "runs here          yes\n"]:
            self.assertIn(line, output)
        self.assertNotIn("blk.0.attn_q.weight", output)

    def test_json_is_one_object_with_the_same_facts(self):
        report = json.loads(inspect(LLAMA, "--json").stdout)
        self.assertEqual(report["architecture"], "llama")
        self.assertEqual((report["layers"], report["heads"], report["kv_heads"], report["context_length"]), (3, 4, 2, 512))
        self.assertEqual(report["tokenizer"]["tokens"], 320)
        self.assertEqual(report["metadata"]["tokenizer.ggml.tokens"], {"length": 320})
        self.assertEqual(report["metadata"]["llama.rope.freq_base"], 10000.0)
        self.assertEqual(sum(t["tensors"] for t in report["types"]), report["tensor_count"])
        self.assertEqual((report["runs"], report["refusal"], report["chat_template"]), (True, None, False))
        self.assertNotIn("tensors", report)
        self.assertNotIn("sha256", report["files"][0])

    def test_tensors_are_listed_on_request(self):
        self.assertRegex(inspect(LLAMA, "--tensors").stdout.decode(),
                         r"\nblk\.0\.attn_q\.weight +BF16 +64 x 64 +170368 +8192\n")
        tensors = json.loads(inspect(LLAMA, "--json", "--tensors").stdout)["tensors"]
        self.assertEqual(len(tensors), 30)
        self.assertEqual(tensors[0], {"name": "output.weight", "type": "BF16", "shape": [64, 320], "file": 0,
                                      "offset": 8064, "bytes": 40960})

    def test_sha256_is_that_of_the_file(self):
        digest = hashlib.sha256(LLAMA.read_bytes()).hexdigest()
        self.assertIn(digest, inspect(LLAMA, "--sha256").stdout.decode())
        self.assertEqual(json.loads(inspect(LLAMA, "--json", "--sha256").stdout)["files"][0]["sha256"], digest)

    def test_hostile_text_never_reaches_the_terminal(self):
        path = pathlib.Path(os.fsdecode(os.fsencode(self.folder.name) + b"/\x1b[2J\x07.gguf"))
        write_gguf(path, [(b"general.name", HOSTILE), (b"general.architecture", HOSTILE),
                          (b"tokenizer.ggml.model", HOSTILE), (b"tokenizer.ggml.pre", HOSTILE),
                          (b"tokenizer.chat_template", HOSTILE)])
        for flags in [[], ["--tensors"], ["--json"]]:
            result = inspect(path, *flags)
            self.assertEqual(result.returncode, 0)
            self.assertEqual(result.stderr, b"")
            self.assert_no_controls(result.stdout)
        json.loads(result.stdout)

    def test_json_keeps_text_that_is_utf8(self):
        name = "\u202ea\u200b\x7f\U000e0001é\n"
        write_gguf(self.path, [(b"general.name", name.encode())])
        self.assertEqual(json.loads(inspect(self.path, "--json").stdout)["name"], name)

    def test_a_broken_description_is_shown_not_believed(self):
        write_gguf(self.path, [(b"general.architecture", b"llama")], [(b"llama.block_count", 4294967295)])
        result = inspect(self.path)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"layers             4,294,967,295\n", result.stdout)
        self.assertIn(b"runs here          no: ", result.stdout)
        self.assertIs(json.loads(inspect(self.path, "--json").stdout)["runs"], False)

    def test_a_broken_file_is_an_error(self):
        self.path.write_bytes(LLAMA.read_bytes()[:-1])
        result = inspect(self.path)
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertRegex(result.stderr.decode(), r"^candor: .*m\.gguf: tensor .* beyond the end of the file")
        self.assertEqual(inspect(self.path.with_name("none.gguf")).returncode, 1)
        self.assertEqual(inspect().returncode, 2)

    def test_split_models_are_one(self):
        for part in range(2):
            data = b"GGUF" + struct.pack("<IQQ", 3, 1, 3)
            data += text(b"split.no") + struct.pack("<IH", 2, part) + text(b"split.count") + struct.pack("<IH", 2, 2)
            data += text(b"split.tensors.count") + struct.pack("<Ii", 5, 2)
            data += text(b"t%d" % part) + struct.pack("<IQIQ", 1, 8, 0, 0)
            path = self.path.with_name(f"m-0000{part + 1}-of-00002.gguf")
            path.write_bytes(data + bytes(-len(data) % 32) + bytes(32))
        report = json.loads(inspect(self.path.with_name("m-00001-of-00002.gguf"), "--json", "--tensors").stdout)
        self.assertEqual([t["file"] for t in report["tensors"]], [0, 1])
        self.assertEqual(len(report["files"]), 2)
        result = inspect(path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"name the first part", result.stderr)


unittest.main()
