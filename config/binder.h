#pragma once
// From YAML nodes to structs by tables: one row per key says its name, what it looks like, what it
// means, and where it goes. The same rows make the JSON Schema and the reference, so none of the
// three can forget a key.
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/diagnostic_sink.h"
#include "config/load.h"
#include "config/shape.h"
#include "config/types/secret.h"
#include "config/values.h"
#include "config/yaml_tree.h"

namespace steelyard {

// What binding needs besides the node: where errors go, how references are resolved.
class BindContext {
 public:
  BindContext(DiagnosticSink& sink_in, const LoadInputs& inputs_in,
              std::vector<SourceText>& sources_in)
      : sink(sink_in), inputs(inputs_in), sources(sources_in) {}

  // The text of a scalar with `${…}` resolved; reports and returns nullopt when it is not one.
  // `what` completes "expected …".
  std::optional<std::string> text(const YamlNode& node, const std::string& what);
  // The same, for a value that must never be shown again.
  std::optional<Secret> secret(const YamlNode& node, const std::string& what);
  // A path, joined to the folder of the file it is written in.
  std::optional<std::string> path(const YamlNode& node, const std::string& what);

  void wrong_type(const YamlNode& node, const std::string& what);
  void wrong_value(const char* code, const YamlNode& node, const std::string& expected);
  void unknown_key(const YamlEntry& entry, const std::string& owner,
                   const std::vector<std::string>& known);
  void missing_keys(SourceSpan owner_at, const std::string& owner,
                    const std::vector<std::string>& keys);
  // Overwrites the bytes of a literal secret in the source, so that no excerpt shows them.
  void redact(SourceSpan at);

  DiagnosticSink& sink;
  const LoadInputs& inputs;
  std::vector<SourceText>& sources;
  bool in_secret =
      false;  // a fallback for a secret would be a secret in the file: do not advise one
};

template <class T>
struct Field {
  FieldInfo info;
  std::function<void(BindContext&, const YamlNode&, T&)> bind;
};

template <class T>
struct Table {
  std::string name;   // "provider"
  std::string owner;  // "a provider": in messages
  std::string doc;
  std::vector<Field<T>> fields;
  std::vector<std::pair<std::string, std::string>>
      later;  // keys of planned features, and what to do instead

  TableInfo info() const {
    TableInfo seen{name, doc, {}};
    for (const Field<T>& field : fields) seen.fields.push_back(field.info);
    return seen;
  }
};

// Reads the map `node` into `out`. `owner_at` is where a missing key is reported: the name of the
// thing. Returns false when the node is no map at all.
template <class T>
bool bind_map(BindContext& context, const YamlNode& node, SourceSpan owner_at,
              const Table<T>& table, T& out) {
  const bool empty = node.kind == YamlNode::Kind::null;
  if (node.kind != YamlNode::Kind::map && !empty) {
    context.wrong_type(node, "a map of " + table.name + " keys");
    return false;
  }
  for (const YamlEntry& entry : node.entries) {
    const Field<T>* found = nullptr;
    for (const Field<T>& field : table.fields) {
      if (field.info.key == entry.key) found = &field;
    }
    if (found != nullptr) {
      found->bind(context, entry.value, out);
      continue;
    }
    const std::string* instead = nullptr;
    for (const auto& [key, what] : table.later) {
      if (key == entry.key) instead = &what;
    }
    if (instead != nullptr) {
      context.sink.warning("C0501", entry.key_at,
                           "`" + entry.key + "` of " + table.owner + " is not supported yet",
                           "has no effect", *instead);
      continue;
    }
    std::vector<std::string> known;
    for (const Field<T>& field : table.fields) known.push_back(field.info.key);
    context.unknown_key(entry, table.owner, known);
  }
  std::vector<std::string> missing;
  for (const Field<T>& field : table.fields) {
    if (field.info.required && node.find(field.info.key) == nullptr)
      missing.push_back(field.info.key);
  }
  if (!missing.empty()) context.missing_keys(owner_at, table.owner, missing);
  return true;
}

}  // namespace steelyard
