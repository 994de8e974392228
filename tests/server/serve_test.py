"""`candor serve` as a command: how it starts, what it refuses, how it survives its worker, how it stops."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from candor_cli import DATA, CandorTest, main  # noqa: E402

THINKER = DATA / "reasoning/tiny-thinker.gguf"
QUESTION = {"messages": [{"role": "user", "content": "What is 737+361?"}], "temperature": 0}


def wait_for(condition, timeout=20):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Serve(CandorTest):
    def serve(self, *arguments, model=THINKER):
        """Starts a server and waits until it can be asked."""
        models = [] if model is None else [model]
        self.server = self.start("serve", *models, "--port", "0", "--json", *arguments)
        self.addCleanup(self.end)
        line = self.server.stdout.readline()
        if not line:
            self.fail(self.server.stderr.read())
        self.url = json.loads(line)["url"]
        return self.url

    def end(self):
        if self.server.poll() is None:
            self.server.kill()
        self.server.communicate()

    def stop(self, number=signal.SIGINT):
        self.server.send_signal(number)
        return self.finish(self.server)

    def ask(self, path, body=None, key=None, timeout=30):
        """Status, fields and parsed body."""
        headers = {"content-type": "application/json"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, response.headers, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.loads(error.read())

    def chat(self, model="tiny-thinker", **more):
        return self.ask("/v1/chat/completions", {"model": model, **QUESTION, **more})

    def workers(self):
        """Process ids of the server's children."""
        with open(f"/proc/{self.server.pid}/task/{self.server.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def test_a_question_is_answered_with_its_reasoning(self):
        self.serve()
        status, _, answer = self.chat()
        self.assertEqual(status, 200, answer)
        message = answer["choices"][0]["message"]
        self.assertEqual(message["content"], "1098")
        self.assertIn("7+1+0=8", message["reasoning_content"])
        self.assertEqual(message["reasoning"], message["reasoning_content"])
        self.assertEqual(answer["model"], "tiny-thinker")

    def test_nothing_but_the_url_goes_to_standard_output(self):
        self.serve()
        self.chat()
        status, out, err = self.stop()
        self.assertEqual((status, out), (0, ""))
        self.assertIn("candor: serving on http://127.0.0.1:", err)

    def test_ready_and_health_are_told(self):
        self.serve()
        self.assertEqual(self.ask("/health")[0], 200)
        self.assertEqual(self.ask("/ready")[0], 200)

    def test_an_alias_is_answered_and_the_real_model_named(self):
        self.serve("--alias", "gpt-4o=tiny-thinker", "--alias", "*=tiny-thinker")
        for name in ("gpt-4o", "whatever"):
            status, _, answer = self.chat(name)
            self.assertEqual((status, answer["model"]), (200, "tiny-thinker"))

    def test_an_unknown_model_is_not_found(self):
        self.serve()
        status, _, answer = self.chat("tiny-thinkre")
        self.assertEqual((status, answer["error"]["code"]), (404, "model_not_found"))

    def test_all_models_of_the_store_are_offered_and_loaded_when_asked_for(self):
        self.store.mkdir()
        for name in ("one", "two"):
            shutil.copy(THINKER, self.store / f"{name}.gguf")
        self.serve(model=None)
        listed = self.ask("/v1/models")[2]["data"]
        self.assertEqual([model["id"] for model in listed], ["one", "two"])
        for name in ("one", "two", "one"):
            status, _, answer = self.chat(name)
            self.assertEqual((status, answer["model"]), (200, name))

    def hold_worker(self):
        """Stops the worker, and starts it again at the end: loads take as long as a test wants."""
        (worker,) = self.workers()
        os.kill(worker, signal.SIGSTOP)
        return lambda: os.kill(worker, signal.SIGCONT)

    def refused(self, path, body):
        """Whether there is no place for a request; one that waits leaves again."""
        try:
            return self.ask(path, body, timeout=0.3)[0] == 429
        except TimeoutError:
            return False

    def until_answered(self, path, body):
        """A thread that comes back until there is an answer."""
        thread = threading.Thread(target=lambda: wait_for(lambda: self.ask(path, body)[0] == 200))
        thread.start()
        return thread

    def metric(self, line):
        with urllib.request.urlopen(self.url + "/metrics", timeout=30) as response:
            return line in response.read().decode().splitlines()

    def test_a_client_that_leaves_while_its_model_loads_leaves_its_place(self):
        self.store.mkdir()
        shutil.copy(THINKER, self.store / "one.gguf")
        self.serve("--parallel", "1", "--queue", "0", model=None)
        go_on = self.hold_worker()
        body = json.dumps({"model": "one", **QUESTION}).encode()
        address = urllib.parse.urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port)) as client:
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
                           b"content-length: %d\r\n\r\n%s" % (address.port, len(body), body))
            self.assertTrue(wait_for(lambda: self.refused("/v1/tokenize", {"model": "one", "text": "a"})))
        # Nobody is refused once the first has left, although the model still loads.
        self.assertTrue(wait_for(lambda: not self.refused("/v1/tokenize", {"model": "one", "text": "a"})))
        go_on()

    def test_models_come_back_after_the_worker_has_died_twice(self):
        self.store.mkdir()
        for name in ("one", "two"):
            shutil.copy(THINKER, self.store / f"{name}.gguf")
        self.serve("two", model="one")
        for started in (2, 3):
            os.kill(self.workers()[0], signal.SIGKILL)
            self.assertTrue(wait_for(lambda: self.metric(f"candor_worker_starts_total {started}")))
        self.assertTrue(wait_for(lambda: self.ask("/ready")[0] == 200))
        for name in ("one", "two"):
            self.assertTrue(self.metric(f'candor_model_loaded{{model="{name}"}} 1'))

    def test_a_server_that_has_lost_a_model_is_not_ready(self):
        self.store.mkdir()
        shutil.copy(THINKER, self.store / "one.gguf")
        self.serve(model="one")
        (self.store / "one.gguf").unlink()
        os.kill(self.workers()[0], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.ask("/ready")[0] == 503))
        self.assertEqual(self.chat("one")[2]["error"]["code"], "model_file_error")
        self.assertEqual(self.ask("/ready")[0], 503)

    def test_a_second_signal_ends_answers_with_an_error(self):
        self.serve("--isa", "scalar", "--threads", "1")
        body = json.dumps({"model": "tiny-thinker", "stream": True, "ignore_eos": True, **QUESTION}).encode()
        request = urllib.request.Request(self.url + "/v1/chat/completions", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            response.readline()
            for _ in range(2):
                self.server.send_signal(signal.SIGINT)
                time.sleep(0.1)
            text = response.read().decode()
        self.assertIn('"code":"shutting_down"', text)
        self.assertNotIn("[DONE]", text)
        status, _, err = self.finish(self.server)
        self.assertEqual(status, 0)
        self.assertEqual(err.count("once more stops at once"), 1)

    def test_questions_count_in_the_queue(self):
        self.serve("--parallel", "1", "--queue", "0")
        go_on = self.hold_worker()
        first = self.until_answered("/v1/tokenize", {"model": "tiny-thinker", "text": "a"})
        self.assertTrue(wait_for(lambda: self.refused("/v1/tokenize", {"model": "tiny-thinker", "text": "a"})))
        go_on()
        first.join()
        self.assertEqual(self.ask("/v1/tokenize", {"model": "tiny-thinker", "text": "a"})[0], 200)

    def test_more_tokens_than_a_list_may_have_are_not_told(self):
        self.serve()
        status, _, answer = self.ask("/v1/tokenize", {"model": "tiny-thinker", "text": "a" * 250_001})
        self.assertEqual((status, answer["error"]["code"]), (400, "invalid_value"))
        self.assertEqual(self.ask("/v1/tokenize", {"model": "tiny-thinker", "text": "a" * 250_000})[0], 200)

    def test_tokens_that_the_model_has_not_are_named(self):
        self.serve()
        model = {"model": "tiny-thinker"}
        for path, body, param in (("/v1/completions", {"prompt": [1, 262]}, "prompt[1]"),
                                  ("/v1/completions", {"prompt": [[1], [2, 999]]}, "prompt[1][1]"),
                                  ("/v1/completions", {"prompt": "a", "logit_bias": {"300": 1}}, "logit_bias.300"),
                                  ("/v1/chat/completions", {**QUESTION, "continue_tokens": [262]}, "continue_tokens[0]"),
                                  ("/v1/embeddings", {"input": [[1], [262]]}, "input[1][0]"),
                                  ("/v1/detokenize", {"tokens": [5, 262]}, "tokens[1]"),
                                  ("/v1/completions", {"prompt": "a" * 2000}, "prompt"),
                                  ("/v1/embeddings", {"input": "a" * 2000}, "input")):
            status, _, answer = self.ask(path, {**model, **body})
            self.assertEqual((status, answer["error"]["param"]), (400, param))

    def test_a_key_is_limited_to_its_models_on_every_route(self):
        keys = self.folder / "keys.json"
        secrets = {}
        for name, models in (("all", ()), ("other", ("--models", "other"))):
            made = self.run_candor("keys", "create", name, "--keys", keys, *models)
            secrets[name] = made[1].split()[0]
        self.serve("--keys", keys)
        model = {"model": "tiny-thinker"}
        for path, body in (("/v1/chat/completions", {**QUESTION}), ("/v1/completions", {"prompt": "a", "max_tokens": 1}),
                           ("/v1/embeddings", {"input": "a"}), ("/v1/tokenize", {"text": "a"}),
                           ("/v1/detokenize", {"tokens": [1]}), ("/v1/render", {**QUESTION})):
            self.assertEqual(self.ask(path, {**model, **body}, secrets["all"])[0], 200, path)
            status, _, answer = self.ask(path, {**model, **body}, secrets["other"])
            self.assertEqual((status, answer["error"]["code"]), (403, "model_not_allowed"), path)
        self.assertEqual(self.ask("/v1/models/tiny-thinker", key=secrets["other"])[0], 403)

    def test_a_thought_is_closed_by_who_has_begun_it(self):
        keys = self.folder / "keys.json"
        one, two = (self.run_candor("keys", "create", name, "--keys", keys)[1].split()[0] for name in ("one", "two"))
        self.serve("--keys", keys, "--isa", "scalar", "--threads", "1")
        body = {"model": "tiny-thinker", "stream": True, "logit_bias": {"260": -100, "258": -100}, **QUESTION}
        request = urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode(),
                                         {"content-type": "application/json", "authorization": f"Bearer {one}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.loads(response.readline().removeprefix(b"data: "))["id"]
            path = f"/v1/chat/completions/{answer}/answer"
            self.assertEqual(self.ask(path, {}, two)[2]["error"]["code"], "completion_not_found")
            self.assertEqual(self.ask(path, {}, one)[0], 200)

    def test_one_key_leaves_room_for_another(self):
        keys = self.folder / "keys.json"
        one, two = (self.run_candor("keys", "create", name, "--keys", keys)[1].split()[0] for name in ("one", "two"))
        self.serve("--keys", keys, "--parallel", "2", "--queue", "2")
        go_on = self.hold_worker()
        statuses = []
        ask = lambda key: statuses.append((key, self.ask("/v1/tokenize", {"model": "tiny-thinker", "text": "a"}, key)[0]))
        threads = [threading.Thread(target=ask, args=(one,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        self.assertTrue(wait_for(lambda: len(statuses) == 3), statuses)  # 3 of 4 places are for one key
        threads.append(threading.Thread(target=ask, args=(two,)))
        threads[-1].start()
        time.sleep(0.2)
        go_on()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(status for key, status in statuses if key == one), [200, 200, 200, 429, 429, 429])
        self.assertIn((two, 200), statuses)

    def test_prompts_count_as_answers_in_the_queue(self):
        self.serve("--parallel", "1", "--queue", "1")
        body = {"model": "tiny-thinker", "max_tokens": 1}
        status, _, answer = self.ask("/v1/completions", {**body, "prompt": ["a", "b", "c"]})
        self.assertEqual((status, answer["error"]["code"]), (400, "too_many_answers"))
        self.assertEqual(self.ask("/v1/completions", {**body, "prompt": ["a", "b"]})[0], 200)

    def test_a_model_that_nobody_uses_is_unloaded(self):
        self.serve("--unload-after", "1")
        self.assertEqual(self.chat()[0], 200)
        loaded = 'candor_model_loaded{model="tiny-thinker"} '
        self.assertTrue(self.metric(loaded + "1"))
        self.assertTrue(wait_for(lambda: self.metric(loaded + "0")))
        self.assertEqual(self.chat()[0], 200)

    def test_a_model_that_has_changed_since_it_was_pulled_is_not_served(self):
        self.store.mkdir()
        data = THINKER.read_bytes()
        (self.store / "one.gguf").write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
        digest = hashlib.sha256(data).hexdigest()
        record = {"source": "https://example.org/one.gguf", "installed": "2026-11-22T06:15:00Z", "verified": True,
                  "files": [{"name": "one.gguf", "bytes": len(data), "sha256": digest}]}
        (self.store / "one.json").write_text(json.dumps(record))
        self.serve(model=None)
        status, _, answer = self.chat("one")
        self.assertEqual((status, answer["error"]["code"]), (500, "model_file_error"), answer)
        self.assertIn(f"but {digest} when it was pulled", answer["error"]["message"])

    def test_memory_counts_what_each_model_works_in(self):
        self.store.mkdir()
        for name in ("one", "three", "two"):
            shutil.copy(THINKER, self.store / f"{name}.gguf")
        self.serve("--memory", "120MiB", model=None)  # 44 MiB each
        for name in ("one", "two", "three"):
            self.assertEqual(self.chat(name)[0], 200)
        loaded = [self.metric(f'candor_model_loaded{{model="{name}"}} 1') for name in ("one", "two", "three")]
        self.assertEqual(sum(loaded), 2)

    def test_hints_of_embeddings_are_named(self):
        self.serve()
        _, fields, _ = self.ask("/v1/embeddings", {"model": "tiny-thinker", "input": "a", "user": "u"})
        self.assertEqual(fields["x-candor-ignored"], "user")

    def test_the_end_of_who_reads_standard_error_is_not_the_servers(self):
        self.serve("--log")
        self.server.stderr.close()
        for _ in range(3):
            self.assertEqual(self.ask("/health")[0], 200)
            time.sleep(0.1)

    def test_keys_are_read_again_when_that_was_impossible(self):
        keys = self.folder / "keys.json"
        secret = self.run_candor("keys", "create", "one", "--keys", keys)[1].split()[0]
        self.serve("--keys", keys)
        self.assertEqual(self.ask("/v1/models", key=secret)[0], 200)
        replaced = self.folder / "replaced.json"
        empty = json.loads(keys.read_text())
        empty["keys"] = []
        replaced.write_text(json.dumps(empty))
        replaced.chmod(0o664)
        replaced.rename(keys)
        time.sleep(2.2)
        self.assertEqual(self.ask("/v1/models", key=secret)[0], 200)
        keys.chmod(0o600)
        self.assertTrue(wait_for(lambda: self.ask("/v1/models", key=secret)[0] == 401))
        self.assertIn("others than its owner may write it", self.stop()[2])

    def test_a_file_of_keys_that_was_named_is_there(self):
        self.serve_fails("keys create", "--keys", self.folder / "none.json", status=2)
        (self.folder / "loop.json").symlink_to("loop.json")
        self.serve_fails("loop.json: ", "--keys", self.folder / "loop.json")

    def test_the_description_needs_no_key(self):
        keys = self.folder / "keys.json"
        self.assertEqual(self.run_candor("keys", "create", "a", "--keys", keys)[0], 0)
        self.serve("--keys", keys)
        for path, expected in (("/health", 200), ("/ready", 200), ("/openapi.json", 200), ("/metrics", 401),
                               ("/v1/models", 401)):
            self.assertEqual(self.ask(path)[0], expected, path)

    def test_models_that_come_and_go_are_offered_and_not(self):
        self.store.mkdir()
        shutil.copy(THINKER, self.store / "one.gguf")
        self.serve(model=None)
        self.assertEqual(self.chat("two")[2]["error"]["code"], "model_not_found")
        (self.store / "one.gguf").rename(self.store / "two.gguf")
        deadline = time.monotonic() + 10
        while self.chat("two")[0] != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertEqual([model["id"] for model in self.ask("/v1/models")[2]["data"]], ["two"])
        self.assertEqual(self.chat("one")[2]["error"]["code"], "model_not_found")

    def test_a_stream_that_waits_for_its_model_is_told(self):
        self.store.mkdir()
        shutil.copy(THINKER, self.store / "one.gguf")
        self.serve(model=None)
        go_on = self.hold_worker()  # as slow as a disk can be
        body = json.dumps({"model": "one", "stream": True, **QUESTION}).encode()
        request = urllib.request.Request(self.url + "/v1/chat/completions", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            self.assertRegex(response.readline().decode(), "^: (waiting for|loading) one")
            go_on()
            text = response.read().decode()
        self.assertTrue(text.endswith("data: [DONE]\n\n"), text[-200:])
        self.assertNotIn("in the queue", text)

    def test_a_model_gives_way_to_another_only_when_memory_is_short(self):
        self.store.mkdir()
        for name in ("one", "two"):
            shutil.copy(THINKER, self.store / f"{name}.gguf")
        # Each needs 44 MiB for a context of 1,024 tokens, and would take more.
        for memory, both in (("60MiB", False), ("90MiB", True), ("300MiB", True)):
            with self.subTest(memory):
                self.serve("--memory", memory, model=None)
                for name in ("one", "two", "one"):
                    status, _, answer = self.chat(name)
                    self.assertEqual(status, 200, answer)
                loaded = [self.metric(f'candor_model_loaded{{model="{name}"}} 1') for name in ("one", "two")]
                self.assertEqual(loaded, [True, both])
                self.stop()

    def test_a_model_that_never_fits_is_refused_with_what_it_needs(self):
        self.serve_fails("needs at least", "--memory", "16MiB")

    def serve_fails(self, text, *arguments, model=THINKER, status=1):
        self.assert_fails(status, text, "serve", model, "--port", "0", *arguments)

    def test_a_broken_file_is_refused_at_the_start(self):
        broken = self.folder / "broken.gguf"
        broken.write_bytes(THINKER.read_bytes()[:5000])
        self.serve_fails("broken.gguf", model=broken)

    def test_a_broken_model_of_the_store_harms_no_other(self):
        self.store.mkdir()
        shutil.copy(THINKER, self.store / "good.gguf")
        (self.store / "bad.gguf").write_bytes(THINKER.read_bytes()[:5000])
        self.serve(model=None)
        status, _, answer = self.chat("bad")
        self.assertGreaterEqual(status, 500)
        self.assertIn("bad", answer["error"]["message"])
        self.assertEqual(self.chat("good")[0], 200)

    def test_wrong_usage_is_told(self):
        self.serve_fails("there are no keys", "--host", "0.0.0.0", status=2)
        self.serve_fails("there are no keys", "--host", "::", status=2)
        self.serve_fails("is none of the models offered", "--alias", "a=b", status=2)
        self.serve_fails("NAME=MODEL", "--alias", "ab", status=2)
        self.serve_fails("a unit", "--memory", "16", status=2)
        self.serve_fails("--tls-key", "--tls-cert", "cert.pem", status=2)
        self.assert_fails(2, "no model to serve", "serve", "--port", "0")

    def test_a_port_that_is_taken_is_told(self):
        self.serve()
        port = self.url.rsplit(":", 1)[1]
        self.assert_fails(1, port, "serve", THINKER, "--port", port)

    def test_keys_are_asked_for_scoped_and_revoked_while_it_runs(self):
        keys = self.folder / "keys.json"
        everything = self.run_candor("keys", "create", "all", "--keys", str(keys))[1].split()[0]
        other = self.run_candor("keys", "create", "other", "--models", "other", "--keys", str(keys))[1].split()[0]
        self.serve("--keys", str(keys))
        self.assertEqual(self.chat()[0], 401)
        self.assertEqual(self.ask("/v1/models", key="cnd_wrong")[0], 401)
        self.assertEqual(self.ask("/health")[0], 200)
        body = {"model": "tiny-thinker", **QUESTION}
        self.assertEqual(self.ask("/v1/chat/completions", body, everything)[0], 200)
        self.assertEqual(self.ask("/v1/chat/completions", body, other)[0], 403)
        self.assertEqual(self.ask("/v1/models", key=other)[2]["data"], [])
        listed = json.loads(self.run_candor("keys", "list", "--json", "--keys", str(keys))[1])
        listed = listed["keys"] if isinstance(listed, dict) else listed
        name = next(entry["id"] for entry in listed if entry["name"] == "all")
        self.assertEqual(self.run_candor("keys", "revoke", name, "--keys", str(keys))[0], 0)
        time.sleep(1.1)
        self.assertEqual(self.ask("/v1/chat/completions", body, everything)[0], 401)

    def stream(self, **more):
        body = {"model": "tiny-thinker", "stream": True, **QUESTION, **more}
        request = urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode(),
                                         {"content-type": "application/json"})
        return urllib.request.urlopen(request, timeout=30)

    def test_a_worker_that_dies_ends_its_streams_and_the_next_request_is_answered(self):
        self.serve()
        first = self.chat()[2]["choices"][0]["message"]
        with self.stream(messages=[{"role": "user", "content": "hm"}], ignore_eos=True) as response:
            response.readline()
            (worker,) = self.workers()
            os.kill(worker, signal.SIGKILL)
            text = response.read().decode()
        self.assertIn('"code":"worker_died"', text)
        self.assertNotIn("[DONE]", text)
        status, _, answer = self.chat()
        self.assertEqual((status, answer["choices"][0]["message"]), (200, first))
        self.assertNotEqual(self.workers(), [worker])

    def test_ctrl_c_lets_an_answer_finish(self):
        self.serve()
        with self.stream() as response:
            response.readline()
            self.server.send_signal(signal.SIGINT)
            text = response.read().decode()
        self.assertIn("[DONE]", text)
        self.assertEqual(self.finish(self.server)[0], 0)

    def test_a_second_ctrl_c_ends_at_once(self):
        self.serve()
        with self.stream(messages=[{"role": "user", "content": "hm"}], ignore_eos=True) as response:
            response.readline()
            self.server.send_signal(signal.SIGINT)
            time.sleep(0.1)
            self.server.send_signal(signal.SIGINT)
            self.assertEqual(self.finish(self.server, timeout=10)[0], 0)

    def test_a_worker_ends_with_its_front(self):
        self.serve()
        (worker,) = self.workers()
        self.server.kill()
        self.server.wait()
        deadline = time.monotonic() + 5
        while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{worker}"))

    def test_front_and_worker_are_sealed(self):
        self.serve()
        (worker,) = self.workers()
        for pid in (self.server.pid, worker):
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                self.assertIn("Seccomp:\t2", file.read())


if __name__ == "__main__":
    main()
