"""OpenAI's own Python client against `candor serve`."""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import openai
from conformance import ANSWER, BINARY, DATA, MODEL, QUESTION, THOUGHT, Server, ServerTest

GREEDY = {"model": MODEL, "messages": QUESTION, "temperature": 0}


def client_of(server, **options):
    return openai.OpenAI(base_url=server.url, api_key=options.pop("api_key", "none"), **options)


def joined(stream):
    """A stream put together: (content, reasoning, token ids, finish reason, usage, chunks)."""
    content, reasoning, ids, finish, usage, chunks = "", "", [], None, None, []
    for chunk in stream:
        chunks.append(chunk)
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            ids += getattr(choice, "token_ids", None) or []
            finish = choice.finish_reason or finish
    return content, reasoning, ids, finish, usage, chunks


class Chat(ServerTest):
    def setUp(self):
        self.client = client_of(self.server)

    def ask(self, **more):
        return self.client.chat.completions.create(**{**GREEDY, **more})

    def test_an_answer_has_its_thought_and_exact_counts(self):
        answer = self.ask()
        message = answer.choices[0].message
        self.assertEqual((message.content, message.reasoning_content), (ANSWER, THOUGHT))
        self.assertEqual(message.reasoning, THOUGHT)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        expected = json.loads((DATA / "reasoning/expected.json").read_text())[0]
        self.assertEqual(answer.usage.prompt_tokens, len(expected["prompt_ids"]))
        self.assertEqual(answer.usage.completion_tokens, len(expected["output_ids"]))
        # Between the marks <think> and </think>, 259 and 260.
        ids = expected["output_ids"]
        thought = ids.index(260) - ids.index(259) - 1
        self.assertEqual(answer.usage.completion_tokens_details.reasoning_tokens, thought)
        self.assertTrue(answer._request_id.startswith("req_"))

    def test_a_stream_is_the_whole_in_pieces(self):
        for more in ({}, {"temperature": 1.2, "seed": 5}, {"reasoning_effort": "none"}, {"max_tokens": 7}):
            extra = {"extra_body": {"return_token_ids": True}}
            whole = self.ask(**more, **extra)
            message = whole.choices[0].message
            parts = joined(self.ask(stream=True, stream_options={"include_usage": True}, **more, **extra))
            content, reasoning, ids, finish, usage, chunks = parts
            self.assertEqual(content, message.content or "")
            self.assertEqual(reasoning, getattr(message, "reasoning_content", None) or "")
            self.assertEqual(ids, whole.choices[0].token_ids)
            self.assertEqual(finish, whole.choices[0].finish_reason)
            self.assertEqual((usage.completion_tokens, usage.prompt_tokens),
                             (whole.usage.completion_tokens, whole.usage.prompt_tokens))
            self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
            self.assertEqual(len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}), 1)
            self.assertEqual(sum(not chunk.choices for chunk in chunks), 1)

    def test_without_being_asked_no_chunk_is_without_choices(self):
        self.assertTrue(all(chunk.choices for chunk in self.ask(stream=True)))

    def test_the_stream_helper_puts_it_together(self):
        for n in (1, 2):
            with self.client.chat.completions.stream(**GREEDY, n=n) as stream:
                final = stream.get_final_completion()
            self.assertEqual([choice.message.content for choice in final.choices], [ANSWER] * n)

    def test_log_probabilities_are_those_of_the_tokens(self):
        answer = self.ask(logprobs=True, top_logprobs=5)
        tokens = answer.choices[0].logprobs.content
        self.assertEqual("".join(token.token for token in tokens).strip(), ANSWER)
        for token in tokens:
            self.assertEqual(len(token.top_logprobs), 5)
            self.assertEqual(token.top_logprobs[0].logprob, token.logprob)  # greedy
            self.assertLessEqual(sum(math.exp(top.logprob) for top in token.top_logprobs), 1 + 1e-9)
            self.assertEqual(bytes(token.bytes).decode(), token.token)

    def test_choices_are_those_of_the_seed(self):
        hot = {"temperature": 1.5, "seed": 11, "max_tokens": 40}
        first = [choice.message for choice in self.ask(n=3, **hot).choices]
        again = [choice.message for choice in self.ask(n=3, **hot).choices]
        self.assertEqual(first, again)
        self.assertGreater(len({message.to_json() for message in first}), 1)
        alone = self.ask(**hot).choices[0].message
        self.assertEqual(alone, first[0])

    def test_a_random_seed_is_told_and_repeats_the_answer(self):
        answer = self.ask(temperature=1.5, max_tokens=40)
        again = self.ask(temperature=1.5, max_tokens=40, seed=answer.candor["seed"])
        self.assertEqual(again.choices[0].message, answer.choices[0].message)

    def test_limits_and_stops_are_kept(self):
        for name in ("max_tokens", "max_completion_tokens"):
            answer = self.ask(**{name: 5})
            self.assertEqual((answer.choices[0].finish_reason, answer.usage.completion_tokens), ("length", 5))
        self.assertEqual(self.ask(stop="98").choices[0].message.content, "10")
        self.assertEqual(self.ask(stop=["zz", "09"]).choices[0].message.content, "1")
        one = self.client.post("/tokenize", body={"model": MODEL, "text": "1"}, cast_to=object)["tokens"][0]
        self.assertNotIn("1", self.ask(logit_bias={str(one): -100}, max_tokens=60).choices[0].message.reasoning_content)

    def test_budgets_are_exact_in_every_spelling(self):
        off = self.ask(reasoning_effort="none")
        self.assertEqual(off.usage.completion_tokens_details.reasoning_tokens, 0)
        for budget in (1, 10):
            for body in ({"thinking": {"type": "enabled", "budget_tokens": budget}}, {"thinking_token_budget": budget},
                         {"reasoning_budget_tokens": budget}, {"reasoning": {"max_tokens": budget}}):
                answer = self.ask(extra_body={**body, "return_token_ids": True})
                ids = answer.choices[0].token_ids
                self.assertEqual(ids.index(260) - ids.index(259) - 1, budget, body)
        for body in ({"thinking": {"type": "disabled"}}, {"chat_template_kwargs": {"enable_thinking": False}},
                     {"think": False}, {"thinking_token_budget": 0}):
            self.assertEqual(self.ask(extra_body=body).usage.completion_tokens_details.reasoning_tokens, 0, body)

    def test_an_answer_goes_on_from_any_of_its_tokens(self):
        hot = {"temperature": 1.0, "seed": 3}
        ids = self.ask(extra_body={"return_token_ids": True}, **hot).choices[0].token_ids
        for cut in range(1, len(ids), 7):
            extra = {"return_token_ids": True, "continue_tokens": ids[:cut]}
            rest = self.ask(extra_body=extra, **hot).choices[0].token_ids
            self.assertEqual(rest, ids[cut:], cut)

    def test_a_message_goes_on_inside_its_thought_or_behind_it(self):
        begun = {"role": "assistant", "content": None, "reasoning_content": THOUGHT[:30]}
        answer = self.ask(messages=QUESTION + [begun], extra_body={"continue_final_message": True})
        message = answer.choices[0].message
        self.assertEqual((message.reasoning_content, message.content), (THOUGHT[30:], ANSWER))
        begun = {"role": "assistant", "content": "10", "reasoning_content": THOUGHT}
        answer = self.ask(messages=QUESTION + [begun], extra_body={"continue_final_message": True})
        self.assertEqual(answer.choices[0].message.content, "98")

    def test_a_running_thought_is_closed_on_request(self):
        stream = self.ask(stream=True, extra_body={"ignore_eos": True}, max_tokens=900, logit_bias={"260": -100})
        first = next(iter(stream))
        closed = self.client.post(f"/chat/completions/{first.id}/answer", body={}, cast_to=object)
        self.assertTrue(closed)
        content = "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)
        self.assertTrue(content.strip())
        with self.assertRaises(openai.NotFoundError):
            self.client.post(f"/chat/completions/{first.id}/answer", body={}, cast_to=object)

    def test_what_was_reused_is_told(self):
        long = [{"role": "user", "content": "What is 12+34? " * 12}]
        self.ask(messages=long, max_tokens=1)
        again = self.ask(messages=long, max_tokens=1)
        self.assertEqual(again.usage.prompt_tokens_details.cached_tokens % 64, 0)
        self.assertGreater(again.usage.prompt_tokens_details.cached_tokens, 0)
        other = [{"role": "user", "content": "What is 12+34? " * 10 + "Hm?" + "What is 12+34? " * 2}]
        self.assertEqual(self.ask(messages=other, max_tokens=1).candor["divergence"]["given"], "H")

    def test_errors_say_which_field_is_wrong(self):
        for body, param in (({"temperature": 99}, "temperature"), ({"n": 0}, "n"), ({"top_logprobs": 30}, "top_logprobs"),
                            ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
                            ({"response_format": {"type": "json_object"}}, "response_format")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.ask(**body)
            self.assertTrue(caught.exception.param.startswith(param), caught.exception)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.ask(messages=[{"role": "user", "content": "1+1 " * 2000}])
        self.assertEqual(caught.exception.code, "context_length_exceeded")
        with self.assertRaises(openai.NotFoundError):
            self.ask(model="gpt-nothing")

    def test_hints_are_accepted_and_named(self):
        raw = self.client.chat.completions.with_raw_response.create(**GREEDY, user="u", store=False, service_tier="auto")
        self.assertIn("service_tier", raw.headers["x-candor-ignored"])

    def test_a_client_that_leaves_ends_its_own_request_only(self):
        endless = {"stream": True, "max_tokens": 900, "extra_body": {"ignore_eos": True}}
        stays, leaves = self.ask(**endless), self.ask(**endless)
        next(iter(leaves))
        leaves.close()
        content, reasoning, _, finish, _, _ = joined(stays)
        self.assertEqual(finish, "length")
        deadline = time.monotonic() + 5
        while self.server.metric("candor_engine_running") > 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.server.metric("candor_engine_running"), 0)

    def test_a_timeout_of_the_client_is_its_own(self):
        with self.assertRaises(openai.APITimeoutError):
            client_of(self.server, timeout=0.02, max_retries=0).chat.completions.create(
                **GREEDY, max_tokens=900, extra_body={"ignore_eos": True})
        self.assertEqual(self.ask().choices[0].message.content, ANSWER)

    def test_a_worker_that_dies_is_an_error_in_the_stream_and_no_more(self):
        stream = self.ask(stream=True, max_tokens=900, extra_body={"ignore_eos": True})
        next(iter(stream))
        self.server.kill_worker()
        with self.assertRaises(openai.APIError):
            joined(stream)
        self.assertEqual(self.ask().choices[0].message.content, ANSWER)


