#!/usr/bin/env python3
"""Writes family_vectors.tsv: family, tokens, the text in hexadecimal.

usage: make_family_vectors.py FOLDER > family_vectors.tsv

FOLDER holds what tests/clients/tokens_differential.sh installs. Texts are those of tests/clients/tokens_reference.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'clients'))
import tokens_reference as reference  # noqa: E402

for family, make in reference.families(sys.argv[1]).items():
    awkward = reference.Awkward(len(family))
    texts = [text for text in (awkward.text() for _ in range(400)) if len(text) < 400][:150]
    broken = [awkward.broken()[:120] for _ in range(20)]
    data = [text.encode() for text in texts] + broken
    for text, tokens in zip(data, make()([text.decode('utf-8', 'replace') for text in data])):
        print(family, tokens, text.hex(), sep='\t')
