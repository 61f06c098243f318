#include "tests/unit/dialect/support.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "config/types/json_writer.h"
#include "gateway/dialect/hub_text.h"

namespace steelyard::dialect::testing {
namespace {

namespace fs = std::filesystem;

std::string shared_folder() {
  if (const char* set = std::getenv("STEELYARD_SHARED"); set != nullptr) return set;
  return (fs::path(STEELYARD_SOURCE_DIR).parent_path() / "shared").string();
}

std::string unpack(const std::string& path) {
  std::string out;
  const std::string command = "xz -dc '" + path + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (pipe == nullptr) return out;
  std::vector<char> chunk(1 << 16);
  for (std::size_t got; (got = std::fread(chunk.data(), 1, chunk.size(), pipe.get())) > 0;) {
    out.append(chunk.data(), got);
  }
  return out;
}

// `binary`: answers in base64 are given decoded; else they are left out.
std::vector<Recorded> load(const std::string& dialect, bool binary = false) {
  const std::string path = shared_folder() + "/fixtures/recorded/" + dialect + ".jsonl.xz";
  std::vector<Recorded> all;
  if (!fs::exists(path)) {
    MESSAGE(
        "SKIPPED: recorded traffic is absent, tests over it check nothing; set STEELYARD_SHARED");
    return all;
  }
  std::istringstream lines(unpack(path));
  simdjson::dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    const simdjson::dom::element doc = parser.parse(line);
    std::string_view encoding;
    const bool encoded = doc["encoding"].get(encoding) == simdjson::SUCCESS && encoding == "base64";
    if (encoded && !binary) continue;
    Recorded r;
    r.id = std::string_view(doc["id"]);
    r.provider = std::string_view(doc["provider"]);
    if (std::string_view path; doc["path"].get(path) == simdjson::SUCCESS) r.path = path;
    r.request = std::string_view(doc["request_body"]);
    r.response = std::string_view(doc["response_body"]);
    if (encoded) {
      std::string bytes;
      if (!hub::decode_base64(bytes, r.response)) continue;
      r.response = std::move(bytes);
    }
    r.stream = bool(doc["stream"]);
    std::int64_t status = 0;
    if (doc["status"].get(status) == simdjson::SUCCESS) r.status = static_cast<int>(status);
    all.push_back(std::move(r));
  }
  return all;
}

void write_usage(JsonWriter& json, const ReportedUsage& u) {
  if (!u.present) {
    json.key("usage").null();
    return;
  }
  json.key("usage").begin_object();
  json.field("prompt", u.prompt).field("completion", u.completion);
  if (u.total_present) json.field("total", u.total);
  json.field("cached", u.cached)
      .field("cache_write", u.cache_write)
      .field("reasoning", u.reasoning);
  if (u.cost_present) json.field("cost_nano_usd", u.cost.v);
  json.end_object();
}

void write_fault(JsonWriter& json, const UpstreamFault& fault) {
  if (!fault) return;
  json.key("fault").begin_object().field("class", name_of(fault.cls));
  json.field("message", fault.message)
      .field("type", fault.type)
      .field("code", fault.code)
      .end_object();
}

const char* name_of_phase(openai::StreamPhase phase) {
  constexpr const char* names[] = {"silent", "preamble", "content", "done", "failed"};
  return names[static_cast<int>(phase)];
}

void write_limit(JsonWriter& json, std::string_view name, const OutputLimit& limit) {
  if (!limit.key.empty()) json.field(name, limit.tokens);
}

}  // namespace

const std::vector<Recorded>& recorded_chat() {
  static const std::vector<Recorded> all = load("openai.chat");
  return all;
}

const std::vector<Recorded>& recorded_messages() {
  static const std::vector<Recorded> all = load("anthropic.messages");
  return all;
}

const std::vector<Recorded>& recorded_contents() {
  static const std::vector<Recorded> all = load("gemini.generate");
  return all;
}

const std::vector<Recorded>& recorded_converse() {
  static const std::vector<Recorded> all = load("bedrock.converse", true);
  return all;
}

const std::vector<Recorded>& recorded_invoke() {
  static const std::vector<Recorded> all = [] {
    std::vector<Recorded> found = load("other", true);
    std::erase_if(found, [](const Recorded& r) {
      return r.provider != "bedrock" || r.path.find("/invoke") == std::string::npos;
    });
    return found;
  }();
  return all;
}

