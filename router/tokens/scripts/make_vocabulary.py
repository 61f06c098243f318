#!/usr/bin/env python3
"""Writes a packed vocabulary, router/tokens/data/*.pairs.z, from a public tokenizer file.

usage: make_vocabulary.py NAME PATTERN SOURCE OUTPUT [nfc]

SOURCE is a .tiktoken file (a line per token: base64 of its bytes, rank; `nfc`: its text is normalised), a tekken .json of Mistral, or a tokenizer.json
(byte-level BPE). Sources whose publisher states a SHA-256 are checked against it; data/README.md says where each file
comes from. `steelyard tokens import` does the same for operators, without Python.

Output: a head of 64 bytes, little-endian 32-bit words but for the name: magic "STOK", format 2, number of tokens, bytes
before compression, pattern (piece_pattern.h), flags (1: text is NFC-normalised first), number of whole tokens, CRC-32 of
all that follows the head, name (32 bytes, zero-padded). Then one zlib stream. It holds, for the tokens in the order in
which they merge, the numbers of the two tokens that merge into each, 3 bytes apiece, as six planes (left low, middle,
high byte, then right). A token of one byte has that byte as left and 0xFFFFFF as right. The pair is the last merge of
the token's own encoding, so the file is the merge table, and the bytes follow from it by expansion. Behind the planes
stand the whole tokens, those that no merging reaches but that a piece may be as a whole: each a length of 2 bytes and
the bytes.
"""
import base64
import hashlib
import json
import struct
import sys
import zlib

PATTERNS = {'o200k': 0, 'cl100k': 1, 'llama3': 2, 'qwen2': 3, 'qwen35': 4, 'deepseek': 5, 'tekken': 6, 'kimi': 7}
NFC = 1
SHA256 = {
    'o200k_base': '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d',
    'cl100k_base': '223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7',
}


def byte_of_letter():
    """The alphabet of byte-level BPE: which byte each printable stand-in is."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [byte for byte in range(256) if byte not in plain]
    table = {chr(byte): byte for byte in plain}
    table.update({chr(256 + i): byte for i, byte in enumerate(others)})
    return table


class Source:
    """Tokens as bytes; `rank(a, b)` of a merge, or None; whether a piece that is a token is never merged."""

    def __init__(self, tokens, rank, whole, nfc=False):
        self.tokens, self.rank, self.whole, self.nfc = tokens, rank, whole, nfc


def of_ranks(tokens):
    rank_of = {token: rank for rank, token in enumerate(tokens)}
    return Source(tokens, lambda a, b: rank_of.get(a + b), True)


def of_tokenizer_json(document):
    model, letters = document['model'], byte_of_letter()
    added = {token['id'] for token in document['added_tokens']}
    as_bytes = lambda text: bytes(letters[letter] for letter in text)
    tokens = [as_bytes(text) for text, number in model['vocab'].items() if number not in added]
    merges = {}
    for rank, merge in enumerate(model['merges']):
        left, right = merge.split(' ') if isinstance(merge, str) else merge
        merges.setdefault((as_bytes(left), as_bytes(right)), rank)
    nfc = (document['normalizer'] or {}).get('type') == 'NFC'
    return Source(tokens, lambda a, b: merges.get((a, b)), model.get('ignore_merges', False), nfc)


def of_tekken(document):
    settings = document['config']
    count = settings['default_vocab_size'] - settings['default_num_special_tokens']
    entries = sorted(document['vocab'], key=lambda entry: entry['rank'])[:count]
    return of_ranks([base64.b64decode(entry['token_bytes']) for entry in entries])


def read(name, path):
    with open(path, 'rb') as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256.get(name, digest):
        sys.exit(f'{path}: SHA-256 {digest}, not the published {SHA256[name]}')
    if data[:1] == b'{':
        document = json.loads(data)
        return of_tokenizer_json(document) if 'model' in document else of_tekken(document)
    lines = [line.split() for line in data.splitlines()]
    assert [int(rank) for _, rank in lines] == list(range(len(lines)))
    return of_ranks([base64.b64decode(text) for text, _ in lines])


def last_merge(token, source):
    """The two parts left when merging stops one step before `token` itself, and that step's rank; or None."""
    parts = [token[i:i + 1] for i in range(len(token))]
    rank = None
    while len(parts) > 1:
        found = [(rank, at) for at, rank in enumerate(map(source.rank, parts, parts[1:])) if rank is not None]
        if not found:
            return None
        rank, at = min(found)
        if len(parts) == 2:
            return parts[0], parts[1], rank
        parts[at:at + 2] = [parts[at] + parts[at + 1]]


def pack(name, pattern, source):
    singles = [token for token in source.tokens if len(token) == 1]
    assert len(set(singles)) == 256, 'not every byte is a token'
    reached, whole = [], []
    for token in source.tokens:
        if len(token) > 1:
            merge = last_merge(token, source)
            if merge:
                reached.append((merge[2], token, merge))
            elif source.whole:
                whole.append(token)
    reached.sort()
    ordered = sorted(singles) + [token for _, token, _ in reached]
    number = {token: at for at, token in enumerate(ordered)}
    merge_of = {token: merge for _, token, merge in reached}
    left, right = [], []
    for token in ordered:
        merge = merge_of.get(token)
        left.append(number[merge[0]] if merge else token[0])
        right.append(number[merge[1]] if merge else 0xFFFFFF)
    body = b''.join(bytes((value >> shift) & 255 for value in side) for side in (left, right) for shift in (0, 8, 16))
    body += b''.join(struct.pack('<H', len(token)) + token for token in sorted(whole))
    packed = zlib.compress(body, 9)
    head = struct.pack('<4sIIIIIII32s', b'STOK', 2, len(ordered), len(body), PATTERNS[pattern],
                       NFC if source.nfc else 0, len(whole), zlib.crc32(packed), name.encode())
    print(f'{name}: {len(ordered)} tokens by merging, {len(whole)} whole, '
          f'{len(source.tokens) - len(ordered) - len(whole)} never used, {len(head + packed)} bytes')
    return head + packed


def main():
    if len(sys.argv) not in (5, 6) or sys.argv[2] not in PATTERNS or sys.argv[5:] not in ([], ['nfc']):
        sys.exit(__doc__)
    name, pattern, path, output = sys.argv[1:5]
    source = read(name, path)
    source.nfc = source.nfc or len(sys.argv) == 6
    packed = pack(name, pattern, source)
    with open(output, 'wb') as file:
        file.write(packed)


if __name__ == '__main__':
    main()
