#include "gateway/keeper.h"

#include <algorithm>

#include "gateway/decide.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/kept_answers.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

Error not_kept(std::string_view field, std::string_view id) {
  std::string text = "`/" + std::string(field) + "` names `" + std::string(id.substr(0, 100)) +
                     "`, which is not kept here for this key: send the whole conversation as "
                     "`input`";
  return Error(ErrorKind::not_kept, ErrorSource::client, Retry::never, std::move(text));
}

// "conv_1", or an object with its id.
std::string_view conversation_id(std::string_view raw) {
  constexpr dialect::KeyTable keys(dialect::key_names("id"));
  std::string_view id;
  dialect::LenientReader reader(raw);
  if (raw.starts_with('"')) {
    (void)reader.text(id);
  } else {
    (void)reader.object(
        keys, [&](int key) { return key == 0 ? reader.text(id) : reader.cursor.skip_value(); });
  }
  return id;
}

// The target that keeps what the request refers to (a hash of its names); 0: it refers to nothing
// that belongs to anybody. All keys share the provider's account, so what another owner made, or
// nobody here remembers, is refused.
Result<std::uint64_t> kept_where(Worker& worker, const Principal& principal, std::uint32_t& maker) {
  const dialect::hub::Request& request = worker.tools().hub_request;
  const KeptAnswers* const kept = worker.seams().kept;
  std::uint64_t where = 0;
  const auto known = [&](std::string_view id) {
    std::uint32_t by = 0;
    const std::uint64_t target = kept == nullptr ? 0 : kept->find(principal.owner_hash, id, &by);
    if (where == 0) where = target;
    if (maker == 0) maker = by;
    return target != 0;
  };
  if (!request.conversation.empty()) {
    const std::string_view id = conversation_id(request.conversation);
    if (!known(id)) return fail(not_kept("conversation", id));
  }
  if (!request.previous_id.empty() && !known(request.previous_id))
    return fail(not_kept("previous_response_id", request.previous_id));
  for (const std::string_view id : request.kept_items)
    if (!known(id)) return fail(not_kept("input", id));
  return where;
}

// Who can go on from what the request refers to: the target that keeps it; for what belongs to
// nobody, the first that speaks its dialect and serves the model asked for.
std::int32_t keeper_of(const Runtime& runtime, std::uint64_t known,
                       std::string_view requested_model) {
  const std::int32_t named = runtime.catalog.find_model(requested_model);
  std::int32_t speaks = router::no_target;
  const auto count = static_cast<std::int32_t>(runtime.target_hashes.size());
  for (std::int32_t i = 0; i < count; ++i) {
    const router::Target& target = runtime.catalog.target(i);
    if (known != 0) {
      if (runtime.target_hashes[static_cast<std::size_t>(i)] != known) continue;
      // The account keeps it: another model of the same one may go on.
      const bool same = named == policies::no_model || named == target.model;
      const std::int32_t there = same ? i : runtime.catalog.find_target(named, target.provider);
      return there != router::no_target ? there : i;
    }
    const auto& provider = runtime.providers[static_cast<std::size_t>(target.provider)];
    if (speaks == router::no_target && provider.wire == dialect::hub::Wire::openai_responses &&
        (named == policies::no_model || named == target.model))
      speaks = i;
  }
  return speaks;
}

}  // namespace

Result<void> find_keeper(Worker& worker, const Runtime& runtime, const Principal& principal,
                         Decision& d) {
  if (worker.tools().hub_request.needs_store.empty()) return {};
  std::uint32_t maker = 0;
  const Result<std::uint64_t> where = kept_where(worker, principal, maker);
  if (!where) return fail(where.error());
  d.kept_at = keeper_of(runtime, *where, d.chat.model);
  // The key's account keeps it, for all its models.
  const auto made_at =
      std::find(runtime.target_hashes.begin(), runtime.target_hashes.end(), *where);
  if (maker != 0 && d.kept_at != router::no_target && made_at != runtime.target_hashes.end()) {
    const auto target = static_cast<std::int32_t>(made_at - runtime.target_hashes.begin());
    const std::int32_t by = runtime.makers.named(target, maker);
    if (by != StateMakers::nobody)
      d.kept_by = runtime.makers.maker(d.kept_at, runtime.makers.key_number(by));
  }
  if (*where != 0 && d.kept_at == router::no_target)
    return fail(not_kept("previous_response_id", worker.tools().hub_request.previous_id));
  return {};
}

}  // namespace steelyard
