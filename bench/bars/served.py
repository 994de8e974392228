"""A running `candor serve`, and requests to it with nothing but sockets: a client of its own costs next to nothing."""
import contextlib
import http.client
import json
import signal
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

    def stream(self, path, **body):
        """Yields (seconds since the request, event, parsed) for each event that has text."""
        connection = http.client.HTTPConnection(self.address, timeout=600)
        begin = time.perf_counter()
        connection.request("POST", path, json.dumps({"model": self.model, "stream": True, **body}),
                           {"content-type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {response.read().decode()}")
        for line in response:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(event["error"]["message"])
            yield time.perf_counter() - begin, event
