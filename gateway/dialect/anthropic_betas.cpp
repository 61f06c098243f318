#include "gateway/dialect/anthropic_betas.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/json_cuts.h"

namespace steelyard::dialect::anthropic {
namespace {

constexpr std::string_view kSearch = "tool-search-tool-2025-10-19",
                           kExamples = "tool-examples-2025-10-29",
                           kStreaming = "fine-grained-tool-streaming-2025-05-14";
using enum BetaPlace;
// The first that matches a field is the one that is meant.
constexpr std::array kFields = {
    BetaField{"context-management-", body, "context_management"},
    BetaField{"compact-", edit, "type", "compact_"},
    BetaField{"compact-", body, "compaction"},
    BetaField{"mcp-client-", body, "mcp_servers"},
    BetaField{"mcp-client-", tool, "type", "mcp_toolset"},
    BetaField{"code-execution-", body, "container"},
    BetaField{"code-execution-", tool, "type", "code_execution_"},
    BetaField{"skills-", container, "skills"},
    BetaField{"web-fetch-", tool, "type", "web_fetch_"},
    BetaField{"web-search-", tool, "type", "web_search_"},
    BetaField{"computer-use-", tool, "type", "computer_"},
    BetaField{"context-management-", tool, "type", "memory_"},
    BetaField{"advisor-tool-", tool, "type", "advisor_"},
    BetaField{"effort-", output_config, "effort"},
    BetaField{"task-budgets-", output_config, "task_budget"},
    BetaField{"structured-outputs-", body, "output_format"},
    BetaField{"per-turn-control-", message, "output_config"},
    BetaField{"mid-conversation-output-config-", message, "output_config"},
    BetaField{"mid-conversation-system-clear-at-", message, "clear_at"},
    BetaField{"fast-mode-", body, "speed"},
    BetaField{"server-side-fallback-", body, "fallbacks"},
    BetaField{"fallback-credit-", body, "fallback_credit_token"},
    BetaField{"message-threads-", body, "thread"},
    BetaField{"cache-diagnosis-", body, "diagnostics"},
    BetaField{"dangerous-tool-use-", body, "safeguards"},
    BetaField{"thinking-binding-controls-", thinking, "block_binding"},
    BetaField{"thinking-display-updates-", thinking, "display", "updates"},
    BetaField{"prompt-caching-scope-", mark, "scope"},
    BetaField{"advanced-tool-use-", tool, "defer_loading", {}, kSearch},
    BetaField{"advanced-tool-use-", tool, "type", "tool_search_tool_", kSearch},
    BetaField{"advanced-tool-use-", tool, "input_examples", {}, kExamples},
    BetaField{"advanced-tool-use-", tool, "allowed_callers"},
    BetaField{"tool-search-tool-", tool, "defer_loading"},
    BetaField{"tool-search-tool-", tool, "type", "tool_search_tool_"},
    BetaField{"tool-examples-", tool, "input_examples"},
    BetaField{"fine-grained-tool-streaming-", tool, "eager_input_streaming", "true", kStreaming},
    BetaField{"fine-grained-tool-streaming-", tool, "eager_input_streaming"},
};
static_assert(kFields.size() <= 64);

constexpr BetaFieldSet bit(std::size_t row) {
  return BetaFieldSet{1} << row;
}

// What a value of that name holds, inside of an object of that kind.
BetaPlace inside(BetaPlace at, std::string_view name) {
  if (name == "cache_control") return at == body || at == tool || at == block ? mark : none;
  if (name == "content") return at == message || at == block ? block : none;
  if (at == context_management) return name == "edits" ? edit : none;
  if (at != body) return none;
  if (name == "thinking") return thinking;
  if (name == "output_config") return output_config;
  if (name == "container") return container;
  if (name == "context_management") return context_management;
  if (name == "tools") return tool;
  if (name == "messages") return message;
  return name == "system" ? block : none;
}

class Walk {
 public:
  Walk(std::string_view text, BetaFieldSet set) : cursor_(text), set_(set) {
    for (std::size_t i = 0; i < kFields.size(); ++i)
      if ((set & bit(i)) != 0) places_ |= 1u << static_cast<unsigned>(kFields[i].place);
    const unsigned marks = wanted(mark) | wanted(message);
    deep_ = marks != 0;
  }

  bool run() {
    bool gone = false;
    return cursor_.peek() == '{' && object(body, gone) && cursor_.at_end();
  }
  BetaFieldSet found() const { return found_; }
  JsonCuts& cuts() { return cuts_; }

 private:
  unsigned wanted(BetaPlace place) const { return places_ >> static_cast<unsigned>(place) & 1u; }

  bool value(BetaPlace at, bool& gone) {
    if (cursor_.peek() == '{') return object(at, gone);
    return cursor_.peek() == '[' ? array(at, gone) : cursor_.skip_value();
  }

  bool array(BetaPlace at, bool& gone) {
    std::vector<JsonPiece> list;
    if (!cursor_.open('[')) return false;
    for (bool first = true; cursor_.next_element(first);) {
      JsonPiece one{cursor_.offset(), 0, false};
      if (!value(at, one.gone)) return false;
      one.end = cursor_.end_of_previous();
      list.push_back(one);
    }
    return close(list, gone);
  }

  // What had nothing else goes as a whole, and with it whatever was found inside.
  bool close(const std::vector<JsonPiece>& list, bool& gone) {
    const auto is_gone = [](const JsonPiece& piece) { return piece.gone; };
    gone = gone || (!list.empty() && std::all_of(list.begin(), list.end(), is_gone));
    cuts_.leave_out(list);
    return cursor_.fault() == JsonFault::none;
  }

