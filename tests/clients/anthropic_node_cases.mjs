// Run by anthropic_node.sh: the SDK is in the folder given as first argument.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const require = createRequire(pathToFileURL(resolve(process.argv[2], 'x.js')));
const Anthropic = require('@anthropic-ai/sdk');
const client = new Anthropic({ baseURL: process.env.GATEWAY, apiKey: process.env.GATEWAY_KEY });
const ask = { model: 'auto', max_tokens: 64, messages: [{ role: 'user', content: 'hello' }] };
const tools = [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];
const behave = (body) =>
  fetch(`${process.env.MOCK}/mock/behaviour`, { method: 'POST', body: JSON.stringify(body) });

const cases = {
  async whole() {
    const { data, response } = await client.messages.create(ask).withResponse();
    assert.equal(data.type, 'message');
    assert.ok(data.content[0].text && data.usage.output_tokens > 0);
    assert.equal(response.headers.get('x-steelyard-model'), 'cheap');
  },
  async stream() {
    let text = '';
    const stream = client.messages.stream(ask).on('text', (more) => (text += more));
    const final = await stream.finalMessage();
    assert.ok(text.length > 0);
    assert.equal(final.content[0].text, text);
    assert.equal(final.stop_reason, 'end_turn');
    assert.ok(final.usage.input_tokens > 0 && final.usage.output_tokens > 0);
  },
  async truncated() {
    const final = await client.messages.stream({ ...ask, max_tokens: 7 }).finalMessage();
    assert.equal(final.stop_reason, 'max_tokens');
  },
  async tool_calls() {
    await behave({ answer: 'tool_call' });
    const answer = await client.messages.create({ ...ask, tools });
    const call = answer.content.find((block) => block.type === 'tool_use');
    assert.equal(call.name, 'weather');
    const final = await client.messages.stream({ ...ask, tools }).finalMessage();
    assert.deepEqual(final.content.filter((b) => b.type === 'tool_use').map((b) => b.name), ['weather']);
    await behave({ answer: 'text' });
  },
  async errors() {
    await assert.rejects(client.messages.create({ ...ask, model: 'nope' }), Anthropic.NotFoundError);
    await assert.rejects(client.messages.create({ ...ask, messages: [] }), Anthropic.BadRequestError);
    const stranger = new Anthropic({ baseURL: process.env.GATEWAY, apiKey: 'sk-no' });
    await assert.rejects(stranger.messages.create(ask), Anthropic.AuthenticationError);
  },
  async a_cut_stream_throws() {
    await behave({ fault: 'cut', after_chunks: 2, output_tokens: 9, interval_ms: 5 });
    await assert.rejects(client.messages.stream({ ...ask, model: 'cheap' }).finalMessage(), Anthropic.APIError);
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
