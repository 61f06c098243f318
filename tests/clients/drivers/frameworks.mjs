// One tool loop, streamed, through a framework: node frameworks.mjs ai-sdk|langchain openai|responses|anthropic|gemini FOLDER
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [framework, kind, folder] = process.argv.slice(2);
const { GATEWAY, GATEWAY_KEY, MODEL } = process.env;
const find = createRequire(pathToFileURL(folder + "/"));
const load = async (name) => import(pathToFileURL(find.resolve(name)));
const shell = (command) => execFileSync("sh", ["-c", command]).toString();

async function aiSdk() {
  const { streamText, tool, stepCountIs } = await load("ai");
  const { z } = await load("zod");
  const v1 = { baseURL: `${GATEWAY}/v1`, apiKey: GATEWAY_KEY };
  const makers = {
    openai: async () => (await load("@ai-sdk/openai")).createOpenAI(v1).chat(MODEL),
    responses: async () => (await load("@ai-sdk/openai")).createOpenAI(v1).responses(MODEL),
    anthropic: async () => (await load("@ai-sdk/anthropic")).createAnthropic(v1)(MODEL),
    gemini: async () => (await load("@ai-sdk/google")).createGoogleGenerativeAI({ ...v1, baseURL: `${GATEWAY}/v1beta` })(MODEL),
  };
  const run = tool({ description: "Runs it", inputSchema: z.object({ command: z.string() }),
                     execute: async ({ command }) => shell(command) });
  const answer = streamText({ model: await makers[kind](), tools: { run }, stopWhen: stepCountIs(5), prompt: "run it", maxRetries: 0,
                              // Else it refers to earlier items by id, which only the provider that keeps them can read.
                              providerOptions: { openai: { store: false } },
                              onError: ({ error }) => { console.error(error); process.exitCode = 1; } });
  let text = "";
  for await (const piece of answer.textStream) text += piece;
  return text;
}

async function langchain() {
  const { HumanMessage, ToolMessage } = await load("@langchain/core/messages");
  const makers = {
    openai: async () => new (await load("@langchain/openai")).ChatOpenAI(
      { model: MODEL, apiKey: GATEWAY_KEY, maxRetries: 0, configuration: { baseURL: `${GATEWAY}/v1` } }),
    responses: async () => new (await load("@langchain/openai")).ChatOpenAI(
      { model: MODEL, apiKey: GATEWAY_KEY, maxRetries: 0, useResponsesApi: true, configuration: { baseURL: `${GATEWAY}/v1` } }),
    anthropic: async () => new (await load("@langchain/anthropic")).ChatAnthropic(
      { model: MODEL, apiKey: GATEWAY_KEY, maxRetries: 0, maxTokens: 4000, anthropicApiUrl: GATEWAY }),
    gemini: async () => new (await load("@langchain/google-genai")).ChatGoogleGenerativeAI(
      { model: MODEL, apiKey: GATEWAY_KEY, maxRetries: 0, baseUrl: GATEWAY }),
  };
  const schema = { type: "object", properties: { command: { type: "string" } }, required: ["command"] };
  const model = (await makers[kind]()).bindTools([{ type: "function", function: { name: "run", description: "Runs it", parameters: schema } }]);
  const messages = [new HumanMessage("run it")];
  for (;;) {
    let said;
    for await (const chunk of await model.stream(messages)) said = said ? said.concat(chunk) : chunk;
    if (!said.tool_calls?.length) return said.text;
    messages.push(said);
    for (const call of said.tool_calls) messages.push(new ToolMessage({ tool_call_id: call.id, name: call.name, content: shell(call.args.command) }));
  }
}

console.log(await { "ai-sdk": aiSdk, langchain }[framework]());
