"""Runs commands one after another and measures each; a process of its own, because what a process held in memory
before it became the program counts as the program's, and this one holds little.

Reads a line of JSON a run, {"command", "folder", "seconds"}, and answers with one, {"status", "hung", "cpu", "memory"}.
The command's output goes to the files `out` and `err` of the folder. A negative status is a signal's number.
"""
import json
import os
import select
import sys


def run(command, folder, seconds):
    # A sealed process refuses the leak checker, which looks at it from outside.
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "CANDOR_MODELS": folder + "/store",
                   "ASAN_OPTIONS": "detect_leaks=0:exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}
    create = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, folder + "/out", create, 0o600),
             (os.POSIX_SPAWN_OPEN, 2, folder + "/err", create, 0o600)]
    process = os.posix_spawn(command[0], command, environment, file_actions=files)
    handle = os.pidfd_open(process)
    # Second by second: where everything is paused, this stands still too.
    hung = not any(select.select([handle], [], [], 1)[0] for _ in range(seconds))
    os.close(handle)
    if hung:
        os.kill(process, 9)
    _, status, usage = os.wait4(process, 0)
    return {"status": os.waitstatus_to_exitcode(status), "hung": hung, "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss * 1024}


for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
