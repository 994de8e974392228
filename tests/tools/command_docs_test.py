"""The man page and the shell completion know every subcommand and flag that --help knows.

    command_docs_test.py CANDOR CANDOR.1
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

COMPLETION = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/completions/candor.bash"
CANDOR = pathlib.Path(sys.argv.pop(1)).resolve()
MAN_PAGE = pathlib.Path(sys.argv.pop(1))


def help_text(command):
    return subprocess.run([CANDOR, *command, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout


def flags_of(command):
    """Every spelling at the start of an entry of --help."""
    return {flag.split("{")[0] for line in help_text(command).splitlines() if line.startswith("  -")
            for flag in line.split()[0].split(",")}


def commands_below(command):
    """The subcommands that really answer to --help: the words of its text that do."""
    listed = re.search(r"^[^\n]*commands:\n((?:  .*\n)+)", help_text(command), re.IGNORECASE | re.MULTILINE)
    return [line.split()[0] for line in listed.group(1).splitlines() if re.match(r"  \S", line)] if listed else []


def all_commands(command=()):
    yield command
    for name in commands_below(command):
        yield from all_commands((*command, name))


def complete(*words, models="", data_home=""):
    """What bash offers after `candor words...`, the last of which is being typed."""
    script = """source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _candor_complete; printf '%s\\n' "${COMPREPLY[@]}" """
    environment = {**os.environ, "XDG_DATA_HOME": data_home,
                   "CANDOR_MODELS": models or ("" if data_home else "/nonexistent")}
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, CANDOR, *words], check=True, capture_output=True,
                          text=True, timeout=60, env=environment)
    return set(done.stdout.split())


class CommandDocs(unittest.TestCase):
    def test_the_completion_offers_every_flag_of_every_command(self):
        for command in all_commands():
            self.assertEqual(complete(*command, "-"), flags_of(command), command)
            self.assertIn("--help", flags_of(command))

    def test_the_completion_offers_every_subcommand(self):
        for command in all_commands():
            if commands_below(command):
                self.assertEqual(complete(*command, ""), set(commands_below(command)), command)

    def test_the_completion_offers_the_models_of_the_store(self):
        with tempfile.TemporaryDirectory() as store:
            pathlib.Path(store, "tiny.gguf").touch()
            pathlib.Path(store, "notes.txt").touch()
            for command in all_commands():
                if not commands_below(command) and command != ("pull",) and command[:1] != ("keys",):
                    self.assertEqual(complete(*command, "", models=store), {"tiny"}, command)
            data = pathlib.Path(store, "candor/models")
            data.mkdir(parents=True)
            (data / "other.gguf").touch()
            self.assertEqual(complete("run", "", data_home=store), {"other"})

    def test_the_completion_offers_keys_and_files_where_they_are_meant(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder, "candor/keys.json")
            os.environ["XDG_CONFIG_HOME"] = folder
            self.addCleanup(os.environ.pop, "XDG_CONFIG_HOME")
            made = subprocess.run([CANDOR, "keys", "create", "a"], check=True, capture_output=True, text=True, timeout=60)
            self.assertTrue(keys.exists())
            (offered,) = complete("keys", "revoke", "")
            self.assertRegex(offered, "^k_[0-9a-f]{12}$")
            self.assertIn(offered, made.stdout + made.stderr)
        self.assertEqual(complete("serve", "--tls-cert", ""), set())  # the shell's own: files

    def test_the_completion_offers_what_can_be_pulled(self):
        self.assertIn("smollm2-135m", complete("pull", ""))
        self.assertEqual(complete("pull", "smol"), {"smollm2-135m"})

    def test_the_man_page_names_every_command_and_flag(self):
        page = MAN_PAGE.read_text(encoding="utf-8").replace("\\-", "-")
        for command in all_commands():
            if command:
                self.assertIn(f".SS {' '.join(command)}\n", page)
            part = page.split(f".SS {' '.join(command)}\n" if command else ".SH COMMANDS AND OPTIONS\n")[1].split("\n.S")[0]
            for flag in flags_of(command):
                self.assertRegex(part, rf"(?m)^\.B .*(?<![\w-]){re.escape(flag)}(?![\w-])", f"{command} {flag}")
        self.assertNotRegex(page, "@[A-Z]+@")

    def test_the_man_page_names_what_is_read_and_left_behind(self):
        page = MAN_PAGE.read_text(encoding="utf-8").replace("\\-", "-")
        sections = dict(part.split("\n", 1) for part in page.split("\n.SH ")[1:])
        for path in ("~/.local/share/candor/models", "~/.config/candor/config.toml", "~/.local/state/candor/history"):
            self.assertIn(f".I {path}\n", sections["FILES"])
        for name in ("CANDOR_MODELS", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HF_TOKEN", "NO_COLOR"):
            self.assertIn(name, sections["ENVIRONMENT"])
        self.assertIn("130", sections["EXIT STATUS"])
        self.assertNotIn(" :{", page)


if __name__ == "__main__":
    unittest.main()
