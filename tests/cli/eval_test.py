#!/usr/bin/env python3
"""`candor eval` on a small model that adds numbers and thinks before it answers."""
import json
import math
import os
import shutil
import struct
import sys

import candor_cli

sys.path.insert(0, str(candor_cli.DATA.parent / "hostile"))
import split_cases  # noqa: E402
import tiny_models  # noqa: E402

MODEL = candor_cli.DATA / "reasoning" / "tiny-thinker.gguf"
TEXT = " ".join(f"What is {i * 37 % 1000}+{i * 91 % 1000}? It is {i * 37 % 1000 + i * 91 % 1000}." for i in range(9))


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

    def perplexity(self, model, text, *flags):
        (self.folder / "text").write_text(text)
        status, out, err = self.run_candor("eval", "perplexity", model, "text", "--json", *flags)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def tokens(self, model, text):
        return json.loads(self.run_candor("tokenize", model, text, "--json")[1])["ids"]

    def losses(self, model, window, first):
        """-log p of the window's tokens from index `first` on, each from those before it, in float64."""
        losses = []
        for row, token in list(zip(self.logits(window[:-1], model=model), window[1:]))[first - 1:]:
            largest = max(row)
            losses.append(largest + math.log(math.fsum(math.exp(logit - largest) for logit in row)) - row[token])
        return losses

    def assert_perplexity(self, found, losses, tokens):
        mean = math.fsum(losses) / len(losses)
        variance = math.fsum((loss - mean) ** 2 for loss in losses) / len(losses)
        self.assertEqual((found["scored_tokens"], found["tokens"]), (len(losses), tokens))
        # The program's own sums are in float64 too, in another order.
        self.assertAlmostEqual(found["negative_log_likelihood"], mean, delta=1e-9)
        self.assertAlmostEqual(found["perplexity"], math.exp(mean), delta=1e-9 * math.exp(mean))
        self.assertAlmostEqual(found["standard_error"], math.sqrt(variance / (len(losses) - 1)), delta=1e-7)

    def test_perplexity_is_that_of_the_logits(self):
        tokens = self.tokens("m.gguf", TEXT)
        self.assertGreater(len(tokens), 3 * 64)
        self.assertNotEqual(len(tokens) % 64, 0)
        losses = []
        for begin in range(0, len(tokens) // 64 * 64, 64):
            losses += self.losses("m.gguf", tokens[begin:begin + 64], 33)
        for flags in ((), ("--chunk", "7"), ("--threads", "1")):
            found = self.perplexity("m.gguf", TEXT, "--ctx", "64", *flags)
            self.assert_perplexity(found, losses, len(tokens))
            self.assertEqual((found["window"], found["model"]), (64, "m"))
        line = self.run_candor("eval", "perplexity", "m.gguf", "text", "--ctx", "64")[1]
        self.assertEqual(line, f"perplexity {found['perplexity']:.4f} +/- "
                               f"{found['perplexity'] * found['standard_error']:.4f} ({len(losses)} of {len(tokens)} "
                               "tokens scored, windows of 64)\n")

    def test_every_window_begins_with_bos_where_texts_do(self):
        (self.folder / "b.gguf").write_bytes(tiny_models.cached().build()[0])  # its tokenizer asks for token 1
        tokens = [1, *self.tokens("b.gguf", TEXT)]
        losses = []
        for begin in range(0, len(tokens) // 9 * 9, 9):
            losses += self.losses("b.gguf", [1, *tokens[begin + 1:begin + 9]], 5)
        self.assert_perplexity(self.perplexity("b.gguf", TEXT, "--ctx", "9"), losses, len(tokens))

    def test_a_text_shorter_than_a_window_is_scored_whole(self):
        tokens = self.tokens("m.gguf", TEXT[:40])
        found = self.perplexity("m.gguf", TEXT[:40])
        self.assert_perplexity(found, self.losses("m.gguf", tokens, 1), len(tokens))
        self.assertEqual(found["window"], 512)

    def test_what_cannot_be_scored_is_an_error(self):
        (self.folder / "text").write_text("1")
        self.assert_fails(1, "text: too short", "eval", "perplexity", "m.gguf", "text")
        (self.folder / "text").write_text(TEXT)
        self.assert_fails(1, "text: nothing to score in windows of 2", "eval", "perplexity", "m.gguf", "text", "--ctx",
                          "2")

    def test_one_by_one_gives_the_same_bits_with_the_memory_of_one_row(self):
        def peak_memory(*flags):
            process = self.start("eval", "logits", "m.gguf", "--tokens", tokens, "--out", "l.safetensors", *flags)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.communicate()
            self.assertEqual(process.returncode, 0)
            return usage.ru_maxrss << 10
        tokens = ",".join(str(i % 250) for i in range(70))
        together = peak_memory("--chunk", "8192")
        logits = self.out.read_bytes()
        # 8,192 rows of nothing but the feed-forward's float32 values, of which there are 384.
        self.assertGreater(together - peak_memory("--chunk", "8192", "--one-by-one"), 8191 * 384 * 4)
        self.assertEqual(self.out.read_bytes(), logits)


if __name__ == "__main__":
    candor_cli.main()
