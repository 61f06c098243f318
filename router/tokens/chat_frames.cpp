// What each vendor's chat adds to its text. "recorded": requests and what was billed for them, in
// the fixtures that tests/clients/recorded_counts.py reads; fitted to them by least absolute
// errors, 2026-11.
#include <array>

#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

constexpr std::string_view cookbook =
    "OpenAI cookbook, How_to_count_tokens_with_tiktoken; tools, calls and schemas: 240 recorded "
    "exchanges of Chat of 2024-05 to 2026-08 and 170 of Responses of 2025-05 to 2026-08";
constexpr std::string_view reasoning =
    "the same with one token less a request and two more a reply; tools: 35 recorded exchanges of "
    "Chat, 150 of Responses, where 81 tokens of hidden text are not there, 2025-05 to 2026-08";
constexpr std::string_view hidden =
    "as gpt-5; extras as ai-tokenizer 1.0.6 measured (103 with tools), 2026-11";
constexpr std::string_view anthropic =
    "platform.claude.com, tool use: system prompt tokens (auto, any); frames: ctok, 2026-08; "
    "calls, "
    "schemas and thinking: 560 recorded exchanges of 2024-06 to 2026-08";
constexpr std::string_view google =
    "480 recorded exchanges of generateContent, 2025-01 to 2026-08: frames and schemas of answers "
    "are not billed";
constexpr std::string_view harmony =
    "46 recorded exchanges of Ollama, Groq, Cerebras and Doubleword, 2025-08 to 2026-08";
// A system message is free, tools come with instructions on how to call them; thinking at its
// highest effort, with 79 tokens more.
constexpr std::string_view deepseek = "144 recorded exchanges of api.deepseek.com, v4";
constexpr std::string_view mistral =
    "190 recorded exchanges of api.mistral.ai; the newest Small bills twelve more a request";
constexpr std::string_view qwen = "130 recorded exchanges of Qwen 3 on six servers";
constexpr std::string_view qwen_35 = "45 recorded exchanges of Qwen 3.5 and 3.6 of Doubleword";
constexpr std::string_view grok = "121 recorded exchanges of xAI and Azure; a hidden prompt";
constexpr std::string_view llama =
    "56 recorded exchanges of Llama 3 on ten servers: 25 of 30 tokens are the dates that its "
    "template puts into the system message; tools of Llama 4 on Groq: 626";
constexpr std::string_view glm = "25 recorded exchanges of GLM 4.6 to 5.2 on three servers";
constexpr std::string_view kimi =
    "23 recorded exchanges of Kimi K2 and K2.5 on three servers; without a system message its "
    "template has one of its own";
constexpr std::string_view minimax = "one recorded exchange, with a prompt of its template's own";
constexpr std::string_view templates = "chat templates of open models: 4 to 6 a message; 2026-11";

constexpr ChatRow openai(std::string_view prefix) {
  return {.prefix = prefix,
          .per_request = 3,
          .per_message = 4,
          .per_call = 3,
          .with_tools = 9,
          .with_tools_upper = 24,
          .system_with_tools = -4,
          .responses_tools = -6,
          .named_tool = 9,
          .with_schema = 4,
          .exact = true,
          .source = cookbook};
}

// Models that think: one token less a request, two more a reply. `slack`: where not all is known.
constexpr ChatRow thinker(std::string_view prefix, std::int32_t per_call, std::int32_t with_tools,
                          std::int32_t at_most, std::int32_t slack, std::string_view source) {
  return {.prefix = prefix,
          .per_request = 2,
          .per_message = 4,
          .per_reply = 2,
          .per_call = per_call,
          .with_tools = with_tools,
          .with_tools_upper = at_most,
          .exact = slack == 0,
          .slack_per_request = slack,
          .slack_per_message = slack == 0 ? 0 : 1,
          .source = source};
}

