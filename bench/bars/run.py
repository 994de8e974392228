#!/usr/bin/python3
"""Measures the project's bars and prints, for each, the command, the target, the figure and whether it is met.

    bench/bars/run.py [--list] [--only REGEX]...     exit 1 when a bar is not met

The rows are docs/status.md's, in Markdown, to be copied there. Most of it is timed: run it alone on the machine, after
a build of the preset `release`, with the three models of `make test` in the store (`make bars` does both).
"""
import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing

import fidelity
import plan
import process
import served
import serving
import speed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CANDOR = ROOT / "build/release/candor"
MODELS = pathlib.Path(os.environ.get("CANDOR_MODELS") or pathlib.Path.home() / ".local/share/candor/models")
SMALL, BASE, CODER = "smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b"


@dataclasses.dataclass
class Bar:
    name: str
    target: str
    measure: typing.Callable[[], tuple[str, bool]]  # returns the figure, as text, and whether it is met
    command: str = ""  # how to measure it alone; empty = by this script


def model_file(name):
    return MODELS / f"{name}.gguf"


def divergence(name, limit):
    reference = ROOT / f"tests/data/real/{name}.safetensors"
    tokens = ",".join(map(str, fidelity.read_safetensors(reference)["tokens"]))
    with tempfile.TemporaryDirectory() as folder:
        logits = pathlib.Path(folder, "logits.safetensors")
        subprocess.run([CANDOR, "eval", "logits", model_file(name), "--tokens", tokens, "--out", logits], check=True,
                       stdout=subprocess.DEVNULL)
        figure = fidelity.mean_divergence(reference, logits)
    return f"{figure:.5f}", figure <= limit


class ServingBars:
    """Measures a server with many streams once, and answers for its bars."""

    def __init__(self):
        self.result = None

    def measured(self):
        self.result = self.result or serving.throughput(CANDOR, model_file(CODER))
        return self.result

    def throughput(self):
        result = self.measured()
        return (f"{result['ratio']:.2f} ({result['tps']:.0f} to {result['their_tps']:.0f} tokens/s)",
                result["ratio"] >= 4)

    def first_token(self):
        result = self.measured()
        return f"{result['first']:.2f} s (llama.cpp {result['their_first']:.2f} s)", result["first"] <= 1.5


def known_prefix():
    cold, warm = serving.known_prefix(CANDOR, model_file(CODER))
    return f"{cold / warm:.0f} times ({cold:.2f} s, {warm:.3f} s)", cold >= 10 * warm


def half_open_connections():
    # A process of its own: it lowers its priority.
    with served.Server(CANDOR, model_file(SMALL)) as server:
        script = pathlib.Path(__file__).with_name("half_open.py")
        found = subprocess.run([sys.executable, script, server.url, str(server.process.pid), "--model", server.model, "--json"],
                               stdout=subprocess.PIPE, text=True)
    figures = json.loads(found.stdout)
    worst = max(figures["loaded_p99_ms"].values())
    return (f"/health p99 {worst} ms; {figures['bytes_per_idle']} bytes an idle one; tokens p99 "
            f"{figures['loaded_gap_p99_ms']} ms, quiet {figures['quiet_gap_p99_ms']} ms"), found.returncode == 0


class SpeedBars:
    """Measures a model's prefill and decode together, and answers for both bars."""

    def __init__(self):
        self.results = {}

    def ratio(self, name, which, least):
        if name not in self.results:
            self.results[name] = speed.against_llama_cpp(CANDOR, model_file(name))
        result = self.results[name]
        peak, limit = {"prefill": ("prefill_peak_ratio", "int8 peak"),
                       "decode": ("decode_bandwidth_ratio", "memory's limit")}[which]
        figure = (f"{result[which]:.2f} ({result['ours'][which + '_tps']:.0f} to {result['theirs'][which + '_tps']:.0f} "
                  f"tokens/s; {result['ours'][peak]:.0%} of the {limit})")
        return figure, result[which] >= least


def memory(name):
    # The limit leaves out the cache of keys and values: at most 4 MiB for so few tokens of these models.
    _, peak = process.peak_bytes([CANDOR, "run", model_file(name), "--seed", "1", "--max-tokens", "64", "--",
                                  "Name three rivers."])
    limit = 1.1 * model_file(name).stat().st_size + (64 << 20)
    return f"{peak / 2**20:.0f} of {limit / 2**20:.0f} MiB", peak <= limit


