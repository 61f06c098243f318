// usage: node tokens_wasm.mjs FOLDER ENCODING
// Counts records from standard input with the npm package tiktoken (WASM), for tokens_differential.py: a 32-bit
// little-endian size and that many bytes of UTF-8, again and again; a line with the count of each goes out.
import {createRequire} from 'node:module';
import {readSync, writeSync} from 'node:fs';

const [folder, name] = process.argv.slice(2);
const {get_encoding} = createRequire(folder + '/')('tiktoken');
const encoding = get_encoding(name);
let held = Buffer.alloc(0);
const room = Buffer.alloc(1 << 16);

function take(size) {
  while (held.length < size) {
    let got = 0;
    try {
      got = readSync(0, room);
    } catch (error) {
      if (error.code === 'EAGAIN') continue;
      throw error;
    }
    if (got === 0) process.exit(0);
    held = Buffer.concat([held, room.subarray(0, got)]);
  }
  const taken = held.subarray(0, size);
  held = held.subarray(size);
  return taken;
}

for (;;) {
  const size = take(4).readUInt32LE(0);
  const text = take(size).toString('utf8');
  writeSync(1, encoding.encode_ordinary(text).length + '\n');
}
