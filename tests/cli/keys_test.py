#!/usr/bin/env python3
"""`candor keys`: making, listing and revoking API keys."""
import concurrent.futures
import hashlib
import json
import os
import re

import candor_cli


class KeysTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / ".config" / "candor" / "keys.json"

    def create(self, *arguments):
        status, out, err = self.run_candor("keys", "create", *arguments)
        self.assertEqual(status, 0, err)
        return out.strip(), err

    def listed(self, *arguments):
        status, out, err = self.run_candor("keys", "list", "--json", *arguments)
        self.assertEqual(status, 0, err)
        return json.loads(out)["keys"]

    def test_a_key_is_printed_once_and_only_its_digest_is_kept(self):
        key, err = self.create("alice")
        self.assertRegex(key, r"^cnd_[A-Za-z0-9_-]{43}$")
        self.assertNotIn(key, err)
        text = self.file.read_text()
        self.assertNotIn(key[4:], text)
        stored = json.loads(text)["keys"][0]
        self.assertEqual(stored["sha256"], hashlib.sha256(key.encode()).hexdigest())
        self.assertRegex(stored["id"], r"^k_[0-9a-f]{12}$")
        self.assertIn(stored["id"], err)
        self.assertEqual(stored["name"], "alice")
        self.assertRegex(stored["created"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(stored["models"], [])
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_each_key_is_another(self):
        keys = {self.create("one")[0] for _ in range(5)}
        self.assertEqual(len(keys), 5)
        self.assertEqual(len({key["id"] for key in self.listed()}), 5)

    def test_a_key_can_be_limited_to_models(self):
        self.create("ci", "--models", "qwen*,phi-4")
        self.create("--models", "m", "before its name")
        self.assertEqual([key["models"] for key in self.listed()], [["qwen*", "phi-4"], ["m"]])
        self.assertIn("qwen*,phi-4", self.run_candor("keys", "list")[1])

    def test_is_made_as_json_too(self):
        status, out, _ = self.run_candor("keys", "create", "a", "--json")
        self.assertEqual(status, 0)
        made = json.loads(out)
        key = made.pop("key")
        self.assertEqual(self.listed(), [made])
        self.assertIn(hashlib.sha256(key.encode()).hexdigest(), self.file.read_text())

    def test_lists_for_people(self):
        status, out, err = self.run_candor("keys", "list")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("candor keys create NAME", err)
        self.assertFalse(self.file.exists())
        self.create("alice and bob")
        rows = [re.split(r"  +", line) for line in self.run_candor("keys", "list")[1].splitlines()]
        self.assertEqual(rows[0], ["ID", "CREATED", "MODELS", "NAME"])
        self.assertEqual(rows[1][2:], ["all", "alice and bob"])

    def test_revokes_what_is_named_and_nothing_else(self):
        for name in "abc":
            self.create(name)
        ids = {key["name"]: key["id"] for key in self.listed()}
        status, _, err = self.run_candor("keys", "revoke", ids["a"], ids["c"])
        self.assertEqual(status, 0)
        self.assertIn(f"revoked {ids['a']} (a)", err)
        self.assertEqual([key["name"] for key in self.listed()], ["b"])
        self.assert_fails(1, "nothing was revoked", "keys", "revoke", ids["b"], ids["a"])
        self.assertEqual([key["name"] for key in self.listed()], ["b"])

    def test_the_file_can_be_another(self):
        other = self.folder / "sub" / "other.json"
        self.create("a", "--keys", str(other))
        self.assertFalse(self.file.exists())
        self.assertEqual(len(self.listed("--keys", str(other))), 1)
        self.environment["XDG_CONFIG_HOME"] = str(self.folder / "xdg")
        self.create("b")
        self.assertTrue((self.folder / "xdg/candor/keys.json").exists())

    def test_many_at_once_lose_none(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: self.create(f"key {i}"), range(24)))
        self.assertEqual({key["name"] for key in self.listed()}, {f"key {i}" for i in range(24)})
        self.assertEqual(os.listdir(self.file.parent), ["keys.json"])

    def test_a_file_that_cannot_be_believed_is_left_alone(self):
        self.create("a")
        good = self.file.read_text()
        digest = json.loads(good)["keys"][0]["sha256"]
        for text, message in (("{", "not JSON"), ('{"keys": [{}]}', '"id": expected a text'),
                              (good.replace('"models": []', '"models": null'), '"models": expected a list'),
                              (good.replace(digest, digest[:-1] + "g"), '"sha256": expected 64 hexadecimal digits')):
            self.file.write_text(text)
            self.assert_fails(1, message, "keys", "create", "b")
            self.assert_fails(1, message, "keys", "list")
            self.assertEqual(self.file.read_text(), text)

    def test_a_file_that_others_may_write_is_refused(self):
        self.create("a")
        self.file.chmod(0o620)
        self.assert_fails(1, "chmod 600", "keys", "list")

    def test_wrong_usage_is_named(self):
        self.assert_fails(2, "keys --help", "keys")
        self.assert_fails(2, "NAME", "keys", "create")
        self.assert_fails(2, "printable", "keys", "create", "a\nb")
        self.assert_fails(2, "printable", "keys", "create", "x" * 129)
        self.assert_fails(2, "no name of a model", "keys", "create", "a", "--models", "m\x1b")


if __name__ == "__main__":
    candor_cli.main()
