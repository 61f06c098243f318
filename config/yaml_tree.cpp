#include "config/yaml_tree.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "config/text_bytes.h"
#include "config/yaml_builder.h"

namespace steelyard {
namespace {

// yaml-cpp's messages, in our words where a remedy is known.
Diagnostic syntax_error(const YAML::Exception& thrown, SourceSpan at) {
  const std::string_view what = thrown.msg;
  Diagnostic d{Severity::error, "C0002", "this is not valid YAML", {at, std::string(what)}, {}, ""};
  if (what.find("tab") != std::string_view::npos) {
    d.help = "indent with spaces";
  } else if (what.find("illegal map value") != std::string_view::npos) {
    d.help = "put quotes around a value that contains `: `, and check the indentation";
  } else if (what.find("end of map") != std::string_view::npos ||
             what.find("end of sequence") != std::string_view::npos) {
    d.help = "check the indentation of this line and the brackets before it";
  } else if (what.find("unknown token") != std::string_view::npos) {
    d.help = "put quotes around a value that starts with one of `@ % * & ! |`";
  } else if (what.find("anchor") != std::string_view::npos) {
    d.help = "put quotes around a value that starts with `*` or `&`";
  }
  return d;
}

// Bytes that YAML does not allow, and that would be shown to a terminal.
bool refuse_bytes(std::string_view text, std::uint32_t file, DiagnosticSink& sink) {
  const std::optional<BadByte> bad = find_bad_byte(text);
  if (!bad) return false;
  SourceSpan at{file, bad->line, bad->column, 1};
  const bool control = bad->control;
  sink.error(
      "C0008", at, control ? "a control character" : "this file is not UTF-8",
      control ? "byte not allowed here" : "not a UTF-8 sequence",
      control ? "remove it, or write it as an escape in double quotes" : "save the file as UTF-8");
  return true;
}

void refuse_second_document(YAML::Parser& parser, std::string_view text, std::uint32_t file,
                            DiagnosticSink& sink) {
  DiagnosticSink unheard;
  YamlBuilder second(text, file, unheard);
  if (!parser.HandleNextDocument(second)) return;
  SourceSpan at = second.take().at;
  sink.error("C0004", at, "a second document in one file", "starts here",
             "put it into a file of its own and remove the `---`");
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const char* name_of(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return "text";
    case YamlNode::Kind::sequence: return "a list";
    case YamlNode::Kind::map: return "a map";
  }
  return "nothing";
}

std::optional<YamlNode> parse_yaml(std::string_view text, std::uint32_t file,
                                   DiagnosticSink& sink) {
  if (refuse_bytes(text, file, sink)) return std::nullopt;
  YamlBuilder builder(text, file, sink);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    refuse_second_document(parser, text, file, sink);
    return builder.take();
  } catch (const YamlAbort& stop) {
    sink.add(stop.why);
  } catch (const YAML::Exception& thrown) {
    sink.add(syntax_error(thrown, builder.span_at(thrown.mark)));
  } catch (const std::exception& thrown) {
    sink.error("C0002", {file, 1, 1, 1}, "this is not valid YAML", thrown.what());
  }
  return std::nullopt;
}

}  // namespace steelyard
