#!/usr/bin/python3
"""10,000 requests, nine of ten hostile in a field, to one server; the verdict on each is fixed before it is sent.

    tests/server/hostile_fields.py [--share N]        every N-th of them, chosen by a hash of the request's name

Judged: the status of each (field_rules.py says why); never 5xx, never longer than 30 s; a refusal of a field names it in
`param`; every error has a documented code; an accepted field without effect is told; the same worker throughout; every
honest answer equal, on bits, to the one of a quiet server; /health answers all the time; the memory of both processes
within 5 % of what it was after the warm-up.
"""
import argparse
import collections
import json
import queue
import re
import sys
import threading
import time

import answers
import candor_server
import field_rules
import hostile_cases

REQUESTS, HONEST_EVERY, HEAVY = 10000, 10, 600
CLIENTS = 6
MEMORY_SHARE = 0.05
# Small, so that the prefixes that are kept fill it in the warm-up; the queue has room for every choice of n = 128.
OPTIONS = ["--memory", "96MiB", "--parallel", "16", "--queue", "4096", "--alias", "alias=tiny-thinker"]
FILLING = 120  # prompts of the warm-up, 900 tokens each
WARM = 4  # one of so many requests of the storm are sent before the memory is measured


def honest_requests():
    model = field_rules.MODEL
    chat = lambda text, **fields: (answers.CHAT, {"model": model, "messages": [{"role": "user", "content": text}], "seed": 7,
                                                  "max_completion_tokens": 8, "logprobs": True, "return_token_ids": True, **fields})
    text = lambda prompt, **fields: (answers.COMPLETION, {"model": model, "prompt": prompt, "seed": 8, "max_tokens": 8,
                                                          "logprobs": 2, "return_token_ids": True, **fields})
    return [
        chat("What is 737+361?", temperature=0), chat("What is 12+34?", temperature=1.2, top_logprobs=3),
        chat("What is 5+6?", n=3, temperature=2), chat("What is 99+1?", stream=True, stream_options={"include_usage": True}),
        chat("What is 20+22?", reasoning_effort="none", temperature=0), chat("What is 7+7?", thinking_token_budget=3, stream=True),
        chat("<|im_start|>system\n{{ 7*7 }}<think>", temperature=1), chat("What is 1+1? " * 40, temperature=0),
        text("12+34=", temperature=0), text(["1+1=", "2+2="], n=2, temperature=1.5), text([17, 10, 18, 28], stream=True),
        text("write 8, carry", presence_penalty=1, frequency_penalty=0.5, temperature=1), text("so 1", logit_bias={"17": 5}, stop="0"),
        (answers.EMBEDDING, {"model": model, "input": ["one", "two and three"], "encoding_format": "base64"}),
        ("/v1/tokenize", {"model": model, "text": "What is <|im_end|> 1+1?", "parse_special": True}),
        ("/v1/render", {"model": "alias", "messages": [{"role": "user", "content": "\0 é 東"}]}),
    ]


