#include "gateway/cold_slot.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace steelyard {
namespace {

struct Value {
  std::array<char, 64> lost{};
  std::uint64_t number = 7;
  std::string text = "a text that is too long to stand inside of the string itself";
  std::array<std::uint64_t, 700> mostly_zero{};
  Value* self = this;
};

TEST_CASE("cold: what was frozen is as it was, where it was") {
  Cold<Value> cold;
  Value* const at = cold.operator->();
  at->mostly_zero[3] = 1;
  at->mostly_zero[699] = ~std::uint64_t{0};
  cold.freeze(&at->number);
  CHECK(cold.frozen());
  cold.freeze(&at->number);  // once is enough
  cold.thaw();
  cold.thaw();
  CHECK(!cold.frozen());
  CHECK(cold.operator->() == at);
  CHECK(at->self == at);
  CHECK(at->number == 7);
  CHECK(at->text == "a text that is too long to stand inside of the string itself");
  for (std::size_t i = 0; i < 700; ++i)
    CHECK(at->mostly_zero[i] == (i == 3 ? 1 : i == 699 ? ~std::uint64_t{0} : 0));
}

TEST_CASE("cold: a frozen value is destroyed as any other") {
  const auto shared = std::make_shared<int>(1);
  struct Holder {
    std::shared_ptr<int> held;
  };
  {
    Cold<Holder> cold;
    cold->held = shared;
    cold.freeze(cold.operator->());
    CHECK(shared.use_count() == 2);
  }
  CHECK(shared.use_count() == 1);
}

TEST_CASE("cold: slots are reused, also those of a thread that has ended") {
  std::vector<std::unique_ptr<ColdSlot>> slots;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) slots.push_back(std::make_unique<ColdSlot>());
  }).join();
  for (std::size_t i = 0; i < slots.size(); ++i)
    std::memset(slots[i]->data(), static_cast<int>(i % 251), ColdSlot::capacity);
  for (std::size_t i = 0; i < slots.size(); ++i)
    CHECK(static_cast<std::size_t>(slots[i]->data()[ColdSlot::capacity - 1]) == i % 251);
  slots.clear();
  std::thread([] {
    ColdSlot slot;
    std::memset(slot.data(), 1, ColdSlot::capacity);
    slot.freeze(8, 64);
    slot.thaw();
    CHECK(static_cast<int>(slot.data()[8]) == 1);
  }).join();
}

}  // namespace
}  // namespace steelyard
