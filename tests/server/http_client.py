"""Raw HTTP for the tests: starts a server, sends bytes as they are, reads responses.

The server is the echo server of this folder ($CANDOR_ECHO_SERVER). The tables can be run against the real program:

    CANDOR_SERVER='build/release/candor serve MODEL --port 0 --json' tests/server/tables_test.py
"""
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time
import unittest

ECHO_SERVER = os.environ.get("CANDOR_ECHO_SERVER", "build/release/tests/server/echo_server")
DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "http"


def table(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["requests"]


def request_bytes(row):
    parts = [part if isinstance(part, str) else part[0] * part[1] for part in row["request"]]
    return "".join(parts).encode("latin-1")


class Server:
    def __init__(self, *options, command=None, environment=None):
        command = command or [ECHO_SERVER, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL, env=environment)
        line = self.process.stdout.readline().strip()
        if not line:
            _, err = self.process.communicate(timeout=20)
            raise RuntimeError(f"{command} did not start: {err}")
        self.url = json.loads(line)["url"] if line.startswith("{") else line
        self.scheme, self.host, port = re.fullmatch(r"(https?)://\[?([^\]]+?)\]?:(\d+)", self.url).groups()
        self.port = int(port)

    def stop(self):
        """Ends it; returns its exit status and what it wrote on standard error."""
        if self.process.poll() is None:
            self.process.terminate()
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err

    def connect(self, source=None, timeout=10):
        return Client(socket.create_connection((self.host, self.port), timeout, (source, 0) if source else None))

    def request(self, method="GET", path="/health", fields=(), body=b"", **keywords):
        """A whole exchange on a connection of its own."""
        with self.connect(**keywords) as client:
            client.send(self.head(method, path, fields, body) + body)
            return client.response(method)

    def head(self, method="GET", path="/health", fields=(), body=b"", version="1.1"):
        given = {name.lower() for name, _ in fields}
        fields = list(fields)
        if "host" not in given:
            fields.insert(0, ("Host", f"127.0.0.1:{self.port}"))
        if method == "POST":
            if "content-type" not in given:
                fields.append(("Content-Type", "application/json"))
            if not given & {"content-length", "transfer-encoding"}:
                fields.append(("Content-Length", len(body)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode()

    def left(self):
        """How many clients have left a request that never gets a response."""
        return int(self.request(path="/left").body)


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


class Client:
    def __init__(self, connection):
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_pieces(self, data, sizes):
        """Sends pieces of those sizes, one a segment; stops without a word when the server has closed."""
        at = 0
        try:
            for size in sizes:
                if at >= len(data):
                    return
                self.socket.sendall(data[at:at + size])
                at += size
        except (BrokenPipeError, ConnectionResetError):
            pass

    def fill(self):
        """Reads once; False at the end."""
        piece = self.socket.recv(65536)
        self.buffer += piece
        return bool(piece)

    def take(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError(f"the connection ended {count - len(self.buffer)} bytes early")
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def take_line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise EOFError("the connection ended within a line: " + repr(self.buffer[:200]))
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def chunk(self):
        data = self.take(int(self.take_line(), 16))
        assert self.take_line() == ""
        return data

    def response_head(self):
        version, status, _ = self.take_line().split(" ", 2)
        assert version == "HTTP/1.1"
        fields = {}
        while line := self.take_line():
            name, value = line.split(": ", 1)
            assert name not in fields, f"{name} comes twice"
            fields[name] = value
        return Response(int(status), fields, b"")

    def response(self, method="GET"):
        response = self.response_head()
        if method == "HEAD" or response.status in (100, 204, 304):
            return response
        if response.fields.get("transfer-encoding") == "chunked":
            while piece := self.chunk():
                response.body += piece
        elif "content-length" in response.fields:
            response.body = self.take(int(response.fields["content-length"]))
        else:
            while self.fill():
                pass
            response.body, self.buffer = self.buffer, b""
        return response

    def at_end(self, timeout=5):
        """Whether the server closes, without another byte, in time."""
        self.socket.settimeout(timeout)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except (socket.timeout, ConnectionResetError):
            return False

    def stays_open(self, seconds=0.05):
        self.socket.settimeout(seconds)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except socket.timeout:
            return True


def wait_for(condition, timeout=10):
    """Waits until `condition` holds; returns whether it did in time."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class ServerTest(unittest.TestCase):
    def start(self, *options):
        server = Server(*options)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.stderr.close)
        # A sanitizer that has found something shows in the exit status.
        self.addCleanup(lambda: self.assertEqual(server.stop()[0], 0))
        return server

    def start_any(self, *options):
        """The server of $CANDOR_SERVER, where there is one, with options as its flags."""
        command = os.environ.get("CANDOR_SERVER")
        if not command:
            return self.start(*options)
        flags = [part for option in options for part in ("--" + option.replace("_", "-", 1)).split("=", 1)]
        server = Server(command=shlex.split(command) + flags)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.stderr.close)
        self.addCleanup(server.stop)
        return server


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
