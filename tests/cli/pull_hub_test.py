#!/usr/bin/env python3
"""`candor pull hf:OWNER/REPO/FILE` against a local server that answers as a hub does."""
import hashlib
import json
import random

import candor_cli
import model_server

MODEL = b"GGUF" + random.Random(2).randbytes(300_000)
SECOND = b"GGUF" + random.Random(3).randbytes(200_000)
DIGEST = hashlib.sha256(MODEL).hexdigest()


def linked(content):
    return {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}


class PullHubTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.hub = model_server.ModelServer()
        self.addCleanup(self.hub.close)
        self.storage = model_server.ModelServer()  # another origin, as hubs have
        self.addCleanup(self.storage.close)
        self.environment["HF_ENDPOINT"] = self.hub.url

    def publish(self, path, content, fields=None):
        """A file in large-file storage: the hub redirects to the storage."""
        where = self.storage.add("/blob" + path, content)
        self.hub.add("/owner/repo/resolve/main" + path, redirect=where,
                     fields=linked(content) if fields is None else fields)

    def test_checks_against_the_digest_that_the_hub_gives(self):
        self.publish("/m.Q4_0.gguf", MODEL)
        status, _, err = self.run_candor("pull", "hf:owner/repo/m.Q4_0.gguf")
        self.assertEqual(status, 0, err)
        self.assertEqual((self.store / "m.Q4_0.gguf").read_bytes(), MODEL)
        record = json.loads((self.store / "m.Q4_0.json").read_text())
        self.assertEqual(record["source"], f"hf:owner/repo/m.Q4_0.gguf at {self.hub.url}/")
        self.assertEqual(record["files"][0]["sha256"], DIGEST)
        self.assertTrue(record["verified"])

    def test_contents_that_are_not_what_the_hub_announced_are_refused(self):
        self.publish("/m.gguf", MODEL, fields=linked(SECOND))
        self.assert_fails(1, "SHA-256 " + DIGEST, "pull", "hf:owner/repo/m.gguf")
        self.assertEqual(self.stored(), [])

    def test_the_storage_does_not_vouch_for_itself(self):
        self.storage.add("/blob", MODEL, fields=linked(MODEL))
        self.hub.add("/owner/repo/resolve/main/m.gguf", redirect=self.storage.url + "/blob")
        self.assert_fails(2, "gives no SHA-256", "pull", "hf:owner/repo/m.gguf")
        self.assertEqual(self.storage.requests("HEAD"), [])

    def test_small_files_have_no_digest(self):
        for etag in ('"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"', '"short"', ""):
            self.hub.add("/owner/repo/resolve/main/m.gguf", MODEL, fields={"X-Linked-Etag": etag})
            self.assert_fails(2, "gives no SHA-256", "pull", "hf:owner/repo/m.gguf")
        self.assertEqual(self.run_candor("pull", "hf:owner/repo/m.gguf", "--sha256", DIGEST)[0], 0)
        self.assertEqual(self.run_candor("pull", "hf:owner/repo/m.gguf", "--allow-unverified", "--name", "n")[0], 0)
        self.assertFalse(json.loads((self.store / "n.json").read_text())["verified"])

    def test_a_digest_of_ones_own_is_compared_with_the_hubs(self):
        self.publish("/m.gguf", MODEL)
        self.assert_fails(1, "the hub gives SHA-256", "pull", "hf:owner/repo/m.gguf", "--sha256", "0" * 64)
        self.assertEqual(self.run_candor("pull", "hf:owner/repo/m.gguf", "--sha256", DIGEST)[0], 0)

    def test_follows_a_renamed_repository(self):
        self.publish("/m.gguf", MODEL)
        self.hub.add("/old/name/resolve/main/m.gguf", redirect="/owner/repo/resolve/main/m.gguf")
        self.assertEqual(self.run_candor("pull", "hf:old/name/m.gguf")[0], 0)

    def test_the_token_goes_to_the_hub_alone(self):
        self.environment["HF_TOKEN"] = "hf_secret"
        self.publish("/m.gguf", MODEL)
        status, _, err = self.run_candor("pull", "hf:owner/repo/m.gguf")
        self.assertEqual(status, 0, err)
        for command in ("HEAD", "GET"):
            self.assertEqual([f.get("Authorization") for _, f in self.hub.requests(command)], ["Bearer hf_secret"])
            self.assertTrue(all("Authorization" not in f for _, f in self.storage.requests(command)))
        self.assertEqual(len(self.storage.requests()), 1)
        self.assertNotIn("hf_secret", err + (self.store / "m.json").read_text())

    def test_the_token_is_not_for_other_addresses(self):
        self.environment["HF_TOKEN"] = "hf_secret"
        url = self.hub.add("/m.gguf", MODEL)
        self.assertEqual(self.run_candor("pull", url, "--sha256", DIGEST)[0], 0)
        self.assertNotIn("Authorization", self.hub.requests()[0][1])

    def test_pulls_all_parts_of_a_split_model(self):
        self.publish("/Q4/m-00001-of-00002.gguf", MODEL)
        self.publish("/Q4/m-00002-of-00002.gguf", SECOND)
        status, _, err = self.run_candor("pull", "hf:owner/repo/Q4/m-00001-of-00002.gguf")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.stored(), ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "m.json"])
        self.assertEqual((self.store / "m-00002-of-00002.gguf").read_bytes(), SECOND)
        self.assertEqual(len(json.loads((self.store / "m.json").read_text())["files"]), 2)

    def test_a_split_model_with_a_broken_part_is_not_installed(self):
        self.publish("/m-00001-of-00002.gguf", MODEL)
        self.publish("/m-00002-of-00002.gguf", SECOND, fields=linked(MODEL))
        self.assert_fails(1, "m-00002-of-00002.gguf: SHA-256", "pull", "hf:owner/repo/m-00001-of-00002.gguf")
        self.assertEqual(self.stored(), [])

    def test_a_later_part_names_the_first(self):
        self.assert_fails(2, "m-00001-of-00002.gguf", "pull", "hf:owner/repo/m-00002-of-00002.gguf")

    def test_says_what_a_refusal_may_mean(self):
        self.assert_fails(1, "no such file", "pull", "hf:owner/repo/nowhere.gguf")
        self.hub.add("/owner/repo/resolve/main/m.gguf", status=401)
        self.assert_fails(1, "HF_TOKEN", "pull", "hf:owner/repo/m.gguf")

    def test_references_that_are_none_are_wrong_usage(self):
        for reference in ("hf:", "hf:owner", "hf:owner/repo", "hf:owner/repo/", "hf:/repo/m.gguf", "hf:../repo/m.gguf",
                          "hf:owner/../m.gguf", "hf:owner/repo/../m.gguf", "hf:owner/repo//m.gguf",
                          "hf:owner/repo/m.bin", "hf:owner/re po/m.gguf", "hf:owner/repo/m\n.gguf",
                          "hf:owner/repo/m-00000-of-00002.gguf", "hf:owner/repo/m-00003-of-00002.gguf"):
            status, _, err = self.run_candor("pull", reference)
            self.assertEqual(status, 2, reference + err)
        self.assertEqual(self.hub.requests("HEAD"), [])

    def test_paths_are_encoded(self):
        self.hub.add("/owner/repo/resolve/main/a%20b/m%23%3F%251.gguf", MODEL, fields=linked(MODEL))
        status, _, err = self.run_candor("pull", "hf:owner/repo/a b/m#?%1.gguf")
        self.assertEqual(status, 0, err)
        self.assertIn("m---1.gguf", self.stored())


if __name__ == "__main__":
    candor_cli.main()
