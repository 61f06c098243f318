// Run by openai_node.sh: the SDK is in the folder given as first argument.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const require = createRequire(pathToFileURL(resolve(process.argv[2], 'x.js')));
const OpenAI = require('openai');
const client = new OpenAI({ baseURL: `${process.env.GATEWAY}/v1`, apiKey: process.env.GATEWAY_KEY });
const messages = [{ role: 'user', content: 'hello' }];
const behave = (body) =>
  fetch(`${process.env.MOCK}/mock/behaviour`, { method: 'POST', body: JSON.stringify(body) });

const cases = {
  async chat() {
    const { data, response } = await client.chat.completions.create({ model: 'auto', messages }).withResponse();
    assert.equal(data.model, 'cheap');
    assert.ok(data.choices[0].message.content);
    assert.equal(response.headers.get('x-steelyard-model'), 'cheap');
    assert.ok(Number(response.headers.get('x-steelyard-cost-usd')) > 0);
  },
  async stream() {
    let text = '', last;
    for await (const chunk of await client.chat.completions.create({ model: 'auto', messages, stream: true, max_tokens: 7 })) {
      text += chunk.choices[0]?.delta?.content ?? '';
      assert.ok(!chunk.usage);
      last = chunk;
    }
    assert.equal(text.trim().split(/\s+/).length, 7);
    assert.equal(last.choices[0].finish_reason, 'length');
  },
  async usage_when_asked_for() {
    const chunks = [];
    const asked = { model: 'auto', messages, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await client.chat.completions.create(asked)) chunks.push(chunk);
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
  },
  async errors() {
    await assert.rejects(client.chat.completions.create({ model: 'nope', messages }), OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create({ model: 'auto', messages: [] }), OpenAI.BadRequestError);
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: 'sk-no' });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  },
  async models() {
    const names = [];
    for await (const model of await client.models.list()) names.push(model.id);
    assert.ok(names.includes('auto') && names.includes('dear'));
  },
  async abort_reaches_the_provider() {
    await behave({ output_tokens: 2000, interval_ms: 5 });
    const controller = new AbortController();
    const stream = await client.chat.completions.create(
      { model: 'cheap', messages, stream: true, max_tokens: 2000 }, { signal: controller.signal });
    for await (const _ of stream) break;
    controller.abort();
    for (let i = 0; ; ++i) {
      const bill = await (await fetch(`${process.env.MOCK}/mock/bill`)).json();
      if (JSON.stringify(bill).includes('abort')) break;
      assert.ok(i < 100, JSON.stringify(bill));
      await new Promise((done) => setTimeout(done, 20));
    }
    await behave({ output_tokens: 9, interval_ms: 0 });
  },
  async broken_stream() {
    await behave({ fault: 'cut', after_chunks: 2, output_tokens: 9, interval_ms: 5 });
    const read = async () => {
      for await (const _ of await client.chat.completions.create({ model: 'cheap', messages, stream: true }));
    };
    await assert.rejects(read, OpenAI.APIError);
  },
};

let passed = 0, failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    ++passed;
    console.log(`ok    ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL  ${name}:`, error);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
