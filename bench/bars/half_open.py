#!/usr/bin/env python3
"""How a running server bears clients that open connections and leave them so.

    bench/bars/half_open.py URL PID [--idle 10000] [--half-open 1000] [--model NAME]     exit 1 when a bar is not met

Opens idle connections (each has made a request) from addresses all over 127.0.0.0/8, then half-open ones (a header
block without its end) in one burst, and asks for /health all the while, each time on a new connection and on one kept.
The generator is niced, the one who asks is not. URL is http://127.0.0.1:PORT; PID is the process that holds the
sockets. Both processes need descriptors for all connections (ulimit -n). With --model a stream of that model runs
before and all the while, and has to say the same and keep its pace.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import resource
import select
import socket
import sys
import time
import urllib.parse

WATCHED_SECONDS = 14  # from the burst on
PERIOD = 0.005


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no memory")


def source_address(i):
    """Another address of 127.0.0.0/8 for each i below 2^16."""
    return f"127.{1 + i % 250}.{1 + i // 250 % 250}.{2 + i % 7}"


class Target:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.head = f"GET /health HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode()

    def connect(self, source=None):
        return socket.create_connection(self.address, 20, (source, 0) if source else None)

    def ask(self, connection):
        connection.sendall(self.head + b"\r\n")
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(4096)
            if not piece:
                raise ConnectionError("the server closed a connection on which it was asked")
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(4096)


def watch(target, stop, results):
    """Asks until `stop` is set; sends the times, in seconds from asking to the whole answer."""
    times = {"new": [], "kept": []}
    kept = target.connect()
    while not stop.is_set():
        begin = time.monotonic()
        target.ask(kept)
        middle = time.monotonic()
        with target.connect() as new:
            target.ask(new)
        end = time.monotonic()
        times["kept"].append(middle - begin)
        times["new"].append(end - middle)
        time.sleep(PERIOD)
    results.put(times)


def stream_once(target, model):
    """A streamed answer: its tokens with their log-probabilities, and the times between its events."""
    body = json.dumps({"model": model, "stream": True, "max_tokens": 128, "seed": 1, "temperature": 0, "logprobs": True,
                       "messages": [{"role": "user", "content": "Tell a long story about a river."}]}).encode()
    host, port = target.address
    with target.connect() as connection, connection.makefile("rb") as lines:
        connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: "
                           f"application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        tokens, gaps, last = [], [], None
        assert b" 200 " in lines.readline()
        for line in lines:
            if line == b"data: [DONE]\n":
                return tokens, gaps
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            assert "error" not in event, event
            for choice in event["choices"]:
                found = ((choice.get("logprobs") or {}).get("content") or [])
                tokens += [(token["token"], token["logprob"]) for token in found]
                if found:
                    now = time.monotonic()
                    gaps += [now - last] if last else []
                    last = now
    raise ConnectionError("a stream ended early")


def watch_stream(target, stop, results, model):
    """Streams the same answer until `stop` is set, once at least; sends all of them and the times between events."""
    answers, gaps = [], []
    while not answers or not stop.is_set():
        tokens, times = stream_once(target, model)
        answers.append(tokens)
        gaps += times
    results.put((answers, gaps))


def measure(watcher, *arguments):
    """Starts a process that looks until it is told to end; the function returned does so and gives what it saw."""
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    process = multiprocessing.Process(target=watcher, args=(arguments[0], stop, results, *arguments[1:]), daemon=True)
    process.start()

    def end():
        stop.set()
        times = results.get(timeout=60)
        process.join()
        return times

    return end


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def open_idle(target, count):
    connections = []
    for i in range(count):
        connection = target.connect(source_address(i))
        target.ask(connection)
        connections.append(connection)
    return connections


def open_half(target, count):
    """All at once: the connects are under way together, and each sends as soon as it can."""
    poll = select.epoll()
    waiting = {}
    for i in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((source_address(30_000 + i), 0))
        connection.connect_ex(target.address)
        waiting[connection.fileno()] = connection
        poll.register(connection, select.EPOLLOUT)
    opened = []
    while waiting:
        for descriptor, _ in poll.poll(10):
            connection = waiting.pop(descriptor)
            poll.unregister(connection)
            connection.send(target.head)  # the line that ends the block never comes
            opened.append(connection)
    return opened


def wait_for_ends(connections, seconds):
    """When each is closed by the server, in seconds from now; those that are not have no time."""
    poll = select.epoll()
    left = {connection.fileno(): connection for connection in connections}
    for connection in connections:
        poll.register(connection, select.EPOLLIN)
    begin, ends = time.monotonic(), []
    while left and time.monotonic() < begin + seconds:
        for descriptor, _ in poll.poll(0.1):
            connection = left[descriptor]
            try:
                data = connection.recv(4096)
            except ConnectionResetError:
                data = b""
            if data:
                continue  # 408, and the end behind it
            poll.unregister(connection)
            del left[descriptor]
            ends.append(time.monotonic() - begin)
    while time.monotonic() < begin + seconds:
        time.sleep(0.05)
    return ends


def still_open(connections):
    count = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            count += connection.recv(1) != b""
        except BlockingIOError:
            count += 1
        except ConnectionResetError:
            pass
    return count


def run(url, pid, idle_count, half_open_count, model=None):
    """The figures, as a dictionary."""
    target = Target(url)
    end_quiet = measure(watch, target)
    end_quiet_stream = measure(watch_stream, target, model) if model else None
    time.sleep(8 if model else 3)
    quiet = end_quiet()
    before = resident_bytes(pid)
    # Those who look are started by a process that is not niced; they wait for nothing else.
    end_loaded = measure(watch, target)
    quiet_answers, quiet_gaps = end_quiet_stream() if model else ([], [])
    end_stream = measure(watch_stream, target, model) if model else None
    os.nice(10)
    begin = time.monotonic()
    idle = open_idle(target, idle_count)
    idle_seconds = time.monotonic() - begin
    idle_bytes = (resident_bytes(pid) - before) / max(1, idle_count)
    begin = time.monotonic()
    half_open = open_half(target, half_open_count)
    burst_seconds = time.monotonic() - begin
    ends = wait_for_ends(half_open, WATCHED_SECONDS)
    loaded = end_loaded()
    figures = {
        "idle": idle_count, "half_open": half_open_count,
        "idle_opened_s": round(idle_seconds, 2), "burst_s": round(burst_seconds, 3),
        "rss_before_mib": round(before / 2**20, 1), "rss_mib": round(resident_bytes(pid) / 2**20, 1),
        "bytes_per_idle": round(idle_bytes),
        "quiet_p99_ms": {kind: round(percentile(times, 0.99) * 1000, 2) for kind, times in quiet.items()},
        "loaded_p50_ms": {kind: round(percentile(times, 0.5) * 1000, 2) for kind, times in loaded.items()},
        "loaded_p99_ms": {kind: round(percentile(times, 0.99) * 1000, 2) for kind, times in loaded.items()},
        "loaded_max_ms": {kind: round(max(times) * 1000, 2) for kind, times in loaded.items()},
        "asked": sum(map(len, loaded.values())),
        "half_open_closed": len(ends),
        "half_open_closed_s": [round(min(ends), 2), round(max(ends), 2)] if ends else [],
        "idle_still_open": still_open(idle),
    }
    if model:
        answers, gaps = end_stream()
        figures |= {
            "streams": len(answers), "tokens": sum(map(len, answers)),
            "streams_as_quiet": sum(answer == quiet_answers[0] for answer in quiet_answers + answers),
            "streams_compared": len(quiet_answers + answers),
            "quiet_gap_p99_ms": round(percentile(quiet_gaps, 0.99) * 1000, 2),
            "loaded_gap_p99_ms": round(percentile(gaps, 0.99) * 1000, 2),
        }
    return figures


def verdicts(figures):
    """(bar, figure, whether it is met)"""
    p99 = max(figures["loaded_p99_ms"].values())
    yield "/health at p99 within 50 ms", f"{p99} ms", p99 <= 50
    yield "12 KiB of memory for an idle connection", f"{figures['bytes_per_idle']} bytes", figures["bytes_per_idle"] <= 12288
    closed = figures["half_open_closed_s"]
    yield ("half-open ones closed at 10 s", f"{figures['half_open_closed']} closed, {closed} s from the burst",
           figures["half_open_closed"] == figures["half_open"] and 9 <= closed[0] and closed[1] <= 12)
    yield "idle ones stay", str(figures["idle_still_open"]), figures["idle_still_open"] == figures["idle"]
    if "streams" in figures:
        same, all_of_them = figures["streams_as_quiet"], figures["streams_compared"]
        yield "streams say the same, on bits", f"{same} of {all_of_them}", same == all_of_them
        quiet, gap = figures["quiet_gap_p99_ms"], figures["loaded_gap_p99_ms"]
        yield "their tokens come at p99 within twice the quiet time", f"{gap} ms, quiet {quiet} ms", gap <= 2 * quiet


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("url")
    parser.add_argument("pid", type=int)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--half-open", type=int, default=1_000)
    parser.add_argument("--model", help="a model that streams meanwhile")
    parser.add_argument("--json", action="store_true", help="the figures alone, as JSON")
    flags = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < flags.idle + flags.half_open + 100:
        sys.exit(f"half_open.py: {hard} descriptors are not enough (ulimit -Hn)")
    figures = run(flags.url, flags.pid, flags.idle, flags.half_open, flags.model)
    print(json.dumps(figures, indent=None if flags.json else 2))
    met = True
    for bar, figure, holds in verdicts(figures):
        met &= holds
        if not flags.json:
            print(f"{'met' if holds else 'MISSED':7}{bar}: {figure}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