class OtherEndpoints(ServerTest):
    def setUp(self):
        self.client = client_of(self.server)

    def test_completions_take_texts_and_tokens(self):
        text = "<|im_start|>user\nWhat is 737+361?<|im_end|>\n<|im_start|>assistant\n"
        tokens = self.client.post("/tokenize", body={"model": MODEL, "text": text, "parse_special": True},
                                  cast_to=object)["tokens"]
        answer = self.client.completions.create(model=MODEL, prompt=[text, text], temperature=0, max_tokens=12, n=2)
        same = self.client.completions.create(model=MODEL, prompt=tokens, temperature=0, max_tokens=12, logprobs=3)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2, 3])
        self.assertEqual({choice.text for choice in answer.choices}, {same.choices[0].text})
        self.assertEqual(len(same.choices[0].logprobs.token_logprobs), 12)
        stream = self.client.completions.create(model=MODEL, prompt=text, temperature=0, max_tokens=12, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in stream), same.choices[0].text)

    def test_embeddings_are_the_same_in_base64(self):
        texts = ["hello", "What is 1+2?"]
        as_base64 = self.client.embeddings.create(model=MODEL, input=texts)
        as_floats = self.client.embeddings.create(model=MODEL, input=texts, encoding_format="float")
        for one, other in zip(as_base64.data, as_floats.data):
            self.assertEqual(len(one.embedding), 128)
            # Seven digits that the client reads as doubles; the bits are those of 32-bit floats.
            self.assertTrue(all(abs(a - b) <= 1e-7 * max(1, abs(a)) for a, b in zip(one.embedding, other.embedding)))

    def test_models_are_listed_and_found(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])
        model = self.client.models.retrieve(MODEL)
        self.assertEqual((model.id, model.context_length), (MODEL, 1024))
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("another")

    def test_what_is_rendered_is_what_is_seen(self):
        rendered = self.client.post("/render", body={"model": MODEL, "messages": QUESTION}, cast_to=object)
        expected = json.loads((DATA / "reasoning/expected.json").read_text())[0]
        self.assertEqual((rendered["prompt"], rendered["tokens"]), (expected["prompt"], expected["prompt_ids"]))
        text = self.client.post("/detokenize", body={"model": MODEL, "tokens": rendered["tokens"]}, cast_to=object)
        self.assertEqual(text["text"], expected["prompt"])