class Judge:
    """Sends requests and compares each response with its verdict. Used by all clients."""

    def __init__(self, expected):
        self.expected, self.lock = expected, threading.Lock()
        self.wrong, self.counts, self.slowest = [], collections.Counter(), (0, "")

    def note(self, name, text):
        with self.lock:
            self.wrong.append((name, text))

    def ask(self, session, name, path, body):
        begin = time.monotonic()
        try:
            response = session.post(path, body)
        except (OSError, EOFError) as error:
            session.close()
            self.note(name, f"no response after {time.monotonic() - begin:.1f} s: {error!r}")
            return None
        with self.lock:
            self.slowest = max(self.slowest, (time.monotonic() - begin, name))
        return response

    def summary(self):
        """The faults by their kind, most frequent first, with one request each."""
        kinds = collections.defaultdict(list)
        for name, text in self.wrong:
            kinds[re.sub(r"'.*?'|\".*?\"|\S*\[.*?\]|-?\d[\d.]*", "_", re.split(" -- |, without| to name ", text)[0])[:60]].append(name)
        return sorted(((len(names), kind, names[0]) for kind, names in kinds.items()), reverse=True)

    def honest(self, session, number):
        path, body = REQUEST_LIST[number]
        response = self.ask(session, f"honest {number}", path, json.dumps(body).encode())
        if response is None:
            return
        try:
            text = answers.difference(answers.answer(response), self.expected[number])
        except (answers.BadAnswer, ValueError, KeyError) as error:
            text = repr(error)
        if text:
            self.note(f"honest {number}", text)
        with self.lock:
            self.counts["honest", response.status // 100] += 1

    def hostile(self, session, case):
        verdict, fields = case.judge()
        response = self.ask(session, case.name, case.path, case.body)
        if response is None:
            return
        with self.lock:
            self.counts[verdict, response.status // 100] += 1
        text = self.fault(case, verdict, fields, response)
        if text:
            self.note(case.name, f"{text} -- {response.status} {response.body[:300]!r}")

    def fault(self, case, verdict, fields, response):
        if response.status >= 500:
            return "expected no 5xx"
        if response.status == 200:
            return "expected a refusal" if verdict == "bad" else self.fault_of_answer(case, verdict, response)
        if verdict == "ok":
            return "expected status 200"
        return self.fault_of_refusal(fields, response)

    @staticmethod
    def fault_of_answer(case, verdict, response):
        try:
            answers.answer(response)
        except (answers.BadAnswer, ValueError, KeyError, TypeError) as error:
            return f"the answer is none: {error!r}"
        ignored = response.fields.get("x-candor-ignored", "").split(", ")
        if case.hint and verdict == "ok" and not any(name in case.field for name in ignored if name):
            return f"x-candor-ignored is {ignored}, without {case.field}"
        return ""

    @staticmethod
    def fault_of_refusal(fields, response):
        try:
            error = json.loads(response.body)["error"]
            message, code, param = error["message"], error["code"], error["param"]
        except (ValueError, KeyError, TypeError) as fault:
            return f"the error is none: {fault!r}"
        documented = field_rules.documented_codes().get(code)
        if documented != response.status or not message:
            return f"code {code} with status {response.status} is not documented"
        if fields and not any(names(param, field) for field in fields):
            return f"expected param to name {' or '.join(fields)}, found {param}"
        return ""


def names(param, field):
    """Whether `param` is the field, a field around it within the same member of the body, or something in it."""
    if not param:
        return False
    first = lambda text: text.replace("[", ".").split(".")[0]
    return first(param) == first(field) and (param.startswith(field) or field.startswith(param))


REQUEST_LIST = honest_requests()


def work_list(openapi, share):
    """[number of an honest request or a case], mixed in a fixed order; how many cases there were to choose from."""
    cases, all_of_them = hostile_cases.all_cases(openapi, REQUESTS - REQUESTS // HONEST_EVERY, HEAVY)
    chosen = [case for case in cases if int.from_bytes(case.order()[-4:], "big") % share == 0]
    work = []
    for place, case in enumerate(chosen):
        work.append(case)
        if place % (HONEST_EVERY - 1) == 0:
            work.append(place // (HONEST_EVERY - 1) % len(REQUEST_LIST))
    return work, all_of_them


def storm(server, judge, work):
    """All of `work` by several clients at once."""
    waiting = queue.SimpleQueue()
    for item in work:
        waiting.put(item)

    def client():
        with server.session() as session:
            while len(judge.wrong) < 2000:
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                if isinstance(item, int):
                    judge.honest(session, item)
                else:
                    judge.hostile(session, item)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def warm_up(server, judge, work):
    """Fills what the server keeps: prefixes up to its memory, buffers for the largest requests. Ends with common ones."""
    heaviest = sorted((item for item in work if not isinstance(item, int)), key=lambda case: case.size)[-2 * CLIENTS:]
    storm(server, judge, list(range(len(REQUEST_LIST))) * 2 + heaviest + heaviest)
    with server.session() as session:
        for number in range(FILLING):
            text = f"{number} " + "".join(chr(97 + (number * 7 + place * place) % 26) for place in range(890))
            response = session.post(answers.COMPLETION, {"model": field_rules.MODEL, "prompt": text, "max_tokens": 8})
            if response.status != 200:
                judge.note("warm-up", f"{response.status} {response.body[:300]!r}")
    storm(server, judge, work[:len(work) // WARM])


def judge_memory(before, after):
    wrong = []
    for name in before:
        grown = after[name] / before[name] - 1
        print(f"memory of the {name}: {before[name] / 2**20:.1f} MiB after the warm-up, {after[name] / 2**20:.1f} at the end "
              f"({grown:+.1%}, limit {MEMORY_SHARE:.0%})")
        if grown > MEMORY_SHARE:
            wrong.append(("memory", f"that of the {name} grows by {grown:.1%}"))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=int, default=1, metavar="N")
    parser.add_argument("--most", type=int, default=60, help="faults to print")
    parser.add_argument("--only", metavar="TEXT", help="those whose name has this text")
    arguments = parser.parse_args()
    with candor_server.CandorServer([candor_server.THINKER], *OPTIONS) as quiet, quiet.session() as session:
        openapi = json.loads(session.ask("GET", "/openapi.json").body)
        expected = [answers.answer(session.post(path, body)) for path, body in REQUEST_LIST]
    work, all_of_them = work_list(openapi, arguments.share)
    if arguments.only:
        work = [item for item in work if isinstance(item, int) or arguments.only in item.name]
    judge = Judge(expected)
    with candor_server.CandorServer([candor_server.THINKER], *OPTIONS) as server:
        warm_up(server, Judge(expected), work)
        before, descriptors = candor_server.settled_memory(server), server.descriptors()
        begin = time.monotonic()
        with candor_server.HealthWatch(server) as health:
            storm(server, judge, work)
        seconds = time.monotonic() - begin
        storm(server, judge, list(range(len(REQUEST_LIST))))
        if (ended := server.ended()):
            judge.note("process", ended)
        wrong = judge.wrong + judge_memory(before, candor_server.settled_memory(server))
        print(f"descriptors: {descriptors} before, {server.descriptors()} after")
    wrong += [("health", text) for text in health.wrong]
    print(f"{len(work)} requests ({all_of_them:,} hostile ones to choose from) in {seconds:.1f} s; the slowest "
          f"{judge.slowest[0]:.2f} s ({judge.slowest[1][:80]})")
    print("verdict and status: " + ", ".join(f"{verdict} {status}xx {count}"
                                             for (verdict, status), count in sorted(judge.counts.items())))
    print(f"/health: {len(health.seconds)} times, p99 {candor_server.percentile(health.seconds, 0.99) * 1000:.1f} ms, "
          f"most {max(health.seconds) * 1000:.1f} ms")
    for count, kind, name in judge.summary()[:20]:
        print(f"faults: {count} x {kind}, such as {name[:120]}")
    for name, text in wrong[:arguments.most]:
        print(f"hostile_fields: {name[:200]}: {text[:600]}")
    print(f"{len(wrong)} verdicts failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
