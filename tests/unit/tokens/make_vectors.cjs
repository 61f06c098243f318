// Makes o200k_vectors.tsv with the reference tokenizer: `npm install tiktoken@1.0.22`, then
//   node make_vectors.cjs > o200k_vectors.tsv
// A line: count, tab, "j" and the inside of a JSON string, or "h" and bytes in hexadecimal (what is not
// UTF-8 decodes to U+FFFD first, as TextDecoder does). Same output for every run.
'use strict';
const { get_encoding } = require('tiktoken');
const encoding = get_encoding('o200k_base');
const count = (text) => encoding.encode_ordinary(text).length;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

let state = 20261122;
const random = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 4294967296) * limit);
};
const pick = (list) => list[random(list.length)];

const written = [
  '', ' ', '  ', '\n', '\0', 'a', 'a\0', 'hello world', 'Hello, World!', "I'm sure you'd've SEEN IT'S fine",
  "don'ts CAN'T we'LL x'\u017f", '1234567890', '3.14159', '١٢٣٤', '½²Ⅷ', 'e\u0301', '\u0301\u0301A', '\u0301a',
  'HTTPServer getURLFor XMLHttpRequest', 'ÀÉÎõü Straße ΣΊΣΥΦΟΣ', 'ǅungla', 'ªº', '<|endoftext|>', '<|im_start|>user',
  'for (int i = 0; i < n; ++i) {\n\t\treturn x[i] / 2;  // half\n}\n', 'a//b\n//\n/', ' ...\r\n\r\n/x', '  \n  \n   x',
  'x\t\ty', ' \u00a0 \u2003\u3000x', '\u0085\u2028\u2029', '\ufeff\ufeff', '你好，世界。今天天气很好。\n明天呢？', 'こんにちは世界',
  '안녕하세요 세계', 'Привет, мир! Как дела?', 'नमस्ते दुनिया', 'สวัสดีชาวโลก', 'مرحبا بالعالم', 'שלום עולם', 'Xin chào thế giới',
  '👩‍👩‍👧‍👦 🇩🇪 ❤️ 😀😀', '{"a":[1,2,{"b":"c\\n"}],"d":null}', 'SELECT * FROM t WHERE x >= 10;', 'https://example.com/a/b?c=d&e=f#g',
  '=== --- *** ___ ...', '\u001b[31mred\u001b[0m', 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf', '\u{1c89}\u{10d4a}',
  '\ud83d', 'x\udc00y', '\ud83d\ud83d\ude00', '"\\/\b\f\n\r\t', 'a'.repeat(15), 'a'.repeat(16), 'a'.repeat(17),
];
const atoms = [
  'a', 'b', 'Z', 'Q', 'The', 'don', "'s", "'LL", "'re", "'", ' ', '  ', '\n', '\r\n', '\t', '/', '//', '(', ')', '{', ';', '.', '1', '23',
  '4567', 'é', 'ß', 'Ж', 'д', '中', '文', 'か', '한', 'ा', 'क', '्', '\u0301', '\u00a0', '\u2003', '\u2028', '😀', '👩‍👧', 'ǅ', 'ª', '²', 'Ⅷ',
  'ʰ', '\u0600', '-', '--', '_', '\u0085', '\ufeff', '\u017f', '\0', '\x1c', 'Σ', 'ς', 'xyz', 'getURL',
];
const words = 'the of and to in is that it for was on are as with his they at be this from have or by one had not but what all were when we there can an your which their said if do'.split(' ');

const lines = [];
const escape = (text) => JSON.stringify(text).slice(1, -1).replace(/[\u007f-\uffff]/g, (c) =>
  random(2) && !(c >= '\ud800' && c <= '\udfff') ? c : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
const json = (text) => lines.push(`${count(text.toWellFormed())}\tj${escape(text)}`);
const bytes = (buffer) => lines.push(`${count(decoder.decode(buffer))}\th${buffer.toString('hex')}`);

written.forEach(json);
for (let i = 0; i < 500; ++i) json(Array.from({ length: 1 + random(40) }, () => pick(atoms)).join(''));
for (let i = 0; i < 200; ++i) {
  const few = [pick(atoms), pick(atoms), pick(atoms)];
  json(Array.from({ length: 1 + random(60) }, () => pick(few)).join(''));
}
for (let i = 0; i < 150; ++i) {
  const code = () => { const c = random(pick([0x80, 0x800, 0x3000, 0x10000, 0x110000])); return c >= 0xd800 && c < 0xe000 ? 0xfffd : c; };
  json(Array.from({ length: 1 + random(30) }, () => String.fromCodePoint(code())).join(''));
}
for (let i = 0; i < 80; ++i) json(Array.from({ length: 5 + random(60) }, () => pick(words)).join(pick([' ', ', ', '_', '\n', '-'])));
for (const unit of ['a', 'ab', 'aA', '=', '-=', ' ', '0', 'é', '中', 'xyzzy', 'ACGT', '\n', '\n ', '/']) {
  for (const size of [47, 48, 49, 63, 64, 65, 128, 255, 256, 257, 1000, 1023, 1025]) json(unit.repeat(Math.ceil(size / unit.length)).slice(0, size));
}
for (const size of [49, 300, 1100, 2500]) json(Array.from({ length: size }, () => String.fromCharCode(97 + random(26))).join(''));
for (let i = 0; i < 250; ++i) {
  const byte = () => pick([random(256), 0x80 + random(64), pick([0xe0, 0xed, 0xf0, 0xf4, 0xc2, 0xe4, 0xef, 0xf5, 0xc0]), 97 + random(4), pick([32, 39, 115, 10, 47, 46, 49])]);
  bytes(Buffer.from(Array.from({ length: 1 + random(40) }, byte)));
}
process.stdout.write(lines.join('\n') + '\n');
