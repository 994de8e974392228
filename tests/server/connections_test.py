#!/usr/bin/env python3
"""Connections: their life, deadlines and limits."""
import json
import signal
import socket
import threading
import time

import http_client
from http_client import wait_for


class ConnectionsTest(http_client.ServerTest):
    def assert_lasts(self, seconds, what, slack=1.0):
        """`what` takes at least `seconds`, and not much longer."""
        begin = time.monotonic()
        what()
        lasted = time.monotonic() - begin
        self.assertGreater(lasted, seconds * 0.9)
        self.assertLess(lasted, seconds + slack)

    # ---- requests and responses

    def test_many_requests_go_over_one_connection(self):
        server = self.start()
        with server.connect() as client:
            ids = set()
            for i in range(50):
                body = json.dumps({"i": i, "text": "x" * i * 100}).encode()
                client.send(server.head("POST", "/echo?q", (), body) + body)
                response = client.response()
                echoed = json.loads(response.body)
                self.assertEqual(echoed["body"], body.decode())
                self.assertEqual(echoed["query"], "q")
                self.assertEqual(echoed["peer"], "127.0.0.1")
                self.assertEqual(echoed["id"], response.fields["x-request-id"])
                ids.add(echoed["id"])
            self.assertEqual(len(ids), 50)

    def test_pipelined_requests_are_answered_in_order(self):
        server = self.start()
        bodies = [b"%d" % i for i in range(200)]
        with server.connect() as client:
            client.send(b"".join(server.head("POST", "/echo", (), body) + body for body in bodies))
            self.assertEqual([json.loads(client.response().body)["body"].encode() for _ in bodies], bodies)
            # Behind a response that comes in pieces too.
            client.send(server.head(path="/chunks?n=3") + server.head())
            self.assertEqual(client.response().body, b"piece 0\npiece 1\npiece 2\n")
            self.assertEqual(client.response().body, b'{"status": "ok"}\n')

    def test_a_request_behind_a_refused_one_is_not_looked_at(self):
        server = self.start("log=1")
        with server.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + server.head(path="/smuggled"))
            self.assertEqual(client.response().status, 400)
            self.assertTrue(client.at_end())
        self.assertNotIn("smuggled", server.stop()[1])

    def test_pieces_arrive_as_they_are_made(self):
        server = self.start()
        with server.connect() as client:
            begin = time.monotonic()
            client.send(server.head(path="/chunks?n=20"))
            self.assertEqual(client.response_head().fields["transfer-encoding"], "chunked")
            self.assertEqual(client.chunk(), b"piece 0\n")
            first = time.monotonic() - begin
            while client.chunk():
                pass
            self.assertLess(first, (time.monotonic() - begin) / 2)

    def test_http_1_0_gets_pieces_until_the_connection_ends(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head(path="/chunks?n=2", version="1.0"))
            response = client.response()
            self.assertNotIn("transfer-encoding", response.fields)
            self.assertEqual(response.body, b"piece 0\npiece 1\n")

    def test_head_has_no_body(self):
        server = self.start()
        with server.connect() as client:
            for path in ("/health", "/chunks?n=2"):
                client.send(server.head("HEAD", path))
                self.assertEqual(client.response("HEAD").status, 200)
            client.send(server.head())
            self.assertEqual(client.response().status, 200)

    def test_large_bodies_come_and_go_whole(self):
        server = self.start()
        body = bytes(range(32, 127)) * 120_000
        echoed = json.loads(server.request("POST", "/echo", (), body).body)
        self.assertEqual(echoed["body"].encode(), body)
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in
                          (body[at:at + 70_001] for at in range(0, len(body), 70_001))) + b"0\r\n\r\n"
        with server.connect() as client:
            client.send(server.head("POST", "/echo", [("Transfer-Encoding", "chunked")]) + chunks)
            self.assertEqual(json.loads(client.response().body)["body"].encode(), body)

    def test_expect_100_continue_is_answered_before_the_body(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head("POST", "/echo", [("Expect", "100-continue"), ("Content-Length", "2")]))
            self.assertEqual(client.response().status, 100)
            client.send(b"{}")
            self.assertEqual(client.response().status, 200)
            # And not at all for what is refused anyway.
            client.send(server.head("POST", "/echo", [("Expect", "100-continue"), ("Content-Length", "99999999")]))
            self.assertEqual(client.response().status, 413)
            self.assertTrue(client.at_end())

    def test_a_request_can_be_refused_before_its_body(self):
        server = self.start("refuse_path=/secret")
        with server.connect() as client:
            client.send(server.head("POST", "/secret", [("Content-Length", "1000000")]))
            self.assertEqual(client.response().status, 401)
            self.assertTrue(client.at_end())
        with server.connect() as client:
            client.send(server.head(path="/secret") + server.head())
            self.assertEqual(client.response().status, 401)
            self.assertEqual(client.response().status, 200)

    def test_a_response_arrives_though_the_client_still_sends(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head("POST", "/echo", [("Content-Length", "99999999")]))
            client.send_pieces(bytes(3_000_000), [100_000] * 30)
            self.assertEqual(client.response().status, 413)

    def test_a_handler_that_gives_no_response_is_answered_for(self):
        server = self.start()
        for path in ("/dropped", "/thrown"):
            self.assertEqual(server.request(path=path).status, 500)
        with server.connect() as client:
            client.send(server.head(path="/cut"))
            self.assertEqual(client.response_head().status, 200)
            self.assertEqual(client.chunk(), b"the beginning")
            with self.assertRaises((EOFError, ConnectionResetError)):  # no last chunk
                client.chunk()

    # ---- clients that leave

    def test_a_client_that_leaves_is_noticed(self):
        server = self.start()
        for i in range(3):
            client = server.connect()
            client.send(server.head(path="/silent"))
            time.sleep(0.05)
            client.socket.close()
            self.assertTrue(wait_for(lambda: server.left() == i + 1))

    def test_a_client_that_leaves_with_requests_behind_is_noticed(self):
        server = self.start()
        client = server.connect()
        client.send(server.head(path="/silent") + server.head() * 20)
        time.sleep(0.05)
        client.socket.close()
        self.assertTrue(wait_for(lambda: server.left() == 1))

    def test_a_client_that_breaks_off_a_stream_is_noticed(self):
        server = self.start()
        client = server.connect()
        client.send(server.head(path="/flood?n=100000"))
        client.take(1_000_000)
        client.socket.close()
        self.assertTrue(wait_for(lambda: server.left() == 1))

    def test_what_can_be_answered_at_once_is_answered_to_a_client_that_sends_no_more(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head() * 3)
            client.socket.shutdown(socket.SHUT_WR)
            for _ in range(3):
                self.assertEqual(client.response().status, 200)
            self.assertTrue(client.at_end())

    # ---- deadlines

    def test_a_header_block_has_its_deadline(self):
        server = self.start("head_ms=600")
        for begin in (b"GET /health HTTP/1.1\r\nHost: localhost\r\n", b"G"):
            with server.connect() as client:
                client.send(begin)
                self.assert_lasts(0.6, lambda: self.assertEqual(client.response().status, 408))
                self.assertTrue(client.at_end())

    def test_a_trickle_of_bytes_does_not_move_the_deadline(self):
        server = self.start("head_ms=600")
        with server.connect() as client:
            client.send(b"GET /health HTTP/1.1\r\n")
            trickle = threading.Thread(target=lambda: self.trickle(client, b"X: y\r\n", 2))
            begin = time.monotonic()
            trickle.start()
            self.assertEqual(client.response().status, 408)
            self.assertLess(time.monotonic() - begin, 1.6)
            trickle.join()

    def trickle(self, client, piece, seconds):
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                client.send(piece)
                time.sleep(0.05)
        except OSError:
            pass

    def test_who_connects_and_says_nothing_is_closed(self):
        server = self.start("head_ms=600")
        with server.connect() as client:
            self.assert_lasts(0.6, lambda: self.assertTrue(client.at_end()))

    def test_an_idle_connection_is_closed(self):
        server = self.start("idle_ms=700", "head_ms=300")
        with server.connect() as client:
            client.send(server.head())
            self.assertEqual(client.response().status, 200)
            self.assert_lasts(0.7, lambda: self.assertTrue(client.at_end()))
        with server.connect() as client:
            # A request begun after a while has its own deadline.
            client.send(server.head())
            self.assertEqual(client.response().status, 200)
            time.sleep(0.4)
            client.send(b"GET")
            self.assert_lasts(0.3, lambda: self.assertEqual(client.response().status, 408))

    def test_a_body_must_come_at_a_rate(self):
        server = self.start("body_ms=500")
        with server.connect() as client:
            client.send(server.head("POST", "/echo", [("Content-Length", "100000")]) + b"x" * 100)
            self.assert_lasts(0.6, lambda: self.assertEqual(client.response().status, 408))
        with server.connect() as client:
            # 4 KiB a second: more than the least of 1 KiB a second, and longer than the deadline.
            client.send(server.head("POST", "/echo", [("Content-Length", "4096")]))
            for _ in range(16):
                time.sleep(0.06)
                client.send(b"x" * 256)
            self.assertEqual(client.response().status, 200)

    def test_a_client_that_takes_nothing_is_left(self):
        server = self.start("slow_reader_ms=500")
        with server.connect() as client:
            client.send(server.head(path="/flood?n=10000"))
            self.assertTrue(wait_for(lambda: server.left() == 1))
        # One that takes little by little is not.
        with server.connect() as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            client.send(server.head(path="/flood?n=10000"))
            for _ in range(20):
                time.sleep(0.1)
                client.take(10_000)
            self.assertEqual(server.left(), 1)

    def test_a_slow_handler_is_waited_for(self):
        server = self.start("head_ms=300", "idle_ms=300", "body_ms=300", "slow_reader_ms=300")
        with server.connect() as client:
            client.send(server.head(path="/chunks?n=80"))
            self.assertEqual(client.response().body.count(b"piece"), 80)

    # ---- limits

    def test_the_longest_idle_makes_room_and_running_responses_stay(self):
        server = self.start("max_connections=3")
        streaming = server.connect()
        streaming.send(server.head(path="/chunks?n=60"))
        streaming.response_head()
        idle = []
        for _ in range(2):
            idle.append(server.connect())
            idle[-1].send(server.head())
            self.assertEqual(idle[-1].response().status, 200)
        self.assertEqual(server.request().status, 200)
        self.assertTrue(idle[0].at_end())
        for _ in range(20):
            self.assertEqual(server.request().status, 200)
        pieces = 0
        while streaming.chunk():
            pieces += 1
        self.assertEqual(pieces, 60)
        for client in (streaming, *idle):
            client.socket.close()

    def test_one_address_has_its_share(self):
        server = self.start("max_per_network=5")
        clients = [server.connect(source="127.0.0.2") for _ in range(6)]
        self.assertTrue(clients[5].at_end())
        self.assertEqual(server.request(source="127.0.0.3").status, 200)
        clients[0].socket.close()
        self.assertTrue(wait_for(lambda: self.served(server, "127.0.0.2")))
        for client in clients:
            client.socket.close()

    def served(self, server, source):
        try:
            return server.request(source=source).status == 200
        except (EOFError, ConnectionResetError):
            return False

    def test_requests_together_hold_no_more_than_their_limit(self):
        server = self.start("max_held_bytes=1000000")
        with server.connect() as first, server.connect() as second:
            first.send(server.head("POST", "/echo", [("Content-Length", "600001")]) + b"x" * 600_000)
            time.sleep(0.2)
            second.send(server.head("POST", "/echo", (), b"y" * 600_000) + b"y" * 600_000)
            response = second.response()
            self.assertEqual(response.status, 503)
            self.assertEqual(response.fields["retry-after"], "1")
            first.send(b"x")
            self.assertEqual(first.response().status, 200)
        # What they held is free again, for whoever left in the middle too.
        for _ in range(5):
            with server.connect() as client:
                client.send(server.head("POST", "/echo", [("Content-Length", "900001")]) + b"x" * 900_000)
                time.sleep(0.1)
        time.sleep(0.1)
        self.assertEqual(server.request("POST", "/echo", (), b"z" * 900_000).status, 200)

    def test_responses_that_nobody_takes_count_too(self):
        server = self.start("max_held_bytes=1000000")
        with server.connect() as slow:
            slow.send(server.head(path="/flood?n=1000"))  # 64 KiB each; about 1 MiB waits here
            time.sleep(0.5)
            with server.connect() as other:
                other.send(server.head("POST", "/echo", (), b"y" * 100_000) + b"y" * 100_000)
                self.assertEqual(other.response().status, 503)
        self.assertTrue(wait_for(lambda: server.request("POST", "/echo", (), b"z" * 900_000).status == 200))

    # ---- the end

    def test_it_ends_when_running_responses_have(self):
        server = self.start()
        with server.connect() as client, server.connect() as idle:
            client.send(server.head(path="/chunks?n=50"))
            client.response_head()
            server.process.send_signal(signal.SIGTERM)
            self.assertTrue(idle.at_end())
            with self.assertRaises(ConnectionRefusedError):
                server.connect()
            pieces = 0
            while client.chunk():
                pieces += 1
            self.assertEqual(pieces, 50)
            self.assertTrue(client.at_end())
        self.assertEqual(server.process.wait(5), 0)

    def test_it_waits_no_longer_than_it_was_told(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head(path="/silent"))
            time.sleep(0.1)
            server.process.send_signal(signal.SIGTERM)
            self.assert_lasts(2, lambda: self.assertEqual(server.process.wait(10), 0))

    def test_a_second_signal_ends_it_at_once(self):
        server = self.start()
        with server.connect() as client:
            client.send(server.head(path="/silent"))
            time.sleep(0.1)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            server.process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            self.assertEqual(server.process.wait(10), 0)
            self.assertLess(time.monotonic() - begin, 1)

    def test_a_port_that_is_taken_is_named(self):
        server = self.start()
        with self.assertRaisesRegex(RuntimeError, f"port {server.port}: cannot listen: Address already in use"):
            http_client.Server(f"port={server.port}")


if __name__ == "__main__":
    http_client.main()
