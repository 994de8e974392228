"""What OpenAI's client for Python makes of failures: its exceptions, its retries, time limits, clients that leave, keys,
and a worker that is killed."""
import os
import signal
import subprocess
import threading
import time

import openai
from served import (ANSWER, BINARY, ENDLESS, MODEL, QUESTION, THINKER, ServedTest, main, wait_for)

# Slow on purpose, so that an answer of 1,000 tokens is still under way when something happens to it.
SLOW = ("--isa", "scalar", "--threads", "1")


class Requests:
    """Counts the requests that a client really sends."""

    def __init__(self):
        self.paths = []

    def __call__(self, request):
        self.paths.append(request.url.path)

    def client(self, server, **options):
        http = openai.DefaultHttpxClient(event_hooks={"request": [self]})
        return openai.OpenAI(base_url=server.base_url, **{"api_key": "none", **options}, http_client=http)


def chat(client, **more):
    return client.chat.completions.create(**{"model": MODEL, "messages": QUESTION, "temperature": 0, **more})


def endless(client, **more):
    """A stream that has begun, and ends with the context or its client."""
    stream = chat(client, stream=True, **{**ENDLESS, **more})
    next(iter(stream))
    return stream


class Errors(ServedTest):
    def setUp(self):
        self.requests = Requests()
        self.client = self.requests.client(self.server)
        self.addCleanup(self.client.close)

    def refused(self, kind=openai.BadRequestError, **more):
        with self.assertRaises(kind) as caught:
            chat(self.client, **more)
        self.assertEqual(len(self.requests.paths), 1, "the same request must not be sent again")
        self.requests.paths.clear()
        self.assertTrue(caught.exception.request_id)
        return caught.exception

    def test_a_fields_error_names_the_field(self):
        for param, code, more in (("temperature", "invalid_value", {"temperature": -1}),
                                  ("temperature", "invalid_type", {"temperature": "hot"}),
                                  ("n", "invalid_value", {"n": 0}),
                                  ("top_logprobs", "invalid_value", {"logprobs": True, "top_logprobs": 21}),
                                  ("logit_bias", "invalid_value", {"logit_bias": {"x": 1}}),
                                  ("stop", "invalid_length", {"stop": ["a"] * 17}),
                                  ("messages[0].role", "invalid_value", {"messages": [{"role": "x", "content": "a"}]}),
                                  ("messages", "invalid_length", {"messages": []}),
                                  ("model", "invalid_length", {"model": ""}),
                                  ("temprature", "unknown_parameter", {"extra_body": {"temprature": 1}})):
            with self.subTest(param):
                error = self.refused(**more)
                self.assertEqual((error.status_code, error.type), (400, "invalid_request_error"))
                self.assertTrue(error.param.startswith(param) and error.code == code, (param, error.param, error.code))
                self.assertIn(param, error.message)

    def test_a_field_that_is_missing_is_named(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client.post("/chat/completions", cast_to=object, body={"model": MODEL})
        self.assertEqual((caught.exception.param, caught.exception.code), ("messages", "missing_required_parameter"))

    def test_a_prompt_that_is_too_long_is_told_with_both_counts(self):
        error = self.refused(messages=[{"role": "user", "content": "x" * 1100}])
        self.assertEqual(error.code, "context_length_exceeded")
        self.assertIn("1024", error.message.replace(",", ""))
        self.assertRegex(error.message.replace(",", ""), r"11[0-9]{2}")

    def test_a_model_and_a_path_that_are_not_there(self):
        self.assertEqual(self.refused(openai.NotFoundError, model="gpt-4o").code, "model_not_found")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.post("/chat/completion", cast_to=object, body={})
        self.assertEqual(caught.exception.code, "unknown_url")

    def test_another_kind_of_body_is_refused(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            self.client.post("/chat/completions", cast_to=object, content=b"{", options={
                "headers": {"content-type": "application/json"}})
        self.assertEqual((caught.exception.status_code, caught.exception.code), (400, "invalid_json"))

    def test_nobody_listens(self):
        with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0) as client:
            with self.assertRaises(openai.APIConnectionError):
                chat(client)


class Retries(ServedTest):
    ARGUMENTS = ("--parallel", "1", "--queue", "0", *SLOW)

    def setUp(self):
        self.assertTrue(wait_for(lambda: self.server.running() == 0))
        self.requests = Requests()
        self.occupant = openai.OpenAI(base_url=self.server.base_url, api_key="none", max_retries=0)
        self.addCleanup(self.occupant.close)

    def test_a_server_that_is_full_says_so_with_a_time_to_come_back(self):
        with endless(self.occupant), self.requests.client(self.server, max_retries=0) as client:
            begin = time.monotonic()
            with self.assertRaises(openai.RateLimitError) as caught:
                chat(client)
            self.assertLess(time.monotonic() - begin, 2)
        error = caught.exception
        self.assertEqual((error.status_code, error.code), (429, "queue_full"))
        self.assertGreaterEqual(int(error.response.headers["retry-after"]), 1)
        self.assertEqual(error.response.headers["x-should-retry"], "true")
        self.assertEqual(len(self.requests.paths), 1)

    def test_a_client_that_comes_back_is_answered(self):
        stream = endless(self.occupant)

        def leave():
            wait_for(lambda: self.requests.paths)
            time.sleep(0.3)
            stream.close()

        leaver = threading.Thread(target=leave)
        leaver.start()
        self.addCleanup(leaver.join)
        with self.requests.client(self.server, max_retries=4) as client:
            begin = time.monotonic()
            response = client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION, temperature=0)
        self.assertGreaterEqual(time.monotonic() - begin, 1)  # Retry-After was waited for
        self.assertEqual(response.parse().choices[0].message.content, ANSWER)
        self.assertGreaterEqual(response.retries_taken, 1)
        self.assertEqual(len(self.requests.paths), response.retries_taken + 1)

    def test_a_client_that_has_come_often_enough_gives_up(self):
        with endless(self.occupant, n=1), self.requests.client(self.server, max_retries=1) as client:
            with self.assertRaises(openai.RateLimitError):
                chat(client, messages=[{"role": "user", "content": "x"}])
        self.assertEqual(len(self.requests.paths), 2)


