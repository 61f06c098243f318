#!/usr/bin/env python3
"""Counts the public vectors of Systemcluster/kitoken with `steelyard tokens`, for every shipped vocabulary.

Finds the gateway in $STEELYARD and the vectors in $STEELYARD_SHARED/data/tokens/kitoken (ORIGIN.md there says how to read
them). Lines with special tokens are left out: text is ordinary text here.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {
    'o200k': ('tiktoken', 'o200k_base'),
    'cl100k': ('tiktoken', 'cl100k_base'),
    'deepseek-v3': ('tokenizers', 'r1'),
    'qwen3.5': ('tokenizers', 'qwen35'),
    'tekken': ('tekken', 'mistral2410'),
}
SPECIAL = re.compile(r'<\|[^|]*\|>|<｜|\[/?[A-Z_]+\]|</?[a-z_]+>|<s>|</s>|<unk>')


def plain(line):
    return line.replace('\\n', '\n').replace('\\s', ' ').replace('\\x', '')


def vectors(archive, form, model):
    """Yields (text, tokens)."""
    for kind in ('small', 'mixed'):
        texts = [line for line in read(archive, f'{kind}_input.txt').split('\n') if line]
        ids = [line for line in read(archive, f'{form}/{kind}_tokens_{model}.txt').split('\n') if line]
        for text, tokens in zip(texts, ids):
            if not SPECIAL.search(text):
                yield plain(text), tokens.count(',') + 1 - tokens.rstrip().endswith(',')
    yield read(archive, 'utf8_input.txt'), len([x for x in read(archive, f'{form}/utf8_tokens_{model}.txt').split(',') if x.strip()])


def read(archive, name):
    member = next(m for m in archive.getmembers() if m.name.endswith('/' + name))
    return archive.extractfile(member).read().decode('utf-8')


def main():
    steelyard = os.environ.get('STEELYARD', str(ROOT / 'build/release/steelyard'))
    shared = pathlib.Path(os.environ.get('STEELYARD_SHARED', ROOT.parent / 'shared'))
    path = shared / 'data/tokens/kitoken/kitoken-vectors.tar.xz'
    if not path.exists():
        print(f'SKIPPED  tokens_vectors: {path} is absent; set STEELYARD_SHARED')
        print('0 passed, 0 failed')
        return 0
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path) as archive:
        for family, (form, model) in MODELS.items():
            wanted = list(vectors(archive, form, model))
            files = []
            for number, (text, _) in enumerate(wanted):
                files.append(os.path.join(folder, f'{number:04}.txt'))
                with open(files[-1], 'wb') as file:
                    file.write(text.encode('utf-8'))
            output = subprocess.run([steelyard, 'tokens', '--json', '--tokenizer', family, *files], check=True,
                                    stdout=subprocess.PIPE).stdout
            for (text, tokens), line in zip(wanted, output.splitlines()):
                found = json.loads(line)['tokens']
                passed += found == tokens
                failed += found != tokens
                if found != tokens:
                    print(f'{family}: {tokens} expected, {found} counted: {text[:80]!r}')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
