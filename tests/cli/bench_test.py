#!/usr/bin/env python3
"""`candor bench`: that its figures fit each other, the model's file and `candor eval logits`."""
import hashlib
import json
import shutil
import struct

import candor_cli

MODEL = candor_cli.DATA / "reasoning" / "tiny-thinker.gguf"
# Of the model, as `candor inspect` shows them.
LAYERS, KV_HEADS, HEAD_SIZE, VOCABULARY, HIDDEN = 4, 2, 32, 262, 128


class BenchTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        shutil.copy(MODEL, self.folder / "m.gguf")

    def bench(self, *flags, prompt=60, gen=4):
        status, out, err = self.run_candor("bench", "m.gguf", "--prompt", str(prompt), "--gen", str(gen),
                                           "--repetitions", "1", "--json", *flags)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def layer_values(self):
        """Of all matrices that every token meets."""
        tensors = json.loads(self.run_candor("inspect", "m.gguf", "--json", "--tensors")[1])["tensors"]
        return sum(t["shape"][0] * t["shape"][1] for t in tensors if t["name"].startswith("blk.") and len(t["shape"]) == 2)

    def cached_bytes(self, found):
        """What a step reads besides weights, by the share that it has of the bandwidth."""
        step = found["decode_bandwidth_ratio"] * found["read_gbps"] * 1e9 / (found["decode_tps"] / found["batch"])
        return step - found["weight_bytes_per_token"]

    def test_the_shares_are_those_of_the_figures(self):
        found = self.bench()
        self.assertEqual((found["model"], found["prompt"], found["gen"], found["batch"]), ("m", 60, 4, 1))
        operations = 2 * self.layer_values()
        self.assertEqual(operations, 2 * 786432)
        share = operations * found["prefill_tps"] / (found["int8_gops"] * 1e9)
        self.assertAlmostEqual(found["prefill_peak_ratio"], share, delta=1e-9 * share)
        weights = 2 * (self.layer_values() + VOCABULARY * HIDDEN)  # BF16; the head is the embedding
        self.assertGreaterEqual(found["weight_bytes_per_token"], weights)
        self.assertLessEqual(found["weight_bytes_per_token"], weights + 2 * 31 * HIDDEN)  # rows are packed in groups
        # 64 positions fill pages exactly.
        cached = 64 * LAYERS * KV_HEADS * HEAD_SIZE * (2 + 2)
        self.assertAlmostEqual(self.cached_bytes(found), cached, delta=1)
        for name in ("prefill_tps", "decode_tps", "load_s", "rss_mib", "read_gbps", "int8_gops"):
            self.assertGreater(found[name], 0)

    def test_sequences_that_decode_together_read_a_cache_each(self):
        found = self.bench("--batch", "3")
        self.assertEqual(found["batch"], 3)
        self.assertAlmostEqual(self.cached_bytes(found), 3 * 64 * LAYERS * KV_HEADS * HEAD_SIZE * (2 + 2), delta=1)

    def test_the_cache_has_the_type_that_was_asked_for(self):
        digests = set()
        for kv, key, value in (("f16", 2, 2), ("f32", 4, 4), ("q8_0", 2, 1 + 2 / 32)):
            found = self.bench("--kv", kv)
            self.assertAlmostEqual(self.cached_bytes(found), 64 * LAYERS * KV_HEADS * HEAD_SIZE * (key + value), delta=1)
            digests.add(found["logits_digest"])
        self.assertEqual(len(digests), 3)

    def test_the_digest_is_that_of_the_logits(self):
        prompt, gen = 20, 5
        tokens = [(i * 7919 + 13) % VOCABULARY for i in range(prompt + gen)]
        for kv in ("f16", "f32"):
            status, _, err = self.run_candor("eval", "logits", "m.gguf", "--kv", kv, "--tokens",
                                             ",".join(map(str, tokens)), "--out", "l.safetensors")
            self.assertEqual(status, 0, err)
            data = (self.folder / "l.safetensors").read_bytes()
            begin = 8 + struct.unpack_from("<Q", data)[0] + (prompt - 1) * VOCABULARY * 4
            digest = hashlib.sha256(data[begin:]).hexdigest()
            for flags in ((), ("--threads", "1"), ("--isa", "scalar"), ("--chunk", "7"), ("--batch", "2")):
                self.assertEqual(self.bench("--kv", kv, *flags, prompt=prompt, gen=gen)["logits_digest"], digest)

    def test_says_the_same_to_people(self):
        status, out, err = self.run_candor("bench", "m.gguf", "--prompt", "8", "--gen", "2", "--repetitions", "1",
                                           "--threads", "1", "--isa", "scalar")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^m, 1 thread, scalar\n\n"
                              r"  prefill 8 +[\d.]+ tokens/s +\d+ % of the machine's int8 peak, \d+ Gop/s\n"
                              r"  decode 2 +[\d.]+ tokens/s +\d+ % of its memory bandwidth, [\d.]+ GB/s\n\n"
                              r"  load [\d.]+ s, peak memory [\d.]+ MB, weights read per token 1\.6 MB\n"
                              r"  logits [0-9a-f]{64}\n$")

    def test_what_does_not_fit_is_wrong_usage(self):
        self.assert_fails(2, "prompt: 0", "bench", "m.gguf", "--prompt", "0")
        self.assert_fails(2, "gen: 1000", "bench", "m.gguf", "--prompt", "512", "--gen", "1000")


if __name__ == "__main__":
    candor_cli.main()
