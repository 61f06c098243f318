#pragma once
// The invariants (design 9, craft B.7, reliability 2.9). `running` holds at any moment, `at_rest`
// when all is over.
#include <string>

namespace steelyard::sim {

struct World;

class Audit {
 public:
  explicit Audit(World& world) : world_(world) {}
  void running();
  void at_rest();

 private:
  void books_are_empty();
  void money();
  void one_receipt_each();
  void answers_match_receipts();
  void nothing_sent_for_the_refused();

  World& world_;
};

}  // namespace steelyard::sim
