"""Runs commands one after another under ptrace: which files they open, and what they do when a file shrinks.

Reads a line of JSON a run, {"command", "folder", "seconds", "user", "shrink"}, and answers with one: what measured_run.py
answers, and {"opened", "shrunk", "lost"}: the files that were opened other than for their path alone, whether the file
to be cut was, and whether it then lost bytes that nobody had read.
"""
import ctypes
import json
import os
import signal
import struct
import sys

TRACEME, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
# System calls marked, threads and children followed, all killed with this process.
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000
WALL = 0x40000000
OPENS = {2, 85, 257, 304, 437}  # open, creat, openat, open_by_handle_at, openat2
READS = {0, 17, 19, 295, 327}  # read, pread64, readv, preadv, preadv2
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class TimeUp(Exception):
    pass


def time_up(*_):
    raise TimeUp


def ptrace(request, thread, address=None, data=None):
    if libc.ptrace(request, thread, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")


def start(command, folder, user):
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "CANDOR_MODELS": folder + "/store",
                   "ASAN_OPTIONS": "detect_leaks=0:exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}
    process = os.fork()
    if process == 0:
        try:
            create = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            for number, path, flags in [(0, "/dev/null", os.O_RDONLY), (1, folder + "/out", create),
                                        (2, folder + "/err", create)]:
                os.dup2(os.open(path, flags, 0o600), number)
            os.closerange(3, 1000)
            if user is not None and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            ptrace(TRACEME, 0)
            os.execve(command[0], command, environment)
        finally:
            os._exit(126)
    return process


class Trace:
    """What the threads of one process do."""

    def __init__(self, shrink):
        self.opened, self.calls, self.read = set(), {}, []
        self.victim, self.number, self.size = shrink or (None, 0, 0)
        self.whole = os.stat(self.victim).st_size if shrink else 0
        self.reads, self.shrunk, self.lost = 0, False, False

    def entry(self, thread, number, arguments):
        self.calls[thread] = number, arguments, None
        if self.victim is None or number not in READS or self.path(thread, arguments[0]) != self.victim:
            return
        self.reads += 1
        if self.reads == self.number:
            self.lost = self.unread()
            os.truncate(self.victim, self.size)
            self.shrunk = True
        offset = arguments[3] if number != 0 and number != 19 else self.position(thread, arguments[0])
        self.calls[thread] = number, arguments, offset

    def exit(self, thread, value):
        number, arguments, offset = self.calls.pop(thread, (None, None, None))
        if number in OPENS and value >= 0:
            path = self.path(thread, value)
            if path and not self.flags(thread, value) & os.O_PATH:
                self.opened.add(path)
        elif offset is not None and value > 0:
            self.read.append((offset, offset + value))

    def unread(self):
        """Whether the part that is cut off has bytes that were not read yet."""
        reached = self.size
        for begin, end in sorted(self.read):
            if begin <= reached:
                reached = max(reached, end)
        return reached < self.whole

    def path(self, thread, number):
        try:
            return os.readlink(f"/proc/{thread}/fd/{number}")
        except OSError:
            return None

    def info(self, thread, number):
        with open(f"/proc/{thread}/fdinfo/{number}") as file:
            return dict(line.split(":", 1) for line in file if ":" in line)

    def flags(self, thread, number):
        return int(self.info(thread, number)["flags"], 8)

    def position(self, thread, number):
        return int(self.info(thread, number)["pos"])


def stopped(trace, thread, status):
    """Handles one stop of a thread; returns the signal to go on with."""
    number = os.WSTOPSIG(status)
    if number == signal.SIGTRAP | 0x80:
        info = ctypes.create_string_buffer(88)
        ptrace(GET_SYSCALL_INFO, thread, len(info), ctypes.addressof(info))
        if info.raw[0] == 1:
            call, *arguments = struct.unpack_from("<7Q", info.raw, 24)
            trace.entry(thread, call, arguments)
        elif info.raw[0] == 2:
            trace.exit(thread, struct.unpack_from("<q", info.raw, 24)[0])
        return 0
    # Stops that tracing itself makes.
    return 0 if status >> 16 or number in (signal.SIGTRAP, signal.SIGSTOP) else number


def follow(process, trace):
    """Lets the process run to its end; its status and what it used."""
    _, status, usage = os.wait4(process, WALL)
    if os.WIFSTOPPED(status):
        ptrace(SETOPTIONS, process, None, OPTIONS)
        ptrace(SYSCALL, process)
    while not (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
        thread, status, usage = os.wait4(-1, WALL)
        if os.WIFSTOPPED(status):
            try:
                ptrace(SYSCALL, thread, None, stopped(trace, thread, status))
            except ProcessLookupError:
                pass  # It ended in between.
        elif thread != process:
            status = 0x7F  # A thread's end is not the process's.
    return os.waitstatus_to_exitcode(status), usage


def run(command, folder, seconds, user, shrink):
    trace = Trace(shrink)
    process = start(command, folder, user)
    signal.alarm(seconds)
    hung = False
    try:
        status, usage = follow(process, trace)
    except TimeUp:
        hung = True
        os.kill(process, signal.SIGKILL)
        thread = 0
        while thread != process:
            thread, status, usage = os.wait4(-1, WALL)
        status = os.waitstatus_to_exitcode(status)
    signal.alarm(0)
    return {"status": status, "hung": hung, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024,
            "opened": sorted(trace.opened), "shrunk": trace.shrunk, "lost": trace.lost}


signal.signal(signal.SIGALRM, time_up)
for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
