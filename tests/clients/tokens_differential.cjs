// make FOLDER MEGABYTES SEED: text files of many kinds, with what the reference tokenizer counts.
// compare FOUND: the lines of `steelyard tokens --json` against that.
'use strict';
const fs = require('fs');
const path = require('path');

const [, , command, ...args] = process.argv;
let state = 1;
const random = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 4294967296) * limit);
};
const pick = (list) => list[random(list.length)];
const many = (size, make) => Array.from({ length: size }, make).join('');

const atoms = [
  'a', 'b', 'Z', 'The', 'don', "'s", "'LL", "'re", "'S", "'", ' ', '  ', '\n', '\r\n', '\t', '\v', '/', '//', '(', ');', '{', '.', '1',
  '23', '4567', 'é', 'ß', 'Ж', 'д', '中', '文', 'か', '한', '글', 'ा', 'क', '्', '\u0301', '\u00a0', '\u2003', '\u3000', '\u2028', '😀', '👩‍👩‍👧', 'ǅ',
  'ª', '²', 'Ⅷ', 'ʰ', '\u0600', '--', '_', '\u0085', '\ufeff', '\u017f', "'\u017f", '\0', '\x7f', '\x1c', '<|endoftext|>', '\u1c89', 'ς',
];
const words = fs.readFileSync(__filename, 'utf8').split(/[^A-Za-z]+/).filter(Boolean);
const codePoint = () => {
  const code = random(pick([0x80, 0x800, 0x3000, 0x10000, 0x110000, 0x20000]));
  return String.fromCodePoint(code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
};
const kinds = [
  () => many(8000, () => pick(atoms)),
  () => { const few = [pick(atoms), pick(atoms), pick(atoms), pick(atoms)]; return many(6000, () => pick(few)); },
  () => many(8000, codePoint),
  () => many(5000, () => pick(words) + pick([' ', ' ', ' ', ', ', '.\n', ' = ', '(', ');\n    '])),
  () => many(3000, () => `${pick(words)}${pick(['_', '', '-', "'s ", 'ED', ': '])}${random(1e6)} `),
  () => many(4000, () => String.fromCodePoint(pick([0x4e00 + random(0x5000), 0x3041 + random(86), 0xac00 + random(11172), 0x3002, 10]))),
  () => many(4000, () => String.fromCodePoint(pick([0x410 + random(64), 0x5d0 + random(27), 0x627 + random(36), 0x905 + random(70), 32]))),
  () => pick(['a', 'ab', '=', ' ', '\n ', '中', 'xyz', '0']).repeat(700 + random(700)),
  () => many(1500, () => String.fromCharCode(97 + random(26))),
  () => JSON.stringify(many(200, () => pick(atoms))).repeat(20),
];
const bytes = () => Buffer.from(Array.from({ length: 20000 }, () =>
  pick([random(256), 0x80 + random(64), pick([0xe0, 0xed, 0xf0, 0xf4, 0xc2, 0xe4, 0xef, 0xf5]), 97 + random(4), pick([32, 39, 115, 10, 46])])));

function make(folder, megabytes, seed) {
  const { get_encoding } = require('tiktoken');
  const encoding = get_encoding('o200k_base');
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  state = Number(seed);
  const expected = {};
  let total = 0;
  for (let i = 0; total < Number(megabytes) * 1e6; ++i) {
    const kind = i % (kinds.length + 1);
    const data = kind === kinds.length ? bytes() : Buffer.from(kinds[kind]());
    const name = path.join(folder, `${String(i).padStart(5, '0')}.txt`);
    fs.writeFileSync(name, data);
    expected[name] = encoding.encode_ordinary(decoder.decode(data)).length;
    total += data.length;
  }
  fs.writeFileSync('expected.json', JSON.stringify(expected));
  console.log(`${Object.keys(expected).length} texts, ${total} bytes`);
}

function compare(found) {
  const expected = JSON.parse(fs.readFileSync('expected.json', 'utf8'));
  let passed = 0;
  for (const line of fs.readFileSync(found, 'utf8').trim().split('\n')) {
    const { file, tokens } = JSON.parse(line);
    if (expected[file] === tokens) ++passed;
    else console.error(`${file}: reference ${expected[file]}, steelyard ${tokens}`);
  }
  const failed = Object.keys(expected).length - passed;
  console.log(`tokens: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (command === 'make') make(...args);
else if (command === 'compare') compare(...args);
else throw new Error(`unknown command ${command}`);
