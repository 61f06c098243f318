// Where a provider does not take a value of `anthropic-beta`, the fields that belong to it go, and
// nothing else does.
#include "gateway/dialect/anthropic_betas.h"

#include <doctest/doctest.h>

#include <bit>

#include "gateway/dialect/json_cursor.h"
#include "tests/unit/dialect/hub_support.h"

namespace steelyard::dialect::anthropic {
namespace {

TEST_CASE("betas: their fields are cut, every other byte stays") {
  struct Row {
    const char* beta;
    std::string given, left;  // left "": nothing was cut
    const char* told;
  };
  const Row rows[] = {
      {"context-management-2025-06-27",
       R"({"model":"m", "context_management":{"edits":[{"type":"clear_thinking_20251015"}]},"max_tokens":1})",
       R"({"model":"m","max_tokens":1})", "field.context_management"},
      {"context-management-2025-06-27", R"({"context_management":null})", "{}",
       "field.context_management"},
      {"context-management-2025-06-27",
       R"({"messages":[{"role":"user","content":"\"context_management\":{}"}],"x":{"context_management":1}})",
       "", ""},
      {"mcp-client-2025-11-20",
       R"({"mcp_servers":[{"name":"a"}],"tools":[{"type":"mcp_toolset","mcp_server_name":"a"},{"name":"f"}]})",
       R"({"tools":[{"name":"f"}]})", "field.mcp_servers"},
      {"effort-2025-11-24", R"({"output_config":{"effort":"low","format":{"type":"x"}},"z":1})",
       R"({"output_config":{"format":{"type":"x"}},"z":1})", "field.output_config.effort"},
      {"effort-2025-11-24", R"({"z":1,"output_config":{"effort":"low"}})", R"({"z":1})",
       "field.output_config.effort"},
      {"task-budgets-2026-03-13",
       R"({"output_config":{"effort":"low","task_budget":{"type":"tokens","total":9}}})",
       R"({"output_config":{"effort":"low"}})", "field.output_config.task_budget"},
      {"compact-2026-01-12",
       R"({"context_management":{"edits":[{"type":"clear_tool_uses_20250919"},{"type":"compact_20260112"}]}})",
       R"({"context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}})",
       "field.context_management.edits.compact"},
      {"compact-2026-01-12", R"({"context_management":{"edits":[{"type":"compact_20260112"}]}})",
       "{}", "field.context_management.edits.compact"},
      {"prompt-caching-scope-2026-01-05",
       R"({"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}}],)"
       R"("messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"{\"scope\":1}",)"
       R"("cache_control":{"scope":"global" ,"type":"ephemeral"}}]}]}],"tools":[{"name":"f","cache_control":{"type":"ephemeral","scope":"g"},)"
       R"("input_schema":{"cache_control":{"scope":1}}}]})",
       R"({"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
       R"("messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"{\"scope\":1}",)"
       R"("cache_control":{"type":"ephemeral"}}]}]}],"tools":[{"name":"f","cache_control":{"type":"ephemeral"},)"
       R"("input_schema":{"cache_control":{"scope":1}}}]})",
       "field.cache_control.scope"},
      {"per-turn-control-2026-07-01",
       R"({"output_config":{"effort":"low"},"messages":[{"role":"system","content":"s","output_config":{"effort":"low"}}]})",
       R"({"output_config":{"effort":"low"},"messages":[{"role":"system","content":"s"}]})",
       "field.messages.output_config"},
      {"thinking-display-updates-2026-08-18",
       R"({"thinking":{"type":"adaptive","display":"updates"}})",
       R"({"thinking":{"type":"adaptive"}})", "field.thinking.display"},
      {"thinking-display-updates-2026-08-18",
       R"({"thinking":{"type":"adaptive","display":"omitted"}})", "", ""},
      {"fast-mode-2026-02-01", R"({"speed":"fast"})", "{}", "field.speed"},
      {"code-execution-2025-08-25",
       R"({"container":"c1","tools":[{"type":"code_execution_20250825","name":"code_execution"}],"tool_choice":{"type":"any"},"z":1})",
       R"({"z":1})", "tools,fields,field.container"},
      {"skills-2025-10-02", R"({"container":{"id":"c","skills":[1]}})",
       R"({"container":{"id":"c"}})", "field.container.skills"},
      {"computer-use-2025-11-24",
       R"({"tool_choice":{"type":"tool","name":"computer"},"tools":[{"name":"f"},{"type":"computer_20251124","name":"computer"}]})",
       R"({"tools":[{"name":"f"}]})", "tools"},
      {"computer-use-2025-11-24",
       R"({"tool_choice":{"type":"tool","name":"f"},"tools":[{"type":"computer_20251124","name":"computer"},{"name":"f"}]})",
       R"({"tool_choice":{"type":"tool","name":"f"},"tools":[{"name":"f"}]})", "tools"},
      {"advanced-tool-use-2025-11-20",
       R"({"tools":[{"name":"f","defer_loading":true,"input_examples":[{}],"input_schema":{"defer_loading":1}}]})",
       R"({"tools":[{"name":"f","input_schema":{"defer_loading":1}}]})",
       "field.tools.defer_loading,field.tools.input_examples"},
      {"fine-grained-tool-streaming-2025-05-14",
       R"({"tools":[{"eager_input_streaming":true,"name":"f"},{"eager_input_streaming":false}]})",
       R"({"tools":[{"name":"f"}]})", "field.tools.eager_input_streaming"},
      {"interleaved-thinking-2025-05-14", R"({"thinking":{"type":"adaptive"}})", "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.beta);
    CAPTURE(row.given);
    const BetaFieldSet set = fields_of_beta(row.beta);
    std::string out;
    const BetaFieldSet cut = cut_beta_fields(row.given, set, out);
    CHECK((cut != 0) == !row.left.empty());
    CHECK(cut == find_beta_fields(row.given, set));
    CHECK(out == row.left);
    Dropped dropped;
    LostFields names;
    tell_beta_fields(cut, dropped, names);
    const std::string told = testing::names(dropped) + "," + names.names();
    CHECK(told.find(row.told) != std::string::npos);
  }
}

