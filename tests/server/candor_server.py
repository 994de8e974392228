"""What the tests of `candor serve` share: starting it, asking it on kept connections, looking at its two processes."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import http_client

BINARY = pathlib.Path(os.environ.get("CANDOR_BINARY", "build/release/candor")).resolve()
MODELS = pathlib.Path(os.environ.get("CANDOR_MODELS") or pathlib.Path.home() / ".local/share/candor/models").resolve()
THINKER = pathlib.Path(__file__).resolve().parents[1] / "data" / "reasoning" / "tiny-thinker.gguf"
SMALL = MODELS / "smollm2-135m.gguf"
SKIPPED = 77  # exit status: see SKIP_RETURN_CODE in CMakeLists.txt
TIMEOUT = 30  # seconds until a request counts as hanging


class CandorServer(http_client.Server):
    """`candor serve` with a home of its own, on a free port."""

    def __init__(self, models, *options, keys=None, store=None):
        """`keys`: the file with the API keys; without it there are none. `store`: what the store holds, by name."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor_server_"))
        (self.folder / "store").mkdir()
        for name, data in (store or {}).items():
            (self.folder / "store" / name).write_bytes(data)
        command = [BINARY, "serve", *models, "--port", "0", "--json", *options]
        if keys:
            command += ["--keys", keys]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "CANDOR_MODELS": str(self.folder / "store"),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        self.log = (self.folder / "log").open("w+b")
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=environment, cwd=self.folder)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(timeout=20)
            raise RuntimeError(f"candor serve did not start: {self.messages()}")
        self.url = json.loads(line)["url"]
        address = urllib.parse.urlsplit(self.url)
        self.scheme, self.host, self.port = address.scheme, address.hostname, address.port
        self.worker = self.worker_pid()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def messages(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self):
        """Ends it; returns its exit status and what it wrote on standard error."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=45)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        messages = self.messages()
        self.log.close()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode, messages

    def worker_pid(self):
        """The process that computes; None when there is none."""
        try:
            for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "candor-worker":
                        return int(child)
        except FileNotFoundError:  # one of them has ended meanwhile
            pass
        return None

    def ended(self):
        """Says so where a process that was there at the beginning is not there any more."""
        if self.process.poll() is not None:
            return f"the front has ended with {self.process.returncode}: {self.messages()[-1000:]}"
        return "" if self.worker_pid() == self.worker else f"the worker has ended: {self.messages()[-1000:]}"

    def pids(self):
        return {"front": self.process.pid, "worker": self.worker}

    def memory(self):
        """{"front": bytes, "worker": bytes} that are in memory now."""
        return {name: resident_bytes(pid) for name, pid in self.pids().items()}

    def descriptors(self):
        """How many descriptors each process has open; -1 where the kernel does not tell (a sealed
        process), or there is no process."""
        return {name: descriptor_count(pid) for name, pid in self.pids().items()}

    def metrics(self):
        """{name with labels: value} of GET /metrics."""
        text = self.request(path="/metrics").body.decode()
        rows = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in rows}

    def session(self, fields=(), timeout=TIMEOUT):
        return Session(self, fields, timeout)


def resident_bytes(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0  # it has ended


def descriptor_count(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except (PermissionError, FileNotFoundError):
        return -1


class Session:
    """Requests on one connection, which is made anew when the server closes it."""

    def __init__(self, server, fields=(), timeout=TIMEOUT):
        self.server, self.fields, self.timeout, self.client = server, list(fields), timeout, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.client:
            self.client.socket.close()
            self.client = None

    def open(self):
        if not self.client:
            self.client = self.server.connect(timeout=self.timeout)
        return self.client

    def send(self, method, path, body=b"", fields=()):
        """Sends a whole request; a server that refuses the head of a large body may close before its end."""
        data = self.server.head(method, path, self.fields + list(fields), body) + body
        try:
            self.open().send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def ask(self, method, path, body=b"", fields=()):
        """A whole exchange. An idle connection that the server has just closed is made anew once."""
        fresh = self.client is None
        try:
            self.send(method, path, body, fields)
            response = self.client.response(method)
        except (EOFError, ConnectionError, socket.timeout) as error:
            self.close()
            if fresh or isinstance(error, socket.timeout):
                raise
            self.send(method, path, body, fields)
            response = self.client.response(method)
        if response.fields.get("connection") == "close":
            self.close()
        return response

    def post(self, path, body):
        """`body`: bytes as they are, or what becomes JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.ask("POST", path, body)


class HealthWatch:
    """Asks GET /health four times a second, on a connection of its own; notes the times and what was wrong."""

    def __init__(self, server, interval=0.25):
        self.server, self.interval = server, interval
        self.seconds, self.wrong = [], []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def watch(self):
        with self.server.session() as session:
            while not self.ended.wait(self.interval):
                begin = time.monotonic()
                try:
                    response = session.ask("GET", "/health")
                    if response.status != 200:
                        self.wrong.append(f"/health: status {response.status}")
                except (OSError, EOFError) as error:
                    session.close()
                    self.wrong.append(f"/health: {error!r}")
                self.seconds.append(time.monotonic() - begin)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values):
    return percentile(values, 0.5)


def settled_memory(server, seconds=3.0):
    """The median of `seconds` of samples."""
    samples = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        samples.append(server.memory())
        time.sleep(0.2)
    return {name: median([sample[name] for sample in samples]) for name in samples[0]}
