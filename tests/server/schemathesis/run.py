#!/usr/bin/python3
"""Lets schemathesis compare a server with the /openapi.json that it serves.

    tests/server/schemathesis/run.py --packages FOLDER [--seconds N]

Its requests come from a fixed seed, answers are capped at eight tokens (hooks.py), every name of a model is answered. Judged:
no 5xx; only documented status codes, content types and header fields; every response, and every event of a stream, as
its schema says; what the schema does not allow is refused. schemathesis is fetched with pip, in the versions of
requirements.txt, into FOLDER, once.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import candor_server  # noqa: E402  found by the line above

SEED = 5
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "negative_data_rejection", "stream_conformance")


def install(folder):
    """Fetches the packages, unless they are there in these versions."""
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    stamp = folder / "requirements.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                    "--no-deps", "--upgrade", "--target", folder, "--requirement", HERE / "requirements.txt"], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    install(arguments.packages)
    with (tempfile.TemporaryDirectory() as folder,
          candor_server.CandorServer([candor_server.THINKER], "--alias", "*=tiny-thinker", "--queue", "4096") as server):
        environment = {**os.environ, "PYTHONPATH": f"{arguments.packages.resolve()}:{HERE}", "SCHEMATHESIS_HOOKS": "hooks"}
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", str(SEED),
                   "--generation-database", "none", "--max-time", str(arguments.seconds),
                   "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--request-timeout",
                   str(candor_server.TIMEOUT), "--continue-on-failure", "--no-color", "--warnings", "off",
                   "--output-sanitize", "false"]
        found = subprocess.run(command, env=environment, cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=arguments.seconds + 120)
        ended = server.ended()
    print(found.stdout[-20000:])
    cases = re.search(r"(?i)([\d,]+) (?:test cases )?generated|test cases:\s*\n?\s*([\d,]+)", found.stdout)
    print(f"schemathesis, seed {SEED}, at most {arguments.seconds} s: exit status {found.returncode}, "
          f"{next(filter(None, cases.groups())) if cases else 'an unknown number of'} cases")
    if ended:
        print("schemathesis:", ended)
    return 1 if ended or found.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
