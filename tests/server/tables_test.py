#!/usr/bin/env python3
"""The tables of requests of tests/data/http over a socket, each cut in three ways."""
import random

import http_client

# The requests of the tables know no port.
ALLOWED = [f"allowed_host={host}" for host in ("localhost", "127.0.0.1", "::1")]


def cuts(data):
    """Sizes of pieces: all in one, byte by byte, and at random, always the same."""
    yield "whole", [len(data)]
    # Long ones are cut finely where they begin and end: what stands between is repetition.
    ends = 600
    if len(data) <= 2 * ends:
        yield "byte by byte", [1] * len(data)
    else:
        yield "byte by byte", [1] * ends + [len(data) - 2 * ends] + [1] * ends
    generator = random.Random(20261122)
    sizes = []
    while sum(sizes) < len(data):
        sizes.append(generator.randint(1, max(40, len(data) // 50)))
    yield "at random", sizes


class TablesTest(http_client.ServerTest):
    def each(self, name, check):
        server = self.start_any(*ALLOWED)
        rows = http_client.table(name)
        for row in rows:
            data = http_client.request_bytes(row)
            for cut, sizes in cuts(data):
                with self.subTest(row["name"], cut=cut), server.connect() as client:
                    client.send_pieces(data, sizes)
                    check(row, client)
        self.assertEqual(server.request().status, 200)
        return len(rows)

    def check_refused(self, row, client):
        response = client.response()
        self.assertEqual(response.status, row.get("status", 400))
        self.assertEqual(response.fields["connection"], "close")
        self.assertIn(b'"error"', response.body)
        self.assertTrue(client.at_end(), "the connection stays open")

    def test_malformed_requests_get_400_and_the_connection_is_closed(self):
        self.assertGreaterEqual(self.each("malformed", self.check_refused), 60)

    def test_excessive_requests_get_their_status_and_the_connection_is_closed(self):
        self.each("refused", self.check_refused)

    def test_unusual_requests_are_answered(self):
        def check(row, client):
            response = client.response(row["request"][0].split(" ")[0])
            self.assertIn(response.status, row["status"])
            if row["keeps"]:
                self.assertEqual(response.fields["connection"], "keep-alive")
                client.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(client.response().status, 200)
            else:
                self.assertEqual(response.fields["connection"], "close")
                self.assertTrue(client.at_end())

        self.each("unusual", check)

    def test_hosts_and_origins_are_judged(self):
        server = self.start_any("allowed_host=chat.example", "allowed_origin=https://app.example:8443")
        rows = http_client.table("host_policy")
        for row in rows:
            with self.subTest(row["name"]), server.connect() as client:
                fields = {name: value.replace(":8080", f":{server.port}") for name, value in row["fields"].items()}
                lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
                body = "{}" if row["method"] == "POST" else ""
                if body:
                    lines += f"Content-Length: {len(body)}\r\n"
                client.send(f"{row['method']} /health HTTP/{row.get('version', '1.1')}\r\n{lines}\r\n{body}".encode())
                response = client.response()
                if row["status"]:
                    self.assertEqual(response.status, row["status"])
                else:
                    self.assertIn(response.status, (200, 405))
                for name, value in row.get("response", {}).items():
                    self.assertEqual(response.fields.get(name), value.replace(":8080", f":{server.port}"))
                granted = [name for name in response.fields if name.startswith("access-control-")]
                if row["status"] not in (0, 204) or "Origin" not in fields:
                    self.assertEqual(granted, [])
                self.assertNotIn("access-control-allow-credentials", granted)
        self.assertGreaterEqual(len(rows), 12)


if __name__ == "__main__":
    http_client.main()
