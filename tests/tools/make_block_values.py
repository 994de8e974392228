#!/usr/bin/env python3
"""Writes tests/data/kernels/block_values.txt: random blocks of every quantised format that is computed, with the values
that the `gguf` Python package gives them. Needs: pip install gguf numpy

    make_block_values.py > tests/data/kernels/block_values.txt

One line a block: type, bytes in hexadecimal, values as C99 hexadecimal floats.
"""
import gguf
import numpy as np

TYPES = "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4".split()
# Where the binary16 scales of a block lie.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": []}

rng = np.random.default_rng(7)
for name in TYPES:
    kind = gguf.GGMLQuantizationType[name]
    columns, size = gguf.GGML_QUANT_SIZES[kind]
    for i in range(6):
        block = rng.integers(0, 256, size, dtype=np.uint8)
        for at in SCALES[name]:
            scale = np.float16(rng.normal() * (0.01, 1.0, 1e-6, 30.0, 0.0, 0.1)[i])
            block[at:at + 2] = np.frombuffer(scale.tobytes(), np.uint8)
        if name == "MXFP4":
            block[0] = (120, 127, 100, 140, 2, 90)[i]
        values = gguf.dequantize(block.reshape(1, -1), kind).reshape(-1)
        print(name, block.tobytes().hex(), *(float(v).hex() for v in values))
