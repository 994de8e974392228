#!/usr/bin/env python3
"""The same server over TLS, with a certificate made here."""
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

import http_client
from http_client import wait_for


class TlsTest(http_client.ServerTest):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("openssl"):
            raise http_client.unittest.SkipTest("no openssl to make a certificate with")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor_tls_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        for name in ("first", "second"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", cls.folder / f"{name}.key", "-out", cls.folder / f"{name}.pem"], check=True,
                           capture_output=True)

    def start_tls(self, *options):
        return self.start(f"certificate={self.folder}/first.pem", f"private_key={self.folder}/first.key", *options)

    def connect(self, server, **settings):
        context = ssl.create_default_context(cafile=self.folder / "first.pem")
        for name, value in settings.items():
            setattr(context, name, value)
        plain = socket.create_connection((server.host, server.port), 10)
        try:
            return http_client.Client(context.wrap_socket(plain, server_hostname="127.0.0.1"))
        except BaseException:
            plain.close()
            raise

    def test_serves_both_versions_that_are_safe(self):
        server = self.start_tls()
        self.assertTrue(server.url.startswith("https://"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.connect(server, minimum_version=version, maximum_version=version) as client:
                for _ in range(3):
                    client.send(server.head())
                    self.assertEqual(client.response().status, 200)
                self.assertIn("GCM", client.socket.cipher()[0])

    def test_refuses_older_versions(self):
        server = self.start_tls()
        with self.assertRaises(ssl.SSLError):
            self.connect(server, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        with self.connect(server) as client:
            client.send(server.head())
            self.assertEqual(client.response().status, 200)

    def test_large_bodies_come_and_go_whole(self):
        server = self.start_tls()
        body = b"0123456789" * 500_000
        with self.connect(server) as client:
            client.send(server.head("POST", "/echo", (), body) + body)
            self.assertEqual(client.response().body.count(b"0123456789"), 500_000)
            client.send(server.head(path="/flood?n=200"))
            self.assertEqual(len(client.response().body), 200 * 65536)

    def test_pieces_of_a_record_are_pieces_of_a_request(self):
        server = self.start_tls()
        with self.connect(server) as client:
            client.send_pieces(server.head() + server.head("POST", "/echo", (), b"{}") + b"{}", [1] * 1000)
            self.assertEqual(client.response().status, 200)
            self.assertEqual(client.response().status, 200)

    def test_says_that_it_closes(self):
        server = self.start_tls()
        with self.connect(server) as client:
            client.send(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
            self.assertEqual(client.response().status, 400)
            self.assertEqual(client.socket.recv(1), b"")  # an end without close_notify would raise

    def test_a_client_that_leaves_is_noticed(self):
        server = self.start_tls()

        def left():
            with self.connect(server) as asking:
                asking.send(server.head(path="/left"))
                return int(asking.response().body)

        client = self.connect(server)
        client.send(server.head(path="/silent"))
        time.sleep(0.05)
        client.socket.close()
        self.assertTrue(wait_for(lambda: left() == 1))

    def test_a_handshake_has_the_deadline_of_a_header_block(self):
        server = self.start_tls("head_ms=500")
        begin = time.monotonic()
        with server.connect() as client:
            client.send(b"\x16\x03\x01")
            self.assertTrue(client.at_end())
        self.assertLess(time.monotonic() - begin, 1.5)

    def test_plain_requests_get_nothing(self):
        server = self.start_tls()
        with server.connect() as client:
            client.send(server.head())
            with self.assertRaises((EOFError, ConnectionResetError, ValueError)):
                client.response()

    def test_files_that_do_not_fit_are_refused(self):
        for certificate, key, message in (("first.pem", "second.key", "does not belong to the certificate"),
                                          ("first.key", "first.key", "certificate: no .BEGIN CERTIFICATE. part"),
                                          ("first.pem", "first.pem", "private key: no part that can be read")):
            with self.assertRaisesRegex(RuntimeError, message):
                http_client.Server(f"certificate={self.folder}/{certificate}", f"private_key={self.folder}/{key}")


if __name__ == "__main__":
    http_client.main()
