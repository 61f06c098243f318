#include "gateway/dialect/gemini_count.h"

#include "gateway/dialect/count_walk.h"
#include "gateway/dialect/gemini_signature.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::gemini {
namespace {

// Settings: no tokens, or none that depend on what they say.
constexpr KeyTable kFree(key_names("model", "generationConfig", "generation_config", "toolConfig",
                                   "tool_config", "safetySettings", "safety_settings", "labels",
                                   "store", "serviceTier", "service_tier"));
// Of a part: beside what it holds.
constexpr KeyTable kBeside(key_names("thought", "thoughtSignature", "thought_signature",
                                     "partMetadata", "part_metadata", "videoMetadata",
                                     "video_metadata", "mediaResolution", "media_resolution"));

class Reader {
 public:
  Reader(std::string_view body, CountRequest& out) : at_(body), out_(out) {}

  Result<void> run() {
    request();
    if (at_.good() && !has_contents_) at_.wrong("contents", "is missing");
    return at_.end();
  }

 private:
  void request() {
    at_.members("body", [this](std::string_view key) {
      if (key == "contents") {
        has_contents_ = true;
        if (at_.peek() == '[') {
          at_.elements("contents", [this] { content(); });
        } else {
          content();
        }
      } else if (key == "systemInstruction" || key == "system_instruction") {
        out_.has_system = true;
        --out_.messages;  // it is no turn
        content();
      } else if (key == "generateContentRequest" || key == "generate_content_request") {
        if (++depth_ > 1) return at_.wrong("generateContentRequest", "is there twice");
        request();
      } else if (key == "tools" && at_.peek() == '[') {
        at_.elements("tools", [this] { tool(); });
      } else {
        const std::string_view value = at_.raw();
        if (kFree.find(key) < 0) out_.unknown.add(key, value);
      }
    });
  }

  void tool() {
    at_.members("tools[]", [this](std::string_view key) {
      const bool functions = key == "functionDeclarations" || key == "function_declarations";
      const std::string_view raw = at_.raw();
      if (!functions) out_.uncounted.add(Loss::tools);
      if (!functions || raw.empty()) return;
      CountWalk inner(raw);
      inner.elements("functionDeclarations", [&] {
        inner.skip();
        ++out_.tool_count;
      });
      if (!inner.good()) return at_.wrong("functionDeclarations", "must be an array");
      out_.tools.push_back(raw);
    });
  }

  void content() {
    ++out_.messages;
    const std::int32_t calls_before = out_.tool_calls;
    at_.members("contents[]", [this](std::string_view key) {
      if (key == "role" && at_.peek() == '"') {
        out_.replies += at_.string("role") == "model";
      } else if (key == "parts" && at_.peek() == '[') {
        at_.elements("parts", [this] { part(); });
      } else if (key == "parts") {
        part();
      } else {
        at_.skip();
      }
    });
    out_.parallel_calls += out_.tool_calls - calls_before > 1;
  }

  void part() {
    at_.members("parts[]", [this](std::string_view key) {
      if (key == "text") {
        out_.texts.push_back(at_.string("text"));
      } else if (key == "inlineData" || key == "inline_data" || key == "fileData" ||
                 key == "file_data") {
        blob();
      } else if (key == "functionCall" || key == "function_call") {
        ++out_.tool_calls;
        out_.values.push_back(at_.raw());
      } else if ((key == "thoughtSignature" || key == "thought_signature") && at_.peek() == '"') {
        const std::string_view signature = at_.string("thoughtSignature");
        if (bills_thoughts(signature)) out_.states.push_back(signature);
      } else if (key == "functionResponse" || key == "function_response") {
        out_.values.push_back(at_.raw());
      } else {
        at_.skip();
        if (kBeside.find(key) < 0) out_.uncounted.add(Loss::native_parts);
      }
    });
  }

  void blob() {
    MediaPart media;
    std::string_view mime;
    at_.members("inlineData", [&](std::string_view key) {
      if (at_.peek() != '"') return at_.skip();
      const std::string_view value = at_.string("inlineData");
      if (key == "mimeType" || key == "mime_type") mime = value;
      if (key == "data") media.source = MediaSource::inline_data;
      if (key == "data" || key == "fileUri" || key == "file_uri") media.raw = value;
    });
    media.kind = mime.starts_with("audio")   ? MediaKind::audio
                 : mime.starts_with("video") ? MediaKind::video
                 : mime.starts_with("image") ? MediaKind::image
                                             : MediaKind::file;
    out_.media.push_back(media);
  }

  CountWalk at_;
  CountRequest& out_;
  bool has_contents_ = false;
  int depth_ = 0;
};

}  // namespace

Result<void> read_count_request(std::string_view body, CountRequest& out) {
  out.clear();
  return Reader(body, out).run();
}

}  // namespace steelyard::dialect::gemini
