// Run by openai_node_responses.sh, once per dialect of the provider: the SDK is in the folder given as first argument.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const require = createRequire(pathToFileURL(resolve(process.argv[2], 'x.js')));
const OpenAI = require('openai');
const client = new OpenAI({ baseURL: `${process.env.GATEWAY}/v1`, apiKey: process.env.GATEWAY_KEY });
const dialect = process.env.PROVIDER;
const behave = async (body) => {
  if (dialect === 'openai') await fetch(`${process.env.MOCK}/mock/behaviour`, { method: 'POST', body: JSON.stringify(body) });
};
const clock = {
  type: 'function', name: 'clock', strict: false,
  parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
};

const cases = {
  async whole() {
    const { data, response } = await client.responses.create({ model: 'auto', input: 'hello' }).withResponse();
    assert.ok(data.output_text);
    assert.ok(data.usage.output_tokens > 0);
    assert.equal(response.headers.get('x-steelyard-model'), 'cheap');
  },
  async stream() {
    let text = '';
    const stream = client.responses.stream({ model: 'auto', input: 'hello' });
    stream.on('response.output_text.delta', (event) => { text += event.delta; });
    const final = await stream.finalResponse();
    assert.ok(text);
    assert.equal(final.output_text, text);
    assert.ok(final.usage.total_tokens > 0);
  },
  async tool_loop() {
    await behave({ answer: 'tool_call' });
    const first = await client.responses.stream({ model: 'auto', input: 'hello', tools: [clock], store: false }).finalResponse();
    const [call] = first.output.filter((item) => item.type === 'function_call');
    assert.equal(call.name, 'clock');
    assert.equal(typeof JSON.parse(call.arguments), 'object');
    await behave({ answer: 'text' });
    const last = await client.responses.create({
      model: 'auto', tools: [clock], store: false,
      input: [{ role: 'user', content: 'hello' }, ...first.output,
        { type: 'function_call_output', call_id: call.call_id, output: '12:30' }],
    });
    assert.ok(last.output_text);
  },
  async errors() {
    await assert.rejects(client.responses.create({ model: 'nope', input: 'x' }), OpenAI.BadRequestError);
    await assert.rejects(client.responses.create({ model: 'auto', input: 7 }), OpenAI.BadRequestError);
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: 'sk-no' });
    await assert.rejects(stranger.responses.create({ model: 'auto', input: 'x' }), OpenAI.AuthenticationError);
  },
};

let passed = 0, failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    ++passed;
    console.log(`ok    ${dialect}: ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL  ${dialect}: ${name}: ${error.stack}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
