#include "router/tokens/framing_table.h"

#include <algorithm>
#include <array>

namespace steelyard::router {
namespace {

// Claude: recorded results of the provider's count endpoint (sanderland/ctok, tests/fixtures,
// 2026-08) over o200k counts of the same texts. The bound is the 95th percentile of 501 languages
// and above the 99th of 1,377 code documents (1.90; largest 2.27). How they cut a text: least
// absolute relative errors over the 1,741 documents of `rosetta` and, at a twentieth of the weight,
// the 501 languages of `udhr`; nothing was fitted on the held-out sets (tests/unit/calibration).
// "vectors": expected ids of Systemcluster/kitoken, tests/data, 2026-07, 120 mixed lines; the bound
// is above the largest ratio of any line of 40 tokens or more.
constexpr std::array tokenizers{
    TokenizerRow{"o200k", 100, 100, true, "tiktoken 0.14.0, 2026-11"},
    TokenizerRow{"o200k_base", 100, 100, true, "tiktoken 0.14.0, 2026-11"},
    TokenizerRow{"cl100k", 112, 130, false, "vectors: 1.12, largest 1.24"},
    TokenizerRow{"claude-3",
                 118,
                 202,
                 false,
                 "ctok v3: code 1.18, 99 % of it below 1.39",
                 {0.937f, 0.210f, 0.445f, 0.198f, 0.102f, -0.013f}},
    TokenizerRow{"claude-4.7",
                 143,
                 210,
                 false,
                 "ctok v4.7 and v5: code 1.43, English 1.56",
                 {0.929f, 0.585f, 0.389f, 0.329f, 0.449f, 0.075f}},
    TokenizerRow{"deepseek-v3", 100, 115, false, "vectors: 1.00, largest 1.07"},
    TokenizerRow{"gemma-3", 100, 115, false,
                 "vectors: 0.94, largest 1.02; against the API 1.08 (ai-tokenizer 1.0.6)"},
    TokenizerRow{"glm-4", 103, 120, false, "vectors: 1.03, largest 1.09; Unicode sample 1.19"},
    TokenizerRow{"kimi-k2", 103, 115, false, "vectors: 1.03, largest 1.11"},
    TokenizerRow{"llama-4", 98, 110, false, "vectors: 0.97, largest 1.04"},
    TokenizerRow{"qwen-3", 105, 130, false,
                 "vectors of 3.5: 0.98, largest 1.07; 3 has fewer tokens and single digits"},
    TokenizerRow{"tekken", 103, 145, false, "vectors: 1.03, largest 1.40"},
    TokenizerRow{"", 115, 160, false, "not published: above every public one but Claude's"},
};

constexpr std::string_view cookbook =
    "OpenAI cookbook, How_to_count_tokens_with_tiktoken; tools, calls and schemas: 240 recorded "
    "exchanges of 2024-05 to 2026-08 (tests/clients/recorded_counts.py), 2026-11";
constexpr std::string_view reasoning =
    "the same with one token less a request and two more a reply; tools: 35 recorded exchanges of "
    "2025-08 to 2026-07, 2026-11";
constexpr std::string_view hidden =
    "as gpt-5; extras as ai-tokenizer 1.0.6 measured (103 with tools), 2026-11";
constexpr std::string_view anthropic =
    "platform.claude.com, tool use: system prompt tokens (auto, any); frames: ctok, 2026-08";
constexpr std::string_view harmony =
    "46 recorded exchanges of Ollama, Groq, Cerebras and Doubleword, 2025-08 to 2026-08; 2026-11";
// A system message is free, tools come with instructions on how to call them; thinking at its
// highest effort, with 79 tokens more.
constexpr std::string_view deepseek =
    "144 recorded exchanges of api.deepseek.com, v4 (tests/clients/recorded_counts.py), 2026-11";
constexpr std::string_view mistral =
    "190 recorded exchanges of api.mistral.ai (tests/clients/recorded_counts.py), 2026-11; the "
    "newest Small bills twelve more a request";
constexpr std::string_view qwen =
    "30 recorded plain exchanges of Qwen 3 on four servers, 2026-11; tools are not measured";
constexpr std::string_view templates = "chat templates of open models: 4 to 6 a message; 2026-11";

// prefix, request, message, reply, call, tools, tools upper, JSON %, schema, system, exact,
// slacks, source
constexpr std::array chats{
    ChatRow{"gpt-4o", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"gpt-4.1", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"gpt-4.5", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"gpt-4", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"gpt-3.5-turbo", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"gpt-35-turbo", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"chatgpt-4o", 3, 4, 0, 3, 9, 24, 0, 4, -4, true, 0, 0, cookbook},
    ChatRow{"o1", 2, 4, 2, 1, 10, 40, 0, 0, -3, false, 10, 1, reasoning},
    ChatRow{"o3", 2, 4, 2, 1, 10, 40, 0, 0, -3, false, 4, 1, reasoning},
    ChatRow{"o4", 2, 4, 2, 4, 12, 40, 0, 0, -3, true, 0, 0, reasoning},
    ChatRow{"gpt-5", 2, 4, 2, 7, 90, 200, 0, 0, 0, true, 0, 0, reasoning},
    ChatRow{"gpt-5.1", 2, 4, 2, 7, 103, 200, 0, 0, 0, true, 0, 0, hidden},
    ChatRow{"gpt-6", 2, 4, 2, 7, 90, 200, 0, 0, 0, false, 6, 1, hidden},
    ChatRow{"gpt-oss", 59, 8, -6, 14, 22, 60, 0, 4, 0, false, 12, 2, harmony},
    ChatRow{"claude-3", 4, 3, 0, 12, 340, 530, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-haiku-3", 4, 3, 0, 12, 264, 355, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-opus-4", 4, 3, 0, 12, 315, 530, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-sonnet-4", 4, 3, 0, 12, 315, 530, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-haiku-4-5", 4, 3, 0, 12, 496, 588, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-sonnet-4-5", 4, 3, 0, 12, 496, 588, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-opus-4-5", 4, 3, 0, 12, 496, 588, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-sonnet-4-6", 4, 3, 0, 12, 497, 589, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-opus-4-6", 4, 3, 0, 12, 497, 589, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-opus-4-7", 8, 3, 0, 12, 675, 804, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude-opus-4-8", 8, 3, 0, 12, 290, 410, 100, 4, 0, false, 4, 2, anthropic},
    ChatRow{"claude", 3, 3, 0, 12, 354, 804, 100, 4, 0, false, 9, 2, anthropic},
    ChatRow{"gemini", 1, 3, 0, 8, 20, 120, 90, 4, 0, false, 8, 3, "not published; 2026-11"},
    ChatRow{"grok", 4, 5, 0, 8, 100, 300, 100, 4, 0, false, 200, 2,
            "hidden prompt of 150 and more tokens (ai-tokenizer 1.0.6); 2026-11"},
    ChatRow{"deepseek", 4, 0, 4, 34, 221, 310, 110, 4, 0, false, 84, 1, deepseek},
    ChatRow{"mistral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"mistral-small", 13, 2, -1, 4, 4, 24, 122, 4, 0, false, 4, 1, mistral},
    ChatRow{"mistral-small-25", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"magistral-small", 13, 2, -1, 4, 4, 24, 122, 4, 0, false, 4, 1, mistral},
    ChatRow{"ministral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"magistral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"pixtral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"codestral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"devstral", 1, 2, -1, 4, 4, 24, 122, 4, 0, false, 14, 1, mistral},
    ChatRow{"qwen", 3, 5, -1, 8, 100, 300, 100, 4, 0, false, 16, 2, qwen},
    ChatRow{"", 4, 5, 0, 8, 100, 300, 100, 4, 0, false, 16, 2, templates},
};

constexpr std::string_view openai_images = "developers.openai.com, images and vision, 2026-10";
constexpr std::string_view claude_images = "platform.claude.com, vision, 2026-10";
constexpr std::string_view gemini_images = "ai.google.dev, tokens and media resolution, 2026-10";

// prefix, rule, base, unit, side, budget, budget of original detail, percent, source
constexpr std::array images{
    ImageRow{"gpt-4o", ImageRule::tiles, 85, 170, 0, 0, 0, 100, openai_images},
    ImageRow{"gpt-4o-mini", ImageRule::tiles, 2833, 5667, 0, 0, 0, 100, openai_images},
    ImageRow{"gpt-4.1", ImageRule::tiles, 85, 170, 0, 0, 0, 100, openai_images},
    ImageRow{"gpt-4.1-mini", ImageRule::patches, 0, 0, 2048, 6144, 0, 162, openai_images},
    ImageRow{"gpt-4.1-nano", ImageRule::patches, 0, 0, 2048, 1536, 0, 246, openai_images},
    ImageRow{"gpt-4.5", ImageRule::tiles, 85, 170, 0, 0, 0, 100, openai_images},
    ImageRow{"chatgpt-4o", ImageRule::tiles, 85, 170, 0, 0, 0, 100, openai_images},
    ImageRow{"o1", ImageRule::tiles, 75, 150, 0, 0, 0, 100, openai_images},
    ImageRow{"o3", ImageRule::tiles, 75, 150, 0, 0, 0, 100, openai_images},
    ImageRow{"o4-mini", ImageRule::patches, 0, 0, 2048, 1536, 0, 172, openai_images},
    ImageRow{"gpt-5", ImageRule::tiles, 70, 140, 0, 0, 0, 100, openai_images},
    ImageRow{"gpt-5-mini", ImageRule::patches, 0, 0, 2048, 1536, 0, 120, openai_images},
    ImageRow{"gpt-5-nano", ImageRule::patches, 0, 0, 2048, 1536, 0, 150, openai_images},
    ImageRow{"gpt-5.2", ImageRule::patches, 0, 0, 2048, 6144, 0, 120, openai_images},
    ImageRow{"gpt-5.4", ImageRule::patches, 0, 0, 0, 2500, 10000, 120, openai_images},
    ImageRow{"gpt-5.5", ImageRule::patches, 0, 0, 2048, 2500, 10000, 120, openai_images},
    ImageRow{"gpt-5.6", ImageRule::patches, 0, 0, 2048, 2500, 30000, 120, openai_images},
    ImageRow{"gpt-6", ImageRule::patches, 0, 0, 65535, 2500, 30000, 120, openai_images},
    ImageRow{"claude", ImageRule::visual, 0, 0, 2576, 4784, 0, 100, claude_images},
    ImageRow{"claude-3", ImageRule::visual, 0, 0, 1568, 1568, 0, 100, claude_images},
    ImageRow{"claude-haiku", ImageRule::visual, 0, 0, 1568, 1568, 0, 100, claude_images},
    ImageRow{"claude-sonnet-4", ImageRule::visual, 0, 0, 1568, 1568, 0, 100, claude_images},
    ImageRow{"claude-opus-4", ImageRule::visual, 0, 0, 1568, 1568, 0, 100, claude_images},
    ImageRow{"claude-opus-4-7", ImageRule::visual, 0, 0, 2576, 4784, 0, 100, claude_images},
    ImageRow{"claude-opus-4-8", ImageRule::visual, 0, 0, 2576, 4784, 0, 100, claude_images},
    ImageRow{"gemini-2", ImageRule::tiles_768, 258, 258, 0, 0, 0, 100, gemini_images},
    ImageRow{"gemini", ImageRule::fixed, 1120, 280, 0, 2240, 0, 100, gemini_images},
    ImageRow{"", ImageRule::visual, 0, 0, 2576, 4784, 0, 100,
             "not published: the most patches of those that are"},
};

constexpr std::string_view claude_tools =
    "platform.claude.com, tool use: pricing; computer use with its system prompt; 2026-10";
constexpr std::array hosted_tools{
    HostedToolRow{"\"bash_20", 245, claude_tools},
    HostedToolRow{"\"text_editor_20", 700, claude_tools},
    HostedToolRow{"\"computer_20", 735 + 499, claude_tools},
};

// The row with the longest prefix of `name`; the last row has the empty one.
template <class Rows>
const typename Rows::value_type& longest_prefix(const Rows& rows, std::string_view name) {
  const auto* best = &rows.back();
  for (const auto& row : rows) {
    if (name.starts_with(row.prefix) && row.prefix.size() > best->prefix.size()) best = &row;
  }
  return *best;
}

// "openai/gpt-4o" is "gpt-4o".
std::string_view base_name(std::string_view model) {
  return model.substr(model.find_last_of('/') + 1);
}

}  // namespace

const TokenizerRow& tokenizer_row(std::string_view family) {
  const auto found = std::find_if(tokenizers.begin(), tokenizers.end(),
                                  [&](const TokenizerRow& row) { return row.family == family; });
  return found == tokenizers.end() ? tokenizers.back() : *found;
}

const ChatRow& chat_row(std::string_view model, std::string_view family) {
  const ChatRow& row = longest_prefix(chats, base_name(model));
  const bool unknown_openai = row.prefix.empty() && tokenizer_row(family).exact;
  return unknown_openai ? longest_prefix(chats, "gpt-5") : row;
}

std::int64_t hosted_tool_tokens(std::string_view tools) {
  std::int64_t tokens = 0;
  for (const HostedToolRow& row : hosted_tools)
    if (tools.find(row.type) != tools.npos) tokens += row.tokens;
  return tokens;
}

const ImageRow& image_row(std::string_view model) {
  return longest_prefix(images, base_name(model));
}

}  // namespace steelyard::router
