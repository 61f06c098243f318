#pragma once
// Which target keeps an answer that a later request may refer to (`previous_response_id` of OpenAI
// Responses): nobody else can go on from it. One for the whole process; a fixed table, the newest
// entry of a place wins, nothing survives a restart. Safe from all workers.
#include <cstdint>
#include <memory>
#include <string_view>

namespace steelyard {

class KeptAnswers {
 public:
  KeptAnswers();
  ~KeptAnswers();

  // `principal`: hash of the key that asked; `target`: a hash of its names, the same after a
  // reload. `id` is the answer's, escaped as on the wire.
  void remember(std::uint64_t principal, std::string_view id, std::uint64_t target);
  // 0: not known here, or asked for by another key.
  std::uint64_t find(std::uint64_t principal, std::string_view id) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace steelyard
