#!/usr/bin/env python3
"""`candor list` and `candor remove`, and what is asked and drawn on a terminal."""
import hashlib
import json
import os
import pty
import re
import shutil
import struct

import candor_cli
import model_server

GGUF = candor_cli.DATA / "gguf" / "llama.gguf"  # BF16 throughout


class ListRemoveTest(candor_cli.CandorTest):
    def put(self, name):
        self.store.mkdir(exist_ok=True)
        shutil.copy(GGUF, self.store / f"{name}.gguf")

    def pull(self, name):
        server = model_server.ModelServer()
        self.addCleanup(server.close)
        url = server.add("/m.gguf", GGUF.read_bytes())
        digest = hashlib.sha256(GGUF.read_bytes()).hexdigest()
        self.assertEqual(self.run_candor("pull", url, "--name", name, "--sha256", digest)[0], 0)
        return url, digest

    def on_terminal(self, typed, *arguments, **environment):
        """The exit status and all that appears on the terminal."""
        child, terminal = pty.fork()
        if child == 0:
            try:
                os.chdir(self.folder)
                os.execve(candor_cli.BINARY, [str(candor_cli.BINARY), *arguments],
                          {**self.environment, "TERM": "xterm", **environment})
            finally:
                os._exit(127)
        shown = b""
        os.write(terminal, typed)
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the program has ended
                break
            if not piece:
                break
            shown += piece
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()

    def test_an_empty_store_says_what_to_do(self):
        status, out, err = self.run_candor("list")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("candor pull smollm2-135m", err)
        self.assertFalse(self.store.exists())
        status, out, _ = self.run_candor("list", "--json")
        self.assertEqual(json.loads(out), {"store": str(self.store), "models": [], "interrupted": []})

    def test_lists_name_size_type_digest_date_and_source(self):
        url, digest = self.pull("pulled")
        self.put("by-hand")
        (self.store / "broken.gguf").write_bytes(b"no GGUF")
        status, out, err = self.run_candor("list")
        self.assertEqual((status, err), (0, ""))
        rows = [re.split(r"  +", line) for line in out.splitlines()]
        self.assertEqual(rows[0], ["NAME", "SIZE", "TYPE", "SHA-256", "PULLED", "SOURCE"])
        self.assertEqual(rows[1], ["broken", "7 B", "?", "-", "-", "put there by hand"])
        self.assertEqual(rows[2], ["by-hand", "368.3 kB", "BF16", "-", "-", "put there by hand"])
        self.assertEqual(rows[3][:4] + rows[3][5:], ["pulled", "368.3 kB", "BF16", digest[:12], url])
        self.assertRegex(rows[3][4], r"^20\d\d-\d\d-\d\d$")

    def test_lists_as_json(self):
        url, digest = self.pull("pulled")
        status, out, _ = self.run_candor("list", "--json")
        self.assertEqual(status, 0)
        model = json.loads(out)["models"][0]
        self.assertRegex(model.pop("installed"), r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(model, {"name": "pulled", "bytes": GGUF.stat().st_size, "type": "BF16", "verified": True,
                                 "files": [str(self.store / "pulled.gguf")], "sha256": [digest], "source": url})

    def test_a_long_source_is_shortened_for_people(self):
        self.pull("m")
        record = self.store / "m.json"
        whole = json.loads(record.read_text())
        address = "https://example.org/" + "a\u00e9" * 100 + "/m.gguf"
        for source, shown in (("packages one==1.0", "package one==1.0"),
                              ("packages " + " ".join(f"some-long-name-part{i}==0.9.0" for i in range(6)), "6 packages"),
                              (address, None)):
            record.write_text(json.dumps({**whole, "source": source}, ensure_ascii=False))
            line = self.run_candor("list")[1].splitlines()[1]
            self.assertLessEqual(len(line), 120)
            if shown:
                self.assertTrue(line.endswith("  " + shown), line)
            else:
                self.assertRegex(line, r"  https://example.org/(a\u00e9)*a?\.\.\.\u00e9?(a\u00e9)*/m\.gguf$")
            self.assertEqual(json.loads(self.run_candor("list", "--json")[1])["models"][0]["source"], source)

    def test_the_type_and_the_size_are_those_that_inspect_shows(self):
        self.store.mkdir()
        # By bytes the model's matrices are F16; what it says of itself is Q4_K_M.
        out = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
        out += struct.pack("<Q", 17) + b"general.file_type" + struct.pack("<II", 4, 15)
        out += struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 400_000, 1, 0)
        out += bytes(-len(out) % 32)
        (self.store / "m.gguf").write_bytes(out + bytes(800_000))
        row = re.split(r"  +", self.run_candor("list")[1].splitlines()[1])
        self.assertEqual(row[:3], ["m", "800.1 kB", "Q4_K_M"])
        self.assertEqual(json.loads(self.run_candor("list", "--json")[1])["models"][0]["type"], "Q4_K_M")
        inspected = self.run_candor("inspect", "m")[1]
        self.assertIn(" 800.1 kB (800,096 bytes)", inspected)
        self.assertIn(" Q4_K_M, ", inspected)

    def test_the_flag_goes_before_the_environment(self):
        self.put("m")
        self.environment["CANDOR_MODELS"] = str(self.folder / "elsewhere")
        self.assertEqual(self.run_candor("list")[1], "")
        self.assertIn("m ", self.run_candor("list", "--store", str(self.store))[1])

    def test_removes_what_is_named_and_nothing_else(self):
        for name in ("a", "b", "c"):
            self.put(name)
        self.pull("d")
        status, out, err = self.run_candor("remove", "-y", "a", "d")
        self.assertEqual((status, out), (0, ""), err)
        self.assertEqual(self.stored(), ["b.gguf", "c.gguf"])

    def test_removes_nothing_when_one_name_is_wrong(self):
        self.put("mistral")
        self.assert_fails(1, "did you mean mistral?", "remove", "-y", "mistral", "mistrel")
        self.assert_fails(2, "cannot be a model's name", "remove", "-y", "mistral", "../mistral")
        self.assertEqual(self.stored(), ["mistral.gguf"])

    def test_without_a_terminal_it_does_not_ask(self):
        self.put("m")
        self.assert_fails(2, "--yes", "remove", "m")
        self.assertEqual(self.stored(), ["m.gguf"])

    def test_asks_on_a_terminal(self):
        self.put("m")
        for answer in (b"n\n", b"\n", b"\x04"):
            status, shown = self.on_terminal(answer, "remove", "m")
            self.assertIn("Remove m (368.3 kB)? [y/N]", shown)
            self.assertEqual(status, 1)
            self.assertEqual(self.stored(), ["m.gguf"])
        self.assertEqual(self.on_terminal(b"y\n", "remove", "m")[0], 0)
        self.assertEqual(self.stored(), [])

    def test_removes_an_unfinished_pull(self):
        server = model_server.ModelServer()
        self.addCleanup(server.close)
        url = server.add("/m.gguf", GGUF.read_bytes(), cut_after=[1000])
        self.run_candor("pull", url, "--sha256", "0" * 64, "--attempts", "1")
        self.assertIn("m: 1.0 kB of an unfinished pull", self.run_candor("list")[2])
        self.assertEqual(json.loads(self.run_candor("list", "--json")[1])["interrupted"], [{"name": "m", "bytes": 1000}])
        self.assertEqual(self.run_candor("remove", "-y", "m")[0], 0)
        self.assertEqual(self.stored(), [])

    def test_a_pull_draws_a_bar_on_a_terminal_and_erases_it(self):
        server = model_server.ModelServer()
        self.addCleanup(server.close)
        content = b"GGUF" + bytes(1_000_000)
        url = server.add("/m.gguf", content, delay=0.06)
        arguments = ["pull", url, "--sha256", hashlib.sha256(content).hexdigest()]
        status, shown = self.on_terminal(b"", *arguments)
        self.assertEqual(status, 0, shown)
        self.assertRegex(shown, r"\r\x1b\[Km  \[#+\.+\]  +\d+%  0\.\d / 1\.0 MB")
        self.assertIn("\r\x1b[Km: 1.0 MB, SHA-256 checked", shown)
        self.run_candor("remove", "-y", "m")
        self.assertNotIn("\x1b", self.on_terminal(b"", *arguments, TERM="dumb")[1])
        self.run_candor("remove", "-y", "m")
        self.assertEqual(self.run_candor(*arguments)[2].count("\n"), 2)


if __name__ == "__main__":
    candor_cli.main()
