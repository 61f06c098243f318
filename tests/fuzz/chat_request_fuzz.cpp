// Arbitrary bytes as a client's request. What the parser accepts, simdjson's DOM must accept with
// the same model, limits and messages, and the spliced body must parse to the same request with the
// edits made.
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/splice.h"

namespace {

using namespace steelyard;
using namespace steelyard::dialect;

void require(bool ok) {
  if (!ok) std::abort();
}

bool inside(std::string_view body, ByteRange range) {
  return range.end() <= body.size();
}

void check_ranges(std::string_view body, const ChatRequest& r) {
  for (const ByteRange range :
       {r.model_token, r.stream_options, r.include_usage_value, r.max_tokens.key,
        r.max_tokens.value, r.max_completion_tokens.value, r.tools, r.metadata}) {
    require(inside(body, range));
  }
  std::size_t texts = 0;
  for (const MessageInfo& m : r.messages) {
    require(inside(body, m.raw) && body[m.raw.begin] == '{' && body[m.raw.end() - 1] == '}');
    require(m.text_begin == texts);
    texts += m.text_count;
  }
  require(texts == r.texts.size());
  for (const TextSlice& t : r.texts) {
    require(t.raw.data() > body.data() && t.raw.data() + t.raw.size() < body.data() + body.size());
    require(t.raw.data()[-1] == '"' && t.raw.data()[t.raw.size()] == '"');
  }
}

void check_dom(std::string_view body, const ChatRequest& r) {
  static simdjson::dom::parser dom;
  simdjson::dom::element doc;
  const auto error = dom.parse(body.data(), body.size()).get(doc);
  if (error == simdjson::NUMBER_ERROR) return;  // valid JSON that simdjson cannot hold
  require(error == simdjson::SUCCESS);
  require(std::string_view(doc["model"]) == r.model);
  require(simdjson::dom::array(doc["messages"]).size() == r.messages.size());
  std::int64_t limit = 0;
  if (doc["max_tokens"].get(limit) == simdjson::SUCCESS) require(limit == r.max_tokens.tokens);
  bool stream = false;
  if (doc["stream"].get(stream) == simdjson::SUCCESS) require(stream == r.stream);
}

void check_splice(const ChatRequest& r) {
  BodyEdits edits;
  edits.model = "provider/other-model";
  edits.include_usage = true;
  edits.output_tokens_max = 100;
  edits.limit_key = LimitKey::max_completion_tokens;
  static SplicedBody spliced;
  require(spliced.build(r, edits).has_value());
  std::string out;
  for (const std::string_view part : spliced.parts()) out += part;
  require(out.size() == spliced.size());
  static openai::RequestParser parser;
  ChatRequest after;
  require(parser.parse(out, after).has_value());
  require(after.model == edits.model);
  require(after.stream == r.stream && (!r.stream || after.include_usage));
  require(after.output_tokens_max() > 0 && after.output_tokens_max() <= 100);
  require(after.messages.size() == r.messages.size() && after.texts.size() == r.texts.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static openai::RequestParser parser;
  // A copy of exactly this size: reading past the end is then seen by the sanitizer.
  const std::string copy(reinterpret_cast<const char*>(data), size);
  const std::string_view body(copy);
  ChatRequest request;
  const Result<void> done = parser.parse(body, request);
  if (!done) {
    require(done.error().kind == ErrorKind::bad_request && !done.error().context.empty());
    return 0;
  }
  check_ranges(body, request);
  check_dom(body, request);
  check_splice(request);
  return 0;
}
