"""Times llama.cpp answering several prompts at once; runs under a Python that has llama-cpp-python (see speed.py).

    peer_batch.py MODEL.gguf THREADS STREAMS PROMPT GEN

Prints {"tps": ..., "first": ...}: generated tokens a second over all streams, and the median time to a first token.
The prompts come at once, as to a server with as many slots: they are computed in batches of 512 tokens, in order, then
each step decodes a token of every stream. No HTTP, no sampling, no text: a server of it is slower, not faster.
"""
import ctypes
import json
import random
import statistics
import sys
import time

import llama_cpp as llama

BATCH = 512


@llama.llama_log_callback
def say_nothing(level, text, data):
    pass


def main():
    path = sys.argv[1]
    threads, streams, prompt, generate = map(int, sys.argv[2:])
    llama.llama_log_set(say_nothing, ctypes.c_void_p(0))
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    assert model, f"llama.cpp could not load {path}"
    params = llama.llama_context_default_params()
    params.n_ctx = streams * (prompt + generate + 16)
    params.n_batch = params.n_ubatch = BATCH
    params.n_seq_max = streams
    params.n_threads = params.n_threads_batch = threads
    context = llama.llama_init_from_model(model, params)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    numbers = random.Random(1)
    batch = llama.llama_batch_init(BATCH, 0, 1)

    def decode(rows):
        """Rows of (token, position, stream, wanted); returns the streams whose logits were wanted."""
        batch.n_tokens = len(rows)
        for i, (token, position, stream, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = stream
            batch.logits[i] = wanted
        assert llama.llama_decode(context, batch) == 0
        for i, (_, _, _, wanted) in enumerate(rows):
            if wanted:
                llama.llama_get_logits_ith(context, i)
        return [stream for _, _, stream, wanted in rows if wanted]

    rows = [(numbers.randrange(vocabulary), position, stream, position == prompt - 1)
            for stream in range(streams) for position in range(prompt)]
    decode([(1, 0, 0, True)])  # warms up
    llama.llama_memory_clear(llama.llama_get_memory(context), True)
    begin = time.perf_counter()
    first = {}
    for at in range(0, len(rows), BATCH):
        for stream in decode(rows[at:at + BATCH]):
            first[stream] = time.perf_counter() - begin
    for step in range(generate - 1):
        decode([(numbers.randrange(vocabulary), prompt + step, stream, True) for stream in range(streams)])
    seconds = time.perf_counter() - begin
    print(json.dumps({"tps": streams * generate / seconds, "first": statistics.median(first.values())}))


if __name__ == "__main__":
    main()