class BrokenModel(ServedTest):
    """A status that the client would send again by itself: 500."""

    MODEL_FILES = ()
    STORE = {"broken.gguf": THINKER.read_bytes()[:5000]}

    def test_what_would_fail_again_is_not_sent_again(self):
        requests = Requests()
        with requests.client(self.server, max_retries=3) as client:
            with self.assertRaises(openai.InternalServerError) as caught:
                chat(client, model="broken")
        self.assertEqual(caught.exception.response.headers["x-should-retry"], "false")
        self.assertEqual(caught.exception.code, "model_file_error")
        self.assertEqual(len(requests.paths), 1)


class Leaving(ServedTest):
    ARGUMENTS = SLOW

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.server.base_url, api_key="none", max_retries=0, timeout=60)
        self.addCleanup(self.client.close)
        self.assertTrue(wait_for(lambda: self.server.running() == 0))

    def cancelled(self):
        return self.server.metric("candor_answers_total", reason="cancelled")

    def test_an_answer_whose_client_waits_no_longer_ends(self):
        before = self.cancelled()
        with self.assertRaises(openai.APITimeoutError):
            chat(self.client.with_options(timeout=0.3), n=4, **ENDLESS)
        self.assertTrue(wait_for(lambda: self.cancelled() == before + 4, 5))
        self.assertTrue(wait_for(lambda: self.server.running() == 0, 5))

    def test_a_client_that_leaves_in_mid_stream_ends_its_own_answer_alone(self):
        alone = [chunk.choices[0].delta.content for chunk in endless(self.client, max_tokens=250, seed=3)]
        before = self.cancelled()
        stays = endless(self.client, max_tokens=250, seed=3)
        leaves = [endless(self.client, seed=seed) for seed in (4, 5)]
        self.assertTrue(wait_for(lambda: self.server.running() == 3, 5))
        for stream in leaves:
            stream.close()
        self.assertTrue(wait_for(lambda: self.cancelled() == before + 2, 5))
        self.assertEqual([chunk.choices[0].delta.content for chunk in stays], alone)
        self.assertTrue(wait_for(lambda: self.server.running() == 0, 5))
        self.assertEqual(self.cancelled(), before + 2)

    def test_a_connection_is_used_again(self):
        addresses = set()
        for _ in range(4):
            for stream in (False, True):
                with self.client.chat.completions.with_streaming_response.create(
                        model=MODEL, messages=QUESTION, max_tokens=2, stream=stream) as response:
                    addresses.add(response.http_response.extensions["network_stream"].get_extra_info("client_addr"))
                    response.read()
        self.assertEqual(len(addresses), 1)