class Overloaded(ServerTest):
    FLAGS = ("--parallel", "1", "--queue", "0")

    def test_a_client_that_is_turned_away_comes_back(self):
        client = client_of(self.server, max_retries=0)
        busy = client.chat.completions.create(**GREEDY, stream=True, max_tokens=900, extra_body={"ignore_eos": True})
        next(iter(busy))
        with self.assertRaises(openai.RateLimitError) as caught:
            client.chat.completions.create(**GREEDY)
        self.assertGreaterEqual(int(caught.exception.response.headers["retry-after"]), 1)
        threading.Timer(0.5, busy.close).start()
        patient = client_of(self.server, max_retries=5).chat.completions.create(**GREEDY)
        self.assertEqual(patient.choices[0].message.content, ANSWER)

    def test_what_cannot_help_is_not_tried_again(self):
        before = self.server.metric("candor_http_requests_total")
        with self.assertRaises(openai.BadRequestError):
            client_of(self.server, max_retries=5).chat.completions.create(**GREEDY, n=99)
        self.assertEqual(self.server.metric("candor_http_requests_total"), before + 2)  # and one for these metrics


class Keys(unittest.TestCase):
    def test_a_key_is_needed_and_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            file = str(pathlib.Path(folder, "keys.json"))
            key = subprocess.run([BINARY, "keys", "create", "me", "--keys", file], check=True, capture_output=True,
                                 text=True).stdout.split()[0]
            server = Server("--keys", file)
            self.addCleanup(server.stop)
            with self.assertRaises(openai.AuthenticationError):
                client_of(server).models.list()
            self.assertEqual([model.id for model in client_of(server, api_key=key).models.list()], [MODEL])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
