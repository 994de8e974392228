#!/usr/bin/env python3
"""Writes tests/data/sampling/cases.txt: random logits and parameters with the token that docs/numerics-sampling.md
defines for them. Straight from the text, with Python floats and the decimal module; nothing of the C++ code is used.

    tests/tools/make_sampling_cases.py > tests/data/sampling/cases.txt
"""
import random
import struct
from decimal import Decimal, getcontext

getcontext().prec = 40
MASK64 = (1 << 64) - 1


def rn32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def lcg(state):
    """The logits and tokens of a case come from this generator, so that the file need not hold them."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK64
        yield state >> 48


def exp(x):
    return float(Decimal(x).exp())


def log(x):
    return float(Decimal(x).ln())


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [p1 >> 32 ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, p0 >> 32 ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def sample(logits, prompt, answer, p):
    a = [float(x) for x in logits]
    tokens = prompt + answer
    window = tokens if p["repetition_window"] == 0 else tokens[-p["repetition_window"]:]
    for i in range(len(a)):
        v = a[i]
        if p["repetition_penalty"] != 1 and i in window:
            v = v / p["repetition_penalty"] if v > 0 else v * p["repetition_penalty"]
        c = answer.count(i)
        if c > 0:
            v = v - c * p["frequency_penalty"]
            v = v - p["presence_penalty"]
        v = v + p["bias"].get(i, 0.0)
        a[i] = rn32(v)
    order = sorted(range(len(a)), key=lambda i: (-a[i], i))
    if p["temperature"] == 0:
        return order[0]
    m = a[order[0]]
    kept = []  # (id, x, w)
    for i in order:
        x = (a[i] - m) / p["temperature"]
        w = 0.0 if x < -23 else round(exp(x) * 4294967296) / 4294967296  # round() is half to even
        if w > 0:
            kept.append((i, x, w))
    if p["top_k"] > 0:
        kept = kept[: p["top_k"]]

    def prefix(items, target):
        total = 0.0
        for n, item in enumerate(items):
            total += item[2]
            if total >= target:
                return items[: n + 1]
        return items

    def weight(items):
        return sum(item[2] for item in items)

    if p["top_p"] != 1:
        kept = prefix(kept, p["top_p"] * weight(kept))
    kept = [item for item in kept if item[2] >= p["min_p"]]
    if p["typical_p"] != 1:
        total = weight(kept)
        h = 0.0
        for _, x, w in kept:
            h += w * (log(total) - x)
        h /= total
        ranked = sorted(range(len(kept)), key=lambda j: (abs((log(total) - kept[j][1]) - h), j))
        chosen = prefix([(j, 0, kept[j][2]) for j in ranked], p["typical_p"] * total)
        kept = [kept[j] for j in sorted(item[0] for item in chosen)]
    n = len(answer)
    r = philox([n & 0xFFFFFFFF, n >> 32, p["choice"], 0], [p["seed"] & 0xFFFFFFFF, p["seed"] >> 32])
    u = ((r[1] << 32 | r[0]) >> 11) * 2.0**-53
    target = u * weight(kept)
    total = 0.0
    for i, _, w in kept:
        total += w
        if total > target:
            return i
    raise AssertionError("the running sum must pass the target")


def main():
    rnd = random.Random(20261122)
    for case in range(400):
        vocabulary = rnd.choice([1, 2, 17, 50, 300, 1000, 3000])
        divisor = rnd.choice([512, 2048, 4096, 16384, 65536])
        numbers = lcg(case)
        logits = [(next(numbers) - 32768) / divisor for _ in range(vocabulary)]
        prompt = [next(numbers) % vocabulary for _ in range(rnd.choice([1, 5, 40]))]
        answer = [next(numbers) % vocabulary for _ in range(rnd.choice([0, 1, 8, 90]))]
        p = {
            "seed": rnd.getrandbits(rnd.choice([1, 32, 64])),
            "choice": rnd.choice([0, 0, 1, 4294967295]),
            "temperature": rnd.choice([0.0, 0.05, 0.3, 0.7, 1.0, 1.0, 1.7, 10.0]),
            "top_k": rnd.choice([0, 0, 0, 1, 5, 40, 100000]),
            "top_p": rnd.choice([1.0, 1.0, 0.0, 0.1, 0.5, 0.9, 0.95, 0.999]),
            "min_p": rnd.choice([0.0, 0.0, 0.0, 0.001, 0.05, 0.3, 1.0]),
            "typical_p": rnd.choice([1.0, 1.0, 1.0, 0.0, 0.2, 0.9, 0.99]),
            "repetition_penalty": rnd.choice([1.0, 1.0, 1.1, 2.0, 0.5, 10.0]),
            "repetition_window": rnd.choice([0, 1, 4, 64]),
            "presence_penalty": rnd.choice([0.0, 0.0, 0.7, -1.3, 2.0]),
            "frequency_penalty": rnd.choice([0.0, 0.0, 0.1, -0.4, 2.0]),
            "bias": {},
        }
        for _ in range(rnd.choice([0, 0, 1, 3])):
            p["bias"][rnd.randrange(vocabulary)] = rnd.choice([100.0, -100.0, 1.5, -0.3])
        fields = [f"lcg={case}", f"vocabulary={vocabulary}", f"divisor={divisor}", f"prompt={len(prompt)}",
                  f"answer={len(answer)}"]
        fields += [f"{k}={v!r}" for k, v in p.items() if k != "bias"]
        fields += [f"bias={i}:{b!r}" for i, b in p["bias"].items()]
        print(*fields, f"expected={sample(logits, prompt, answer, p)}")


main()
