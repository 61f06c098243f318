#include "config/yaml_builder.h"

#include <algorithm>
#include <utility>

namespace steelyard {
namespace {

[[noreturn]] void abort_at(const char* code, SourceSpan at, std::string message, std::string label,
                           std::string help) {
  throw YamlAbort{
      {Severity::error, code, std::move(message), {at, std::move(label)}, {}, std::move(help)}};
}

std::size_t size_of(const YamlNode& node) {
  std::size_t total = 1;
  for (const YamlNode& item : node.items) total += size_of(item);
  for (const YamlEntry& entry : node.entries) total += 1 + size_of(entry.value);
  return total;
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const YamlEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// "$1", "20", "$1,000": the part of an amount before a comma.
bool number_head(std::string_view text) {
  if (!text.empty() && text.front() == '$') text.remove_prefix(1);
  const std::size_t first = std::min(text.find(','), text.size());
  if (first == 0 || first > 3) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return digit(c) || c == ','; });
}

// "000", "000.50", "000 USD": what may follow the comma.
bool number_tail(std::string_view text) {
  if (text.size() < 3 || !std::all_of(text.begin(), text.begin() + 3, digit)) return false;
  text.remove_prefix(3);
  if (text.ends_with(" USD")) text.remove_suffix(4);
  if (text.empty()) return true;
  return text.front() == '.' && std::all_of(text.begin() + 1, text.end(), digit);
}

}  // namespace

YamlBuilder::YamlBuilder(std::string_view text, std::uint32_t file, DiagnosticSink& sink)
    : text_(text), file_(file), sink_(sink), line_starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts_.push_back(i + 1);
  }
}

SourceSpan YamlBuilder::span_at(const YAML::Mark& mark) const {
  SourceSpan at;
  at.file = file_;
  const std::size_t line = mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line);
  at.line = static_cast<std::uint32_t>(std::min(line, line_starts_.size() - 1) + 1);
  at.column = static_cast<std::uint32_t>(mark.column < 0 ? 1 : mark.column + 1);
  return at;
}

std::optional<SourceSpan> YamlBuilder::open_bracket() const {
  if (stack_.empty() || !stack_.back().flow) return std::nullopt;
  return stack_.back().node.at;
}

std::size_t YamlBuilder::offset_of(const SourceSpan& at) const {
  return std::min(line_starts_[at.line - 1] + at.column - 1, text_.size());
}

// At most what is worth underlining: a scan to the end of a 4 MiB line for each of its values would
// be quadratic.
std::string_view YamlBuilder::rest_of_line(std::size_t offset) const {
  constexpr std::size_t underlined_max = 512;
  const std::string_view rest = text_.substr(offset, underlined_max);
  return rest.substr(0, rest.find('\n'));
}

// Bytes to underline of `{...}` or `[...]`: up to its end when that is on the same line.
std::uint32_t YamlBuilder::flow_length_at(std::size_t offset) const {
  const std::string_view line = rest_of_line(offset);
  std::size_t depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\0') {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && depth > 0 && --depth == 0) {
      return static_cast<std::uint32_t>(i + 1);
    }
  }
  return 1;
}

// Bytes to underline: the scalar as it stands in the file, quotes included, never over a line's
// end.
std::uint32_t YamlBuilder::length_at(std::size_t offset, std::string_view value) const {
  const std::string_view line = rest_of_line(offset);
  if (!value.empty() && line.starts_with(value)) return static_cast<std::uint32_t>(value.size());
  if (line.empty()) return 1;
  if (line.front() == '"' || line.front() == '\'') {
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (line.front() == '"' && line[i] == '\\') {
        ++i;
      } else if (line[i] == line.front()) {
        return static_cast<std::uint32_t>(i + 1);
      }
    }
    return static_cast<std::uint32_t>(line.size());
  }
  const std::size_t end = std::min(line.find_first_of(" \t\r,]}"), line.size());
  return static_cast<std::uint32_t>(std::max<std::size_t>(end, 1));
}

void YamlBuilder::count(std::size_t nodes, SourceSpan at) {
  nodes_ += nodes;
  if (nodes_ <= yaml_limits::nodes_max) return;
  abort_at("C0003", at, "this file has more than 200000 values, aliases expanded", "one too many",
           "split the file, or write less through aliases");
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (!stack_.empty() && std::exchange(stack_.back().swallow_null, false)) return;
  YamlNode node;
  node.at = span_at(mark);
  const std::size_t offset = offset_of(node.at);
  const std::string_view here = text_.substr(offset, 4);
  if (here.starts_with('~')) node.text = "~";
  if (here == "null" || here == "Null" || here == "NULL") node.text = here;
  node.at.length = static_cast<std::uint32_t>(std::max<std::size_t>(node.text.size(), 1));
  count(1, node.at);
  place(std::move(node), anchor);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const SourceSpan at = span_at(mark);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    abort_at("C0002", at, "an alias inside the value it stands for", "refers to itself",
             "move the anchor to a value that is complete before this place");
  }
  count(size_of(found->second), at);
  if (stack_.size() + depth_of(found->second) > yaml_limits::depth_max) {
    abort_at("C0003", at, "values are nested more than 32 levels deep", "too deep", "");
  }
  place(found->second, 0);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = value;
  node.quoted = tag == "!";
  node.at = span_at(mark);
  node.at.length = length_at(offset_of(node.at), value);
  count(1, node.at);
  if (!tag.empty() && tag != "?" && tag != "!") {
    sink_.error("C0002", node.at, "YAML tags such as `" + tag + "` are not used here", "a tag",
                "write the plain value");
  }
  place(std::move(node), anchor);
}

