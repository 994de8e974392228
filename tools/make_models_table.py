#!/usr/bin/env python3
"""Prints the tables of docs/models.md, as `candor plan` computes them from the configurations in tests/data/configs.

    tools/make_models_table.py CANDOR
"""
import json
import pathlib
import subprocess
import sys

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "tests/data/configs"
MODELS = [
    ("DeepSeek R1, V3", "deepseek-r1", "FP8"),
    ("gpt-oss-120b", "gpt-oss-120b", "MXFP4"),
    ("gpt-oss-20b", "gpt-oss-20b", "MXFP4"),
    ("Qwen3-30B-A3B", "qwen3-30b-a3b", "BF16"),
    ("Llama 3.3 70B, R1-Distill-Llama-70B", "llama-3.3-70b", "BF16"),
    ("Llama 3.1 8B, R1-Distill-Llama-8B", "llama-3.1-8b", "BF16"),
    ("R1-Distill-Qwen-32B", "r1-distill-qwen-32b", "BF16"),
    ("R1-Distill-Qwen-14B", "r1-distill-qwen-14b", "BF16"),
    ("R1-Distill-Qwen-7B", "r1-distill-qwen-7b", "BF16"),
    ("R1-Distill-Qwen-1.5B", "r1-distill-qwen-1.5b", "BF16"),
]
# 10^9 bytes and 10^9 operations a second. A core does 460 Gop/s: that of docs/performance.md.
DESKTOP = ("60", "3700")
SERVER = ("400", "22000")


def plan(candor, config, machine, *flags):
    bandwidth, compute = machine
    return json.loads(subprocess.run(
        [candor, "plan", CONFIGS / f"{config}.json", "--bandwidth", bandwidth, "--compute", compute, "--memory", "1TB",
         "--json", *flags], check=True, capture_output=True, text=True, timeout=60).stdout)


def billion(count):
    return f"{count / 1e9:.1f}" if count >= 9.95e9 else f"{count / 1e9:.2f}"


def gigabytes(count):
    return f"{count / 1e9:.0f}" if count >= 99.5e9 else f"{count / 1e9:.1f}"


def speed(value):
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def duration(seconds):
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds >= 597 else f"{seconds / 60:.1f} min"


def sizes(candor):
    yield "| model | parameters | active | published | q8_0 | q4_k | KV cache |"
    yield "|---|---|---|---|---|---|---|"
    for title, config, published in MODELS:
        found = plan(candor, config, DESKTOP)
        memory = {weights["quantize"]: weights["bytes"] for weights in found["weights"]}
        active = "all"
        if found["active_parameters_with_embeddings"] < found["parameters"]:
            active = (f"{billion(found['active_parameters'])} "
                      f"({billion(found['active_parameters_with_embeddings'])})")
        yield (f"| {title} | {billion(found['parameters'])} | {active} | {gigabytes(found['file_bytes'])} {published} | "
               f"{gigabytes(memory['q8_0'])} | {gigabytes(memory['q4_k'])} | "
               f"{found['kv_bytes_per_1000_tokens'] / 1e6:.0f} MB |")


def speeds(candor):
    yield "| model, weights in q4_k | decode | bound by | prefill | bound by | decode | bound by | prefill | bound by |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for title, config, _ in MODELS:
        row = f"| {title} |"
        for machine in (DESKTOP, SERVER):
            at = next(s for s in plan(candor, config, machine, "--quantize", "q4_k")["speeds"] if s["tokens"] == 4096)
            row += (f" {speed(at['decode_tps'])} | {at['decode']['bound']} | {speed(at['prefill_tps'])} | "
                    f"{at['prefill']['bound']} |")
        yield row


def folding(candor):
    yield "| prefill of DeepSeek R1 in q4_k | 60 GB/s: folded | unfolded | | 400 GB/s: folded | unfolded | |"
    yield "|---|---|---|---|---|---|---|"
    plans = [plan(candor, "deepseek-r1", machine, "--quantize", "q4_k")["speeds"] for machine in (DESKTOP, SERVER)]
    for rows in zip(*plans):
        line = f"| {rows[0]['tokens']:,} tokens |"
        for row in rows:
            folded, unfolded = row["prefill"]["seconds"], row["unfolded_prefill"]["seconds"]
            line += f" {duration(folded)} | {duration(unfolded)} | {folded / unfolded:.2f} times |"
        yield line


def tables(candor):
    return [list(sizes(candor)), list(speeds(candor)), list(folding(candor))]


def main():
    print("\n\n".join("\n".join(table) for table in tables(sys.argv[1])))


if __name__ == "__main__":
    main()
