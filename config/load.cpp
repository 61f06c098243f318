#include "config/load.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/binder.h"
#include "config/checks.h"
#include "config/fields.h"
#include "config/load_finish.h"
#include "config/presets.h"
#include "config/tables.h"
#include "config/types/glob.h"
#include "config/types/sha256.h"
#include "config/yaml_tree.h"

namespace steelyard {
namespace {

constexpr std::size_t files_max = 256;

class Loader {
 public:
  explicit Loader(const LoadInputs& inputs) : inputs_(inputs), context_(sink_, inputs, sources_) {}

  LoadResult gateway(const std::string& path);
  CatalogResult catalogs(const std::vector<std::string>& paths);

 private:
  std::optional<YamlNode> read(const std::string& path, SourceSpan named_at);
  std::vector<std::string> expand(const Located<std::string>& pattern, Severity when_empty);
  void load_catalog_file(const std::string& path, SourceSpan named_at, CatalogDraft& all);
  void load_policies(GatewayDraft& draft);
  void load_presets(YamlNode& main_file);
  void complete(GatewayDraft& draft, CatalogDraft& catalog);

  const LoadInputs& inputs_;
  DiagnosticSink sink_;
  std::vector<SourceText> sources_;
  BindContext context_;
  Sha256 digest_;
  bool files_complete_ =
      true;  // false: a file is missing or broken, so cross checks would only repeat that
};

// A document as a map; nullopt: reported.
std::optional<YamlNode> Loader::read(const std::string& path, SourceSpan named_at) {
  const auto refuse = [&](const char* code, const std::string& message, const std::string& label,
                          const std::string& help) {
    sink_.error(code, named_at, message, label, help);
    files_complete_ = false;
    return std::nullopt;
  };
  if (sources_.size() >= files_max)
    return refuse("C0003", "more than 256 configuration files", "one too many",
                  "join some of them");
  Result<std::string> text =
      inputs_.read ? inputs_.read(path)
                   : fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no files here");
  if (!text) {
    const std::string& why = text.error().context;
    return refuse("C0001", "cannot read `" + path + "`" + (named_at.line == 0 ? ": " + why : ""),
                  why, "");
  }
  if (text->size() > yaml_limits::bytes_max)
    return refuse("C0003", "`" + path + "` is larger than 4 MiB", "too large", "split it");
  if (text->starts_with("\xEF\xBB\xBF")) text->erase(0, 3);
  digest_.update(std::to_string(text->size()) + "\n");
  digest_.update(*text);
  const auto file = static_cast<std::uint32_t>(sources_.size());
  sources_.push_back({path, std::move(*text)});
  std::optional<YamlNode> root = parse_yaml(sources_.back().text, file, sink_);
  if (!root) {
    files_complete_ = false;
    return std::nullopt;
  }
  if (root->kind == YamlNode::Kind::map) return root;
  if (root->kind == YamlNode::Kind::null) root->at = {file, 1, 1, 1};
  sink_.error("C0103", root->at, "`" + path + "` holds no map of keys",
              std::string("this is ") + name_of(root->kind), "");
  files_complete_ = false;
  return std::nullopt;
}

std::vector<std::string> Loader::expand(const Located<std::string>& pattern, Severity when_empty) {
  if (!has_wildcard(pattern.value)) return {pattern.value};
  std::vector<std::string> found;
  Result<std::vector<std::string>> paths =
      inputs_.expand
          ? inputs_.expand(pattern.value)
          : fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no files here");
  if (paths) found = std::move(*paths);
  if (!found.empty()) return found;
  const std::string why = paths ? "no such file" : paths.error().context;
  sink_.add(
      {when_empty, "C0310", "no file matches `" + pattern.value + "`", {pattern.at, why}, {}, ""});
  if (when_empty == Severity::error) files_complete_ = false;
  return found;
}

void Loader::load_catalog_file(const std::string& path, SourceSpan named_at, CatalogDraft& all) {
  const std::optional<YamlNode> root = read(path, named_at);
  if (!root) return;
  CatalogDraft draft;
  bind_map(context_, *root, {root->at.file, 1, 1, 1}, catalog_table(), draft);
  if (!draft.as_of.empty() && (all.as_of.empty() || draft.as_of < all.as_of))
    all.as_of = draft.as_of;
  std::move(draft.models.begin(), draft.models.end(), std::back_inserter(all.models));
  std::move(draft.scores.begin(), draft.scores.end(), std::back_inserter(all.scores));
}

void Loader::load_policies(GatewayDraft& draft) {
  for (PolicySource& source : draft.policies) {
    if (source.policy) {
      draft.spec.policies.push_back(std::move(*source.policy));
      continue;
    }
    for (const std::string& path : expand(source.pattern, Severity::warning)) {
      const std::optional<YamlNode> root = read(path, source.pattern.at);
      if (!root) continue;
      PolicyFileDraft file;
      bind_map(context_, *root, {root->at.file, 1, 1, 1}, policy_file_table(), file);
      std::move(file.policies.begin(), file.policies.end(),
                std::back_inserter(draft.spec.policies));
    }
  }
}

// Completes the providers while they are still a tree, so that one table checks them.
void Loader::load_presets(YamlNode& main_file) {
  std::vector<YamlNode> files;
  if (const YamlNode* named = main_file.find("presets"); named != nullptr) {
    for (const YamlNode* item : list_items(context_, *named, "a list of files", true)) {
      const std::optional<std::string> path = context_.path(*item, "a path");
      if (!path) continue;
      std::optional<YamlNode> file = read(*path, item->at);
      if (!file) continue;
      PresetDraft checked;
      bind_map(context_, *file, {file->at.file, 1, 1, 1}, preset_table(), checked);
      files.push_back(std::move(*file));
    }
  }
  apply_presets(main_file, files, sink_);
}

void Loader::complete(GatewayDraft& draft, CatalogDraft& catalog) {
  finish_catalog(catalog, sink_);
  draft.spec.models = std::move(catalog.models);
  draft.spec.catalog_as_of = catalog.as_of;
  finish_gateway(draft.spec);
  check_tier_names(draft, sink_);
  check_listeners(draft, sink_);
  check_lease(draft, sink_);
  if (!files_complete_ || draft.catalog.empty()) return;
  if (sink_.errors() > 0) sink_.mute_warnings();
  check_models(draft.spec, sink_);
  check_people(draft.spec, sink_);
  check_plans(draft.spec, sink_);
  check_fleet(draft, sink_);
  check_policies(draft.spec, sink_);
}

LoadResult Loader::gateway(const std::string& path) {
  GatewayDraft draft;
  std::optional<YamlNode> root = read(path, {});
  if (root) {
    load_presets(*root);
    bind_map(context_, *root, {0, 1, 1, 1}, gateway_table(), draft);
    CatalogDraft catalog;
    for (const Located<std::string>& pattern : draft.catalog) {
      for (const std::string& file : expand(pattern, Severity::error))
        load_catalog_file(file, pattern.at, catalog);
    }
    load_policies(draft);
    complete(draft, catalog);
  }
  LoadResult result;
  if (sink_.errors() == 0) {
    for (const SourceText& source : sources_) draft.spec.files.push_back(source.path);
    draft.spec.digest = to_hex(digest_.finish());
    result.spec = std::move(draft.spec);
  }
  result.suppressed = sink_.suppressed();
  result.diagnostics = sink_.take();
  mask_keys(sources_);
  result.sources = std::move(sources_);
  return result;
}

CatalogResult Loader::catalogs(const std::vector<std::string>& paths) {
  CatalogDraft catalog;
  for (const std::string& path : paths) load_catalog_file(path, {}, catalog);
  finish_catalog(catalog, sink_);
  CatalogResult result;
  if (sink_.errors() == 0) result.models = std::move(catalog.models);
  result.diagnostics = sink_.take();
  result.sources = std::move(sources_);
  return result;
}

}  // namespace

LoadResult load(const std::string& path, const LoadInputs& inputs) {
  return Loader(inputs).gateway(path);
}

CatalogResult load_catalog(const std::vector<std::string>& paths, const LoadInputs& inputs) {
  return Loader(inputs).catalogs(paths);
}

}  // namespace steelyard
