#!/usr/bin/env python3
"""Folders with safetensors, as a user gives them to every command: the same answers as from the same model's GGUF file,
and every broken or hostile folder refused by name."""
import hashlib
import json
import shutil
import struct

import candor_cli

DATA = candor_cli.DATA
GGUF = DATA / "reasoning" / "tiny-thinker.gguf"
NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "model.safetensors"]
EXPECTED = json.loads((DATA / "reasoning" / "expected.json").read_text())


def parse(data):
    length, = struct.unpack_from("<Q", data)
    return json.loads(data[8:8 + length]), data[8 + length:]


def build(tensors):
    """A file of {name: (dtype, shape, bytes)}."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class FolderTest(candor_cli.CandorTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "thinker"
        self.model.mkdir()
        for name in NAMES:
            shutil.copy(DATA / "reasoning" / name, self.model / name)
        shutil.copy(GGUF, self.folder / "m.gguf")

    def output(self, *arguments):
        status, out, err = self.run_candor(*arguments)
        self.assertEqual(status, 0, err)
        return out

    def answer(self, model, *arguments):
        return json.loads(self.output("run", model, "--temperature", "0", "--json", *arguments))

    def logits(self, model, *flags):
        self.output("eval", "logits", model, "--tokens", "1,2,3,250,100", "--out", "l.safetensors", *flags)
        return (self.folder / "l.safetensors").read_bytes()

    def tensors(self):
        header, data = parse((self.model / "model.safetensors").read_bytes())
        header.pop("__metadata__", None)
        return {name: (t["dtype"], t["shape"], data[t["data_offsets"][0]:t["data_offsets"][1]])
                for name, t in sorted(header.items(), key=lambda item: item[1]["data_offsets"])}

    def write(self, tensors):
        (self.model / "model.safetensors").write_bytes(build(tensors))

    def change_json(self, name, **members):
        path = self.model / name
        document = json.loads(path.read_text()) if path.exists() else {}
        document.update(members)
        path.write_text(json.dumps(document))

    def refused(self, *texts, command=("run",), status=1):
        arguments = (*command[:1], "thinker", *command[1:]) if command[0] != "eval" else command
        message = self.assert_fails(status, texts[0], *arguments, *(["Hi"] if command == ("run",) else []))
        for text in texts[1:]:
            self.assertIn(text, message)

    # The same as the GGUF file.

    def test_run_says_what_the_reference_says(self):
        for name, flags in (("thinks", []), ("thinking off", ["--think", "off"])):
            expected = next(each for each in EXPECTED if each["case"] == name)
            done = self.answer("thinker", *flags, expected["prompt"].split("\n")[1].removesuffix("<|im_end|>"))
            self.assertEqual(done["prompt"], expected["prompt"])
            self.assertEqual(done["prompt_tokens"], expected["prompt_ids"])
            self.assertEqual(done["tokens"], expected["output_ids"])
            self.assertEqual((done["model"], done["finish_reason"]), ("thinker", "end"))
            self.assertEqual(done["model_sha256"],
                             [hashlib.sha256((self.model / "model.safetensors").read_bytes()).hexdigest()])
            self.assertEqual(done["document_sha256"],
                             {name: hashlib.sha256((self.model / name).read_bytes()).hexdigest() for name in NAMES[:-1]})

    def test_logits_and_benchmarks_are_those_of_the_same_model_as_gguf(self):
        for flags in ((), ("--kv", "f32", "--exact")):
            self.assertEqual(self.logits("thinker", *flags), self.logits("m.gguf", *flags))
        bench = [json.loads(self.output("bench", model, "--prompt", "20", "--gen", "3", "--repetitions", "1", "--json"))
                 for model in ("thinker", "m.gguf")]
        self.assertEqual(bench[0]["logits_digest"], bench[1]["logits_digest"])
        (self.folder / "text.txt").write_text("What is 12+34? It is 46. " * 20)
        perplexity = [json.loads(self.output("eval", "perplexity", model, "text.txt", "--json"))["perplexity"]
                      for model in ("thinker", "m.gguf")]
        self.assertEqual(perplexity[0], perplexity[1])

    def test_tokens_and_prompts_are_those_of_the_same_model_as_gguf(self):
        (self.folder / "chat.json").write_text(json.dumps([{"role": "user", "content": "What is 1+2?"}]))
        text = "What is 12+34?<|im_end|>\n<think>\u00e9"
        for arguments in (["tokenize", text, "--json"], ["render", "--messages", "chat.json"],
                          ["render", "--messages", "chat.json", "--think", "off"]):
            found = [self.output(arguments[0], model, *arguments[1:]) for model in ("thinker", "m.gguf")]
            self.assertEqual(found[0], found[1])

    def test_a_sharded_checkpoint_is_the_same_model(self):
        whole = self.logits("thinker")
        tensors = list(self.tensors().items())
        (self.model / "model.safetensors").unlink()
        weight_map = {}
        for number, part in enumerate((tensors[1::2], tensors[::2]), 1):
            name = f"model-0000{number}-of-00002.safetensors"
            (self.model / name).write_bytes(build(dict(part)))
            weight_map.update({tensor: name for tensor, _ in part})
        self.refused("none of them called model.safetensors, and no model.safetensors.index.json")
        self.change_json("model.safetensors.index.json", metadata={}, weight_map=weight_map)
        (self.model / "consolidated.safetensors").write_bytes(b"another form of the same model")
        self.assertEqual(self.logits("thinker"), whole)

    def test_any_alignment_gives_the_same_bits(self):
        whole = self.logits("thinker")
        data = (self.model / "model.safetensors").read_bytes()
        length, = struct.unpack_from("<Q", data)
        for spaces in (1, 2, 3, 7):
            padded = struct.pack("<Q", length + spaces) + data[8:8 + length] + b" " * spaces + data[8 + length:]
            (self.model / "model.safetensors").write_bytes(padded)
            self.assertEqual(self.logits("thinker"), whole)

    # What the folder says of how to answer.

    def test_the_generation_config_has_the_defaults(self):
        question = "What is 737+361?"
        self.change_json("generation_config.json", do_sample=False)
        self.assertEqual(json.loads(self.output("run", "thinker", "--json", "--seed", "5", question))["text"], "1098")
        self.change_json("generation_config.json", do_sample=True, temperature=5, top_k=0, top_p=1)
        wild = json.loads(self.output("run", "thinker", "--json", "--seed", "5", "--max-tokens", "60", question))
        self.assertNotEqual(wild["text"], "1098")

    def test_the_generation_config_ends_answers(self):
        zero = json.loads(self.output("tokenize", "thinker", "0", "--json"))["ids"][0]
        for ends in (zero, [zero, 258]):
            self.change_json("generation_config.json", eos_token_id=ends)
            self.assertEqual(self.answer("thinker", "--think", "off", "What is 737+361?")["finish_reason"], "end")
            done = self.answer("thinker", "What is 737+361?")
            self.assertEqual((done["finish_reason"], done["tokens"][-1]), ("end", zero))
        (self.model / "generation_config.json").unlink()
        self.change_json("config.json", eos_token_id=[zero])
        self.assertEqual(self.answer("thinker", "What is 737+361?")["tokens"][-1], zero)

    def test_wrong_settings_are_refused_by_name(self):
        self.change_json("generation_config.json", eos_token_id=262)
        self.refused("thinker/generation_config.json", "eos_token_id", "262 is not in the vocabulary of 262")
        self.change_json("generation_config.json", eos_token_id=258, top_p=1.5)
        self.refused("thinker/generation_config.json", "top_p", "a number from 0 to 1, found 1.5")
        (self.model / "generation_config.json").write_text("{")
        self.refused("thinker/generation_config.json: not valid JSON")

    def test_the_template_may_be_in_the_tokenizer_config(self):
        template = (self.model / "chat_template.jinja").read_text()
        whole = self.answer("thinker", "What is 737+361?")
        (self.model / "chat_template.jinja").unlink()
        self.change_json("tokenizer_config.json", chat_template=template)
        self.assertEqual(self.answer("thinker", "What is 737+361?")["prompt_tokens"], whole["prompt_tokens"])
        self.change_json("tokenizer_config.json", chat_template=None)
        self.change_json("chat_template.json", chat_template=template)
        self.assertEqual(self.answer("thinker", "What is 737+361?")["prompt_tokens"], whole["prompt_tokens"])

    # Nothing outside, nothing broken.

    def test_nothing_outside_of_the_folder_is_opened(self):
        (self.folder / "secret.json").write_text("{}")
        for name in ("tokenizer.json", "other.safetensors"):
            original = (self.model / name).read_bytes() if (self.model / name).exists() else None
            (self.model / name).unlink(missing_ok=True)
            (self.model / name).symlink_to("../secret.json")
            for command in ("run",), ("inspect",), ("bench",):
                self.refused(f"thinker/{name}: leads to ", "/secret.json, outside of the model's folder", command=command)
            (self.model / name).unlink()
            if original is not None:
                (self.model / name).write_bytes(original)
        self.change_json("model.safetensors.index.json", weight_map={"x": "../secret.safetensors"})
        self.refused('weight_map.x: "../secret.safetensors", the name of a file in the same folder expected')

    def test_the_hubs_cache_is_read(self):
        whole = self.logits("thinker")
        repository = self.folder / "models--org--thinker"
        snapshot = repository / "snapshots" / "0123abcd"
        snapshot.mkdir(parents=True)
        (repository / "blobs").mkdir()
        for number, name in enumerate(NAMES):
            shutil.copy(self.model / name, repository / "blobs" / str(number))
            (snapshot / name).symlink_to(f"../../blobs/{number}")
        self.assertEqual(self.logits(str(snapshot)), whole)

    def test_other_files_are_told_by_name(self):
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        for content, kind in ((pointer, "a Git LFS pointer"), (b"", "an empty file"), (b"<!doctype html>", "a web page")):
            (self.model / "model.safetensors").write_bytes(content)
            self.refused("thinker/model.safetensors: " + kind)

    def test_tensors_that_do_not_fit_the_configuration_are_refused(self):
        tensors = self.tensors()
        missing = dict(tensors)
        missing.pop("model.layers.2.mlp.up_proj.weight")
        self.write(missing)
        self.refused("model.layers.2.mlp.up_proj.weight", "missing")
        self.write({**tensors, "model.layers.9.mlp.up_proj.weight": tensors["model.layers.0.mlp.up_proj.weight"]})
        self.refused("model.layers.9.mlp.up_proj.weight")
        dtype, shape, content = tensors["model.norm.weight"]
        self.write({**tensors, "model.norm.weight": (dtype, [shape[0] // 2, 2], content)})
        self.refused("model.norm.weight")
        self.write(tensors)
        self.change_json("config.json", hidden_size=64)
        self.refused("thinker/model.safetensors", "expected [262, 64] by thinker/config.json")

    def test_values_that_are_not_finite_are_refused_naming_the_tensor(self):
        tensors = self.tensors()
        for name in ("model.norm.weight", "model.layers.1.mlp.down_proj.weight", "model.embed_tokens.weight"):
            dtype, shape, content = tensors[name]
            self.assertEqual(dtype, "BF16")
            for bad in (0x7FC0, 0x7F80, 0xFF80):  # not a number, both infinities
                self.write({**tensors, name: (dtype, shape, struct.pack("<H", bad) + content[2:])})
                self.refused(name, "finite")

    def test_an_output_that_is_the_models_file_is_refused(self):
        for name in ("model.safetensors", "config.json"):
            before = (self.model / name).read_bytes()
            self.assert_fails(2, "the model's own file", "eval", "logits", "thinker", "--tokens", "1", "--out",
                              f"thinker/{name}")
            self.assertEqual((self.model / name).read_bytes(), before)

    def test_a_sentencepiece_model_is_read_where_there_is_no_tokenizer_json(self):
        small = DATA.parents[1] / "fuzz" / "corpus" / "sentence_piece" / "small"
        shutil.copy(small, self.model / "tokenizer.model")
        self.assertEqual(len(json.loads(self.output("tokenize", "thinker", "ab", "--json"))["ids"]), 2)  # of tokenizer.json: bytes
        (self.model / "tokenizer.json").unlink()
        self.refused("thinker/tokenizer.model (its tokenizer_config.json).eos_token", "<|im_end|>", "tokenizer.json",
                     command=("tokenize", "ab"))
        self.change_json("tokenizer_config.json",
                         added_tokens_decoder={"3": {"content": "<|im_end|>", "special": True}})
        self.assertEqual(json.loads(self.output("tokenize", "thinker", "ab", "--json")), {"ids": [1, 2], "pieces": ["a", "b"]})
        self.assertEqual(json.loads(self.output("tokenize", "thinker", "ab<|im_end|>", "--json"))["ids"][-1], 3)
        self.assertIn("tokenizer          tokenizer.model, 4 tokens\n", self.output("inspect", "thinker"))
        self.assertEqual(json.loads(self.output("inspect", "thinker", "--json"))["tokenizer"]["tokens"], 4)
        (self.model / "tokenizer.model").write_bytes(b"\x0a\xff")
        self.refused("thinker/tokenizer.model", command=("tokenize", "ab"))

    def test_a_broken_tokenizer_is_refused_before_the_weights_are_read(self):
        (self.model / "tokenizer.json").unlink()
        self.refused("thinker: the folder has no tokenizer.json and no tokenizer.model")
        (self.model / "tokenizer.json").write_text('{"model": {"type": "Unigram"}}')
        self.refused("thinker/tokenizer.json.model.type")

    def test_a_tokenizer_of_more_tokens_than_the_model_has_is_named(self):
        tokenizer = json.loads((self.model / "tokenizer.json").read_text())
        tokenizer["added_tokens"].append({"id": 5000, "content": "<large>", "special": False, "normalized": False})
        (self.model / "tokenizer.json").write_text(json.dumps(tokenizer))
        self.answer("thinker", "Hi")
        status, out, err = self.run_candor("run", "thinker", "Hi <large>")
        self.assertEqual((status, out), (1, ""))
        self.assertIn('its tokenizer: "<large>" is token 5000, but the model has 262 tokens', err)

    def test_inspect_shows_folders(self):
        out = self.output("inspect", "thinker", "--sha256")
        weights = (self.model / "model.safetensors").read_bytes()
        for line in ("architecture       qwen3\n", "layers             4\n", "hidden size        128\n",
                     "context            1,024\n", "tokenizer          tokenizer.json, 262 tokens\n",
                     "chat template      yes, 372 bytes\n", "parameters         821,376 in 46 tensors\n",
                     "runs here          yes\n", hashlib.sha256(weights).hexdigest(),
                     hashlib.sha256((self.model / "config.json").read_bytes()).hexdigest()):
            self.assertIn(line, out)
        report = json.loads(self.output("inspect", "thinker", "--json", "--tensors"))
        self.assertEqual((report["format"], report["architecture"], report["parameters"]), ("safetensors", "qwen3", 821376))
        self.assertEqual([d["name"] for d in report["documents"]], NAMES[:-1])
        self.assertEqual(report["metadata"]["rope_parameters.rope_theta"], 10000.0)
        self.assertEqual(report["tensors"][0]["offset"], 8 + struct.unpack_from("<Q", weights)[0])

    def test_inspect_shows_a_folder_that_cannot_run(self):
        self.change_json("config.json", model_type="\u001b[2Jx", text_config={"num_hidden_layers": 7})
        (self.model / "tokenizer.json").write_text("{}")
        (self.model / "chat_template.jinja").write_text("{% if %}")
        out = self.output("inspect", "thinker")
        self.assertIn("architecture       \\x1B[2Jx\n", out)
        self.assertIn("tokenizer          cannot be used: thinker/tokenizer.json.model: missing", out)
        self.assertIn("chat template      yes, but it cannot be used: thinker/chat_template.jinja:1", out)
        self.assertIn("runs here          no: ", out)
        self.assertNotIn("\x1b", out)

    def test_the_text_model_of_one_that_also_sees(self):
        text = DATA / "checkpoints" / "gemma3"
        for path in self.model.iterdir():
            path.unlink()
        shutil.copy(text / "tokenizer.json", self.model)
        # As Gemma 3 4B is published: settings and names one level down, the older spelling, defaults left out.
        config = json.loads((text / "config.json").read_text())
        for left_out in ("rope_parameters", "rms_norm_eps", "_sliding_window_pattern", "layer_types"):
            del config[left_out]
        whole = {"model_type": "gemma3", "text_config": config, "vision_config": {"model_type": "siglip_vision_model"},
                 "dtype": "bfloat16"}
        (self.model / "config.json").write_text(json.dumps(whole))
        header, data = parse((text / "model.safetensors").read_bytes())
        header.pop("__metadata__", None)
        own = {f"language_model.{tensor}": (t["dtype"], t["shape"], data[slice(*t["data_offsets"])])
               for tensor, t in header.items()}
        seen = {"vision_tower.vision_model.embeddings.patch_embedding.weight": ("BF16", [2, 3, 4, 4], bytes(192)),
                "multi_modal_projector.mm_soft_emb_norm.weight": ("BF16", [8], bytes(16))}
        self.write(own | seen)
        self.assertEqual(self.logits("thinker"), self.logits(str(text)))
        self.assertIn("layers             6\n", self.output("inspect", "thinker"))
        self.write(own | seen | {"language_model.model.foo": ("BF16", [8], bytes(16))})
        self.refused("language_model.model.foo")
        own.pop("language_model.model.norm.weight")
        self.write(own | seen | {"model.norm.weight": ("BF16", [64], bytes(128))})
        self.refused("model.norm.weight\" is missing")
        config["num_hidden_layers"] = "6"
        (self.model / "config.json").write_text(json.dumps(whole))
        self.refused("text_config.num_hidden_layers")
        (self.model / "config.json").write_text(json.dumps(whole | {"model_type": "gemma4"}))
        self.refused('model_type is "gemma4" with a "gemma3_text" in it')
        del whole["text_config"]
        (self.model / "config.json").write_text(json.dumps(whole))
        self.refused('model_type is "gemma3", which this version does not compute')

    def test_packed_weights_count_twice_and_scales_not(self):
        found = [json.loads(self.output("inspect", str(DATA / "checkpoints" / name), "--json"))
                 for name in ("gpt-oss", "gpt-oss-mxfp4")]
        self.assertEqual(found[1]["file_type"], "mxfp4")
        self.assertEqual(found[0]["parameters"], found[1]["parameters"])


if __name__ == "__main__":
    candor_cli.main()
