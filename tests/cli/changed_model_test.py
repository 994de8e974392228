#!/usr/bin/env python3
"""Models of the store whose files or records are no longer what a pull left."""
import hashlib
import json
import pathlib
import shutil
import sys

import candor_cli
import model_server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
import split_cases  # noqa: E402

MODEL = (candor_cli.DATA / "reasoning" / "tiny-thinker.gguf").read_bytes()
DIGEST = hashlib.sha256(MODEL).hexdigest()
# A bit of a weight: the file stays a model that runs.
CHANGED = MODEL[:-40] + bytes([MODEL[-40] ^ 1]) + MODEL[-39:]
CHANGED_DIGEST = hashlib.sha256(CHANGED).hexdigest()


class ChangedModelTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.server = model_server.ModelServer()
        self.addCleanup(self.server.close)
        self.url = self.server.add("/m.gguf", MODEL)
        self.file = self.store / "m.gguf"
        self.record = self.store / "m.json"
        (self.folder / "text").write_text("What is 737+361? " * 10)

    def pull(self, *flags):
        return self.run_candor("pull", self.url, "--sha256", DIGEST, *flags)

    def commands(self, model="m"):
        """Every command that computes, short."""
        return [("run", model, "--temperature", "0", "--max-tokens", "3", "hi"),
                ("eval", "logits", model, "--tokens", "1,2", "--out", "l.safetensors"),
                ("eval", "perplexity", model, "text"),
                ("bench", model, "--prompt", "4", "--gen", "1", "--repetitions", "1")]

    def test_what_was_pulled_runs(self):
        self.assertEqual(self.pull()[0], 0)
        for command in self.commands() + self.commands("store/m.gguf"):
            status, _, err = self.run_candor(*command)
            self.assertEqual(status, 0, err)

    def test_a_changed_file_is_not_computed_with(self):
        self.pull()
        self.file.write_bytes(CHANGED)
        for command in self.commands() + self.commands("store/m.gguf") + self.commands(str(self.file)):
            err = self.assert_fails(1, f"SHA-256 {CHANGED_DIGEST}, but {DIGEST} when it was pulled", *command)
            self.assertIn(f"candor remove m, then pull it again from {self.url}", err)

    def test_a_file_outside_the_store_has_no_record(self):
        self.pull()
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "m.gguf").write_bytes(CHANGED)
        shutil.copy(self.record, elsewhere)
        self.assertEqual(self.run_candor(*self.commands("elsewhere/m.gguf")[0])[0], 0)
        del self.environment["CANDOR_MODELS"], self.environment["HOME"]  # no store at all
        self.assertEqual(self.run_candor(*self.commands("elsewhere/m.gguf")[0])[0], 0)

    def test_a_file_put_there_by_hand_runs(self):
        self.store.mkdir()
        self.file.write_bytes(CHANGED)
        self.assertEqual(self.run_candor(*self.commands()[0])[0], 0)

    def test_a_file_of_another_size_is_not_computed_with(self):
        self.pull()
        self.file.write_bytes(MODEL + bytes(32))
        err = self.assert_fails(1, f"m.gguf had {len(MODEL)} bytes when it was pulled, now it has {len(MODEL) + 32}",
                                *self.commands()[0])
        self.assertIn("candor remove m", err)

    def test_every_part_of_a_split_model_counts(self):
        self.store.mkdir()
        parts = [model.build()[0] for model in split_cases.split(2)]
        names = [f"m-0000{i + 1}-of-00002.gguf" for i in range(2)]
        for name, part in zip(names, parts):
            (self.store / name).write_bytes(part)
        files = [{"name": name, "bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}
                 for name, part in zip(names, parts)]
        self.record.write_text(json.dumps({"source": "hf:a/b/m.gguf", "installed": "2026-11-22T06:15:00Z",
                                           "verified": True, "files": files}))
        command = ("eval", "logits", "m", "--tokens", "1,2", "--out", "l.safetensors")
        self.assertEqual(self.run_candor(*command)[0], 0)
        for i in range(2):
            files[i]["sha256"], right = "0" * 64, files[i]["sha256"]
            self.record.write_text(json.dumps({"source": "hf:a/b/m.gguf", "installed": "2026-11-22T06:15:00Z",
                                               "verified": True, "files": files}))
            self.assert_fails(1, f"{names[i]}: SHA-256 {right}, but {'0' * 64} when it was pulled", *command)
            files[i]["sha256"] = right

    def test_pulling_a_changed_file_again_says_so(self):
        self.pull()
        self.file.write_bytes(CHANGED)
        for flags in (("--sha256", DIGEST), ("--allow-unverified",)):
            err = self.assert_fails(1, f"SHA-256 {CHANGED_DIGEST}, but {DIGEST} when it was pulled", "pull", self.url,
                                    *flags)
            self.assertIn(f"candor remove m, then pull it again from {self.url}", err)
        self.assertEqual(self.run_candor("remove", "-y", "m")[0], 0)
        self.assertEqual(self.pull()[0], 0)
        self.assertEqual(self.file.read_bytes(), MODEL)

    def test_pulling_an_unverified_model_with_its_digest_verifies_it(self):
        self.assertEqual(self.run_candor("pull", self.url, "--allow-unverified")[0], 0)
        self.assertFalse(json.loads(self.record.read_text())["verified"])
        self.assertIn("SHA-256 checked", self.pull()[2])
        self.assertTrue(json.loads(self.record.read_text())["verified"])

    def test_a_record_that_cannot_be_believed_stops_the_model_until_it_is_pulled_again(self):
        self.pull()
        good = self.record.read_text()
        for broken, problem in (("", "not JSON"), ("[" * 100000, "not JSON"), ("[]", "expected a JSON object"),
                                ("{}", '"source": expected a string'), (" " * (2 << 20), "m.json: "),
                                (good.replace(DIGEST, DIGEST[:-1]), "64 lower-case hexadecimal digits"),
                                (good.replace("m.gguf\", \"bytes", "n.gguf\", \"bytes"), '"n.gguf", expected m.gguf'),
                                (good.replace(self.url, "\\u001b[2J"), "control characters"),
                                (good.replace('"installed": "20', '"installed": "\u00e9\u00e9'), "expected a time")):
            self.record.write_text(broken)
            for command in self.commands():
                err = self.assert_fails(1, problem, *command)
                self.assertIn("m.json: ", err)
                self.assertIn("pull it again", err)
                self.assertNotIn("\x1b", err)
            status, out, err = self.run_candor("list")
            self.assertEqual(status, 0)
            self.assertRegex(out, r"\nm .* record cannot be believed\n")
            self.assertIn(problem, err)
            status, _, err = self.pull()
            self.assertEqual(status, 0, err)
            self.assertIn("SHA-256 checked", err)
            self.assertEqual(self.run_candor(*self.commands()[0])[0], 0)


if __name__ == "__main__":
    candor_cli.main()