void YamlBuilder::open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
                       bool flow) {
  Frame frame;
  frame.node.kind = kind;
  frame.node.at = span_at(mark);
  frame.anchor = anchor;
  frame.flow = flow;
  if (flow) frame.node.at.length = flow_length_at(offset_of(frame.node.at));
  count(1, frame.node.at);
  if (stack_.size() >= yaml_limits::depth_max) {
    abort_at("C0003", frame.node.at, "values are nested more than 32 levels deep", "too deep", "");
  }
  stack_.push_back(std::move(frame));
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value style) {
  open(YamlNode::Kind::sequence, mark, anchor, style == YAML::EmitterStyle::Flow);
}

void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value style) {
  open(YamlNode::Kind::map, mark, anchor, style == YAML::EmitterStyle::Flow);
}

void YamlBuilder::OnSequenceEnd() {
  close();
}

void YamlBuilder::OnMapEnd() {
  close();
}

void YamlBuilder::close() {
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  if (!frame.merges.empty()) apply_merges(frame);
  place(std::move(frame.node), frame.anchor);
}

void YamlBuilder::place(YamlNode node, YAML::anchor_t anchor) {
  if (anchor != 0) anchors_[anchor] = node;
  if (stack_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = stack_.back();
  if (frame.node.kind == YamlNode::Kind::sequence) {
    frame.node.items.push_back(std::move(node));
  } else if (!frame.have_key) {
    place_key(node);
  } else {
    frame.have_key = false;
    const bool nothing = node.kind == YamlNode::Kind::null && node.text.empty();
    if (nothing) node.at = frame.key_at;  // there is nothing to point at but the key
    if (std::exchange(frame.skip_value, false)) return;
    if (frame.key == "<<") {
      frame.merges.push_back(std::move(node));
    } else {
      frame.node.entries.push_back({frame.key, frame.key_at, std::move(node)});
    }
  }
}

// `{ limit: $20,000 }` is, to YAML, `$20` and an entry `000`. An operator means an amount: put it
// together again.
bool YamlBuilder::joins_number(const Frame& frame, const YamlNode& node) const {
  if (!frame.flow || node.quoted || frame.node.entries.empty() || !number_tail(node.text))
    return false;
  const YamlNode& last = frame.node.entries.back().value;
  if (last.kind != YamlNode::Kind::scalar || last.quoted || !number_head(last.text)) return false;
  const std::size_t end = offset_of(last.at) + last.text.size();
  return end < text_.size() && text_[end] == ',' && offset_of(node.at) == end + 1 &&
         text_.substr(end - last.text.size(), last.text.size()) == last.text;
}

void YamlBuilder::place_key(const YamlNode& node) {
  Frame& frame = stack_.back();
  if (joins_number(frame, node)) {
    YamlNode& last = frame.node.entries.back().value;
    last.text += "," + node.text;
    last.at.length = static_cast<std::uint32_t>(last.text.size());
    frame.swallow_null = true;
    return;
  }
  frame.have_key = true;
  frame.key = node.text;
  frame.key_at = node.at;
  if (node.kind != YamlNode::Kind::scalar) {
    sink_.error("C0103", node.at, "a key is plain text", "not a key",
                "put quotes around it, if it is meant as text");
    frame.skip_value = true;
    return;
  }
  const auto [first, fresh] = frame.seen.emplace(node.text, node.at);
  if (fresh) return;
  Diagnostic twice{Severity::error,
                   "C0101",
                   "`" + node.text + "` is written twice in one map",
                   {node.at, "the second one"},
                   {{first->second, "first written here"}},
                   "keep one of the two"};
  sink_.add(std::move(twice));
  frame.skip_value = true;
}

// `<<: *base`: what the map itself says wins.
void YamlBuilder::apply_merges(Frame& frame) {
  for (YamlNode& merge : frame.merges) {
    std::vector<YamlNode> sources;
    if (merge.kind == YamlNode::Kind::sequence) {
      sources = std::move(merge.items);
    } else {
      sources.push_back(std::move(merge));
    }
    for (YamlNode& source : sources) {
      if (source.kind != YamlNode::Kind::map) {
        sink_.error("C0103", source.at, "`<<` merges maps", "not a map", "write `<<: *name`");
        continue;
      }
      for (YamlEntry& entry : source.entries) {
        if (!frame.seen.emplace(entry.key, entry.key_at).second) continue;
        frame.node.entries.push_back(std::move(entry));
      }
    }
  }
}

}  // namespace steelyard
