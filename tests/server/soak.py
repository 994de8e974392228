#!/usr/bin/python3
"""64 distinct requests, cycled by 64 clients at once, answer on bits as each does alone on a quiet server.

    tests/server/soak.py [--seconds N] [--tight SIZE]

Judged: no error; every answer, streamed or whole, equal to the one alone in text, token ids and the written digits of
every log-probability; the memory of both processes flat; no descriptor more than there was. Two further clients leave in
mid-stream all the time. Then the requests of the larger model for half of the time on a server with just enough memory
(--tight), so that answers are preempted and prefixes are evicted; there, and only there, a refusal that says when to
come back is no error.
"""
import argparse
import collections
import json
import random
import sys
import threading
import time

import answers
import candor_server
import soak_requests

# Flat: once every request was answered (the prefixes that are kept are complete then), and in the second half of what
# follows, the median slope between pairs of samples makes at most FLAT_SHARE of the memory over that time, or FLAT_BYTES
# where that is more.
FLAT_SHARE, FLAT_BYTES = 0.02, 4 << 20
CLIENTS = 64
TIGHT_MEMORY = "220MiB"  # for the larger model alone: its weights, and keys and values of a few of the longest requests
REFUSALS = (429, 503)
WARM_SAMPLES = 12
PATIENCE = 120  # seconds until a client takes no byte for an error: answers share two models and the machine


def alone(server, requests):
    """The answer of each request by itself, whole, and the tokens of its prompt; checks that the stream says the same."""
    expected, prompt_tokens = [], []
    with server.session() as session:
        for path, body in requests:
            response = session.post(path, body)
            whole = answers.answer(response)
            prompt_tokens.append(json.loads(response.body)["usage"]["prompt_tokens"])
            if path != answers.EMBEDDING:
                streamed = answers.answer(session.post(path, {**body, "stream": True}))
                if text := answers.difference(streamed, whole):
                    raise SystemExit(f"soak: alone, the stream differs from the whole: {text}\n{json.dumps(body)[:600]}")
            expected.append(whole)
    return expected, prompt_tokens


