#!/usr/bin/env python3
"""`candor pull URL` against a local server that breaks, redirects, lies and stalls."""
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import time

import candor_cli
import model_server

MODEL = b"GGUF" + random.Random(1).randbytes(1_000_000)
DIGEST = hashlib.sha256(MODEL).hexdigest()
HALF = len(MODEL) // 2


class PullUrlTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.server = model_server.ModelServer()
        self.addCleanup(self.server.close)

    def pull(self, url, *flags, digest=DIGEST):
        return self.run_candor("pull", url, "--sha256", digest, *flags)

    def assert_pulled(self, outcome, name="m"):
        self.assertEqual(outcome[0], 0, outcome[2])
        self.assertEqual(outcome[1], "")
        self.assertEqual((self.store / f"{name}.gguf").read_bytes(), MODEL)
        self.assertEqual(self.stored(), [f"{name}.gguf", f"{name}.json"])

    def assert_refused(self, outcome, text, status=1):
        self.assertEqual(outcome[0], status, outcome[2])
        self.assertIn(text, outcome[2])
        self.assertEqual(self.stored(), [])

    def wait_for_partial(self, process):
        """Until bytes have come; the path of the partial file."""
        for _ in range(500):
            parts = list(self.store.glob(".partial/*.part"))
            if parts and parts[0].stat().st_size > 0:
                return parts[0]
            self.assertIsNone(process.poll(), "ended before it could be stopped")
            time.sleep(0.01)
        self.fail("nothing came")

    def test_downloads_checks_and_records(self):
        url = self.server.add("/models/m.gguf", MODEL)
        self.assert_pulled(self.pull(url + "?token=secret#x"))
        record = json.loads((self.store / "m.json").read_text())
        self.assertEqual(record["source"], url)
        self.assertEqual(record["files"], [{"name": "m.gguf", "bytes": len(MODEL), "sha256": DIGEST}])
        self.assertTrue(record["verified"])

    def test_a_second_pull_downloads_nothing(self):
        url = self.server.add("/m.gguf", MODEL)
        self.assert_pulled(self.pull(url))
        outcome = self.pull(url)
        self.assert_pulled(outcome)
        self.assertIn("already", outcome[2])
        self.assertEqual(len(self.server.requests()), 1)

    def test_digests_may_be_written_in_capitals_and_with_their_kind(self):
        self.assert_pulled(self.pull(self.server.add("/m.gguf", MODEL), digest="sha256:" + DIGEST.upper()))

    def test_a_wrong_digest_leaves_nothing_behind(self):
        url = self.server.add("/m.gguf", MODEL)
        self.assert_refused(self.pull(url, digest="0" * 64), "expected " + "0" * 64)

    def test_a_digest_that_is_none_is_wrong_usage(self):
        url = self.server.add("/m.gguf", MODEL)
        self.assert_refused(self.pull(url, digest="abc"), "64 hexadecimal digits", status=2)
        self.assertEqual(self.server.requests(), [])

    def test_without_a_digest_it_must_be_allowed(self):
        url = self.server.add("/m.gguf", MODEL)
        self.assert_fails(2, "--sha256", "pull", url)
        outcome = self.run_candor("pull", url, "--allow-unverified")
        self.assert_pulled(outcome)
        self.assertIn("not checked", outcome[2])
        self.assertFalse(json.loads((self.store / "m.json").read_text())["verified"])

    def test_takes_up_a_broken_connection_where_it_broke(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
        self.assert_pulled(self.pull(url))
        fields = [fields for _, fields in self.server.requests()]
        self.assertNotIn("Range", fields[0])
        self.assertEqual(fields[1]["Range"], f"bytes={HALF}-")
        self.assertEqual(fields[1]["If-Range"], '"1"')

    def test_starts_again_where_the_server_cannot_resume(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF], ranges=False)
        self.assert_pulled(self.pull(url))
        self.assertEqual(len(self.server.requests()), 2)

    def test_starts_again_when_the_file_has_changed_meanwhile(self):
        url = self.server.add("/m.gguf", b"GGUF" + bytes(len(MODEL)), cut_after=[HALF])
        process = self.start("pull", url, "--sha256", DIGEST)
        while len(self.server.requests()) < 1:
            time.sleep(0.01)
        time.sleep(0.2)  # the first half has come
        self.server.add("/m.gguf", MODEL, etag='"2"')
        self.assert_pulled(self.finish(process))

    def test_gives_up_after_so_many_attempts_and_keeps_what_came(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
        status, _, err = self.pull(url, "--attempts", "1")
        self.assertEqual(status, 1)
        self.assertIn(f"{HALF} bytes are kept", err)
        self.assertEqual([name for name in self.stored() if name.endswith(".gguf")], [])
        self.assert_pulled(self.pull(url))
        self.assertEqual(self.server.requests()[-1][1]["Range"], f"bytes={HALF}-")

    def test_fewer_bytes_than_announced_are_an_error(self):
        url = self.server.add("/m.gguf", MODEL, announced=len(MODEL) + 1)
        status, _, err = self.pull(url, "--attempts", "1")
        self.assertEqual(status, 1)
        self.assertEqual([name for name in self.stored() if name.endswith(".gguf")], [], err)

    def test_a_chunked_answer(self):
        self.assert_pulled(self.pull(self.server.add("/m.gguf", MODEL, chunked=True)))

    def test_a_chunked_answer_that_breaks_off(self):
        url = self.server.add("/m.gguf", MODEL, chunked=True, cut_after=[HALF])
        self.assert_pulled(self.pull(url))
        self.assertEqual(len(self.server.requests()), 2)

    def test_another_part_than_was_asked_for_is_refused(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF], shift=1)
        status, _, err = self.pull(url)
        self.assertEqual(status, 1)
        self.assertIn("another part", err)

    def test_kept_bytes_that_are_of_something_else_do_not_survive(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
        self.pull(url, "--attempts", "1")
        part = next(self.store.glob(".partial/*.part"))
        part.write_bytes(b"GGUF" + bytes(HALF))
        status, _, err = self.pull(url)
        self.assertEqual((status, self.stored()), (1, []), err)
        self.assert_pulled(self.pull(url))

    def test_kept_bytes_that_are_all_there_need_no_download(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
        self.pull(url, "--attempts", "1")
        next(self.store.glob(".partial/*.part")).write_bytes(MODEL)
        self.assert_pulled(self.pull(url))

    def test_more_kept_bytes_than_the_file_has_start_again(self):
        url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
        self.pull(url, "--attempts", "1")
        next(self.store.glob(".partial/*.part")).write_bytes(MODEL + b"more")
        self.assert_pulled(self.pull(url))

    def test_ctrl_c_keeps_what_came_and_says_so(self):
        url = self.server.add("/m.gguf", MODEL, delay=0.05)
        process = self.start("pull", url, "--sha256", DIGEST)
        self.wait_for_partial(process)
        process.send_signal(signal.SIGINT)
        status, _, err = self.finish(process)
        self.assertEqual(status, -signal.SIGINT, err)
        self.assertIn("are kept", err)
        self.server.resource("/m.gguf").delay = 0
        self.assert_pulled(self.pull(url))
        self.assertIn("Range", self.server.requests()[-1][1])

    def test_a_killed_pull_is_taken_up(self):
        url = self.server.add("/m.gguf", MODEL, delay=0.05)
        process = self.start("pull", url, "--sha256", DIGEST)
        self.wait_for_partial(process)
        process.kill()
        self.finish(process)
        status, _, err = self.run_candor("list")
        self.assertIn("unfinished pull", err)
        self.server.resource("/m.gguf").delay = 0
        self.assert_pulled(self.pull(url))
        self.assertIn("Range", self.server.requests()[-1][1])

    def test_two_at_once_download_once(self):
        url = self.server.add("/m.gguf", MODEL, delay=0.02)
        first = self.start("pull", url, "--sha256", DIGEST)
        self.wait_for_partial(first)
        second = self.start("pull", url, "--sha256", DIGEST)
        first_outcome, second_outcome = self.finish(first), self.finish(second)
        self.assert_pulled(first_outcome)
        self.assert_pulled(second_outcome)
        self.assertIn("waiting for another candor", second_outcome[2])
        self.assertEqual(len(self.server.requests()), 1)

    def test_a_busy_server_is_asked_again(self):
        url = self.server.add("/m.gguf", MODEL, failures=[503])
        outcome = self.pull(url)
        self.assert_pulled(outcome)
        self.assertIn("status 503; trying again", outcome[2])

    def test_what_will_not_pass_is_not_tried_again(self):
        self.assert_refused(self.pull(self.server.url + "/nowhere.gguf"), "status 404 (no such file)")
        url = self.server.add("/private.gguf", MODEL, status=401)
        self.assert_refused(self.pull(url), "status 401 (not allowed")
        self.assertEqual(len(self.server.requests()), 2)

    def test_a_host_that_does_not_listen(self):
        self.server.close()
        self.assert_refused(self.pull(self.server.url + "/m.gguf", "--attempts", "1"), "127.0.0.1")

    def test_follows_redirects(self):
        self.server.add("/files/m.gguf", MODEL)
        self.server.add("/b", redirect="/files/m.gguf")
        url = self.server.add("/a.gguf", redirect="b")
        self.assert_pulled(self.pull(url), name="a")

    def test_gives_up_on_a_circle_of_redirects(self):
        url = self.server.add("/m.gguf", redirect="/m.gguf")
        self.assert_refused(self.pull(url), "redirects")
        self.assertLessEqual(len(self.server.requests()), 6)

    def test_redirects_are_held_to_the_same_rules(self):
        for location in ("http://192.0.2.1/m.gguf", "file:///etc/passwd", "ftp://127.0.0.1/m.gguf", "gopher://x/"):
            url = self.server.add("/m.gguf", redirect=location)
            status, _, err = self.pull(url)
            self.assertEqual((status, self.stored()), (1, []), location + err)
            self.assertIn("redirects to", err)

    def test_a_header_without_end_is_refused(self):
        fields = {f"X-{i}": "x" * 1000 for i in range(60)}
        self.assert_pulled(self.pull(self.server.add("/m.gguf", MODEL, fields=fields)))
        fields |= {f"Y-{i}": "x" * 1000 for i in range(10)}
        url = self.server.add("/n.gguf", MODEL, fields=fields)
        status, _, err = self.pull(url)
        self.assertEqual(status, 1)
        self.assertIn("the answer's header is longer than 65536 bytes", err)
        self.assertEqual(self.stored(), ["m.gguf", "m.json"])

    def test_plain_http_is_for_this_machine(self):
        for url in ("http://192.0.2.1/m.gguf", "http://localhost.example/m.gguf", "http://127.0.0.1.example/m.gguf",
                    "http://127.0.0.1@192.0.2.1/m.gguf"):
            status, _, err = self.pull(url)
            self.assertEqual(status, 2, url + err)
            self.assertIn("plain http", err)

    def test_other_addresses_are_wrong_usage(self):
        for url in ("ftp://127.0.0.1/m.gguf", "file:///m.gguf", "https://", "http://127.0.0.1/a b.gguf", "://x"):
            self.assertEqual(self.pull(url)[0], 2, url)

    def test_passwords_are_not_shown_or_recorded(self):
        url = self.server.add("/m.gguf", MODEL).replace("http://", "http://somebody:hunter2@")
        outcome = self.pull(url)
        self.assert_pulled(outcome)
        self.assertNotIn("hunter2", outcome[2] + (self.store / "m.json").read_text())
        outcome = self.pull("ftp://somebody:hunter2@127.0.0.1/x.gguf")
        self.assertNotIn("hunter2", outcome[2])

    def test_what_is_no_model_is_refused_by_its_first_bytes(self):
        cases = {b"<!DOCTYPE html><html>": "web page", b"\x80\x04\x95\x00": "pickle", b"PK\x03\x04": "ZIP",
                 b"version https://git-lfs.github.com/spec/v1\n": "Git LFS pointer", b"GG": "not a GGUF file",
                 b"": "an empty file"}
        for content, text in cases.items():
            url = self.server.add("/m.gguf", content + (bytes(3_000_000) if len(content) > 4 else b""))
            self.assert_refused(self.run_candor("pull", url, "--allow-unverified"), text)

    def test_a_file_that_the_disk_cannot_hold_is_refused_at_once(self):
        url = self.server.add("/m.gguf", MODEL, announced=2 ** 50)
        self.assert_refused(self.pull(url), "at most")
        url = self.server.add("/m.gguf", MODEL, announced=2 ** 40 - 1)
        self.assert_refused(self.pull(url), "are free")

    def test_no_byte_is_taken_beyond_what_was_announced(self):
        for content_range in (f"bytes {HALF}-{HALF + 1}/{len(MODEL)}", f"bytes {HALF}-{len(MODEL) - 1}/{len(MODEL)}",
                              f"bytes {HALF}-{len(MODEL) - 1}/*"):
            url = self.server.add("/m.gguf", MODEL, cut_after=[HALF])
            self.pull(url, "--attempts", "1")
            part = next(self.store.glob(".partial/*.part"))
            with part.open("rb") as file:  # what is written shows in it even when the name is gone
                self.server.add("/m.gguf", MODEL, chunked=True, more=64 << 20, content_range=content_range)
                self.assert_refused(self.pull(url), "the server sends more than the")
                self.assertLessEqual(os.fstat(file.fileno()).st_size, len(MODEL))

    def test_a_disk_that_is_full_is_left_as_it_was(self):
        # A limit on files' sizes stands for a small disk.
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, HALF))
        for how in ({}, {"chunked": True}):
            url = self.server.add("/m.gguf", MODEL, **how)
            outcome = self.run_candor("pull", url, "--sha256", DIGEST, preexec_fn=limit, restore_signals=False)
            self.assert_refused(outcome, "cannot write: File too large (what had come is removed)")
        self.assert_pulled(self.pull(url))

    def on_a_small_disk(self, megabytes, *arguments):
        """Runs candor with a file system of its own as store; the outcome, and what is left in the store."""
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
            self.skipTest("no file systems can be mounted here")
        self.store.mkdir(exist_ok=True)
        script = (f"mount -t tmpfs -o size={megabytes}m none {self.store} || exit 99\n"
                  f"\"$@\"; status=$?; find {self.store} -type f -size +0; exit $status")
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", candor_cli.BINARY, *arguments],
                              capture_output=True, text=True, env=self.environment, timeout=60)
        if done.returncode == 99:
            self.skipTest("no file systems can be mounted here")
        return (done.returncode, done.stdout, done.stderr)

    def test_a_file_of_unknown_size_leaves_room_on_the_disk(self):
        url = self.server.add("/m.gguf", b"GGUF" + bytes(1000), chunked=True, more=64 << 20)
        outcome = self.on_a_small_disk(300, "pull", url, "--sha256", DIGEST)
        self.assertEqual(outcome[:2], (1, ""), outcome)
        self.assertIn("does not say how large the file is", outcome[2])
        self.assertIn("(what had come is removed)", outcome[2])

    def test_a_file_that_does_not_fit_is_not_begun(self):
        url = self.server.add("/m.gguf", b"GGUF" + bytes(4 << 20))
        outcome = self.on_a_small_disk(3, "pull", url, "--sha256", DIGEST)
        self.assertEqual(outcome[:2], (1, ""), outcome)
        self.assertIn("5 MB are needed, 3 MB are free", outcome[2])

    def test_a_name_with_other_contents_is_not_replaced(self):
        self.store.mkdir()
        (self.store / "m.gguf").write_bytes(b"GGUF, but mine")
        url = self.server.add("/m.gguf", MODEL)
        status, _, err = self.pull(url)
        self.assertEqual(status, 1)
        self.assertIn("--name", err)
        self.assertEqual((self.store / "m.gguf").read_bytes(), b"GGUF, but mine")
        self.assertEqual(self.pull(url, "--name", "other")[0], 0)

    def test_a_file_put_there_by_hand_is_checked_and_recorded(self):
        self.store.mkdir()
        (self.store / "m.gguf").write_bytes(MODEL)
        self.assert_pulled(self.pull(self.server.add("/m.gguf", MODEL)))
        self.assertEqual(self.server.requests(), [])

    def test_names_that_leave_the_store_are_wrong_usage(self):
        url = self.server.add("/m.gguf", MODEL)
        for name in ("../m", "/tmp/m", "a/b", "..", ".", "-x", "a\nb", "a..b", "a.gguf", "%2e%2e%2fm", "x" * 101):
            status, _, err = self.pull(url, f"--name={name}")
            self.assertEqual(status, 2, name + err)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_address_that_gives_no_name_needs_one(self):
        url = self.server.add("/", MODEL)
        self.assert_fails(2, "--name", "pull", url, "--sha256", DIGEST)
        self.assert_pulled(self.pull(url, "--name", "n"), name="n")

    def test_one_part_of_a_split_model_is_refused(self):
        url = self.server.add("/m-00001-of-00002.gguf", MODEL)
        self.assert_fails(2, "one part of a split model", "pull", url, "--sha256", DIGEST)

    def test_a_folder_in_the_models_place(self):
        (self.store / "m.gguf").mkdir(parents=True)
        status, _, err = self.pull(self.server.add("/m.gguf", MODEL))
        self.assertEqual((status, self.stored()), (1, ["m.gguf"]))
        self.assertIn("something that is no file", err)

    def test_a_store_that_cannot_be_written(self):
        self.store.write_text("a file")
        status, _, err = self.pull(self.server.add("/m.gguf", MODEL))
        self.assertEqual(status, 1)
        self.assertIn("store: cannot list this folder", err)


if __name__ == "__main__":
    candor_cli.main()
