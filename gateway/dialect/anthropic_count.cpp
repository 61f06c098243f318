#include "gateway/dialect/anthropic_count.h"

#include "gateway/dialect/count_walk.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::anthropic {
namespace {

// Settings: no tokens, or none that depend on what they say.
constexpr KeyTable kFree(key_names("max_tokens", "metadata", "stream", "temperature", "top_p",
                                   "top_k", "stop_sequences", "service_tier", "thinking",
                                   "tool_choice", "cache_control", "betas", "anthropic_version",
                                   "inference_geo", "speed"));
// Blocks of which all is counted that is read.
constexpr KeyTable kCounted(key_names("text", "image", "document", "tool_use", "tool_result",
                                      "search_result", "server_tool_use", "mcp_tool_use",
                                      "tool_reference"));

class Reader {
 public:
  Reader(std::string_view body, CountRequest& out) : at_(body), out_(out) {}

  Result<void> run() {
    bool has_messages = false;
    at_.members("body", [&](std::string_view key) {
      if (key == "model") {
        out_.model = at_.string("model");
      } else if (key == "system") {
        out_.has_system = true;
        content("system");
      } else if (key == "messages") {
        has_messages = true;
        at_.elements("messages", [this] { message(); });
      } else if (key == "tools") {
        tools();
      } else {
        const std::string_view value = at_.raw();
        if (kFree.find(key) < 0) out_.unknown.add(key, value);
      }
    });
    if (at_.good() && !has_messages) at_.wrong("messages", "is missing");
    return at_.end();
  }

 private:
  void tools() {
    const std::string_view raw = at_.raw();
    if (raw.empty() || raw == "null") return;
    CountWalk inner(raw);
    inner.elements("tools", [&] {
      inner.skip();
      ++out_.tool_count;
    });
    if (!inner.good()) return at_.wrong("tools", "must be an array");
    out_.tools.push_back(raw);
  }

  void message() {
    ++out_.messages;
    const std::int32_t calls_before = out_.tool_calls;
    at_.members("messages[]", [&](std::string_view key) {
      if (key == "role") {
        out_.replies += at_.string("role") == "assistant";
      } else if (key == "content") {
        content("content");
      } else {
        at_.skip();
      }
    });
    out_.parallel_calls += out_.tool_calls - calls_before > 1;
  }

  // A string, or an array of blocks.
  void content(const char* what) {
    if (at_.peek() == '"') {
      out_.texts.push_back(at_.string(what));
    } else if (at_.peek() == '[') {
      at_.elements(what, [this] { block(); });
    } else {
      at_.wrong(what, "must be a string or an array");
    }
  }

  void block() {
    std::string_view type;
    at_.members("content[]", [&](std::string_view key) {
      if (key == "type") {
        type = at_.string("type");
      } else if (key == "text" || key == "title" || key == "context" || key == "name") {
        if (key == "name") ++out_.tool_calls;
        if (at_.peek() != '"') return at_.skip();
        out_.texts.push_back(at_.string("text"));
      } else if (key == "input") {
        out_.values.push_back(at_.raw());
      } else if (key == "content" && (at_.peek() == '"' || at_.peek() == '[')) {
        content("content");  // a tool's result
      } else if (key == "source" && at_.peek() == '{') {
        source();
      } else {
        at_.skip();  // ids, cache marks, thinking and its signatures
      }
    });
    if (type == "thinking" || type == "redacted_thinking")
      out_.uncounted.add(Loss::thinking);
    else if (kCounted.find(type) < 0)
      out_.uncounted.add(Loss::native_parts);
    if (kind_pending_)
      out_.media.back().kind = type == "image" ? MediaKind::image : MediaKind::file;
    kind_pending_ = false;
  }

  void source() {
    MediaPart part;
    bool text = false;
    at_.members("source", [&](std::string_view key) {
      if (at_.peek() != '"') return at_.skip();
      const std::string_view value = at_.string("source");
      if (key == "data") part.raw = value;
      if (key == "url" || key == "file_id") part.raw = value;
      if (key == "type" && value == "base64") part.source = MediaSource::inline_data;
      if (key == "type" && value == "file") part.source = MediaSource::file_id;
      if (key == "type") text = value == "text";
    });
    if (text) {
      out_.texts.push_back(part.raw);
      return;
    }
    out_.media.push_back(part);
    kind_pending_ = true;  // the block's type may come after its source
  }

  CountWalk at_;
  CountRequest& out_;
  bool kind_pending_ = false;
};

}  // namespace

Result<void> read_count_request(std::string_view body, CountRequest& out) {
  out.clear();
  return Reader(body, out).run();
}

}  // namespace steelyard::dialect::anthropic
