#!/usr/bin/env python3
"""`candor doctor` as a user runs it: what it says is what the kernel does, here and where the kernel gives no filter."""
import ctypes
import json
import os
import platform
import shutil
import struct
import unittest

import candor_cli

ACTIONS = ["open a file", "make a socket", "connect", "start a program", "trace a process"]


def refuse_filters():
    """Lets no program from here on install a filter of system calls: seccomp(2) fails, and so does its prctl."""
    libc = ctypes.CDLL(None, use_errno=True)
    load, jump, give = 0x20, 0x15, 0x06
    refuse = 0x00050000 | 22  # SECCOMP_RET_ERRNO, EINVAL
    seccomp, prctl = 317, 157  # x86-64
    rules = [(load, 0, 0, 0), (jump, 4, 0, seccomp), (jump, 0, 2, prctl),
             (load, 0, 0, 16), (jump, 1, 0, 22),  # the first argument: PR_SET_SECCOMP
             (give, 0, 0, 0x7fff0000), (give, 0, 0, refuse)]
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")


class DoctorTest(candor_cli.CandorTest):
    def doctor(self, *arguments, status=0, **keywords):
        found, out, err = self.run_candor("doctor", "--json", *arguments, **keywords)
        self.assertEqual((found, err), (status, ""), out + err)
        return json.loads(out)

    def assert_refused(self, actions, expected):
        self.assertEqual(sorted(actions), sorted(expected))
        for name, action in actions.items():
            self.assertEqual(action, {"refused": True, "error": "Operation not permitted"}, name)

    def test_everything_that_is_promised_is_in_force(self):
        found = self.doctor()
        self.assertEqual(found["problems"], [])
        self.assertTrue(found["front"]["seccomp"])
        self.assert_refused(found["front"]["actions"], ["make a socket", "connect", "trace a process"])
        self.assertTrue(found["worker"]["seccomp"])
        self.assert_refused(found["worker"]["actions"], ACTIONS)
        self.assertIn("sealed by seccomp", found["worker"]["seal"])

    def test_the_machine_is_described(self):
        found = self.doctor()
        self.assertEqual(found["kernel"], f"{platform.system()} {platform.release()} {platform.machine()}")
        self.assertEqual(found["usable_processors"], len(os.sched_getaffinity(0)))
        self.assertIn({"name": "scalar", "known_answers": True}, found["instruction_sets"])
        self.assertEqual(found["isa"], found["instruction_sets"][0]["name"])
        self.assertEqual(found["memory_bytes"], os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        self.assertLess(found["free_memory_bytes"], found["memory_bytes"])

    def test_the_store_is_described_before_and_after_it_is_there(self):
        found = self.doctor()["store"]
        self.assertEqual((found["folder"], found["models"]), (str(self.store), 0))
        self.assertGreater(found["free_bytes"], 0)
        self.store.mkdir()
        model = candor_cli.DATA / "gguf/llama.gguf"
        shutil.copy(model, self.store / "m.gguf")
        found = self.doctor()["store"]
        self.assertEqual((found["models"], found["bytes"]), (1, model.stat().st_size))

    def test_the_keys_are_counted_and_a_file_that_others_may_write_is_a_problem(self):
        file = self.folder / "keys.json"
        self.assertEqual(self.doctor("--keys", file)["keys"], {"file": str(file), "keys": 0, "problem": None})
        for name in ("one", "two"):
            self.assertEqual(self.run_candor("keys", "create", name, "--keys", file)[0], 0)
        self.assertEqual(self.doctor("--keys", file)["keys"]["keys"], 2)
        file.chmod(0o622)
        status, out, _ = self.run_candor("doctor", "--json", "--keys", file)
        self.assertEqual(status, 1)
        self.assertIn("others than its owner may write it", json.loads(out)["problems"][0])

    def test_text_says_the_same(self):
        status, out, err = self.run_candor("doctor")
        self.assertEqual((status, err), (0, ""))
        for action in ACTIONS:
            self.assertRegex(out, f"  {action} +refused: Operation not permitted\n")
        self.assertIn("Every promised protection is in force.\n", out)

    @unittest.skipUnless(platform.machine() == "x86_64", "system call numbers of x86-64")
    def test_a_kernel_that_gives_no_filter_is_found_out(self):
        found = self.doctor(status=1, preexec_fn=refuse_filters)
        self.assertFalse(found["front"]["seccomp"])
        self.assertFalse(found["worker"]["seccomp"])
        self.assertFalse(found["front"]["actions"]["make a socket"]["refused"])
        self.assertFalse(found["worker"]["actions"]["make a socket"]["refused"])
        self.assertFalse(found["worker"]["actions"]["trace a process"]["refused"])
        self.assertGreaterEqual(len(found["problems"]), 8)
        status, out, err = self.run_candor("doctor", preexec_fn=refuse_filters)
        self.assertEqual((status, err), (1, ""))
        self.assertRegex(out, "  make a socket +possible\n")
        self.assertIn("\nNot as promised:\n", out)

    @unittest.skipUnless(os.geteuid() == 0, "needs to become somebody else")
    def test_it_holds_for_a_user_without_rights(self):
        os.chmod(self.folder, 0o755)
        found = self.doctor(user=65534, group=65534, extra_groups=[])
        self.assertEqual(found["problems"], [])

    def test_a_worker_is_not_for_people(self):
        self.assert_fails(2, "a worker is started by a server", "worker")
        self.assertNotIn("worker", self.run_candor("--help")[1])


if __name__ == "__main__":
    candor_cli.main()
