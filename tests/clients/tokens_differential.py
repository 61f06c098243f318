#!/usr/bin/env python3
"""Counts generated texts, and texts of this machine, with every shipped vocabulary and with its reference.

usage: tokens_differential.py PROGRAM FOLDER [--megabytes N] [--seed N] [--families a,b] [--corpus FILE ...]

PROGRAM is steelyard_token_records, FOLDER holds what tokens_differential.sh installs. N megabytes for each family whose
reference is tiktoken, a fifth of that for the others, whose reference is slow. Each text is counted plain, and every
fourth as a JSON string, too; with every instruction set in turn. Of o200k and cl100k every fifth batch is also counted by
the npm package tiktoken (WASM), a build of its own.
"""
import argparse
import json
import sys
import time

import tokens_reference as reference

SETS = ('avx512', 'avx2', 'scalar')
SLOW = ('qwen3', 'qwen3.5', 'deepseek-v3')


def slices(paths):
    """Pieces of real text, over and over, each pass cut elsewhere."""
    texts = [open(path, encoding='utf-8', errors='replace').read() for path in paths]
    size = 3001
    while texts:
        for text in texts:
            for at in range(0, len(text), size):
                yield text[at:at + size]
        size += 977


def batches(seed, corpus):
    awkward, real = reference.Awkward(seed), slices(corpus)
    while True:
        texts = [awkward.text() for _ in range(150)] + [next(real, '') for _ in range(50)]
        broken = [awkward.broken() for _ in range(20)]
        yield texts, broken


class Family:
    def __init__(self, name, program, count, folder):
        self.name, self.count = name, count
        second = reference.WASM.get(name)
        self.second = reference.wasm_of(folder, second) if second else None
        self.plain = [reference.ours(program, name, 'plain', isa) for isa in SETS]
        self.escaped = [reference.ours(program, name, 'json', isa) for isa in SETS]
        self.passed = self.failed = self.bytes = 0

    def check(self, number, texts, broken):
        data = [text.encode('utf-8') for text in texts] + broken
        clean = [text.decode('utf-8', 'replace') for text in data]
        expected = self.count(clean)
        if self.second and number % 5 == 0:
            self.compare(data, expected, self.second.count([text.encode('utf-8') for text in clean]), 'tiktoken (WASM)')
        self.compare(data, expected, self.plain[number % len(SETS)].count(data))
        some = list(zip(texts, expected))[::4]
        inside = [json.dumps(text, ensure_ascii=number % 2 == 0)[1:-1].encode('utf-8') for text, _ in some]
        self.compare(inside, [tokens for _, tokens in some], self.escaped[number % len(SETS)].count(inside))

    def compare(self, data, expected, found, who='steelyard'):
        for text, wanted, ours in zip(data, expected, found):
            self.bytes += len(text)
            if wanted == ours:
                self.passed += 1
            else:
                self.failed += 1
                if self.failed <= 5:
                    print(f'{self.name}: reference {wanted}, {who} {ours}: {text[:400]!r}', file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('folder')
    parser.add_argument('--megabytes', type=float, default=18)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--families', default='')
    parser.add_argument('--corpus', nargs='*', default=[])
    options = parser.parse_args()
    passed = failed = 0
    for name, make in reference.families(options.folder).items():
        if options.families and name not in options.families.split(','):
            continue
        start, family = time.monotonic(), Family(name, options.program, make(), options.folder)
        wanted = options.megabytes * 1e6 / (5 if name in SLOW else 1)
        for number, (texts, broken) in enumerate(batches(options.seed, options.corpus)):
            family.check(number, texts, broken)
            if family.bytes >= wanted:
                break
        print(f'{name}: {family.bytes / 1e6:.1f} MB in {family.passed + family.failed} texts, {family.failed} differ, '
              f'{time.monotonic() - start:.1f} s', flush=True)
        passed, failed = passed + family.passed, failed + family.failed
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
