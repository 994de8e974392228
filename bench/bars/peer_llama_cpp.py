"""Times llama.cpp on one GGUF file; runs under a Python that has llama-cpp-python (see speed.py).

    peer_llama_cpp.py MODEL.gguf THREADS PROMPT GEN REPEAT

Prints {"prefill_tps": ..., "decode_tps": ...}: medians over REPEAT rounds after one that warms up. A round is PROMPT
random tokens in one batch into an empty context, then GEN tokens one at a time.
"""
import ctypes
import json
import random
import statistics
import sys
import time

import llama_cpp as llama


@llama.llama_log_callback
def say_nothing(level, text, data):
    pass


def main():
    path = sys.argv[1]
    threads, prompt, gen, repeat = map(int, sys.argv[2:])
    llama.llama_log_set(say_nothing, ctypes.c_void_p(0))
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    assert model, f"llama.cpp could not load {path}"
    params = llama.llama_context_default_params()
    params.n_ctx = prompt + gen + 16
    params.n_batch = prompt
    params.n_ubatch = min(512, prompt)
    params.n_threads = params.n_threads_batch = threads
    context = llama.llama_init_from_model(model, params)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    tokens = random.Random(1)

    def decode(count):
        batch = (llama.llama_token * count)(*(tokens.randrange(vocabulary) for _ in range(count)))
        assert llama.llama_decode(context, llama.llama_batch_get_one(batch, count)) == 0
        llama.llama_get_logits_ith(context, -1)

    prefill, decoding = [], []
    for round_number in range(repeat + 1):
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        start = time.perf_counter()
        decode(prompt)
        middle = time.perf_counter()
        for _ in range(gen):
            decode(1)
        end = time.perf_counter()
        if round_number > 0:
            prefill.append(prompt / (middle - start))
            decoding.append(gen / (end - middle))
    print(json.dumps({"prefill_tps": statistics.median(prefill), "decode_tps": statistics.median(decoding)}))


if __name__ == "__main__":
    main()