def first_token():
    figure = process.first_token_seconds(CANDOR, model_file(SMALL), "Hi")
    return f"{figure:.2f} s", figure <= 0.5


def two_at_once(name):
    figure = process.share_kept_by_two(CANDOR, model_file(name))
    return f"{figure:.0%}", figure >= 0.40


def planned(name):
    found = plan.difference(CANDOR, model_file(name))
    return f"prefill {found['prefill']:+.0%}, decode {found['decode']:+.0%}", max(map(abs, found.values())) <= 0.20


def r1_layer():
    out = subprocess.run([ROOT / "build/release/bench/r1_layer_bench"], check=True, stdout=subprocess.PIPE, text=True).stdout
    layer = re.search(r"(?m)^layer +decode +([\d.]+) ms .* ([\d.]+) GB/s, +(\d+)% of ([\d.]+)$", out)
    milliseconds, speed_gbps, percent, limit = map(float, layer.groups())
    return f"{percent:.0f}% ({milliseconds:.1f} ms; {speed_gbps:.1f} of {limit:.1f} GB/s)", percent >= 80


def fresh_debian():
    out = subprocess.run([ROOT / "tools/fresh-debian", "--run-only"], stdout=subprocess.PIPE, text=True,
                         stdin=subprocess.DEVNULL).stdout
    found = re.search(r"passed: from git clone to the first token (\d+) s", out)
    return (f"{found.group(1)} s", int(found.group(1)) <= 600) if found else ("failed", False)


def ctest(selection, build="release"):
    """Runs the tests that `selection` (-R name or -L label) chooses; a case that is skipped is not passed."""
    out = subprocess.run(["ctest", "--preset", build, "--no-tests=error", "--verbose", *selection], cwd=ROOT, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True).stdout
    found = re.search(r"tests passed, (\d+) tests failed out of (\d+)", out)
    if not found:
        return "no such test", False
    failed, total = map(int, found.groups())
    cases = len(re.findall(r"(?m)^\d+: \[ RUN ", out)) or total
    skipped = len(re.findall(r"(?m)^\d+: \[  SKIPPED \] .*\(\d+ ms\)|\*\*\*Skipped", out))
    return f"{cases} cases, {failed} failed, {skipped} skipped", failed == 0 and skipped == 0


def tests(name, target, *selection):
    return Bar(name, target, lambda: ctest(selection), "ctest --preset release " + " ".join(selection))


def storm(name, figures):
    """Runs a test of tests/server that prints its figures; `figures` finds the ones to tell, each with one group."""
    command = ["ctest", "--preset", "release", "--no-tests=error", "--verbose", "-R", f"^server.{name}$"]
    out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    found = [match for figure in figures for match in re.findall(figure, out)]
    return "; ".join(found) or "no figure", "100% tests passed" in out and bool(found)


def storms(name, target, test, *figures):
    return Bar(name, target, lambda: storm(test, figures), f"ctest --preset release -R '^server.{test}$'")