class Keys(ServedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.create("all")

    @classmethod
    def create(cls, name, *more):
        made = subprocess.run([BINARY, "keys", "create", name, *more], check=True, capture_output=True, text=True,
                              env={"HOME": str(cls.server.folder)}, timeout=20)
        return made.stdout.split()[0]

    def test_a_key_is_wanted_and_known(self):
        self.assertTrue(wait_for(lambda: self.status("none") == 401), "the first key was not noticed")
        for given, code in (("cnd_wrong", "invalid_api_key"), (self.key[:-1], "invalid_api_key")):
            with openai.OpenAI(base_url=self.server.base_url, api_key=given) as client:
                for call in (lambda: chat(client), client.models.list, lambda: chat(client, stream=True),
                             lambda: client.embeddings.create(model=MODEL, input="a")):
                    with self.assertRaises(openai.AuthenticationError) as caught:
                        call()
                    self.assertEqual((caught.exception.status_code, caught.exception.code), (401, code))
        with openai.OpenAI(base_url=self.server.base_url, api_key=self.key) as client:
            self.assertEqual(chat(client).choices[0].message.content, ANSWER)
            self.assertEqual([model.id for model in client.models.list()], [MODEL])

    def status(self, key):
        with openai.OpenAI(base_url=self.server.base_url, api_key=key) as client:
            try:
                client.models.list()
                return 200
            except openai.APIStatusError as error:
                return error.status_code

    def test_a_key_of_other_models_is_not_enough(self):
        key = self.create("other", "--models", "other")
        self.assertTrue(wait_for(lambda: self.status(key) == 200), "the new key was not noticed")
        with openai.OpenAI(base_url=self.server.base_url, api_key=key) as client:
            with self.assertRaises(openai.PermissionDeniedError) as caught:
                chat(client)
            self.assertEqual(caught.exception.code, "model_not_allowed")
            self.assertEqual(list(client.models.list()), [])


class Death(ServedTest):
    ARGUMENTS = SLOW

    def test_a_worker_that_is_killed_is_an_exception_in_the_stream_and_the_next_request_is_answered(self):
        with openai.OpenAI(base_url=self.server.base_url, api_key="none", max_retries=0, timeout=60) as client:
            first = chat(client)
            for _ in range(2):
                stream = endless(client)
                (worker,) = self.server.workers()
                os.kill(worker, signal.SIGKILL)
                with self.assertRaises(openai.APIError) as caught:
                    list(stream)
                self.assertEqual(caught.exception.code, "worker_died")
                self.assertTrue(caught.exception.message)
                begin = time.monotonic()
                again = chat(client)
                self.assertLess(time.monotonic() - begin, 4)  # 2 s, and what the scalar loops take
                self.assertEqual(again.choices[0].message, first.choices[0].message)
                self.assertNotEqual(self.server.workers(), [worker])

    def test_the_helper_ends_with_the_same_exception(self):
        with openai.OpenAI(base_url=self.server.base_url, api_key="none", max_retries=0, timeout=60) as client:
            chat(client, max_tokens=1)
            with self.assertRaises(openai.APIError):
                with client.chat.completions.stream(model=MODEL, **ENDLESS) as stream:
                    next(iter(stream))
                    os.kill(self.server.workers()[0], signal.SIGKILL)
                    for _ in stream:
                        pass

    def test_a_request_that_may_have_killed_the_worker_is_not_sent_again(self):
        requests = Requests()
        with requests.client(self.server, max_retries=3, timeout=60) as client:
            chat(client, max_tokens=1)
            requests.paths.clear()
            killer = threading.Thread(target=lambda: (wait_for(lambda: self.server.running() >= 1),
                                                      os.kill(self.server.workers()[0], signal.SIGKILL)))
            killer.start()
            self.addCleanup(killer.join)
            with self.assertRaises(openai.InternalServerError) as caught:
                chat(client, **ENDLESS)
        self.assertEqual((caught.exception.status_code, caught.exception.code), (503, "worker_died"))
        self.assertEqual(len(requests.paths), 1)


if __name__ == "__main__":
    main()