class Storm:
    """64 clients that go round through the requests, each from another place, until the time is up."""

    def __init__(self, server, requests, expected, tight):
        self.server, self.requests, self.expected, self.tight = server, requests, expected, tight
        self.lock = threading.Lock()
        self.wrong, self.streams, self.wholes, self.left = [], 0, 0, 0
        self.refusals = collections.Counter()
        self.cycles = [0] * len(requests)
        self.ended = threading.Event()

    def run(self, seconds):
        """Returns [(second, whether each request was answered by then, memory)]."""
        threads = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        threads += [threading.Thread(target=self.leaver, args=(number,)) for number in range(2)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        samples = []
        # A slow machine gets up to three times as long to answer each request, which the judgement of the memory needs.
        enough = lambda: sum(warm for _, warm, _ in samples) >= WARM_SAMPLES
        while (now := time.monotonic() - begin) < seconds or (now < 3 * seconds and not enough()):
            if len(self.wrong) >= 20:
                break
            self.ended.wait(1)
            if self.server.ended():
                break
            samples.append((now, min(self.cycles) > 0, self.server.memory()))
        self.ended.set()
        for thread in threads:
            thread.join()
        if (ended := self.server.ended()):
            self.note(ended)
        return samples

    def note(self, text):
        with self.lock:
            self.wrong.append(text)

    def client(self, number):
        source = random.Random(number)
        with self.server.session(timeout=PATIENCE) as session:
            turn = number
            while not self.ended.is_set():
                index = turn % len(self.requests)
                turn += 1
                path, body = self.requests[index]
                stream = path != answers.EMBEDDING and source.random() < 0.5
                try:
                    self.check(session, index, path, {**body, "stream": True} if stream else body)
                except (answers.BadAnswer, OSError, EOFError, ValueError) as error:
                    session.close()
                    self.note(f"request {index}: {error!r}: {json.dumps(body)[:300]}")

    def check(self, session, index, path, body):
        response = session.post(path, body)
        if self.tight and response.status in REFUSALS and "retry-after" in response.fields:
            with self.lock:
                self.refusals[json.loads(response.body)["error"]["message"]] += 1
            self.ended.wait(min(2, float(response.fields["retry-after"])))
            return
        text = answers.difference(answers.answer(response), self.expected[index])
        if text:
            raise answers.BadAnswer(text)
        with self.lock:
            self.cycles[index] += 1
            if answers.is_stream(response):
                self.streams += 1
            else:
                self.wholes += 1

    def leaver(self, number):
        """Begins streams of the same requests, and is gone after some of their bytes."""
        source = random.Random(1000 + number)
        while not self.ended.wait(0.1):
            path, body = source.choice([row for row in self.requests if row[0] != answers.EMBEDDING])
            with self.server.session(timeout=PATIENCE) as session:
                try:
                    session.send("POST", path, json.dumps({**body, "stream": True, "ignore_eos": True}).encode())
                    for _ in range(source.randint(1, 4)):
                        session.client.fill()
                    with self.lock:
                        self.left += 1
                except OSError as error:
                    self.note(f"a client that leaves: {error!r}")


def trend(rows):
    """By how many bytes the memory of a process grows over the samples, [(second, bytes)]."""
    slopes = [(two - one) / (later - sooner) for place, (sooner, one) in enumerate(rows) for later, two in rows[place + 1:]]
    return candor_server.median(slopes) * (rows[-1][0] - rows[0][0])


def judge_memory(samples):
    warm = [sample for sample in samples if sample[1]]
    warm = warm[len(warm) // 2:]
    if len(warm) < WARM_SAMPLES // 2:
        return ["too few samples of the memory after each request was answered: more --seconds are needed"]
    wrong = []
    for name in ("front", "worker"):
        rows = [(second, memory[name]) for second, _, memory in warm]
        growth, middle = trend(rows), candor_server.median([size for _, size in rows])
        limit = max(FLAT_SHARE * middle, FLAT_BYTES)
        print(f"  memory of the {name}: {samples[0][2][name] / 2**20:.1f} MiB at first, {middle / 2**20:.1f} in the last "
              f"{rows[-1][0] - rows[0][0]:.0f} s, in which it grows by {growth / 2**20:+.2f} (limit {limit / 2**20:.1f})")
        if growth > limit:
            wrong.append(f"the memory of the {name} grows by {growth / 2**20:.1f} MiB")
    return wrong


def pressure(before, after, prompt_tokens):
    """Prints what the metrics tell; returns what is missing: answers preempted, prompts computed anew as they were evicted."""
    total = lambda name: sum(value - before.get(row, 0) for row, value in after.items() if row.startswith(name))
    kept = {kind: sum(value for row, value in after.items() if row.startswith(f'candor_kv_bytes{{kind="{kind}"')) / 2**20
            for kind in ("used", "limit")}
    preemptions, computed = total("candor_preemptions_total"), total("candor_prefill_tokens_total")
    distinct = sum(prompt_tokens)
    print(f"  pressure: {preemptions:.0f} preemptions; {computed:.0f} tokens of prompts computed, {distinct} in the distinct requests; "
          f"keys and values {kept['used']:.0f} of {kept['limit']:.0f} MiB")
    return ([] if preemptions else ["nothing was preempted"]) + ([] if computed > 1.5 * distinct else ["nothing was evicted"])


def judge_descriptors(server, before):
    end = time.monotonic() + 10  # the server may still be noticing that clients left
    while (now := server.descriptors()) != before and time.monotonic() < end:
        time.sleep(0.1)
    print("  descriptors: " + ", ".join(f"{name} {before[name]} before, {now[name]} after" for name in now))
    return [f"the {name} has {now[name]} descriptors, {before[name]} before" for name in now if now[name] > before[name]]


def soak(title, server, requests, expected, prompt_tokens, seconds, tight):
    """Prints the figures of one storm; returns what was wrong."""
    with server.session() as session:  # the first connection stays: it is among the descriptors counted
        session.ask("GET", "/health")
        descriptors, metrics = server.descriptors(), server.metrics()
        storm = Storm(server, requests, expected, tight)
        samples = storm.run(seconds)
        print(f"{title}: {storm.streams + storm.wholes} answers ({storm.streams} streams) in {samples[-1][0]:.0f} s, each "
              f"request {min(storm.cycles)} to {max(storm.cycles)} times; {len(storm.wrong)} wrong; {storm.left} clients left "
              f"in mid-stream; {sum(storm.refusals.values())} refusals that say when to come back {dict(storm.refusals.most_common(3)) or str()}")
        wrong = storm.wrong + judge_memory(samples) + judge_descriptors(server, descriptors)
        missing = pressure(metrics, server.metrics(), prompt_tokens)
        if tight:
            wrong += missing
    if min(storm.cycles) == 0:
        wrong.append(f"requests {[index for index, count in enumerate(storm.cycles) if not count]} were never answered")
    return [f"{title}: {text}" for text in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--tight", metavar="SIZE", default=TIGHT_MEMORY, help="memory of the second server")
    arguments = parser.parse_args()
    if not candor_server.SMALL.exists():
        print(f"skipped: there is no {candor_server.SMALL}")
        return candor_server.SKIPPED
    requests = soak_requests.make(candor_server.SMALL.stem, candor_server.THINKER.stem)
    models = [candor_server.SMALL, candor_server.THINKER]
    options = ["--parallel", "64", "--queue", "256"]
    begin = time.monotonic()
    with candor_server.CandorServer(models, *options) as quiet:
        expected, prompt_tokens = alone(quiet, requests)
    print(f"{len(requests)} requests alone, whole and as streams, in {time.monotonic() - begin:.1f} s", flush=True)
    with candor_server.CandorServer(models, *options) as server:
        wrong = soak("ample memory", server, requests, expected, prompt_tokens, arguments.seconds, tight=False)
    sys.stdout.flush()
    rows = [row for row in zip(requests, expected, prompt_tokens) if row[0][1]["model"] == candor_server.SMALL.stem]
    with candor_server.CandorServer(models[:1], *options, "--memory", arguments.tight) as server:
        wrong += soak(f"memory {arguments.tight}", server, *zip(*rows), arguments.seconds / 2, tight=True)
    for text in wrong[:40]:
        print("soak:", text[:1000])
    print(f"{len(wrong)} verdicts failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
