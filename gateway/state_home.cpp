#include "gateway/state_home.h"

#include <algorithm>

#include "gateway/chat_foreign.h"
#include "gateway/decide.h"
#include "gateway/dialect/anthropic_signature.h"
#include "gateway/dialect/state_seal.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

using dialect::hub::PartKind;
using dialect::hub::Wire;

// The request in the hub; Chat's own is not read into it before.
const dialect::hub::Request* in_hub(WorkerTools& tools, const Decision& d) {
  if (d.wire == Wire::openai_chat &&
      !tools.hub_requests.parse(d.wire, d.chat.body, tools.hub_request))
    return nullptr;
  return &tools.hub_request;
}

// The target whose model signs as the newest thought of the history; the asked-for model first.
std::int32_t signer_of(const Runtime& runtime, const dialect::hub::Request& request,
                       std::string_view asked_model) {
  constexpr int looks_max = 4;
  std::string signer;
  int looks = 0;
  for (auto part = request.parts.rbegin();
       part != request.parts.rend() && signer.empty() && looks < looks_max; ++part) {
    if (part->kind != PartKind::thinking || part->signature.empty() || part->encrypted) continue;
    ++looks;
    signer = dialect::anthropic::signing_model(part->signature);
  }
  if (signer.empty()) return router::no_target;
  const std::int32_t asked = runtime.catalog.find_model(asked_model);
  std::int32_t found = router::no_target;
  const auto count = static_cast<std::int32_t>(runtime.catalog.targets().size());
  for (std::int32_t i = 0; i < count; ++i) {
    const router::Target& target = runtime.catalog.target(i);
    const Wire wire = runtime.providers[static_cast<std::size_t>(target.provider)].wire;
    if (wire != Wire::anthropic && wire != Wire::converse) continue;
    if (!dialect::anthropic::is_signer(target.upstream_name, signer) &&
        !dialect::anthropic::is_signer(runtime.catalog.model(target.model).name, signer))
      continue;
    if (found == router::no_target ||
        (target.model == asked && runtime.catalog.target(found).model != asked))
      found = i;
  }
  return found;
}

}  // namespace

std::int32_t target_of(const Runtime& runtime, const SessionMemory::Turn& turn) {
  if (turn.target == 0) return router::no_target;
  const std::vector<std::uint64_t>& hashes = runtime.target_hashes;
  const auto at = std::find(hashes.begin(), hashes.end(), turn.target);
  return at == hashes.end() ? router::no_target : static_cast<std::int32_t>(at - hashes.begin());
}

void find_home(Worker& worker, const Runtime& runtime, const SessionMemory::Turn& turn,
               std::int32_t target, Decision& d) {
  StateHome& home = d.home;
  if (target != router::no_target) {
    home.target = target;
    home.maker = turn.maker == 0 ? StateMakers::nobody : runtime.makers.named(target, turn.maker);
    // Its key is no longer configured: all that stands there is another account's.
    const bool lost = turn.maker != 0 && home.maker == StateMakers::nobody;
    home.foreign_messages = lost ? d.facts.turns : std::min(turn.foreign_messages, d.facts.turns);
    if (home.foreign_messages > 0)
      home.foreign_end =
          d.chat.messages[static_cast<std::size_t>(home.foreign_messages) - 1].raw.end();
    return;
  }
  WorkerTools& tools = worker.tools();
  const bool carried = holds_carriers(d.chat);
  if (!carried && d.wire != Wire::anthropic) return;
  const dialect::hub::Request* const request = in_hub(tools, d);
  if (request == nullptr) return;
  if (carried) home.maker = dialect::hub::newest_maker(*request, runtime.makers.keys());
  home.target = home.maker != StateMakers::nobody ? runtime.makers.target_of(home.maker)
                                                  : signer_of(runtime, *request, d.chat.model);
}

}  // namespace steelyard
