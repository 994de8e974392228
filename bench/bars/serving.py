"""How fast a server answers many at once, and one whose prompt begins like an earlier one."""
import json
import pathlib
import random
import statistics
import subprocess

import served
import speed

STREAMS, PROMPT, GENERATED = 16, 90, 64
ROUNDS = 3
THROUGHPUT_ROUNDS = 7  # the machine's memory is shared with others: ratios of single rounds go from 3.3 to 4.3


def token_prompts(count, length, vocabulary, seed):
    """Distinct prompts of random ids, none of which is one of the control tokens at the vocabulary's end."""
    numbers = random.Random(seed)
    return [[numbers.randrange(1000, vocabulary - 2000) for _ in range(length)] for _ in range(count)]


def one_round(server, prompts):
    """All prompts at once: generated tokens a second, and the seconds to each first token."""
    common = {"max_tokens": GENERATED, "temperature": 0, "ignore_eos": True, "return_token_ids": True}
    first, counts, last = [], [], 0
    for events in server.streams("/v1/completions", [{"prompt": prompt, **common} for prompt in prompts]):
        times = [at for at, event in events
                 for _ in (event["choices"][0].get("token_ids") or [] if event["choices"] else [])]
        first.append(times[0])
        counts.append(len(times))
        last = max(last, events[-1][0])
    assert counts == [GENERATED] * len(prompts), counts
    return sum(counts) / last, statistics.median(first)


def throughput(candor, model, threads=2):
    """Candor's server and llama.cpp's engine in turn: {"tps", "first", "their_tps", "their_first", "ratio"}."""
    peer = [speed.peer_python(), pathlib.Path(__file__).with_name("peer_batch.py"), model]
    ours, theirs = [], []
    for round_number in range(THROUGHPUT_ROUNDS):
        with served.Server(candor, model, "--threads", str(threads)) as server:
            facts = json.loads(server.get("/v1/models"))["data"][0]["meta"]
            one_round(server, token_prompts(2, PROMPT, facts["n_vocab"], -1))  # warms up
            ours.append(one_round(server, token_prompts(STREAMS, PROMPT, facts["n_vocab"], round_number)))
        sizes = map(str, (threads, STREAMS, PROMPT, GENERATED))
        theirs.append(json.loads(subprocess.run([*peer, *sizes], check=True, stdout=subprocess.PIPE).stdout))
    return {"tps": statistics.median(tps for tps, _ in ours),
            "first": statistics.median(first for _, first in ours),
            "their_tps": statistics.median(row["tps"] for row in theirs),
            "their_first": statistics.median(row["first"] for row in theirs),
            "ratio": statistics.median(a / b["tps"] for (a, _), b in zip(ours, theirs))}


def known_prefix(candor, model, length=2000):
    """Seconds to the first token, as the server counts them, of a new prompt and of one that begins like it."""
    cold, warm = [], []
    with served.Server(candor, model) as server:
        vocabulary = json.loads(server.get("/v1/models"))["data"][0]["meta"]["n_vocab"]
        for round_number in range(ROUNDS):
            (prefix, *ends) = token_prompts(3, length, vocabulary, round_number)
            for end, seconds in zip(ends, (cold, warm)):
                answer = server.post("/v1/completions", prompt=prefix + end[:16], max_tokens=1, temperature=0)
                seconds.append(answer["candor"]["timings"]["first_token_seconds"])
    return statistics.median(cold), statistics.median(warm)
