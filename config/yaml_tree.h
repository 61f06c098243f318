#pragma once
// A YAML document as a small strict tree: every node knows where it was written, duplicate keys are
// refused, aliases are copied within bounds. The only file that knows yaml-cpp is yaml_tree.cpp.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic_sink.h"
#include "config/types/span.h"

namespace steelyard {

namespace yaml_limits {
inline constexpr std::size_t bytes_max = 4u << 20;  // a catalogue of 3,000 models is 2 MB
inline constexpr std::size_t nodes_max = 200'000;   // aliases expanded: stops "billion laughs"
inline constexpr std::size_t depth_max = 32;        // the deepest legal path has 9 levels
}  // namespace yaml_limits

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };
  Kind kind = Kind::null;
  bool quoted = false;
  std::string text;  // of a scalar, as written: `${…}` not yet resolved
  SourceSpan at;
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a map, in document order

  const YamlNode* find(std::string_view key) const;  // of a map; null when absent
};

struct YamlEntry {
  std::string key;
  SourceSpan key_at;
  YamlNode value;
};

const char* name_of(YamlNode::Kind kind);  // "nothing", "text", "a list", "a map"

// Parses one document. Errors go to `sink` with spans in file number `file`; nullopt when there is
// no tree at all. Never throws. Text must not be larger than `yaml_limits::bytes_max`.
std::optional<YamlNode> parse_yaml(std::string_view text, std::uint32_t file, DiagnosticSink& sink);

}  // namespace steelyard
