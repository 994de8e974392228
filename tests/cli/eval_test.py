#!/usr/bin/env python3
"""`candor eval` on a small model that adds numbers and thinks before it answers."""
import json
import os
import shutil
import struct
import sys

import candor_cli

sys.path.insert(0, str(candor_cli.DATA.parent / "hostile"))
import split_cases  # noqa: E402

MODEL = candor_cli.DATA / "reasoning" / "tiny-thinker.gguf"


class EvalTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "l.safetensors"
        shutil.copy(MODEL, self.folder / "m.gguf")

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def logits(self, tokens, *flags, model="m.gguf"):
        """The rows that `eval logits` writes."""
        status, out, err = self.run_candor("eval", "logits", model, "--tokens", ",".join(map(str, tokens)), "--out",
                                           "l.safetensors", *flags)
        self.assertEqual((status, out), (0, ""), err)
        data = self.out.read_bytes()
        length, = struct.unpack_from("<Q", data)
        tensor = json.loads(data[8:8 + length])["logits"]
        rows, columns = tensor["shape"]
        self.assertEqual((tensor["dtype"], rows), ("F32", len(tokens)))
        values = struct.unpack_from(f"<{rows * columns}f", data, 8 + length)
        return [values[row * columns:(row + 1) * columns] for row in range(rows)]

    def test_an_output_that_is_the_model_is_refused_before_anything_is_written(self):
        model = (self.folder / "m.gguf").read_bytes()
        (self.folder / "symbolic").symlink_to("m.gguf")
        os.link(self.folder / "m.gguf", self.folder / "hard")
        for out in ("m.gguf", "./m.gguf", "symbolic", "hard"):
            self.assert_fails(2, "the model's own file", "eval", "logits", "m.gguf", "--tokens", "1,2,3", "--out", out)
            self.assertEqual((self.folder / "m.gguf").read_bytes(), model)
        parts = [part.build()[0] for part in split_cases.split(2)]
        names = ["s-00001-of-00002.gguf", "s-00002-of-00002.gguf"]
        for name, part in zip(names, parts):
            (self.folder / name).write_bytes(part)
        for name, part in zip(names, parts):
            self.assert_fails(2, "the model's own file", "eval", "logits", names[0], "--tokens", "1", "--out", name)
            self.assertEqual((self.folder / name).read_bytes(), part)
        self.assertEqual(self.files(), sorted(["hard", "m.gguf", "symbolic", *names]))

    def test_a_failure_leaves_what_was_there(self):
        command = ("eval", "logits", "m.gguf", "--tokens", "999999", "--out", "l.safetensors")
        self.assert_fails(1, "999999", *command)
        self.assertEqual(self.files(), ["m.gguf"])
        self.out.write_text("old")
        self.assert_fails(1, "999999", *command)
        self.assertEqual((self.files(), self.out.read_text()), (["l.safetensors", "m.gguf"], "old"))
        self.logits([1, 2, 3])
        self.assertEqual(self.files(), ["l.safetensors", "m.gguf"])

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.assert_fails(1, "/dev/full: cannot write", "eval", "logits", "m.gguf", "--tokens", "1", "--out", "/dev/full")


if __name__ == "__main__":
    candor_cli.main()
