"""A local HTTP server that behaves and misbehaves as a test wants."""
import http.server
import re
import ssl
import threading
import time


class Resource:
    """A file and how it is served."""

    def __init__(self, content=b"", **how):
        self.content = content
        self.ranges = True  # answers Range
        self.etag = '"1"'
        self.fields = {}  # more header fields
        self.status = None  # instead of 200 or 206
        self.failures = []  # statuses for the first requests, one each
        self.redirect = None  # Location
        self.announced = None  # Content-Length instead of the true one
        self.chunked = False
        self.cut_after = []  # for each request: close the connection after so many bytes of the body
        self.delay = 0  # seconds between pieces of 64 KiB
        self.shift = 0  # answers a Range with another start
        self.content_range = None  # instead of the true one
        self.more = 0  # bytes after the content, for chunked answers
        for name, value in how.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        resource = self.server.resources.get(self.path.partition("?")[0])
        if resource is None:
            return self.finish_with(404, {}, b"nothing here", body)
        if resource.failures:
            return self.finish_with(resource.failures.pop(0), {}, b"busy", body)
        if resource.redirect:
            return self.finish_with(302, {"Location": resource.redirect, **resource.fields}, b"", body)
        content, status, fields = resource.content, 200, dict(resource.fields)
        if resource.etag:
            fields["ETag"] = resource.etag
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, resource.etag)
        if wanted and resource.ranges and same:
            begin = int(wanted[1]) + resource.shift
            if begin >= len(content):
                return self.finish_with(416, {"Content-Range": f"bytes */{len(content)}"}, b"", body)
            status = 206
            fields["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            content = content[begin:]
            if resource.content_range:
                fields["Content-Range"] = resource.content_range
        self.finish_with(resource.status or status, fields, content, body, resource)

    def finish_with(self, status, fields, content, body, resource=None):
        resource = resource or Resource()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if resource.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(resource.announced or len(content)))
        self.end_headers()
        if not body:
            return
        cut = resource.cut_after.pop(0) if resource.cut_after else None
        try:
            self.write_body(content if cut is None else content[:cut], resource)
            if cut is None:
                for begin in range(0, resource.more, 1 << 20):
                    self.write_body(bytes(min(1 << 20, resource.more - begin)), resource)
            if resource.chunked and cut is None:
                self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            cut = 0
        if cut is not None or resource.announced:
            self.close_connection = True

    def write_body(self, content, resource):
        for begin in range(0, len(content), 65536):
            piece = content[begin:begin + 65536]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if resource.chunked else piece)
            self.wfile.flush()
            time.sleep(resource.delay)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that hang up are what some tests are about."""


class ModelServer:
    """Serves `resources` (by path) on a free port of this machine until it is closed; notes every request."""

    def __init__(self, certificate=None):
        """`certificate`: a file with a certificate and its key, for https."""
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.resources = {}
        self.server.requests = []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def add(self, path, content=b"", **how):
        """Serves `content` at `path` and returns its address."""
        self.server.resources[path] = Resource(content, **how)
        return self.url + path

    def resource(self, path):
        return self.server.resources[path]

    def requests(self, command="GET"):
        """(path, header fields) of the requests so far."""
        return [(path, fields) for name, path, fields in self.server.requests if name == command]
