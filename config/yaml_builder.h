#pragma once
// yaml-cpp's events → YamlNode. Private to yaml_tree.cpp and its tests.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/yaml_tree.h"

namespace steelyard {

// Thrown through yaml-cpp to stop it; caught in parse_yaml.
struct YamlAbort {
  Diagnostic why;
};

class YamlBuilder final : public YAML::EventHandler {
 public:
  YamlBuilder(std::string_view text, std::uint32_t file, DiagnosticSink& sink);

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

  YamlNode take() { return std::move(root_); }
  SourceSpan span_at(const YAML::Mark& mark) const;
  // The innermost `{` or `[` that is still open; nullopt when none is.
  std::optional<SourceSpan> open_bracket() const;

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool flow = false;
    bool have_key = false;      // a map's key was read, its value is next
    bool swallow_null = false;  // the value of a key that was part of a number
    bool skip_value = false;    // the value of a refused key
    std::string key;
    SourceSpan key_at;
    std::unordered_map<std::string, SourceSpan> seen;
    std::vector<YamlNode> merges;  // values of `<<`
  };

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, bool flow);
  void close();
  void place(YamlNode node, YAML::anchor_t anchor);
  void place_key(const YamlNode& node);
  void apply_merges(Frame& frame);
  bool joins_number(const Frame& frame, const YamlNode& node) const;
  void count(std::size_t nodes, SourceSpan at);
  std::size_t offset_of(const SourceSpan& at) const;
  std::string_view rest_of_line(std::size_t offset) const;
  std::uint32_t flow_length_at(std::size_t offset) const;
  std::uint32_t length_at(std::size_t offset, std::string_view value) const;

  std::string_view text_;
  std::uint32_t file_;
  DiagnosticSink& sink_;
  std::vector<std::size_t> line_starts_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  std::size_t nodes_ = 0;
};

}  // namespace steelyard
