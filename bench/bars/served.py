"""A running `candor serve`, and requests to it with nothing but sockets: a client of its own costs next to nothing."""
import bisect
import contextlib
import http.client
import json
import selectors
import signal
import socket
import subprocess
import time
import urllib.parse


class Server:
    def __init__(self, candor, model, *flags):
        self.process = subprocess.Popen([candor, "serve", model, "--port", "0", "--json", "--quiet", *flags],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"candor serve {model} ended with status {self.process.wait()}")
        self.url = json.loads(line)["url"]
        self.address = urllib.parse.urlsplit(self.url).netloc
        self.model = json.loads(self.get("/v1/models"))["data"][0]["id"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()

    def get(self, path):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("GET", path)
        return connection.getresponse().read()

    def post(self, path, **body):
        """The response, parsed; an error of the server is an exception."""
        connection = http.client.HTTPConnection(self.address, timeout=600)
        connection.request("POST", path, json.dumps({"model": self.model, **body}), {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {text.decode()}")
        return json.loads(text)

    def streams(self, path, bodies):
        """Asks for all of them at once. For each the [(seconds since the begin, event, parsed)] of its stream.

        One thread keeps what comes and looks at it afterwards: what a client does meanwhile it takes from the server.
        """
        host, port = self.address.split(":")
        waiting = selectors.DefaultSelector()
        received = []  # for each body [(seconds, bytes)]
        begin = time.perf_counter()
        for body in bodies:
            data = json.dumps({"model": self.model, "stream": True, **body}).encode()
            connection = socket.create_connection((host, int(port)))
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {self.address}\r\nContent-Type: application/json\r\n"
                               f"Connection: close\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
            received.append([])
            waiting.register(connection, selectors.EVENT_READ, received[-1])
        while waiting.get_map():
            for key, _ in waiting.select():
                data = key.fileobj.recv(1 << 16)
                key.data.append((time.perf_counter() - begin, data))
                if not data:
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
        return [list(events_of(parts)) for parts in received]


def events_of(parts):
    """The (seconds, event) of a response that came as [(seconds, bytes)]: each with the bytes that completed it."""
    times, ends, whole = [], [], b""
    for at, data in parts:
        whole += data
        times.append(at)
        ends.append(len(whole))
    head, _, _ = whole.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or b"chunked" not in head:
        raise RuntimeError(whole.decode(errors="replace"))
    text, place = b"", len(head) + 4
    while True:
        line_end = whole.index(b"\r\n", place)
        size = int(whole[place:line_end], 16)
        if size == 0:
            break
        text += whole[line_end + 2:line_end + 2 + size]
        place = line_end + 2 + size + 2
        *lines, text = text.split(b"\n")
        for line in lines:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(event["error"]["message"])
            yield times[bisect.bisect_left(ends, place)], event
