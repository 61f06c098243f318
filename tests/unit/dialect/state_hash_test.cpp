// What was signed is known again however a client's JSON spells it.
#include "gateway/dialect/state_hash.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"

namespace steelyard::dialect {
namespace {

TEST_CASE("state hash: the same in every spelling of one signature, another for another") {
  const std::uint64_t hash = state_hash("Eq+A/b9x==");
  CHECK(hash != 0);
  for (const std::string_view same :
       {"Eq+A/b9x", "Eq-A_b9x", "Eq-A_b9x==", R"(Eq+A\/b9x==)", R"(Eq\u002bA/b9x\u003d\u003d)"}) {
    CAPTURE(same);
    CHECK(state_hash(same) == hash);
  }
  for (const std::string_view other : {"Eq+A/b9", "Eq+A/b9X", "q+A/b9x", "Eq+Ab9x"}) {
    CAPTURE(other);
    CHECK(state_hash(other) != hash);
  }
  CHECK(state_hash("") == 0);
  CHECK(state_hash("==") == 0);
}

TEST_CASE("state hash: what this gateway sealed, or Google fills in, is nobody's own") {
  using hub::PartKind;
  struct Row {
    PartKind kind;
    std::string_view signature, text, own;
    bool carried;
  };
  const Row rows[] = {
      {PartKind::thinking, "EqAA", "t", "EqAA", false},
      {PartKind::thinking, "EqAA", "t", "", true},
      {PartKind::thinking, "sy1.openai.X", "t", "", false},
      {PartKind::redacted_thinking, "", "D", "D", false},
      {PartKind::redacted_thinking, "", "D", "", true},
      {PartKind::tool_use, "U0lH", "", "U0lH", false},
      {PartKind::tool_use, "skip_thought_signature_validator", "", "", false},
      {PartKind::tool_use, "c3kxLnRoaW5raW5nW10=", "", "", false},
      {PartKind::text, "", "words", "", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.signature);
    hub::Part part;
    part.kind = row.kind;
    part.signature = row.signature;
    part.text = row.text;
    part.carried = row.carried;
    CHECK(own_state(part) == row.own);
  }
}

}  // namespace
}  // namespace steelyard::dialect
