#pragma once
// Who made an answer that a provider keeps (OpenAI Responses), which target and which of its keys'
// accounts keep it. A later
// request that names one (`previous_response_id`, an item's id, GET /v1/responses/{id}) is passed
// on to that target, for its owner only: all keys share the provider's account, so knowing an id
// must not be enough. One for the whole process, safe from all workers; hashes only, bounded: in
// each bucket the entry that was named longest ago makes room.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steelyard {

class KeptAnswers {
 public:
  static constexpr std::size_t entries_max = 1u << 18;

  // `path`: the file, read now; damaged or of another version: a log line, and nothing is known.
  // "": nothing survives the process.
  explicit KeptAnswers(std::string path = {});
  ~KeptAnswers();

  // `owner`: Principal::owner_hash; `target`: a hash of its names, the same after a restart;
  // `maker`: StateMakers::name_of, 0: not known. `id` is the answer's, or an item's, escaped as on
  // the wire.
  void remember(std::uint64_t owner, std::string_view id, std::uint64_t target,
                std::uint32_t maker = 0);
  // 0: not known here, or somebody else's. `maker`: as it was remembered, if wanted.
  std::uint64_t find(std::uint64_t owner, std::string_view id,
                     std::uint32_t* maker = nullptr) const;
  void forget(std::uint64_t owner, std::string_view id);

  // Writes the file if anything changed since; atomic by rename. Once a minute and at the end.
  void save();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
