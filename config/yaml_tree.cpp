#include "config/yaml_tree.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "config/diagnostic_parts.h"
#include "config/text_bytes.h"
#include "config/yaml_builder.h"

namespace steelyard {
namespace {

bool indented_by_tab(std::string_view line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first != std::string_view::npos && line[first] == '\t';
}

std::string remedy_for(std::string_view what) {
  const auto says = [&](std::string_view words) {
    return what.find(words) != std::string_view::npos;
  };
  if (says("illegal map value"))
    return "put quotes around a value that contains `: `, and check the indentation";
  if (says("end of map") || says("end of sequence"))
    return "check the indentation of this line and the brackets before it";
  if (says("anchor") || says("alias"))
    return "put quotes around a value that starts with `*` or `&`";
  if (says("unknown token"))
    return "put quotes around a value that starts with one of `@ % * & ! |`";
  return "";
}

// yaml-cpp's messages, with a remedy where one is known.
Diagnostic syntax_error(const YAML::Exception& thrown, const YamlBuilder& builder,
                        std::string_view text) {
  const SourceSpan at = builder.span_at(thrown.mark);
  Diagnostic d{Severity::error,  "C0002", "this is not valid YAML",
               {at, thrown.msg}, {},      remedy_for(thrown.msg)};
  if (indented_by_tab(line_of(text, at.line)))
    d.help = "this line is indented with a tab: use spaces";
  const auto open = builder.open_bracket();
  if (open && thrown.msg.find(" not found") != std::string::npos &&
      thrown.msg.starts_with("end of"))
    d.notes.push_back({*open, "opened here, and not closed before"});
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
    sink.add(syntax_error(thrown, builder, text));
  } catch (const std::exception& thrown) {
    sink.error("C0002", {file, 1, 1, 1}, "this is not valid YAML", thrown.what());
  }
  return std::nullopt;
}

}  // namespace steelyard
