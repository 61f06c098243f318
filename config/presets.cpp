#include "config/presets.h"

#include <algorithm>

#include "config/nearest.h"

namespace steelyard {
namespace {

YamlNode* find_map(YamlNode& map, std::string_view key) {
  for (YamlEntry& entry : map.entries)
    if (entry.key == key) return entry.value.kind == YamlNode::Kind::map ? &entry.value : nullptr;
  return nullptr;
}

const YamlNode* find_preset(const std::vector<YamlNode>& files, std::string_view name) {
  for (const YamlNode& file : files) {
    const YamlNode* providers = file.find("providers");
    if (providers == nullptr || providers->kind != YamlNode::Kind::map) continue;
    const YamlNode* found = providers->find(name);
    if (found != nullptr && found->kind == YamlNode::Kind::map) return found;
  }
  return nullptr;
}

void report_unknown(const YamlNode& like, const std::vector<YamlNode>& files,
                    DiagnosticSink& sink) {
  std::vector<std::string> names;
  for (const YamlNode& file : files)
    if (const YamlNode* providers = file.find("providers"); providers != nullptr)
      for (const YamlEntry& entry : providers->entries) names.push_back(entry.key);
  const auto near = nearest(like.text, names);
  sink.error("C0422", like.at, "there is no preset `" + like.text + "`", "not in any preset file",
             near            ? "did you mean `" + *near + "`?"
             : files.empty() ? "name the file: `presets: [providers.yaml]`"
                             : "");
}

void join(YamlNode& own, const YamlNode& preset) {
  for (const YamlEntry& entry : preset.entries) {
    const auto mine = std::find_if(own.entries.begin(), own.entries.end(),
                                   [&](const YamlEntry& e) { return e.key == entry.key; });
    if (mine == own.entries.end())
      own.entries.push_back(entry);
    else if (mine->value.kind == YamlNode::Kind::map && entry.value.kind == YamlNode::Kind::map)
      join(mine->value, entry.value);
  }
}

}  // namespace

void apply_presets(YamlNode& main_file, const std::vector<YamlNode>& preset_files,
                   DiagnosticSink& sink) {
  YamlNode* providers = find_map(main_file, "providers");
  if (providers == nullptr) return;
  for (YamlEntry& entry : providers->entries) {
    if (entry.value.kind != YamlNode::Kind::map) continue;
    const YamlNode* like = entry.value.find("like");
    if (like != nullptr && like->kind != YamlNode::Kind::scalar) continue;
    if (like == nullptr && entry.value.find("base_url") != nullptr) continue;
    const YamlNode* preset = find_preset(preset_files, like != nullptr ? like->text : entry.key);
    if (preset != nullptr)
      join(entry.value, *preset);
    else if (like != nullptr)
      report_unknown(*like, preset_files, sink);
  }
}

}  // namespace steelyard