constexpr ChatRow o_series(std::string_view prefix, std::int32_t per_call, std::int32_t with_tools,
                           std::int32_t slack) {
  ChatRow row = thinker(prefix, per_call, with_tools, 40, slack, reasoning);
  row.system_with_tools = -3;
  row.responses_tools = -4;
  row.named_tool = 9;
  return row;
}

constexpr ChatRow gpt_5(std::string_view prefix, std::int32_t with_tools, std::int32_t slack,
                        std::string_view source) {
  ChatRow row = thinker(prefix, 7, with_tools, 200, slack, source);
  row.responses_tools = -81;
  return row;
}

// `forced`: what tool_choice any, or the name of a tool, adds.
constexpr ChatRow claude(std::string_view prefix, std::int32_t with_tools, std::int32_t upper,
                         std::int32_t forced) {
  return {.prefix = prefix,
          .per_request = 4,
          .per_message = 3,
          .per_call = 52,
          .per_beside_call = 52,
          .with_tools = with_tools,
          .with_tools_upper = upper,
          .tool_json_percent = 100,
          .named_tool = forced,
          .required_tool = forced,
          .thinking = 28,
          .with_schema = 140,
          .slack_per_request = 4,
          .slack_per_message = 2,
          .source = anthropic};
}
// From 4.7 on: `per_request` is that of the tokenizer's markers, thinking adds nothing.
constexpr ChatRow claude_47(ChatRow row, std::int32_t per_request, std::int32_t slack) {
  row.per_request = per_request;
  row.thinking = 0;
  row.slack_per_request = slack;
  return row;
}

constexpr ChatRow gemini(std::string_view prefix, std::int32_t with_tools,
                         std::int32_t json_percent) {
  return {.prefix = prefix,
          .per_request = 1,
          .with_tools = with_tools,
          .with_tools_upper = 120,
          .tool_json_percent = json_percent,
          .schema_json_percent = 0,
          .slack_per_request = 8,
          .slack_per_message = 3,
          .source = google};
}

// `per_request` says which template: the newest Small has twelve more, and is the one that is sure.
constexpr ChatRow mistral_row(std::string_view prefix, std::int32_t per_request,
                              std::int32_t slack) {
  return {.prefix = prefix,
          .per_request = per_request,
          .per_message = 2,
          .per_reply = -1,
          .per_call = 4,
          .per_beside_call = 7,
          .with_tools = 4,
          .with_tools_upper = 24,
          .tool_json_percent = 122,
          .with_schema = 4,
          .schema_json_percent = 122,
          .slack_per_request = slack,
          .slack_per_message = 1,
          .source = mistral};
}

// Frames with no more to them than the template's markers.
constexpr ChatRow framed(std::string_view prefix, std::int32_t per_request,
                         std::int32_t per_message, std::string_view source) {
  return {.prefix = prefix,
          .per_request = per_request,
          .per_message = per_message,
          .per_call = 8,
          .per_beside_call = 7,
          .with_tools = 100,
          .with_tools_upper = 300,
          .tool_json_percent = 100,
          .with_schema = 4,
          .slack_per_request = 16,
          .slack_per_message = 2,
          .source = source};
}
struct Tools {
  std::int32_t once, at_most, json_percent, per_call;
};
constexpr ChatRow with(ChatRow row, Tools tools, std::int32_t slack) {
  row.with_tools = tools.once;
  row.with_tools_upper = tools.at_most;
  row.tool_json_percent = tools.json_percent;
  row.per_call = tools.per_call;
  row.slack_per_request = slack;
  return row;
}
constexpr ChatRow with_replies(ChatRow row, std::int32_t per_reply, std::int32_t per_message) {
  row.per_reply = per_reply;
  row.slack_per_message = per_message;
  return row;
}
constexpr ChatRow gpt_oss() {
  ChatRow row = with_replies(framed("gpt-oss", 59, 8, harmony), -6, 2);
  row = with(row, {22, 60, 0, 14}, 12);
  row.per_beside_call = 0;
  return row;
}
constexpr ChatRow deepseek_row() {
  ChatRow row = with_replies(framed("deepseek", 4, 0, deepseek), 4, 1);
  row.schema_json_percent = 110;
  return with(row, {221, 310, 110, 34}, 84);
}

