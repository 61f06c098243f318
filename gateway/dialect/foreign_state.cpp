#include "gateway/dialect/foreign_state.h"

#include <algorithm>
#include <vector>

#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/json_cuts.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/state_hash.h"

namespace steelyard::dialect {
namespace {

using hub::Loss;
using hub::Wire;

// Where thoughts may stand; nothing else is entered: arguments and results are the user's own.
enum Key {
  kMessages,
  kInput,
  kContents,
  kContent,
  kParts,
  kDetails,
  kCalls,
  kExtra,
  kGoogle,
  kBlocks,
  kEntered,  // from here on: values
  kType = kEntered,
  kText,
  kSignature,
  kEncrypted,
  kData,
  kThought,
  kThoughtSnake,
  kCall,
  kCallSnake,
  kCitations
};
constexpr KeyTable kKeys(key_names(
    "messages", "input", "contents", "content", "parts", "reasoning_details", "tool_calls",
    "extra_content", "google", "thinking_blocks", "type", "text", "signature", "encrypted_content",
    "data", "thoughtSignature", "thought_signature", "functionCall", "function_call", "citations"));
class Cutter {
 public:
  Cutter(std::string_view body, Wire wire, const ForeignState& foreign, hub::Dropped& dropped)
      : cursor_(body), body_(body), wire_(wire), foreign_(foreign), dropped_(dropped) {}

  bool run(std::string& out) {
    bool gone = false;
    if (!value(gone, true) || cuts_.empty()) return false;
    cuts_.write(body_, out);
    return true;
  }

 private:
  // What one object says that matters here.
  struct Seen {
    std::string_view type, text;
    JsonPiece signature{};  // Gemini's, its value
    std::size_t name = 0;   // of that value's key in `members`
    bool sealed = false, call = false, has_text = false;
  };

  bool value(bool& gone, bool top) {
    const char c = cursor_.peek();
    if (c == '[') return array();
    return c == '{' ? object(gone, top) : cursor_.skip_value();
  }

  bool array() {
    std::vector<JsonPiece> elements;
    if (!cursor_.open('[')) return false;
    for (bool first = true; cursor_.next_element(first);) {
      JsonPiece one{cursor_.offset(), 0, false};
      if (!value(one.gone, false)) return false;
      one.end = cursor_.end_of_previous();
      elements.push_back(one);
    }
    cuts_.leave_out(elements);
    return cursor_.fault() == JsonFault::none;
  }

  bool object(bool& gone, bool top) {
    std::vector<JsonPiece> members;
    Seen seen;
    std::string_view name;
    if (!cursor_.open('{')) return false;
    for (bool first = true; cursor_.next_member(first, name);) {
      const int key = kKeys.find(name);
      JsonPiece one{cursor_.end_of_previous_key() - name.size() - 2, 0, false};
      const std::size_t begin = cursor_.offset();
      if (!member(key, top, members.size(), seen, one.gone)) return false;
      one.end = cursor_.end_of_previous();
      if (key == kThought || key == kThoughtSnake) seen.signature = {begin, one.end, false};
      members.push_back(one);
    }
    judge(seen, members, gone);
    if (!gone) cuts_.leave_out(members);
    return cursor_.fault() == JsonFault::none;
  }

  bool member(int key, bool top, std::size_t place, Seen& seen, bool& gone) {
    const bool list = key == kMessages || key == kInput || key == kContents;
    if (key >= 0 && key < kEntered && list == top) {
      bool ignored = false;
      return value(ignored, false);
    }
    if (key == kCitations) return citations(gone);
    if (key == kCall || key == kCallSnake) seen.call = true;
    if (key < kEntered || cursor_.peek() != '"') return cursor_.skip_value();
    std::string_view text;
    if (!cursor_.take_string(text)) return false;
    switch (key) {
      case kType: seen.type = text; break;
      case kText:
        seen.text = text;
        seen.has_text = true;
        break;
      case kSignature:
      case kEncrypted:
      case kData: seen.sealed = seen.sealed || foreign(text); break;
      case kThought:
      case kThoughtSnake: seen.name = foreign(text) ? place + 1 : 0; break;
      default: break;
    }
    return true;
  }

  bool foreign(std::string_view text) const {
    if (text.empty() || text == gemini::signature_filler) return false;
    return hub::is_carrier(text) || hub::is_coded_carrier(text) || foreign_.holds(text);
  }

  // Pages that another provider found, as an Anthropic client keeps them.
  bool citations(bool& gone) {
    std::string_view raw;
    if (!cursor_.take_raw(raw)) return false;
    gone = hub::cites_foreign(raw);
    if (gone) dropped_.add(Loss::citations);
    return true;
  }

  void judge(const Seen& seen, std::vector<JsonPiece>& members, bool& gone) {
    const bool block = seen.type == "thinking" || seen.type == "redacted_thinking";
    const bool thought = wire_ == Wire::anthropic     ? block
                         : wire_ == Wire::openai_chat ? block || seen.type.starts_with("reasoning.")
                                                      : seen.type == "reasoning";
    if (seen.sealed && thought) gone = true;
    if (seen.name > 0) {
      // A part that has nothing but the signature of what came before it.
      const bool bare = seen.has_text && seen.text.empty() && !seen.call;
      if (bare)
        gone = true;
      else if (seen.call)
        cuts_.replace(seen.signature.begin, seen.signature.end, kFiller);
      else
        members[seen.name - 1].gone = true;
    }
    if (gone || seen.name > 0) dropped_.add(Loss::thinking);
  }

  static constexpr std::string_view kFiller = "\"skip_thought_signature_validator\"";
  static_assert(kFiller.substr(1, kFiller.size() - 2) == gemini::signature_filler);

  JsonCursor cursor_;
  std::string_view body_;
  Wire wire_;
  const ForeignState& foreign_;
  hub::Dropped& dropped_;
  JsonCuts cuts_;
};

void disown(hub::Part& part) {
  using hub::PartKind;
  if (part.kind == PartKind::redacted_thinking) {
    part.kind = PartKind::thinking;
    part.text = {};
    part.signature = hub::carrier_tag;
  } else if (part.kind == PartKind::thinking) {
    part.signature = hub::carrier_tag;
  } else {
    part.signature = {};  // of a call: Gemini takes a filler instead
  }
}

}  // namespace

bool ForeignState::holds(std::string_view escaped) const {
  const std::uint64_t hash = state_hash(escaped);
  if (rest) return !std::binary_search(own.begin(), own.end(), hash);
  return std::binary_search(others.begin(), others.end(), hash);
}

void disown_state(hub::Request& request, const ForeignState& foreign) {
  for (hub::Part& part : request.parts) {
    const std::string_view state = own_state(part);
    if (!state.empty() && foreign.holds(state)) disown(part);
  }
}

bool cut_foreign_state(std::string_view body, Wire wire, const ForeignState& foreign,
                       std::string& out, hub::Dropped& dropped) {
  return Cutter(body, wire, foreign, dropped).run(out);
}

}  // namespace steelyard::dialect
