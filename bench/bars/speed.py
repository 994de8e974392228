"""Speed beside llama.cpp on the same file and machine.

The two run in turn, several times: these machines are shared, and what their memory gives moves by a factor of two
within minutes. The figure is the median of the ratios of neighbouring runs.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

PEER = "llama-cpp-python==0.3.36"
ROUNDS = 5


def peer_python():
    """A Python with llama.cpp, from $CANDOR_PEER_PYTHON, or made once (ten minutes on two cores)."""
    given = os.environ.get("CANDOR_PEER_PYTHON")
    if given:
        return given
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "candor" / "peer"
    python = folder / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import llama_cpp"], capture_output=True).returncode != 0:
        print(f"building {PEER} in {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    return str(python)


def last_json(command):
    """What the command printed, parsed; its messages go to our stderr."""
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def against_llama_cpp(candor, model, threads=2, prompt=512, gen=128):
    """Ratios to llama.cpp, and the speeds: {"prefill", "decode", "ours": {...}, "theirs": {...}}."""
    peer = [peer_python(), pathlib.Path(__file__).with_name("peer_llama_cpp.py"), model]
    sizes = [str(threads), str(prompt), str(gen), "1"]
    flags = ["--threads", str(threads), "--prompt", str(prompt), "--gen", str(gen), "--json"]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(last_json([candor, "bench", model, *flags]))
        theirs.append(last_json([*peer, *sizes]))

    def median(rows, key):
        return statistics.median(row[key] for row in rows)

    speeds = ("prefill_tps", "decode_tps")
    ratios = {key: statistics.median(a[key] / b[key] for a, b in zip(ours, theirs)) for key in speeds}
    peaks = ("prefill_peak_ratio", "decode_bandwidth_ratio")
    return {"prefill": ratios["prefill_tps"], "decode": ratios["decode_tps"],
            "ours": {key: median(ours, key) for key in speeds + peaks},
            "theirs": {key: median(theirs, key) for key in speeds}}
