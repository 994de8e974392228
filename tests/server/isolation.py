#!/usr/bin/python3
"""Two API keys learn nothing of each other: neither from the time to a first token nor from any answer.

    tests/server/isolation.py [--trials N] [--requests N]

Timing: in each trial key A asks either a fresh prefix of 2,000 tokens or another one of that length; then key B asks the
prefix. B's first-token times with and without A before must be indistinguishable: two-sample Kolmogorov-Smirnov,
p > 0.05. A test that is right fails one time in twenty by chance, so that a p below is judged by a second series of
fresh trials. The control: for A itself the same comparison has to show the cache, and the server has to tell that it
reused the prefix; B is told of nothing that A had.

Secrets: many small requests of eight keys at once, each with a secret of its own. A response has the secret of its request
and no other one; the place where a prompt differs from what was kept names only what the same key had.
"""
import argparse
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import answers
import candor_server
import field_rules

SIGNIFICANT = 0.05
PREFIX_TOKENS = 2000
FIRST_TOKEN, OTHER_TOKENS = 20000, range(1000, 9000)  # numbers of tokens of smollm2-135m that are words
USERS = 8


class NoKeys(Exception):
    """The program does not know of keys."""


def make_key(file, name):
    """The secret of a new key; raises NoKeys where the program has none."""
    found = subprocess.run([candor_server.BINARY, "keys", "create", name, "--keys", file, "--json"], text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if found.returncode == 2:
        raise NoKeys(found.stderr)
    return json.loads(found.stdout)["key"]


def bearer(key):
    return [("Authorization", f"Bearer {key}")]


def kolmogorov_smirnov(one, other):
    """The p-value that two samples are of one distribution (Smirnov's asymptotic form, with Stephens' correction)."""
    points = sorted(set(one) | set(other))
    share = lambda sample, point: sum(value <= point for value in sample) / len(sample)
    distance = max(abs(share(one, point) - share(other, point)) for point in points)
    size = math.sqrt(len(one) * len(other) / (len(one) + len(other)))
    x = (size + 0.12 + 0.11 / size) * distance
    if x < 0.2:
        return 1.0
    return min(1.0, max(0.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))))


class Timing:
    """Asks prefixes as one key or another, each by the time until the first byte of the answer's first token."""

    def __init__(self, server, keys, source):
        self.sessions = [server.session(bearer(key)) for key in keys]
        self.source, self.prefixes, self.wrong = source, 0, []

    def prefix(self):
        """Begins as no other does: whatever a key is told of an earlier prompt is not of its own."""
        self.prefixes += 1
        return [FIRST_TOKEN + self.prefixes, *(self.source.choice(OTHER_TOKENS) for _ in range(PREFIX_TOKENS - 1))]

    def ask(self, who, prompt):
        body = {"model": candor_server.SMALL.stem, "prompt": prompt, "max_tokens": 1, "temperature": 0}
        begin = time.perf_counter()
        response = self.sessions[who].post(answers.COMPLETION, body)
        seconds = time.perf_counter() - begin
        if response.status != 200:
            raise SystemExit(f"isolation: {response.status} {response.body[:300]!r}")
        return seconds, json.loads(response.body)["candor"]

    def series(self, trials):
        """{what A did before: times of B}, times of A the first time, times of A again."""
        kinds = [number % 2 == 0 for number in range(trials)]
        self.source.shuffle(kinds)
        of_b, cold, warm = {True: [], False: []}, [], []
        for known in kinds:
            prefix = self.prefix()
            cold.append(self.ask(0, prefix if known else self.prefix())[0])
            seconds, told = self.ask(1, prefix)
            of_b[known].append(seconds)
            if told["reused_tokens"] or told["divergence"]:
                self.wrong.append(f"B is told of {told['reused_tokens']} reused tokens, divergence {told['divergence']}")
            if known:
                seconds, told = self.ask(0, prefix)
                warm.append(seconds)
                if told["reused_tokens"] < PREFIX_TOKENS * 0.9:
                    self.wrong.append(f"control: A reuses {told['reused_tokens']} tokens of {PREFIX_TOKENS}")
        return of_b, cold, warm


def judge_timing(server, keys, trials):
    timing = Timing(server, keys, random.Random(11))
    timing.ask(0, timing.prefix()), timing.ask(1, timing.prefix())
    middle = lambda values: f"{candor_server.median(values) * 1000:.1f} ms"
    for attempt in (1, 2):
        of_b, cold, warm = timing.series(trials)
        p, control = kolmogorov_smirnov(of_b[True], of_b[False]), kolmogorov_smirnov(cold, warm)
        print(f"first token of key B for {PREFIX_TOKENS} tokens, medians of {trials} trials: {middle(of_b[True])} where key A had "
              f"them, {middle(of_b[False])} where not; p = {p:.3f}. Control, key A: {middle(cold)} cold, {middle(warm)} again; "
              f"p = {control:.2g}")
        if p > SIGNIFICANT:
            break
    if p <= SIGNIFICANT:
        timing.wrong.append(f"key B can tell what key A had: p = {p:.4f} in a second series")
    if control > SIGNIFICANT:
        timing.wrong.append(f"control: the cache does not show for key A itself, p = {control:.4f}")
    return timing.wrong


