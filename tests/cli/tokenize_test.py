"""`candor tokenize` as a user runs it."""
import json
import struct
import subprocess
import unittest

import candor_cli

LLAMA = candor_cli.DATA / "gguf/llama.gguf"


class TokenizeTest(candor_cli.CandorTest):
    def tokenize(self, *arguments, stdin=b""):
        result = subprocess.run([candor_cli.BINARY, "tokenize", *map(str, arguments)], input=stdin, capture_output=True,
                                env=dict(self.environment, ASAN_OPTIONS="detect_leaks=0"), cwd=self.folder)
        return result.returncode, result.stdout, result.stderr.decode()

    def test_json_has_ids_and_pieces(self):
        code, out, err = self.tokenize(LLAMA, "hi <s>\n", "--json")
        self.assertEqual((code, err), (0, ""))
        answer = json.loads(out)
        self.assertEqual(list(answer), ["ids", "pieces"])
        self.assertEqual(answer["pieces"], ["h", "i", "Ġ", "<s>", "Ċ"])
        self.assertEqual(answer["ids"][3], 1)  # recognised, and no BOS before the text

    def test_lines_have_an_id_and_a_piece(self):
        code, out, _ = self.tokenize(LLAMA, "i")
        self.assertEqual(code, 0)
        number, piece = out.decode().splitlines()[0].split("\t")
        self.assertEqual(piece, "i")
        self.assertTrue(number.isdigit())

    def test_a_dash_reads_all_of_standard_input_as_it_is(self):
        code, out, _ = self.tokenize(LLAMA, "-", "--json", stdin=b"a\xff\n\x00-\n")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["pieces"], ["a", "ÿ", "Ċ", "Ā", "-", "Ċ"])

    def test_nothing_has_no_tokens(self):
        self.assertEqual(self.tokenize(LLAMA, "", "--json")[:2], (0, b'{"ids":[],"pieces":[]}\n'))

    def test_a_folder_has_its_tokenizer_json(self):
        folder = self.folder / "model"
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
        code, _, err = self.tokenize(folder, "a")
        self.assertEqual(code, 1)
        self.assertIn("tokenizer.json", err)
        vocabulary = {"<unk>": 0, "a": 1, "b": 2, "ab": 3}
        (folder / "tokenizer.json").write_text(json.dumps({"model": {
            "type": "BPE", "unk_token": "<unk>", "vocab": vocabulary, "merges": [["a", "b"]]}}))
        code, out, err = self.tokenize(folder, "abba", "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out), {"ids": [3, 2, 1], "pieces": ["ab", "b", "a"]})

    def test_wrong_usage_and_wrong_files_are_told(self):
        self.assertEqual(self.tokenize(LLAMA)[0], 2)
        code, out, err = self.tokenize(self.folder / "none.gguf", "a")
        self.assertEqual((code, out), (1, b""))
        self.assertIn("none.gguf", err)


if __name__ == "__main__":
    unittest.main()