TEST_CASE("betas: what another beta of the client makes known too stays") {
  const BetaFieldSet search = fields_of_beta("tool-search-tool-2025-10-19"),
                     advanced = fields_of_beta("advanced-tool-use-2025-11-20");
  const BetaFieldSet left = only_theirs(advanced, search);
  const char* body =
      R"({"tools":[{"type":"tool_search_tool_regex_20251119"},{"defer_loading":true,"allowed_callers":[]}]})";
  std::string out;
  CHECK(std::popcount(cut_beta_fields(body, left, out)) == 1);
  CHECK(out == R"({"tools":[{"type":"tool_search_tool_regex_20251119"},{"defer_loading":true}]})");
}

TEST_CASE("betas: whatever is cut, JSON is left, and nothing more to cut") {
  const std::string body =
      R"({"context_management":{"edits":[{"type":"compact_1"},{"type":"clear_1"},{"type":"compact_2"}]},"compaction":{},)"
      R"("mcp_servers":[],"container":{"skills":[],"id":"c"},"output_config":{"effort":"low","task_budget":{},"format":{}},)"
      R"("output_format":{},"speed":"fast","fallbacks":[1],"fallback_credit_token":"t","thread":{},"diagnostics":{},"safeguards":1,)"
      R"("thinking":{"block_binding":{},"display":"updates"},"tool_choice":{"name":"m","type":"tool"},"tools":[)"
      R"({"type":"memory_1","name":"m"},{"name":"f","defer_loading":true,"input_examples":[],"allowed_callers":[]},)"
      R"({"type":"mcp_toolset"},{"type":"code_execution_1"},{"type":"web_fetch_1"},{"type":"web_search_1"},{"type":"computer_1"},)"
      R"({"type":"advisor_1"},{"type":"tool_search_tool_1"},{"eager_input_streaming":true,"cache_control":{"scope":"g"}}],)"
      R"("cache_control":{"scope":"g"},"system":[{"cache_control":{"scope":"g","type":"e"}}],"messages":[{"clear_at":"never",)"
      R"("output_config":{},"content":[{"cache_control":{"type":"e","scope":"g"},"content":[{"cache_control":{"scope":"g"}}]}]}]})";
  const std::size_t rows = beta_fields().size();
  for (std::size_t i = 0; i < rows * rows; ++i) {
    const BetaFieldSet set =
        i == 0 ? ~BetaFieldSet{0} : BetaFieldSet{1} << i / rows | BetaFieldSet{1} << i % rows;
    CAPTURE(set);
    std::string left, again;
    REQUIRE(cut_beta_fields(body, set, left) != 0);
    JsonCursor cursor(left);
    CHECK(cursor.skip_value());
    CHECK(cursor.at_end());
    CHECK(cut_beta_fields(left, set, again) == 0);
  }
  CHECK(std::popcount(find_beta_fields(body, ~BetaFieldSet{0})) > 20);
}

TEST_CASE("betas: what is no JSON is left alone") {
  const BetaFieldSet all = ~BetaFieldSet{0};
  for (const char* text :
       {"", "[]", "{", R"({"speed":)", R"({"speed":"fast"}x)", R"({"speed" 1})"}) {
    CAPTURE(text);
    std::string out = "as it was";
    CHECK(cut_beta_fields(text, all, out) == 0);
    CHECK(out == "as it was");
  }
}

}  // namespace
}  // namespace steelyard::dialect::anthropic
