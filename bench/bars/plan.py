"""How far the speeds that `candor plan` expects are from those that `candor bench` measures.

Each round measures a model and gives `plan` the limits of the machine that were sampled in the same run, so that what
the neighbours take is in both. The figure is the larger of the two medians of the differences, of the prefill and of the
decode behind it.
"""
import json
import statistics
import subprocess

ROUNDS = 5
PROMPT, GEN = 512, 128


def last_json(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def expected(candor, model, measured):
    """Tokens per second of the prefill, and of the decode behind it at its middle position."""
    middle = PROMPT + GEN // 2
    speeds = {row["tokens"]: row for row in last_json(
        [candor, "plan", model, "--bandwidth", str(measured["read_gbps"]), "--compute", str(measured["int8_gops"]),
         "--isa", measured["isa"], "--ctx", str(middle + 1), "--json"])["speeds"]}
    return {"prefill": speeds[PROMPT]["prefill_tps"], "decode": speeds[middle]["decode_tps"]}


def difference(candor, model, threads=2):
    """{"prefill": share, "decode": share}: by how much the expected speed is above the measured one, or below."""
    shares = {"prefill": [], "decode": []}
    for _ in range(ROUNDS):
        measured = last_json([candor, "bench", model, "--threads", str(threads), "--prompt", str(PROMPT), "--gen",
                              str(GEN), "--json"])
        for kind, speed in expected(candor, model, measured).items():
            shares[kind].append(speed / measured[f"{kind}_tps"] - 1)
    return {kind: statistics.median(values) for kind, values in shares.items()}
