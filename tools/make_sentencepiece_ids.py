#!/usr/bin/env python3
"""Writes the ids that Google's sentencepiece gives the texts of tests/data/tokenizer/expected.json.

    make_sentencepiece_ids.py FOLDER > tests/data/tokenizer/sentence_piece.json

FOLDER has the models, as tools/fetch-sentencepiece-models leaves them. Needs: pip install sentencepiece
"""
import json
import pathlib
import sys

import sentencepiece

texts = json.loads((pathlib.Path(__file__).parent.parent / "tests/data/tokenizer/expected.json").read_text())["texts"]
ids = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.model")):
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    ids[path.stem] = [model.encode(text) for text in texts]
json.dump({"ids": ids}, sys.stdout, separators=(",", ":"))
print()