const std::vector<Recorded>& recorded_responses() {
  static const std::vector<Recorded> all = load("openai.responses");
  return all;
}

std::string to_json(const ChatRequest& r) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("model", r.model).field("stream", r.stream);
  json.field("include_usage", r.include_usage).field("choices", std::int64_t{r.choices});
  write_limit(json, "max_tokens", r.max_tokens);
  write_limit(json, "max_completion_tokens", r.max_completion_tokens);
  json.field("tool_count", std::int64_t{r.tool_count});
  json.field("tool_choice", static_cast<int>(r.tool_choice));
  json.field("response_format", static_cast<int>(r.response_format));
  json.field("reasoning_effort", r.reasoning_effort).field("user", r.user);
  json.field("prompt_cache_key", r.prompt_cache_key).field("service_tier", r.service_tier);
  json.field("metadata", r.metadata.of(r.body)).field("tool_loop", r.tool_loop());
  json.field("has_images", r.has_images).field("has_reasoning_state", r.has_reasoning_state);
  json.key("fields").begin_array();
  for (std::size_t i = 0; i < fields_count; ++i) {
    if (r.fields.has(static_cast<Field>(i))) json.string(name_of(static_cast<Field>(i)));
  }
  json.end_array().key("messages").begin_array();
  for (const MessageInfo& m : r.messages) {
    json.begin_object().field("role", name_of(m.role)).key("texts").begin_array();
    for (const TextSlice& t : r.texts.subspan(m.text_begin, m.text_count)) {
      json.string(std::to_string(static_cast<int>(t.kind)) + ":" + std::string(t.raw));
    }
    json.end_array().end_object();
  }
  json.end_array().key("media").begin_array();
  for (const MediaPart& m : r.media) {
    json.begin_object().field("raw", m.raw).field("kind", static_cast<int>(m.kind));
    json.field("source", static_cast<int>(m.source)).field("detail", static_cast<int>(m.detail));
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string to_json(const openai::StreamFacts& f, openai::StreamPhase phase) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("phase", name_of_phase(phase)).field("done_seen", f.done_seen);
  json.field("content_seen", f.content_seen);
  write_usage(json, f.usage);
  json.field("finish", name_of(f.finish)).field("output_bytes", f.output_bytes);
  json.field("events", std::int64_t{f.events}).field("tool_calls", std::int64_t{f.tool_calls});
  json.field("dropped", std::int64_t{f.dropped}).field("unparsed", std::int64_t{f.unparsed});
  json.field("tool_names", f.tool_names)
      .field("model", f.model)
      .field("service_tier", f.service_tier);
  write_fault(json, f.fault);
  json.end_object();
  return out + "\n";
}

std::string to_json(const openai::ChatAnswer& a) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("valid", a.valid);
  write_usage(json, a.usage);
  json.field("finish", name_of(a.finish))
      .field("model", a.model)
      .field("service_tier", a.service_tier);
  json.field("content", a.content).field("refusal", a.refusal).field("empty", a.empty);
  json.field("tool_calls", std::int64_t{a.tool_calls}).field("tool_names", a.tool_names);
  json.field("arguments_invalid", a.arguments_invalid).field("output_bytes", a.output_bytes);
  write_fault(json, a.fault);
  json.end_object();
  return out + "\n";
}

std::string text_of(const openai::TapOutput& out) {
  std::string text;
  for (const std::string_view part : out.parts()) text += part;
  return text;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void each_golden(std::string_view prefix, const std::function<void(const std::string&)>& check,
                 std::string_view of) {
  const fs::path root = fs::path(STEELYARD_SOURCE_DIR) / "tests/golden/dialect" / of;
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.path().filename().string().starts_with(prefix))
      folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  REQUIRE_FALSE(folders.empty());
  for (const std::string& folder : folders) {
    CAPTURE(folder);
    check(folder);
  }
}

void check_golden(const std::string& folder, const std::string& name, const std::string& actual) {
  const std::string path = folder + "/" + name;
  CAPTURE(path);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  CHECK(read_file(path) == actual);
}

}  // namespace steelyard::dialect::testing
