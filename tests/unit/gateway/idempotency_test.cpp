// Requests with an idempotency key: what each caller is told, and what is bounded.
#include "gateway/idempotency.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace steelyard;
using Found = Idempotency::Found;

namespace {

const Instant start = Instant::from_seconds(1'800'000'000);

OnceKey named(const char* key, const char* body = "{}", std::uint64_t principal = 1) {
  return once_key(principal, key, "/v1/chat/completions", body);
}

IdempotencySpec small() {
  IdempotencySpec spec;
  spec.keys_max = 100;
  spec.memory_bytes = 1'000;
  spec.answer_bytes_max = 400;
  return spec;
}

}  // namespace

TEST_CASE("idempotency: what the second caller is told, by how the first one fared") {
  struct Row {
    const char* what;
    void (*end)(Idempotency&, const OnceKey&);
    bool again;
    Found found;
  };
  const auto answered = [](Idempotency& t, const OnceKey& k) { t.answered(k, "HTTP/1.1 200"); };
  const auto too_long = [](Idempotency& t, const OnceKey& k) {
    t.answered(k, std::string(401, 'x'));
  };
  const auto broken = [](Idempotency& t, const OnceKey& k) { t.broken_off(k); };
  const auto forgotten = [](Idempotency& t, const OnceKey& k) { t.forget(k); };
  const auto nothing = [](Idempotency&, const OnceKey&) {};
  const Row rows[] = {{"under way", nothing, false, Found::under_way},
                      {"under way, an SDK asks again", nothing, true, Found::under_way},
                      {"answered", answered, false, Found::answered},
                      {"answered, an SDK asks again", answered, true, Found::answered},
                      {"its answer was too long to keep", too_long, false, Found::charged},
                      {"the same, an SDK asks again", too_long, true, Found::charged},
                      {"broken off", broken, false, Found::broken_off},
                      {"broken off, an SDK asks again", broken, true, Found::nothing},
                      {"nothing was charged", forgotten, false, Found::nothing}};
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Idempotency table;
    table.configure(small());
    const OnceKey key = named("a");
    REQUIRE(table.claim(key, false, start).found == Found::nothing);
    row.end(table, key);
    const Idempotency::Claim second = table.claim(key, row.again, start);
    CHECK(second.found == row.found);
    CHECK((second.answer != nullptr) == (row.found == Found::answered));
    CHECK(table.claim(named("a", "{\"other\":1}"), row.again, start).found == Found::other);
    CHECK(table.claim(named("a", "{}", 2), row.again, start).found == Found::nothing);
  }
}

TEST_CASE("idempotency: the path is part of the request, the principal part of the key") {
  const OnceKey a = once_key(1, "k", "/v1/chat/completions", "{}");
  CHECK(once_key(1, "k", "/v1/messages", "{}").request != a.request);
  CHECK(once_key(2, "k", "/v1/chat/completions", "{}").hi != a.hi);
  CHECK(once_key(1, "k2", "/v1/chat/completions", "{}").hi != a.hi);
  CHECK(once_key(1, "k", "/v1/chat/completions", "{}") == a);
}

TEST_CASE("idempotency: keys age, the oldest make room, bytes are bounded") {
  Idempotency table;
  table.configure(small());
  const std::string answer(300, 'a');
  for (int i = 0; i < 1'000; ++i) {
    const OnceKey key = named(("k" + std::to_string(i)).c_str());
    REQUIRE(table.claim(key, false, start).found == Found::nothing);
    table.answered(key, answer);
    CHECK(table.keys() <= 100);
    CHECK(table.answer_bytes() <= 1'000);
  }
  CHECK(table.claim(named("k999"), false, start).found == Found::answered);
  CHECK(table.claim(named("k990"), false, start).found == Found::charged);  // its answer made room
  CHECK(table.claim(named("k10"), false, start).found == Found::nothing);   // it made room itself
  const Instant tomorrow{start.ns + 86'400 * Instant::kPerSecond + 1};
  CHECK(table.claim(named("k999"), false, tomorrow).found == Found::nothing);
  CHECK(table.answer_bytes() <= 1'000);
}

TEST_CASE("idempotency: keys that are under way never make room, and further ones are told") {
  Idempotency table;
  table.configure(small());
  for (int i = 0; i < 100; ++i)
    REQUIRE(table.claim(named(("k" + std::to_string(i)).c_str()), false, start).found ==
            Found::nothing);
  CHECK(table.claim(named("more"), false, start).found == Found::full);
  CHECK(table.claim(named("k0"), false, start).found == Found::under_way);
  table.forget(named("k50"));
  CHECK(table.claim(named("more"), false, start).found == Found::nothing);
}

TEST_CASE("idempotency: what an earlier process charged is known, its answer is not") {
  Idempotency table;
  table.configure(small());
  const OnceKey key = named("a");
  const std::vector<router::KnownKey> known{{key.hi, key.lo, key.request, {1, 2}, start}};
  table.recover(known);
  CHECK(table.claim(key, true, start).found == Found::charged);
  CHECK(table.claim(named("a", "other"), false, start).found == Found::other);
  const Instant later{start.ns + 86'400 * Instant::kPerSecond + 1};
  CHECK(table.claim(key, false, later).found == Found::nothing);
}

TEST_CASE("idempotency: of many at once exactly one goes on") {
  for (int round = 0; round < 50; ++round) {
    Idempotency table;
    table.configure(small());
    std::atomic<int> mine{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i)
          mine += table.claim(named("one"), true, start).found == Found::nothing;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(mine == 1);
  }
}
