#!/usr/bin/env python3
"""`candor plan` as a user runs it: from config.json, a header, a folder, the store; what it says and what it refuses."""
import json
import os
import pathlib
import shutil
import unicodedata

import candor_cli

CONFIGS = candor_cli.DATA / "configs"
SPEED = ("--bandwidth", "60", "--compute", "4000", "--memory", "64GiB")


class PlanTest(candor_cli.CandorTest):
    def plan(self, model, *flags, speed=SPEED):
        status, out, err = self.run_candor("plan", str(model), *speed, "--json", *flags)
        self.assertEqual((status, err), (0, ""), err)
        return json.loads(out)

    def test_a_configuration_is_enough(self):
        found = self.plan(CONFIGS / "deepseek-r1.json")
        self.assertEqual((found["model"], found["architecture"], found["layers"]), ("deepseek-r1", "deepseek_v3", 61))
        self.assertEqual(found["parameters"], 671_026_419_200)
        self.assertEqual([w["quantize"] for w in found["weights"]], [None, "q8_0", "q6_k", "q4_k"])
        self.assertEqual([s["tokens"] for s in found["speeds"]], [512, 4096, 32768])
        self.assertFalse(any(w["fits"] for w in found["weights"]))
        # One latent of 512 + 64 values of two bytes in each of 61 layers.
        self.assertEqual(found["kv_bytes_per_1000_tokens"], 1000 * 61 * 576 * 2)
        self.assertEqual((found["attention_operations"], found["unfolded_attention_operations"]), (278528, 81920))
        self.assertEqual(found["context"], 8192)

    def test_a_folder_without_weights_is_a_configuration(self):
        model = self.folder / "Qwen"
        model.mkdir()
        shutil.copy(CONFIGS / "r1-distill-qwen-7b.json", model / "config.json")
        for argument in (model, model / "config.json", "Qwen/"):
            self.assertEqual(self.plan(argument)["parameters"], 7_615_616_512, argument)
            self.assertEqual(self.plan(argument)["model"], "Qwen", argument)

    def test_a_folder_of_safetensors_and_a_gguf_file(self):
        folder = self.plan(candor_cli.DATA / "checkpoints/qwen2")
        file = self.plan(candor_cli.DATA / "gguf/qwen2.gguf")
        for key in ("parameters", "layers", "active_parameters", "kv_bytes", "context"):
            self.assertEqual(folder[key], file[key], key)
        self.assertEqual(folder["weights"][0]["bytes"], file["weights"][0]["bytes"])

    def test_a_name_in_the_store(self):
        self.store.mkdir()
        shutil.copy(candor_cli.DATA / "gguf/llama.gguf", self.store / "little.gguf")
        self.assertEqual(self.plan("little")["model"], "little")
        self.assert_fails(1, "no model \"large\"", "plan", "large", *SPEED)

    def test_a_name_in_the_store_counts_before_a_folder_or_file_of_that_name(self):
        self.store.mkdir()
        for name in ("little", "little.json"):
            shutil.copy(candor_cli.DATA / "gguf/llama.gguf", self.store / f"{name}.gguf")
        (self.folder / "little").mkdir()
        shutil.copy(CONFIGS / "r1-distill-qwen-7b.json", self.folder / "little/config.json")
        shutil.copy(CONFIGS / "r1-distill-qwen-7b.json", self.folder / "little.json")
        for name in ("little", "little.json"):
            shown = json.loads(self.run_candor("inspect", name, "--json")[1])
            found = self.plan(name)
            self.assertEqual((found["architecture"], found["parameters"]), (shown["architecture"], shown["parameters"]))
        for path in ("little/", "./little", "./little.json"):
            self.assertEqual(self.plan(path)["parameters"], 7_615_616_512, path)

    def test_the_beginning_of_a_download_is_enough(self):
        whole = candor_cli.DATA / "gguf/llama.gguf"
        data = whole.read_bytes()
        header = self.folder / "begun.gguf"
        header.write_bytes(data[:10_000])  # of 368,256; the header takes 8,064
        expected, found = self.plan(whole), self.plan(header)
        del expected["model"], found["model"], expected["available_bytes"], found["available_bytes"]
        self.assertEqual(found, expected)
        header.write_bytes(data[:5_000])
        self.assert_fails(1, "left in the file hold", "plan", str(header), *SPEED)
        header.write_bytes(data[:10_000])
        self.assert_fails(1, "beyond the end of the file", "run", str(header), "x")

    def test_what_is_given_decides(self):
        slow = self.plan(CONFIGS / "llama-3.1-8b.json")
        fast = self.plan(CONFIGS / "llama-3.1-8b.json", speed=("--bandwidth", "120", "--compute", "8000", "--memory", "7GB"))
        self.assertEqual((slow["read_gbps"], slow["int8_gops"], slow["available_bytes"]), (60, 4000, 64 << 30))
        self.assertEqual(fast["available_bytes"], 7_000_000_000)
        for before, after in zip(slow["speeds"], fast["speeds"]):
            for kind in ("prefill", "decode"):
                waits = before[kind]["threads_s"]
                self.assertAlmostEqual((before[kind]["seconds"] - waits) / (after[kind]["seconds"] - waits), 2, places=6)
        self.assertEqual([w["fits"] for w in slow["weights"]], [True] * 4)
        self.assertEqual([w["fits"] for w in fast["weights"]], [False, False, False, True])

    def test_quantised_weights_are_read_faster(self):
        stored = self.plan(CONFIGS / "llama-3.1-8b.json")
        q4 = self.plan(CONFIGS / "llama-3.1-8b.json", "--quantize", "q4_k")
        self.assertEqual(q4["chosen"], stored["weights"][3])
        self.assertEqual(stored["chosen"], stored["weights"][0])
        self.assertEqual(q4["speeds"][0]["decode_tps"], q4["chosen"]["decode_tps"])
        self.assertGreater(q4["chosen"]["decode_tps"], 2.5 * stored["chosen"]["decode_tps"])

    def test_context_and_cache(self):
        # 32 layers of 8 heads with 128 keys and 128 values.
        values = 32 * 8 * 256
        f16 = self.plan(CONFIGS / "llama-3.1-8b.json", "--ctx", "6400")
        self.assertEqual((f16["context"], f16["kv_bytes"]), (6400, 6400 * values * 2))
        self.assertEqual(f16["kv_bytes_per_1000_tokens"], 1000 * values * 2)
        q8 = self.plan(CONFIGS / "llama-3.1-8b.json", "--ctx", "6400", "--kv", "q8_0")
        self.assertEqual(q8["kv_bytes"], 6400 * values * 49 // 32)  # two bytes a key, and 34 for 32 values
        self.assertIn(6399, [s["tokens"] for s in f16["speeds"]])
        self.assert_fails(2, "--ctx: 131073 is outside 2 to 131072", "plan", str(CONFIGS / "llama-3.1-8b.json"),
                          "--ctx", "131073", *SPEED)

    def test_measures_what_is_not_given(self):
        found = self.plan(candor_cli.DATA / "gguf/llama.gguf", speed=("--threads", "1"))
        for key in ("read_gbps", "int8_gops", "available_bytes"):
            self.assertGreater(found[key], 0)
        status, out, err = self.run_candor("plan", str(CONFIGS / "gpt-oss-20b.json"), "--bandwidth", "50")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"at 50\.0 GB/s and \d+(\.\d+)? Gop/s \(compute measured here, \d+ threads?, ")
        self.assertRegex(out, r"free on this machine|left to this container")

    def test_says_it_to_people(self):
        status, out, err = self.run_candor("plan", str(CONFIGS / "deepseek-r1.json"), "--quantize", "q4_k", *SPEED)
        self.assertEqual((status, err), (0, ""))
        for line in ("parameters  671.03 billion", "36.63 billion of them active for a token",
                     "and 13.46 billion for prediction", "files       688.6 GB of weights",
                     "speed       of the weights in q4_k, at 60.0 GB/s and 4000 Gop/s (given)",
                     "278,528 operations", "instead of 81,920 (3.4 times)"):
            self.assertIn(line, out)
        self.assertRegex(out, r"\n  q4_k +38\d\.\d GB +38\d\.\d GB   no +\d")
        self.assertRegex(out, r"\n +4,096 +[\d.]+  in [\d.]+ min +(compute|attention) +[\d.]+ +memory\n")
        self.assertRegex(out, r"a prefill of +32,768 takes [\d.]+ h instead of [\d.]+ (min|h), \d\.\d\d times")
        status, out, err = self.run_candor("plan", str(candor_cli.DATA / "gguf/gpt-oss-mxfp4.gguf"), *SPEED)
        self.assertNotIn("Latent", out)

    def test_what_changes_nothing_is_not_named_as_if_it_did(self):
        store = os.environ.get("CANDOR_MODELS") or pathlib.Path.home() / ".local/share/candor/models"
        model = pathlib.Path(store) / "smollm2-135m.gguf"  # all its matrices are quantised
        if not model.exists():
            self.skipTest(f"{model} is not there: make models fetches it")
        status, out, err = self.run_candor("plan", str(model), *SPEED, "--quantize", "q8_0")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("--quantize changes nothing", out)
        self.assertIn("of the weights as stored", out)

    def test_refuses_with_file_and_member(self):
        config = self.folder / "config.json"

        def write(**members):
            text = json.loads((CONFIGS / "llama-3.1-8b.json").read_text())
            text.update(members)
            config.write_text(json.dumps({key: value for key, value in text.items() if value != "missing"}))

        for members, message in (({"model_type": "bert"}, 'model_type is "bert"'),
                                 ({"model_type": "missing"}, "model_type"),
                                 ({"num_hidden_layers": 5000}, "num_hidden_layers"),
                                 ({"hidden_size": 1 << 30}, "hidden_size"),
                                 ({"torch_dtype": "int4"}, 'torch_dtype is "int4", expected bfloat16'),
                                 ({"quantization_config": {"quant_method": "awq"}}, 'quant_method is "awq"')):
            write(**members)
            error = self.assert_fails(1, message, "plan", "./config.json", *SPEED)
            self.assertIn("config.json", error)
        config.write_text("[1, 2")
        self.assert_fails(1, "config.json", "plan", "./config.json", *SPEED)
        config.write_text("x" * (5 << 20))
        self.assert_fails(1, "at most 4194304 are read", "plan", "./config.json", *SPEED)
        self.assert_fails(1, "nowhere.json", "plan", "nowhere.json", *SPEED)

    def test_refuses_wrong_flags(self):
        model = str(CONFIGS / "llama-3.1-8b.json")
        self.assert_fails(2, '"much" is not a size such as 64GB', "plan", model, "--memory", "much")
        for flag in ("--bandwidth", "--compute"):
            for value in ("0", "-1", "fast", "nan", "1e99"):
                self.assert_fails(2, "is not a number from 0.001", "plan", model, f"{flag}={value}")
        self.assert_fails(2, '"q3" is not one of q4_k, q6_k, q8_0', "plan", model, "--quantize", "q3")

    def test_a_link_out_of_the_folder_is_not_followed(self):
        model = self.folder / "model"
        model.mkdir()
        (model / "config.json").symlink_to(CONFIGS / "llama-3.1-8b.json")
        self.assert_fails(1, "config.json", "plan", "model/", *SPEED)

    def test_hostile_text_never_reaches_the_terminal(self):
        config = self.folder / "\x1b[2J.json"
        config.write_text(json.dumps({"model_type": "\x1b[31mllama\u202e"}))
        _, out, err = self.run_candor("plan", str(config), *SPEED)
        shutil.copy(CONFIGS / "llama-3.1-8b.json", config)
        for text in (out, err, self.run_candor("plan", str(config), *SPEED)[1]):
            for character in text:
                self.assertTrue(character == "\n" or unicodedata.category(character) not in ("Cc", "Cf"), repr(text))


if __name__ == "__main__":
    candor_cli.main()
