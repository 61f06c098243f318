// One tool loop, streamed, through a vendor's own SDK: node vendor_sdks.mjs openai|responses|anthropic|gemini FOLDER
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [kind, folder] = process.argv.slice(2);
const { GATEWAY, GATEWAY_KEY, MODEL } = process.env;
const find = createRequire(pathToFileURL(folder + "/"));
const load = async (name) => import(pathToFileURL(find.resolve(name)));
const shell = (command) => execFileSync("sh", ["-c", command]).toString();
const schema = { type: "object", properties: { command: { type: "string" } }, required: ["command"] };

async function openai() {
  const { default: OpenAI } = await load("openai");
  const client = new OpenAI({ baseURL: `${GATEWAY}/v1`, apiKey: GATEWAY_KEY, maxRetries: 0 });
  const messages = [{ role: "user", content: "run it" }];
  const tools = [{ type: "function", function: { name: "run", parameters: schema } }];
  for (;;) {
    const answer = client.chat.completions.stream({ model: MODEL, messages, tools, stream_options: { include_usage: true } });
    const said = (await answer.finalChatCompletion()).choices[0].message;
    if (!said.tool_calls?.length) return said.content;
    messages.push(said);
    for (const call of said.tool_calls)
      messages.push({ role: "tool", tool_call_id: call.id, content: shell(JSON.parse(call.function.arguments).command) });
  }
}

async function responses() {
  const { default: OpenAI } = await load("openai");
  const client = new OpenAI({ baseURL: `${GATEWAY}/v1`, apiKey: GATEWAY_KEY, maxRetries: 0 });
  const input = [{ role: "user", content: "run it" }];
  const tools = [{ type: "function", name: "run", parameters: schema, strict: false }];
  for (;;) {
    const answer = client.responses.stream({ model: MODEL, input, tools, store: false, include: ["reasoning.encrypted_content"] });
    const said = await answer.finalResponse();
    const calls = said.output.filter((item) => item.type === "function_call");
    if (!calls.length) return said.output_text;
    input.push(...said.output);
    for (const call of calls)
      input.push({ type: "function_call_output", call_id: call.call_id, output: shell(JSON.parse(call.arguments).command) });
  }
}

async function anthropic() {
  const { default: Anthropic } = await load("@anthropic-ai/sdk");
  const client = new Anthropic({ baseURL: GATEWAY, authToken: GATEWAY_KEY, apiKey: null, maxRetries: 0 });
  const messages = [{ role: "user", content: "run it" }];
  const tools = [{ name: "run", input_schema: schema }];
  for (;;) {
    const said = await client.messages.stream({ model: MODEL, max_tokens: 4000, messages, tools }).finalMessage();
    const calls = said.content.filter((block) => block.type === "tool_use");
    if (!calls.length) return said.content.map((block) => block.text ?? "").join("");
    messages.push({ role: "assistant", content: said.content });
    messages.push({ role: "user", content: calls.map((call) =>
      ({ type: "tool_result", tool_use_id: call.id, content: shell(call.input.command) })) });
  }
}

async function gemini() {
  const { GoogleGenAI } = await load("@google/genai");
  const client = new GoogleGenAI({ apiKey: GATEWAY_KEY, httpOptions: { baseUrl: GATEWAY } });
  const contents = [{ role: "user", parts: [{ text: "run it" }] }];
  const config = { tools: [{ functionDeclarations: [{ name: "run", parametersJsonSchema: schema }] }] };
  for (;;) {
    const parts = [];
    for await (const chunk of await client.models.generateContentStream({ model: MODEL, contents, config }))
      parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
    const calls = parts.filter((part) => part.functionCall);
    if (!calls.length) return parts.filter((part) => !part.thought).map((part) => part.text ?? "").join("");
    contents.push({ role: "model", parts });
    contents.push({ role: "user", parts: calls.map(({ functionCall: call }) =>
      ({ functionResponse: { id: call.id, name: call.name, response: { output: shell(call.args.command) } } })) });
  }
}

console.log(await { openai, responses, anthropic, gemini }[kind]());