class Secrets:
    """Eight users whose secrets have different letters, so that a single one tells whose it is."""

    def __init__(self, server, keys):
        self.server, self.keys = server, keys
        self.lock, self.wrong, self.counts = threading.Lock(), [], [0] * USERS
        self.differences = 0

    def letters(self, user):
        return "abcdefghijklmnopqrstuvwx"[3 * user:3 * user + 3]

    def secret(self, user, source):
        return "Z" + "".join(source.choice(self.letters(user)) for _ in range(16)) + "Z"

    def requests(self, secret, source):
        model = field_rules.MODEL
        text = f"The secret is {secret}" + ", and this makes it a page of keys and values long" * 2
        return source.choice([
            (answers.COMPLETION, {"model": model, "prompt": text, "max_tokens": 4, "echo": True, "temperature": 0}),
            (answers.COMPLETION, {"model": model, "prompt": text, "max_tokens": 4, "echo": True, "stream": True, "seed": 1}),
            (answers.CHAT, {"model": model, "messages": [{"role": "user", "content": text}], "max_completion_tokens": 4, "seed": 2}),
            (answers.CHAT, {"model": model, "messages": [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": text}],
                            "continue_final_message": True, "max_completion_tokens": 4, "stream": True, "seed": 3}),
            ("/v1/render", {"model": model, "messages": [{"role": "user", "content": text}]}),
            ("/v1/tokenize", {"model": model, "text": text}),
            (answers.COMPLETION, {"model": f"no-{secret}", "prompt": text})])

    def user(self, user, count):
        source = random.Random(user)
        with self.server.session(bearer(self.keys[user])) as session:
            for _ in range(count):
                secret = self.secret(user, source)
                path, body = self.requests(secret, source)
                fault = self.fault(user, secret, path, body, session.post(path, body))
                with self.lock:
                    self.counts[user] += 1
                    self.wrong += [f"user {user}, {path}: {fault}"] if fault else []

    def fault(self, user, secret, path, body, response):
        if response.status >= 500 or response.status == 401:
            return f"status {response.status} {response.body[:200]!r}"
        told = answers.events(response.body) if answers.is_stream(response) else [json.loads(response.body)]
        seen = response.body.decode() + str(response.fields) + "".join(event_text(event) for event in told)
        if (others := set(re.findall("Z[a-x]{16}Z", seen)) - {secret}):
            return f"has the secrets {others}, asked with {secret}"
        if path in ("/v1/render",) or body.get("echo"):
            if secret not in seen:
                return f"does not have its own secret {secret}"
        for event in told:
            difference = (event.get("candor") or {}).get("divergence")
            if difference:
                self.differences += 1
                # Two of one user's prompts first differ within the secret, or where one kind of request ends.
                foreign = set("abcdefghijklmnopqrstuvwx") - set(self.letters(user))
                if difference["given"] in secret and set(difference["cached"]) & foreign:
                    return f"is told of {difference}, with the letters {self.letters(user)}"
        return ""


def event_text(event):
    parts = [event.get("prompt") or ""]
    for choice in event.get("choices", []):
        said = choice.get("message") or choice.get("delta") or choice
        parts += [said.get(name) or "" for name in ("text", "content", "reasoning_content")]
    return "".join(parts)


def judge_secrets(server, keys, count):
    secrets = Secrets(server, keys)
    begin = time.monotonic()
    threads = [threading.Thread(target=secrets.user, args=(user, count // USERS)) for user in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{sum(secrets.counts)} requests of {USERS} keys at once in {time.monotonic() - begin:.1f} s, each with a secret; "
          f"{secrets.differences} times a difference from an own prompt was told; {len(secrets.wrong)} wrong")
    if sum(secrets.counts) != count // USERS * USERS:
        secrets.wrong.append(f"only {secrets.counts} requests were answered")
    if not secrets.differences:
        secrets.wrong.append("control: no difference from an own prompt was ever told")
    return secrets.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--requests", type=int, default=10000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "keys.json")
        try:
            keys = [make_key(file, f"user{user}") for user in range(USERS)]
        except NoKeys as error:
            print(f"skipped: this program has no keys: {error}")
            return candor_server.SKIPPED
        if not candor_server.SMALL.exists():
            print(f"skipped: there is no {candor_server.SMALL}")
            return candor_server.SKIPPED
        wrong = []
        with candor_server.CandorServer([candor_server.SMALL, candor_server.THINKER], keys=file) as server:
            status = server.request("POST", "/v1/tokenize", (), b'{"model": "tiny-thinker", "text": "a"}').status
            if status != 401:
                wrong.append(f"without a key the status is {status}")
            wrong += judge_secrets(server, keys, arguments.requests)
            wrong += judge_timing(server, keys[:2], arguments.trials)
    for text in wrong[:30]:
        print("isolation:", text[:500])
    print(f"{len(wrong)} verdicts failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