  bool object(BetaPlace at, bool& gone) {
    std::vector<JsonPiece> members;
    std::size_t choice = members.max_size();
    std::string_view key, name, chosen;
    if (!cursor_.open('{')) return false;
    for (bool first = true; cursor_.next_member(first, key);) {
      JsonPiece one{cursor_.end_of_previous_key() - key.size() - 2, 0, false};
      const BetaPlace next = inside(at, key);
      const bool enter = next != none && (deep_ || (next != message && next != block));
      bool whole = false;
      if (at == body && key == "tool_choice") {
        choice = members.size();
        if (!choice_of(chosen)) return false;
      } else if (!member(at, key, name, one.gone, whole)) {
        return false;
      } else if (!taken_ && !(enter ? value(next, one.gone) : cursor_.skip_value())) {
        return false;
      }
      gone = gone || whole;
      one.end = cursor_.end_of_previous();
      if (at == body && key == "tools") no_tools_ = one.gone;
      members.push_back(one);
    }
    if (gone && at == tool) lost_tools_.push_back(name);
    const bool lost =
        std::find(lost_tools_.begin(), lost_tools_.end(), chosen) != lost_tools_.end();
    if (choice < members.size()) members[choice].gone = no_tools_ || lost;
    return close(members, gone);
  }

  // A field of the set; taken_: its value was passed over. `whole`: it takes its object with it.
  bool member(BetaPlace at, std::string_view key, std::string_view& name, bool& gone, bool& whole) {
    const bool is_name = at == tool && key == "name";
    std::size_t row = first_row(at, key);
    taken_ = is_name || row < kFields.size();
    if (!taken_) return true;
    std::string_view raw;
    if (!cursor_.take_raw(raw)) return false;
    if (raw.starts_with('"')) raw = raw.substr(1, raw.size() - 2);
    if (is_name) name = raw;
    while (row < kFields.size() && !raw.starts_with(kFields[row].value))
      row = first_row(at, key, row + 1);
    if (row == kFields.size()) return true;
    found_ |= bit(row);
    gone = true;
    whole = kFields[row].key == "type";
    return true;
  }

  std::size_t first_row(BetaPlace at, std::string_view key, std::size_t from = 0) const {
    if (wanted(at) == 0) return kFields.size();
    while (from < kFields.size() &&
           ((set_ & bit(from)) == 0 || kFields[from].place != at || kFields[from].key != key))
      ++from;
    return from;
  }

  bool choice_of(std::string_view& chosen) {
    std::string_view key;
    if (cursor_.peek() != '{') return cursor_.skip_value();
    (void)cursor_.open('{');
    for (bool first = true; cursor_.next_member(first, key);) {
      const bool named = key == "name" && cursor_.peek() == '"';
      if (!(named ? cursor_.take_string(chosen) : cursor_.skip_value())) return false;
    }
    return cursor_.fault() == JsonFault::none;
  }

  JsonCursor cursor_;
  BetaFieldSet set_, found_ = 0;
  unsigned places_ = 0;
  bool deep_ = false;   // into messages and the system prompt
  bool taken_ = false;  // by member()
  bool no_tools_ = false;
  std::vector<std::string_view> lost_tools_;
  JsonCuts cuts_;
};

std::string_view path_to(BetaPlace place) {
  switch (place) {
    case thinking: return "thinking.";
    case output_config: return "output_config.";
    case container: return "container.";
    case edit: return "context_management.edits.";
    case message: return "messages.";
    case tool: return "tools.";
    case mark: return "cache_control.";
    default: return "";
  }
}

}  // namespace

std::span<const BetaField> beta_fields() {
  return kFields;
}

BetaFieldSet fields_of_beta(std::string_view beta) {
  BetaFieldSet set = 0;
  for (std::size_t i = 0; i < kFields.size(); ++i)
    if (beta.starts_with(kFields[i].beta)) set |= bit(i);
  return set;
}

BetaFieldSet only_theirs(BetaFieldSet set, BetaFieldSet kept) {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const BetaField& a = kFields[i];
    const auto same = [&](std::size_t j) {
      const BetaField& b = kFields[j];
      return a.place == b.place && a.key == b.key && a.value == b.value;
    };
    for (std::size_t j = 0; (set & bit(i)) != 0 && j < kFields.size(); ++j)
      if ((kept & bit(j)) != 0 && same(j)) set &= ~bit(i);
  }
  return set;
}

BetaFieldSet find_beta_fields(std::string_view text, BetaFieldSet set) {
  Walk walk(text, set);
  return walk.run() ? walk.found() : 0;
}

BetaFieldSet cut_beta_fields(std::string_view text, BetaFieldSet set, std::string& out) {
  Walk walk(text, set);
  if (!walk.run() || walk.cuts().empty()) return 0;
  walk.cuts().write(text, out);
  return walk.found();
}

void tell_beta_fields(BetaFieldSet cut, Dropped& dropped, LostFields& names) {
  for (; cut != 0; cut &= cut - 1) {
    const BetaField& field = kFields[static_cast<std::size_t>(std::countr_zero(cut))];
    const bool whole = field.key == "type";
    dropped.add(whole && field.place == tool ? Loss::tools : Loss::fields);
    std::string name(path_to(field.place));
    name += whole ? field.value : field.key;
    if (name.ends_with('_')) name.pop_back();
    names.add(name);
  }
}

}  // namespace steelyard::dialect::anthropic
