#include "gateway/pass_asker.h"

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/usage_watch.h"

namespace steelyard {
namespace {

using dialect::key_names;
using dialect::KeyTable;

enum TopKey { kModel, kUser, kMetadata };
constexpr KeyTable kTop(key_names("model", "user", "metadata"));
constexpr KeyTable kMetadataKeys(key_names("user_id"));

// False: it is no JSON object.
bool read_json(std::string_view body, PassAsker& out) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || body[begin] != '{') return false;
  dialect::LenientReader reader(body);
  return reader.object(kTop, [&](int key) {
    if (key == kModel) return reader.text(out.model);
    if (key == kUser) return reader.text(out.user);
    if (key != kMetadata) return reader.cursor.skip_value();
    return reader.object(kMetadataKeys, [&](int part) {
      return part == 0 ? reader.text(out.user) : reader.cursor.skip_value();
    });
  });
}

// Gemini's and Azure's paths name it: ".../models/NAME:verb", ".../deployments/NAME/...".
std::string_view model_of_path(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  for (const std::string_view before : {"/models/", "/deployments/"}) {
    const std::size_t at = path.find(before);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = path.substr(at + before.size());
    return rest.substr(0, rest.find_first_of("/:"));
  }
  return {};
}

}  // namespace

PassAsker who_asks(std::string_view target, std::string_view body) {
  PassAsker out;
  if (!read_json(body, out)) {
    UsageWatch watch;
    watch.feed(body);
    out = {};
    out.several_models = watch.several_models();
    // The watch keeps its own copy of the name: found again where it lives longer.
    const std::size_t at =
        watch.model().empty() ? std::string_view::npos : body.find(watch.model());
    if (at != std::string_view::npos) out.model = body.substr(at, watch.model().size());
  }
  if (out.model.empty() && !out.several_models) out.model = model_of_path(target);
  return out;
}

}  // namespace steelyard
