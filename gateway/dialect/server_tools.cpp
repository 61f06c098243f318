#include "gateway/dialect/server_tools.h"

#include <algorithm>
#include <iterator>

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::int64_t uses_max = 1'000;  // more in one answer is nobody's limit
constexpr KeyTable kTool(key_names("max_uses"));
constexpr KeyTable kItem(key_names("action"));
constexpr KeyTable kAction(key_names("type"));
constexpr KeyTable kGrounding(key_names("webSearchQueries"));

// "web_search_20260318", "web_search_preview"; Gemini's `googleSearch`, `google_search_retrieval`.
bool searches(const Tool& tool) {
  return tool.kind == ToolKind::native &&
         (tool.type.starts_with("web_search") || tool.type.starts_with("googleSearch") ||
          tool.type.starts_with("google_search"));
}

std::int64_t limit_of(const Tool& tool) {
  std::int64_t uses = -1;
  bool given = false;
  LenientReader reader(tool.raw);
  if (reader.cursor.peek() != '{') return uses;
  reader.object(kTool, [&](int key) {
    return key == 0 ? reader.integer(uses, given) : reader.cursor.skip_value();
  });
  return given && uses >= 0 ? std::min(uses, uses_max) : -1;
}

// OpenAI's limit of all calls of tools that run there.
std::int64_t limit_of_calls(const Request& request) {
  for (const Extra& extra : request.extras) {
    if (extra.key != "max_tool_calls") continue;
    std::int64_t calls = -1;
    bool given = false;
    LenientReader reader(extra.value);
    return reader.integer(calls, given) && given && calls >= 0 ? std::min(calls, uses_max) : -1;
  }
  return -1;
}

}  // namespace

std::int32_t web_searches_allowed(const Request& request) {
  std::int64_t sum = 0;
  bool any = false, bounded = true;
  for (const Tool& tool : request.tools) {
    if (!searches(tool)) continue;
    any = true;
    const std::int64_t limit = limit_of(tool);
    bounded = bounded && limit >= 0;
    sum += std::max<std::int64_t>(limit, 0);
  }
  if (!any) return 0;
  const std::int64_t calls =
      request.wire == Wire::openai_responses ? limit_of_calls(request) : std::int64_t{-1};
  if (calls >= 0) sum = bounded ? std::min(sum, calls) : calls;
  return bounded || calls >= 0 ? static_cast<std::int32_t>(std::min(sum, uses_max)) : -1;
}

bool has_unpriced_tools(const Request& request) {
  constexpr std::string_view names[] = {"file_search",    "code_interpreter", "image_generation",
                                        "code_execution", "googleMaps",       "google_maps",
                                        "fileSearch"};
  return std::any_of(request.tools.begin(), request.tools.end(), [&](const Tool& tool) {
    if (tool.kind != ToolKind::native) return false;
    // Gemini's code runs at the price of its tokens.
    if (request.wire == Wire::gemini && tool.type.starts_with("code")) return false;
    return std::any_of(std::begin(names), std::end(names),
                       [&](std::string_view name) { return tool.type.starts_with(name); });
  });
}

bool is_billed_search(std::string_view type, std::string_view item) {
  if (type != "web_search_call") return false;
  std::string_view action;
  LenientReader reader(item);
  reader.object(kItem, [&](int key) {
    if (key != 0) return reader.cursor.skip_value();
    return reader.object(kAction, [&](int inner) {
      return inner == 0 ? reader.text(action) : reader.cursor.skip_value();
    });
  });
  return action.empty() || action == "search";
}

std::int64_t grounding_queries(std::string_view metadata) {
  std::int64_t queries = 0;
  LenientReader reader(metadata);
  reader.object(kGrounding, [&](int key) {
    if (key != 0) return reader.cursor.skip_value();
    return reader.array([&] {
      ++queries;
      return reader.cursor.skip_value();
    });
  });
  return queries;
}

}  // namespace steelyard::dialect::hub
