// Run by gemini_node.sh: the SDK is in the folder given as first argument.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const require = createRequire(pathToFileURL(resolve(process.argv[2], 'x.js')));
const { GoogleGenAI } = require('@google/genai');
const client_of = (baseUrl, apiKey = process.env.GATEWAY_KEY) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
const foreign = client_of(process.env.GATEWAY);
const own = client_of(process.env.GATEWAY_OWN);
const ask = { model: 'auto', contents: 'hello' };
const behave = (body) => fetch(`${process.env.MOCK}/mock/behaviour`, { method: 'POST', body: JSON.stringify(body) });
const tools = [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } } }] }];

const cases = {
  async whole() {
    for (const client of [foreign, own]) {
      const answer = await client.models.generateContent(ask);
      assert.ok(answer.text.length > 0);
      assert.equal(answer.candidates[0].finishReason, 'STOP');
      assert.ok(answer.usageMetadata.promptTokenCount > 0 && answer.usageMetadata.candidatesTokenCount > 0);
    }
  },
  async stream() {
    for (const client of [foreign, own]) {
      let text = '';
      let last;
      for await (const chunk of await client.models.generateContentStream(ask)) {
        text += chunk.text ?? '';
        last = chunk;
      }
      assert.ok(text.length > 0);
      assert.equal(last.candidates[0].finishReason, 'STOP');
      assert.ok(last.usageMetadata.totalTokenCount > 0);
    }
  },
  async signs_of_life_are_passed_over() {
    await behave({ interval_ms: 350, output_tokens: 4 });
    const chunks = [];
    for await (const chunk of await foreign.models.generateContentStream(ask)) chunks.push(chunk);
    assert.ok(chunks.every((chunk) => chunk.candidates));
    assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
    await behave({ interval_ms: 0 });
  },
  async tool_loop_own_dialect() {
    const first = await own.models.generateContent({ ...ask, config: { tools } });
    assert.deepEqual(first.functionCalls.map((call) => call.args.zone), ['UTC', 'CET']);
    const results = first.functionCalls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: '12:30' } } }));
    const contents = [{ role: 'user', parts: [{ text: 'hello' }] }, first.candidates[0].content, { role: 'user', parts: results }];
    const again = await own.models.generateContent({ ...ask, contents, config: { tools } });
    assert.equal(again.text, 'It is 12:30.');
  },
  async tool_loop_foreign_dialect() {
    await behave({ answer: 'tool_call' });
    const chat = foreign.chats.create({ model: 'auto', config: { tools } });
    let call;
    for await (const chunk of await chat.sendMessageStream({ message: 'hello' })) call ??= chunk.functionCalls?.[0];
    assert.equal(call.name, 'weather');
    await behave({ answer: 'text' });
    const message = [{ functionResponse: { id: call.id, name: call.name, response: { output: 'sunny' } } }];
    const answer = await chat.sendMessage({ message });
    assert.ok(answer.text.length > 0);
  },
  async errors() {
    await assert.rejects(foreign.models.generateContent({ ...ask, model: 'nope' }), (error) => error.status === 404);
    const stranger = client_of(process.env.GATEWAY, 'sk-no');
    await assert.rejects(stranger.models.generateContent(ask), (error) => error.status === 401 && /UNAUTHENTICATED/.test(error.message));
  },
  async broken_stream() {
    await behave({ fault: 'cut', after_chunks: 2, output_tokens: 9, interval_ms: 5 });
    await assert.rejects(async () => {
      for await (const chunk of await foreign.models.generateContentStream({ ...ask, model: 'cheap' })) void chunk;
    }, /stream/);
    await behave({ fault: 'none' });
  },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.stack}`);
  }
}
console.log(`${Object.keys(cases).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