constexpr std::array chats{
    openai("gpt-4o"),
    openai("gpt-4.1"),
    openai("gpt-4.5"),
    openai("gpt-4"),
    openai("gpt-3.5-turbo"),
    openai("gpt-35-turbo"),
    openai("chatgpt-4o"),
    o_series("o1", 1, 10, 10),
    o_series("o3", 1, 10, 4),
    o_series("o4", 4, 12, 0),
    gpt_5("gpt-5", 90, 0, reasoning),
    gpt_5("gpt-5.1", 103, 0, hidden),
    gpt_5("gpt-6", 90, 6, hidden),
    gpt_oss(),
    claude("claude-3", 340, 530, 0),
    claude("claude-haiku-3", 264, 355, 0),
    claude("claude-opus-4", 315, 530, 0),
    claude("claude-sonnet-4", 315, 530, 0),
    claude("claude-haiku-4-5", 496, 588, 92),
    claude("claude-sonnet-4-5", 496, 588, 92),
    claude("claude-opus-4-5", 496, 588, 92),
    claude("claude-sonnet-4-6", 497, 589, 92),
    claude("claude-opus-4-6", 497, 589, 92),
    claude_47(claude("claude-opus-4-7", 675, 804, 129), 8, 4),
    claude_47(claude("claude-opus-4-8", 290, 410, 120), 8, 4),
    claude_47(claude("claude", 354, 804, 120), 3, 9),
    gemini("gemini", 10, 80),
    gemini("gemini-2.0", 0, 45),
    with(framed("grok", 189, 3, grok), {25, 300, 115, 25}, 100),
    with(framed("grok-3", 150, 3, grok), {20, 300, 130, 25}, 100),
    with(framed("grok-4-0", 117, 3, grok), {60, 300, 110, 60}, 100),
    with(framed("grok-4-fast", 150, 3, grok), {140, 300, 95, 120}, 100),
    with(framed("grok-4-1-fast", -4, 4, grok), {143, 300, 100, 27}, 300),
    with(framed("grok-code", 195, 3, grok), {110, 300, 115, 25}, 100),
    deepseek_row(),
    mistral_row("mistral", 1, 14),
    mistral_row("mistral-small", 13, 4),
    mistral_row("mistral-small-25", 1, 14),
    mistral_row("magistral-small", 13, 4),
    mistral_row("ministral", 1, 14),
    mistral_row("magistral", 1, 14),
    mistral_row("pixtral", 1, 14),
    mistral_row("codestral", 1, 14),
    mistral_row("devstral", 1, 14),
    with_replies(with(framed("qwen", 3, 5, qwen), {90, 300, 120, 20}, 16), -1, 2),
    with(framed("qwen3.", 6, 5, qwen_35), {220, 320, 120, 20}, 16),
    with(framed("llama", 30, 5, llama), {150, 480, 95, 28}, 16),
    with(framed("llama-4", 30, 5, llama), {150, 700, 95, 28}, 16),
    with(framed("glm", 4, 1, glm), {90, 160, 123, 20}, 14),
    with(framed("kimi", 4, 4, kimi), {5, 60, 95, 12}, 22),
    framed("minimax", 37, 4, minimax),
    framed("", 4, 5, templates),
};

}  // namespace

const ChatRow& chat_row(std::string_view model, std::string_view family) {
  const ChatRow& row = longest_prefix(chats, base_name(model));
  const bool unknown_openai = row.prefix.empty() && tokenizer_row(family).exact;
  return unknown_openai ? longest_prefix(chats, "gpt-5") : row;
}

}  // namespace steelyard::router
