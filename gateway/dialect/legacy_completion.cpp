#include "gateway/dialect/legacy_completion.h"

#include <algorithm>

#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect {
namespace {

enum Key { kModel, kPrompt, kMaxTokens, kN, kBestOf, kUser, kStream };
constexpr KeyTable kTop(key_names("model", "prompt", "max_tokens", "n", "best_of", "user",
                                  "stream"));
constexpr std::int64_t choices_max = 128, token_max = std::int64_t{1} << 31;
constexpr std::size_t prompts_max = 2'048;

class Reader {
 public:
  Reader(hub::Document& document, LegacyCompletion& out) : reader_(document.reader), out_(out) {}

  bool run() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kTop, root_)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown
                          ? reader_.cursor.skip_value()
                          : member(key, {&root_, kTop.name(static_cast<std::size_t>(key))});
      if (!ok) return false;
    }
    if (reader_.failed()) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    return !out_.model.empty() || reader_.refuse({&root_, "model"}, "is missing");
  }

 private:
  bool member(int key, const Where& where) {
    std::int64_t number = 0;
    switch (key) {
      case kModel: {
        if (reader_.cursor.peek() != '"') return reader_.refuse(where, "must be a string");
        const std::size_t begin = reader_.cursor.offset();
        if (!reader_.cursor.take_string(out_.model)) return false;
        out_.model_token = reader_.range_from(begin);
        return openai::is_model_token(out_.model) || reader_.refuse(where, "is no model name");
      }
      case kPrompt: return prompt(where);
      case kMaxTokens:
        out_.max_tokens_given = reader_.cursor.peek() != 'n';
        return reader_.read_integer(where, 0, hub::output_tokens_max, out_.max_tokens);
      case kN:
      case kBestOf:
        if (!reader_.read_integer(where, 1, choices_max, number)) return false;
        out_.choices = std::max(out_.choices, number);
        return true;
      case kUser: return reader_.read_string(where, out_.user);
      default: return reader_.read_bool(where, out_.stream);
    }
  }

  // A string, token numbers, or an array of either; null is one empty prompt.
  bool prompt(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    if (reader_.cursor.peek() == '"') return text();
    if (!reader_.enter(where, '[', "must be a string or an array")) return false;
    std::int64_t count = 0;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      const char c = reader_.cursor.peek();
      if (c != '"' && c != '[') {
        std::int64_t token = 0;
        if (!reader_.read_integer(element, 0, token_max, token)) return false;
        ++out_.given_tokens;
        count = 1;
        continue;
      }
      if (static_cast<std::size_t>(++count) > prompts_max)
        return reader_.refuse(element, "is one prompt too many");
      if (c == '"' ? !text() : !tokens(element)) return false;
    }
    out_.prompt_count = std::max<std::int64_t>(count, 1);
    return !reader_.failed();
  }

  bool text() { return reader_.cursor.take_string(out_.prompts.emplace_back()); }

  bool tokens(const Where& where) {
    if (!reader_.cursor.open('[')) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      std::int64_t token = 0;
      if (!reader_.read_integer({&where, {}, index}, 0, token_max, token)) return false;
      ++out_.given_tokens;
    }
    return !reader_.failed();
  }

  StrictReader& reader_;
  LegacyCompletion& out_;
  Where root_;
};

}  // namespace

Result<void> read_legacy_completion(std::string_view body, LegacyCompletion& out) {
  out = {};
  out.body = body;
  std::string refusal;
  hub::Document document(body, refusal);
  if (Reader(document, out).run()) return {};
  return fail(hub::refusal_of(document.reader, refusal));
}

}  // namespace steelyard::dialect
