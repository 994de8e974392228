"""The chat of candor run on a pseudo-terminal, with a small model that adds numbers and thinks before it answers."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import time
import unittest

CANDOR = os.environ["CANDOR_BINARY"]
MODEL = pathlib.Path(__file__).resolve().parent.parent / "data/reasoning/tiny-thinker.gguf"
PROMPT = ">>> "
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """A chat and what it shows."""

    def __init__(self, *flags, folder, environment=None, model=MODEL):
        self.text = ""
        self.everything = ""
        self.folder = folder
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(CANDOR, [CANDOR, "run", model, "--temperature", "0", "--seed", "7", *flags],
                      {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "HOME": folder, "LANG": "C",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **(environment or {})})

    def read_until(self, wanted, seconds=60):
        """The text without escape sequences up to `wanted`."""
        end = time.monotonic() + seconds
        while True:
            plain = ESCAPES.sub("", self.text)
            at = plain.find(wanted)
            if at >= 0 and not self.text.endswith("\x1b"):
                seen = plain[:at + len(wanted)]
                self.raw, self.text = self.text, plain[at + len(wanted):]
                return seen
            if time.monotonic() > end or not select.select([self.master], [], [], end - time.monotonic())[0]:
                raise AssertionError(f"no {wanted!r} in {self.text!r}")
            try:
                self.receive()
            except OSError as error:
                raise AssertionError(f"the chat has ended: {self.text!r}") from error

    def receive(self):
        received = os.read(self.master, 65536).decode("utf-8", "replace")
        self.text += received
        self.everything += received

    def send(self, text):
        os.write(self.master, text.encode())

    def ask(self, text):
        """What is shown from Enter to the next prompt."""
        self.send(text + "\r")
        self.read_until(text.split("\n")[-1][-10:])
        return self.read_until(PROMPT)

    def status(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.receive()
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("the chat does not end")


def run_json(*arguments):
    """What candor run says of one answer, apart from any chat."""
    done = subprocess.run([CANDOR, "run", MODEL, "--json", *arguments], check=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
    return json.loads(done.stdout)


class Chat(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.terminal = None

    def tearDown(self):
        if self.terminal is not None:
            try:
                os.kill(self.terminal.pid, signal.SIGKILL)
                os.waitpid(self.terminal.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            os.close(self.terminal.master)
        self.home.cleanup()

    def start(self, *flags, **options):
        self.terminal = Terminal(*flags, folder=self.home.name, **options)
        self.terminal.read_until(PROMPT)
        return self.terminal

    def leave(self):
        self.terminal.send("/exit\r")
        self.assertEqual(self.terminal.status(), 0)
        os.close(self.terminal.master)
        self.terminal = None

    def test_thought_answer_and_statistics_are_shown(self):
        chat = self.start()
        shown = chat.ask("What is 737+361?")
        self.assertIn("Reasoning\n│ 7+1+0=8, write 8, carry 0\n", shown)
        self.assertIn("\n\n1098\n35 prompt, ", shown)
        self.assertIn("seed 7", shown)
        self.assertIn("\x1b[2m", chat.raw)  # dimmed

    def test_the_conversation_is_remembered_and_forgotten(self):
        chat = self.start()
        chat.ask("What is 1+2?")
        chat.ask("What is 2+2?")
        # What is kept of a conversation are whole blocks of 64 tokens.
        self.assertRegex(chat.ask("What is 2+3?"), r"\d+ prompt \(64 cached\), ")
        shown = chat.ask("/prompt")
        self.assertIn("What is 1+2?<|im_end|>", shown)
        self.assertIn("What is 2+2?<|im_end|>", shown)
        chat.ask("/reset")
        chat.ask("What is 3+3?")
        self.assertNotIn("What is 1+2?", chat.ask("/prompt"))

    def test_commands_change_what_is_asked(self):
        chat = self.start()
        self.assertIn("Reasoning: off", chat.ask("/think off"))
        self.assertNotIn("│", chat.ask("What is 737+361?"))
        self.assertIn("Reasoning: 3", chat.ask("/think 3"))
        self.assertIn(" 3 reasoning,", chat.ask("What is 737+361?"))
        self.assertIn("Reasoning: low", chat.ask("/think low"))
        self.assertIn("not one of on, off, auto, low,", chat.ask("/think perhaps"))
        self.assertIn("temperature 1.5", chat.ask("/set temperature 1.5"))
        self.assertIn("from 0 to 10", chat.ask("/set temperature 77"))
        self.assertIn("did you mean temperature?", chat.ask("/set temprature 1"))
        for typed in ("/set temperature", "/set temperature=", "/set temperature = "):
            self.assertIn("/set temperature", chat.ask(typed))
            self.assertIn("value is missing", chat.ask(typed))
        self.assertIn("name is missing", chat.ask("/set =1"))
        self.assertIn("temperature 1.5", chat.ask("/set"))
        self.assertIn("System message: Be kind.", chat.ask("/system Be kind."))
        chat.ask("What is 1+2?")
        self.assertIn("system\nBe kind.<|im_end|>", chat.ask("/prompt"))
        self.assertIn("There is no system message.", chat.ask("/system none"))
        self.assertIn("/regenerate", chat.ask("/help"))
        self.assertIn("did you mean /reset?", chat.ask("/rest"))

    def digest(self):
        """That of the last answer's tokens."""
        return re.search(r"its digest: ([0-9a-f]{64})", self.terminal.ask("/stats")).group(1)

    def test_answers_are_those_that_run_gives(self):
        chat = self.start("--top-p", "0.8", "--logit-bias", "50:1.5")
        chat.ask("/set temperature 3")
        chat.ask("/set min-p 0.01")
        flags = ["--temperature", "3", "--top-p", "0.8", "--min-p", "0.01", "--logit-bias", "50:1.5", "--seed", "7"]
        shown = [chat.ask("What is 737+361?")]
        digests = [self.digest()]
        for _ in range(2):
            shown.append(chat.ask("/regenerate"))
            digests.append(self.digest())
        self.assertEqual(len(set(digests)), 3)
        self.assertEqual(digests, [run_json(*flags, "--choice", str(i), "What is 737+361?")["digest"] for i in range(3)])
        for i, text in enumerate(shown):
            self.assertRegex(text, f"; seed 7, choice {i}" if i > 0 else r"; seed 7[;\n]")
        self.assertIn("seed 7, choice 2", chat.ask("/stats"))
        self.assertEqual(chat.ask("/prompt").count("user\nWhat"), 1)
        chat.ask("/save sampled.json")
        saved = json.loads(pathlib.Path(self.home.name, "sampled.json").read_text(encoding="utf-8"))
        answer = run_json(*flags, "--choice", "2", "What is 737+361?")
        self.assertEqual(saved["messages"][1]["content"], answer["text"])
        self.assertEqual((saved["seed"], saved["answers"][0]["choice"]), (7, 2))
        sampling = saved["answers"][0]["sampling"]
        self.assertEqual((sampling["temperature"], sampling["top_p"], sampling["min_p"]), (3, 0.8, 0.01))
        self.assertEqual(sampling["logit_bias"], [{"token": 50, "bias": 1.5}])

    def test_choices_begin_where_the_flag_says(self):
        chat = self.start("--choice", "4")
        chat.ask("/set temperature 3")
        self.assertIn("choice 4", chat.ask("What is 737+361?"))
        expected = run_json("--temperature", "3", "--seed", "7", "--choice", "4", "What is 737+361?")["digest"]
        self.assertEqual(self.digest(), expected)
        self.assertIn("choice 5", chat.ask("/regenerate"))

    def test_what_the_engine_refuses_is_named_as_the_flag(self):
        self.assertIn("\n--logit-bias: token 999 is outside", self.start("--logit-bias", "999:1").ask("Hi"))

    def test_there_is_nothing_to_make_again_at_the_start(self):
        self.assertIn("no answer yet", self.start().ask("/regenerate"))

    def test_limits_and_stops_end_the_answer(self):
        chat = self.start("--max-tokens", "5")
        self.assertIn("cut off by the token limit", chat.ask("What is 737+361?"))
        self.leave()
        chat = self.start("--stop", "09")
        self.assertRegex(chat.ask("What is 737+361?"), r"so 1098\n\n1\n35 prompt")

    def test_texts_are_gone_on_with_where_there_is_no_chat(self):
        bare = pathlib.Path(self.home.name, "bare.gguf")
        bare.write_bytes(MODEL.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_templatX"))
        for flags, model, why in ((["--raw"], MODEL, "(--raw)"), ([], bare, "no chat template")):
            chat = Terminal(*flags, folder=self.home.name, model=model)
            self.terminal = chat
            self.assertIn(why, chat.read_until(PROMPT))
            for text in ("What is 1+2?", "7+1+0="):
                chat.ask(text)
                self.assertEqual(chat.ask("/prompt"), f"\n{text}\n{PROMPT}")
                self.assertEqual(self.digest(), run_json("--temperature", "0", "--raw", text)["digest"])
            self.assertIn("/system", chat.ask("/system Be kind."))
            self.assertIn("/think", chat.ask("/think on"))
            self.leave()

    def test_what_only_a_chat_has_is_refused_without_one(self):
        for flags, name in ((["--system", "x"], "--system"), (["--think", "on"], "--think")):
            self.terminal = Terminal("--raw", *flags, folder=self.home.name)
            self.terminal.read_until(f"candor: {name}: ")
            self.assertEqual(self.terminal.status(), 2)
            os.close(self.terminal.master)
            self.terminal = None

    def test_messages_of_several_lines(self):
        chat = self.start()
        for typed in ("line one\\\rline two", '"""\rline one\rline two\r"""', "\x1b[200~line one\nline two\x1b[201~"):
            chat.send(typed + "\r")
            chat.read_until("tokens/s;")
            chat.read_until(PROMPT)
            self.assertIn("user\nline one\nline two<|im_end|>", chat.ask("/prompt"))
            chat.ask("/reset")

    def test_ctrl_c_stops_the_answer_and_not_the_program(self):
        chat = self.start("--logit-bias", "258:-100", "--isa", "scalar")  # 258 would end it
        chat.send("What is 737+361?\r")
        chat.read_until("carry")
        chat.send("\x03")
        self.assertIn("; stopped", chat.read_until(PROMPT))
        self.assertIn("used", chat.ask("/stats"))

    def test_ctrl_c_before_the_answer_takes_the_message_back(self):
        chat = self.start("--chunk", "1", "--isa", "scalar", "--threads", "1")
        chat.ask("What is 1+2?")
        long = "1234567890 " * 85
        chat.send(long + "\r")
        chat.read_until("reading the prompt")
        chat.send("\x03")
        self.assertIn("the message is taken back", chat.read_until(PROMPT))
        chat.ask("What is 2+2?")
        shown = chat.ask("/prompt")
        self.assertNotIn("567890", shown)
        self.assertEqual(shown.count("<|im_start|>user"), 2)
        self.assertEqual(shown.count("<|im_start|>assistant"), 2)

    def test_a_signal_that_ends_it_is_told(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            chat = self.start()
            os.kill(chat.pid, number)
            self.assertEqual(chat.status(), 128 + number)
            os.close(chat.master)
            self.terminal = None

    def test_ways_to_leave(self):
        for keys in ("\x04", "\x03", "/exit\r"):
            chat = self.start()
            if keys == "\x03":
                chat.send(keys)
                chat.read_until("leaves.")
                chat.read_until(PROMPT)
            chat.send(keys)
            self.assertEqual(chat.status(), 0)
            os.close(chat.master)
            self.terminal = None

    def test_what_is_typed_during_an_answer_waits_for_the_prompt(self):
        chat = self.start("--isa", "scalar")
        for keys in ("/stats\r", "\x04"):
            chat.send("What is 737+361?\r")
            chat.read_until("carry")
            chat.send(keys)
            self.assertNotIn("/stats", chat.read_until("seed 7"))  # not echoed into the answer
            if keys != "\x04":
                chat.read_until("its digest")
                chat.read_until(PROMPT)
        self.assertEqual(chat.status(), 0)

    def test_the_prompt_is_as_before_after_ctrl_z(self):
        chat = self.start()
        before = termios.tcgetattr(chat.master)
        os.kill(chat.pid, signal.SIGSTOP)
        cooked = termios.tcgetattr(chat.master)
        cooked[3] |= termios.ICANON | termios.ECHO  # as a shell leaves the terminal
        termios.tcsetattr(chat.master, termios.TCSANOW, cooked)
        os.kill(chat.pid, signal.SIGCONT)
        chat.read_until(PROMPT)
        self.assertEqual(termios.tcgetattr(chat.master), before)
        chat.send("\x04")
        self.assertEqual(chat.status(), 0)
        self.assertTrue(termios.tcgetattr(chat.master)[3] & termios.ECHO)

    def test_ctrl_c_at_the_prompt_drops_the_line(self):
        chat = self.start()
        chat.send("nonsense\x03")
        chat.read_until("leaves.")
        chat.read_until(PROMPT)
        self.assertIn("1098", chat.ask("What is 737+361?"))
        self.assertNotIn("nonsense", chat.ask("/prompt"))

    def test_lines_are_kept_for_the_next_chat(self):
        chat = self.start()
        chat.ask("What is 1+2?")
        chat.send("\x04")
        self.assertEqual(chat.status(), 0)
        os.close(chat.master)
        history = pathlib.Path(self.home.name, ".local/state/candor/history")
        self.assertEqual(history.read_text(encoding="utf-8"), "What is 1+2?\n")
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        chat = self.start()
        chat.send("\x1b[A\r")  # arrow up
        chat.read_until("What is 1+2?")
        self.assertIn("3\n", chat.read_until(PROMPT))

    def test_no_history_leaves_no_trace(self):
        chat = self.start("--no-history")
        chat.ask("What is 1+2?")
        self.assertEqual(os.listdir(self.home.name), [])

    def test_a_conversation_is_saved(self):
        chat = self.start()
        chat.ask("What is 737+361?")
        self.assertIn("Saved as sums.md", chat.ask("/save sums"))
        self.assertIn("Saved as sums.json", chat.ask("/save sums.json"))
        self.assertIn("File exists", chat.ask("/save sums"))
        self.assertIn("'/'", chat.ask("/save ../sums"))
        text = pathlib.Path(self.home.name, "sums.md").read_text(encoding="utf-8")
        self.assertIn("## You\n\nWhat is 737+361?\n\n## Answer\n\n> 7+1+0=8", text)
        saved = json.loads(pathlib.Path(self.home.name, "sums.json").read_text(encoding="utf-8"))
        self.assertEqual([message["role"] for message in saved["messages"]], ["user", "assistant"])
        self.assertEqual(saved["messages"][1]["content"], "1098")

    def test_the_context_limit_is_told_before_it_bites(self):
        chat = self.start("--ctx", "200", "--think", "off")
        shown = ""
        for _ in range(4):
            shown = chat.ask("What is 737+361?")
        self.assertIn("tokens of context used", shown)
        shown = chat.ask("What is 737+361?")
        self.assertIn("/reset begins again", shown)
        chat.ask("/reset")
        self.assertNotIn("context", chat.ask("What is 737+361?"))

    def test_completion(self):
        chat = self.start()
        chat.send("/sy\t")
        chat.read_until("/system ")
        chat.send("Hi\r")
        self.assertIn("System message: Hi", chat.read_until(PROMPT))

    def test_a_terminal_without_styles_gets_none(self):
        chat = self.start(environment={"NO_COLOR": "1"})
        chat.send("What is 737+361?\r")
        chat.read_until("737+361?")
        shown = chat.read_until(PROMPT)
        self.assertIn("Reasoning:\n7+1+0=8, write 8, carry 0\n", shown)
        self.assertIn("\nAnswer:\n1098\n", shown)
        self.assertNotIn("\x1b[2m", chat.raw)

    def test_bold_ends_with_the_prompt(self):
        chat = self.start()
        chat.ask("What is 737+361?")
        chat.send("/exit\r")
        self.assertEqual(chat.status(), 0)
        bold, shown = False, {True: "", False: ""}
        for sequence, character in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z])|([^\x1b])", chat.everything):
            if sequence.endswith("m"):
                bold = "1" in sequence[2:-1].split(";")
            else:
                shown[bold] += character.strip()
        self.assertEqual(set(shown[True]), {">"})
        self.assertFalse(bold)
        for text in ("What", "1098", "/exit"):
            self.assertIn(text, shown[False])

    def test_escape_sequences_are_for_terminals_that_want_them(self):
        for environment, paste in (({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, False)):
            chat = self.start(environment=environment)
            chat.ask("What is 737+361?")
            chat.send("/exit\r")
            self.assertEqual(chat.status(), 0)
            self.assertNotRegex(chat.everything, r"\x1b\[[0-9;]*m")
            self.assertEqual("\x1b[?2004h" in chat.everything, paste)
            if not paste:
                self.assertNotIn("\x1b", chat.everything)
            os.close(chat.master)
            self.terminal = None

    def test_the_process_is_sealed(self):
        chat = self.start()
        status = pathlib.Path(f"/proc/{chat.pid}/status").read_text(encoding="utf-8")
        self.assertIn("Seccomp:\t2\n", status)


if __name__ == "__main__":
    unittest.main()
