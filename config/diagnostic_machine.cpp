// Diagnostics for programs: one JSON object, or one GitHub workflow command.
#include "config/diagnostic_parts.h"
#include "config/types/json_writer.h"

namespace steelyard {
namespace {

const std::string* path_of(const SourceSpan& at, std::span<const SourceText> sources) {
  return at.line != 0 && at.file < sources.size() ? &sources[at.file].path : nullptr;
}

void write_label(JsonWriter& json, const Label& label, std::span<const SourceText> sources,
                 const char* text_key) {
  if (const std::string* path = path_of(label.at, sources)) {
    json.field("file", *path);
    json.field("line", static_cast<std::int64_t>(label.at.line));
    json.field("column", static_cast<std::int64_t>(label.at.column));
    json.field("length", static_cast<std::int64_t>(label.at.length));
  }
  if (!label.text.empty()) json.field(text_key, label.text);
}

// Workflow commands end at a line break, properties also at `,` and `:`.
std::string github_escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += property ? "%3A" : ":"; break;
      case ',': out += property ? "%2C" : ","; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::string to_json(const Diagnostic& diagnostic, std::span<const SourceText> sources) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("severity", name_of(diagnostic.severity));
  json.field("code", diagnostic.code);
  json.field("message", diagnostic.message);
  write_label(json, diagnostic.primary, sources, "label");
  json.key("notes").begin_array();
  for (const Label& note : diagnostic.notes) {
    json.begin_object();
    write_label(json, note, sources, "message");
    json.end_object();
  }
  json.end_array();
  if (!diagnostic.help.empty()) json.field("help", diagnostic.help);
  json.end_object();
  return out;
}

std::string to_github(const Diagnostic& diagnostic, std::span<const SourceText> sources) {
  const SourceSpan& at = diagnostic.primary.at;
  std::string out = std::string("::") + name_of(diagnostic.severity) + " ";
  if (const std::string* path = path_of(at, sources)) {
    out += "file=" + github_escaped(*path, true) + ",line=" + std::to_string(at.line) +
           ",col=" + std::to_string(at.column) +
           ",endColumn=" + std::to_string(at.column + at.length) + ",";
  }
  out += "title=" + github_escaped(diagnostic.code, true) + "::";
  out += github_escaped(diagnostic.message, false);
  if (!diagnostic.help.empty()) out += github_escaped("\nhelp: " + diagnostic.help, false);
  return out;
}

}  // namespace steelyard
