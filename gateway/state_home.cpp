#include "gateway/state_home.h"

#include <algorithm>

#include "gateway/chat_foreign.h"
#include "gateway/decide.h"
#include "gateway/dialect/anthropic_signature.h"
#include "gateway/dialect/state_hash.h"
#include "gateway/dialect/state_seal.h"
#include "gateway/runtime.h"
#include "gateway/state_memory.h"
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

// Of an id the high half is the target's, the low half the maker's name: letters, which leaves a
// bit.
constexpr std::uint64_t low_half = 0xFFFFFFFFu, refused_bit = 0x80000000u;

// Who has that name: a maker, or the target of one whose key is no longer configured.
struct Maker {
  std::uint64_t id = 0;
  std::int32_t target = router::no_target, maker = StateMakers::nobody;
};

Maker named(const Runtime& runtime, std::uint64_t id) {
  const std::vector<std::uint64_t>& hashes = runtime.target_hashes;
  const auto at = std::find_if(hashes.begin(), hashes.end(), [id](std::uint64_t hash) {
    return (hash & ~low_half) == (id & ~low_half);
  });
  if (at == hashes.end()) return {id};
  const auto target = static_cast<std::int32_t>(at - hashes.begin());
  const auto name = static_cast<std::uint32_t>(id & low_half & ~refused_bit);
  return {id, target, runtime.makers.named(target, name)};
}

// Fills d.signed_parts; whose the newest is that is known, and where it stands.
Maker newest_known(Worker& worker, const Runtime& runtime, const dialect::hub::Request& request,
                   Decision& d, const dialect::hub::Part*& where) {
  const StateMemory* const states = worker.seams().states;
  Maker last, newest;
  if (states == nullptr) return newest;
  for (const dialect::hub::Part& part : request.parts) {
    const std::string_view state = dialect::own_state(part);
    if (state.empty()) continue;
    const std::uint64_t hash = dialect::state_hash(state);
    const std::uint64_t id = states->maker_of(hash, d.at);
    SignedPart& one = d.signed_parts.emplace_back(SignedPart{hash});
    if (id == 0) continue;
    if (id != last.id) last = named(runtime, id);
    one.maker = last.maker;
    one.known = (id & refused_bit) != 0 ? SignedPart::Known::refused : SignedPart::Known::maker;
    if (one.known == SignedPart::Known::refused) continue;
    newest = last;
    where = &part;
  }
  return newest;
}

}  // namespace

std::int32_t target_of(const Runtime& runtime, const SessionMemory::Turn& turn) {
  if (turn.target == 0) return router::no_target;
  const std::vector<std::uint64_t>& hashes = runtime.target_hashes;
  const auto at = std::find(hashes.begin(), hashes.end(), turn.target);
  return at == hashes.end() ? router::no_target : static_cast<std::int32_t>(at - hashes.begin());
}

std::uint64_t id_of(const Runtime& runtime, std::int32_t maker) {
  const StateMakers& makers = runtime.makers;
  const auto target = static_cast<std::size_t>(makers.target_of(maker));
  return (runtime.target_hashes[target] & ~low_half) | makers.name_of(maker);
}

std::uint64_t refuser_id_of(const Runtime& runtime, std::int32_t maker) {
  return id_of(runtime, maker) | refused_bit;
}

void find_home(Worker& worker, const Runtime& runtime, std::int32_t last, Decision& d) {
  StateHome& home = d.home;
  home.target = last;
  const dialect::hub::Request* const request = in_hub(worker.tools(), d);
  if (request == nullptr) return;
  const dialect::hub::Part *known_at = nullptr, *sealed_at = nullptr;
  const Maker known = newest_known(worker, runtime, *request, d, known_at);
  std::int32_t sealed = StateMakers::nobody;
  if (holds_carriers(d.chat))
    sealed = dialect::hub::newest_maker(*request, runtime.makers.keys(), sealed_at);
  std::int32_t target = router::no_target;
  if (sealed != StateMakers::nobody && (known_at == nullptr || sealed_at > known_at)) {
    target = runtime.makers.target_of(sealed);
    home.maker = sealed;
  } else if (known_at != nullptr) {
    target = known.target;
    home.maker = known.maker;
  } else {
    target = signer_of(runtime, *request, d.chat.model);
  }
  home.sure = target != router::no_target;
  if (home.sure) home.target = target;
}

}  // namespace steelyard
