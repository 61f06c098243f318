#include "gateway/models_call.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/dialect/models_list.h"
#include "gateway/error_reply.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

// Names stay valid as long as the runtime and `tiers`.
std::vector<dialect::ListedModel> list_models(const Session& session,
                                              std::vector<std::string>& tiers) {
  const Runtime& runtime = session.runtime();
  std::vector<dialect::ListedModel> models;
  for (const std::string& tier : runtime.rules.tiers()) tiers.push_back("tier:" + tier);
  models.push_back({"auto", "steelyard", 0, 0, 0, false});
  for (const std::string& tier : tiers) models.push_back({tier, "steelyard", 0, 0, 0, false});
  const Principal& principal = *session.principal();
  policies::ModelMask usable = principal.access;
  usable |= principal.embeddings;
  usable &= runtime.catalog.served();
  for (std::size_t i = 0; i < runtime.catalog.models().size(); ++i) {
    const router::Model& model = runtime.catalog.models()[i];
    if (!usable.test(i)) continue;
    models.push_back({model.name, model.vendor, 0, model.context_tokens, model.output_tokens_max,
                      model.can.embeddings});
  }
  return models;
}

}  // namespace

net::Task<void> serve_models(Session& session, Route route) {
  std::vector<std::string> tiers;
  const std::vector<dialect::ListedModel> models = list_models(session, tiers);
  std::string body;
  if (route == Route::models) {
    dialect::write_models(body, session.wire(), models);
  } else {
    const net::RequestHead& head = session.head();
    const std::string_view name = match_route(head.method, head.target()).parameter;
    const auto found =
        std::find_if(models.begin(), models.end(), [&](const auto& m) { return m.name == name; });
    if (found == models.end()) {
      const Error error(ErrorKind::not_found, ErrorSource::client, Retry::never,
                        "there is no model of that name, or this key may not use it");
      const dialect::ErrorExtras extras;
      const std::string_view no_lines;
      (void)co_await reply_error(session, error, extras, no_lines);
      co_return;
    }
    dialect::write_model(body, session.wire(), *found);
  }
  (void)co_await session.reply(200, "application/json", body);
}

}  // namespace steelyard
