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
                 "vectors: 0.94, largest 1.02; 22 recorded prompts above 60 tokens: 1.03"},
    TokenizerRow{"glm-4", 103, 120, false, "vectors: 1.03, largest 1.09; Unicode sample 1.19"},
    TokenizerRow{"kimi-k2", 103, 115, false, "vectors: 1.03, largest 1.11"},
    TokenizerRow{"llama-4", 98, 110, false, "vectors: 0.97, largest 1.04"},
    TokenizerRow{"qwen-3", 105, 130, false,
                 "vectors of 3.5: 0.98, largest 1.07; 3 has fewer tokens and single digits"},
    TokenizerRow{"qwen3", 105, 130, false, "as qwen-3, whose own vocabulary this is"},
    TokenizerRow{"qwen3.5", 98, 115, false, "vectors: 0.98, largest 1.07"},
    TokenizerRow{"qwen3.6", 98, 115, false, "as qwen3.5: one vocabulary"},
    TokenizerRow{"tekken", 103, 145, false, "vectors: 1.03, largest 1.40"},
    TokenizerRow{"grok", 100, 140, false,
                 "121 recorded exchanges of xAI and Azure, text below 500 tokens: 0.98 to 0.99"},
    TokenizerRow{"", 115, 160, false, "not published: above every public one but Claude's"},
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
    ImageRow{"mistral", ImageRule::visual, 0, 0, 1540, 3025, 0, 100,
             "docs.mistral.ai, vision: 28 px from Small 3.1 on, 1,540 px at most; two recorded"},
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

}  // namespace

bool begins_with(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), name.begin(), [](char small, char c) {
    return small == (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
  });
}

const TokenizerRow& tokenizer_row(std::string_view family) {
  const auto found = std::find_if(tokenizers.begin(), tokenizers.end(),
                                  [&](const TokenizerRow& row) { return row.family == family; });
  return found == tokenizers.end() ? tokenizers.back() : *found;
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