def fuzz():
    for command in (["cmake", "--preset", "fuzz"], ["cmake", "--build", "--preset", "fuzz", "--target", "fuzz"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ctest(["-L", "fuzz"], build="fuzz")


def bars():
    for name, limit in ((SMALL, 0.0019), (BASE, 0.0032), (CODER, 0.0006)):
        yield Bar(f"divergence, {name}", f"<= {limit}", lambda name=name, limit=limit: divergence(name, limit))
    yield tests("logits of 18 checkpoint folders and 13 GGUF files within 2e-4, and 5e-3 with the default cache of dense "
                "ones; greedy tokens; same bits over sets, threads, chunks", "all", "-R", "^decoder$")
    yield tests("tokenizers: 267 texts, four tokenizers", "all equal", "-R", "^tokenizer_golden$")
    yield tests("hostile folders, 22,500", "each refused, naming tensor or field", "-R", "^hostile.folders_all$")
    yield tests("templates: 34 published ones, 11 conversations", "all equal", "-R", "^chat$")
    yield tests("hostile GGUF files, 4,000", "each refused, naming the field", "-R", "^hostile.gguf$")
    yield tests("one answer, three models, on bits", "all equal", "-R", "^one_answer_all_models$")
    speeds = SpeedBars()
    for name in (SMALL, BASE, CODER):
        for which, least in (("prefill", 3.0), ("decode", 1.4)):
            yield Bar(f"{which} over llama.cpp, {name}", f">= {least}",
                      lambda name=name, which=which, least=least: speeds.ratio(name, which, least))
    for name in (SMALL, BASE, CODER):
        yield Bar(f"plan, {name}", "speeds within 20% of the measured", lambda name=name: planned(name))
    yield Bar("decode of one layer of R1", ">= 80% of the memory's bandwidth", r1_layer)
    for name in (SMALL, BASE, CODER):
        yield Bar(f"peak memory, {name}", "<= 1.1 x file + 64 MiB", lambda name=name: memory(name))
    yield Bar(f"time to first token, {SMALL}", "<= 0.5 s", first_token)
    yield Bar(f"speed kept by each of two at once, {CODER}", ">= 40%", lambda: two_at_once(CODER))
    many = ServingBars()
    yield Bar(f"server: 16 streams over llama.cpp, {CODER}", ">= 4", many.throughput)
    yield Bar(f"server: first token of 16 streams, {CODER}", "<= 1.5 s at the median", many.first_token)
    yield Bar(f"server: a prefix of 2,000 tokens seen before, {CODER}", "first token >= 10 times faster", known_prefix)
    yield Bar("server: 10,000 idle and 1,000 half-open connections", "/health p99 <= 50 ms; streams equal on bits, p99 "
              "between tokens <= twice the quiet one; half-open ones closed in time", half_open_connections)
    failed = r"(\d+ verdicts failed)"
    yield tests("server: clients of OpenAI (Python, Node), LangChain, LiteLLM, llm", "all pass", "-R", "^conformance")
    yield tests("server: 119 malformed requests, three segmentations each", "400 and close", "-R", "^server.program_tables$")
    yield tests("server: a chat under strace", "no connection outside loopback", "-R", "^server.no_egress$")
    yield tests("server: five forbidden actions in the worker", "denied", "-R", "^cli.doctor$")
    yield storms("server: 64 clients for 10 minutes", "no error, memory flat, equal on bits", "soak_all",
                 r"(\w[\w ]+: \d+ answers) ", r"(memory of the worker: .*?)\n", r"(\d+ preemptions)", failed)
    yield storms("server: 10,000 requests with hostile fields", "same worker, honest answers unchanged, memory within 5 %",
                 "hostile_fields", r"(memory of the \w+: .*?), limit", failed)
    yield storms("server: schemathesis, 10 minutes", "no 5xx, no mismatch", "schemathesis_all", r"(exit status .*?)\n")
    yield storms("server: two keys, 200 trials; 10,000 requests with secrets", "indistinguishable, none seen",
                 "isolation_all", r"; (p = \S+)\. Control", r"(\d+ requests of \d+ keys)", failed)
    yield storms("server: 100 clients at once", "the excess gets 429 within 20 ms", "overload",
                 r"requests: (.*? refused; 429 after .*?)\n", failed)
    yield Bar("fresh Debian 12, clone to first token", "<= 600 s", fresh_debian, "tools/fresh-debian --run-only")
    yield tests("reasoning: 200 sums, budgets, streams", "as the reference", "-R", "^engine_reasoning$")
    yield Bar("fuzz targets, 60 s each", "no finding", fuzz, "ctest --preset fuzz")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the rows, measure nothing")
    parser.add_argument("--only", action="append", metavar="REGEX", help="only the bars whose name matches")
    arguments = parser.parse_args()
    date = datetime.date.today().isoformat()
    missed = 0
    print("| bar | command | target | figure | date | met |\n|---|---|---|---|---|---|")
    for bar in bars():
        if arguments.only and not any(re.search(pattern, bar.name) for pattern in arguments.only):
            continue
        command = bar.command or f"make bars ONLY='^{bar.name}'"
        if arguments.list:
            print(f"| {bar.name} | `{command}` | {bar.target} | not yet measured | | |")
            continue
        try:
            figure, met = bar.measure()
        except (OSError, AssertionError, subprocess.CalledProcessError) as error:
            figure, met = f"failed: {error}", False
        missed += not met
        print(f"| {bar.name} | `{command}` | {bar.target} | {figure} | {date} | {'yes' if met else 'no'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
