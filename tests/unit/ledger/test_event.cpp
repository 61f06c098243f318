#include <random>

#include "router/ledger/balances.h"
#include "router/ledger/crc32c.h"
#include "router/ledger/event.h"
#include "support.h"

using namespace ledger_test;

TEST_CASE("crc32c: known answers, both ways of computing it, any split") {
  // RFC 3720 B.4 and the check value of the catalogue of CRCs.
  CHECK(crc32c(0, "123456789", 9) == 0xE3069283u);
  CHECK(crc32c(0, std::string(32, '\0').data(), 32) == 0x8A9136AAu);
  CHECK(crc32c(0, std::string(32, '\xFF').data(), 32) == 0x62A8AB43u);
  std::mt19937 chance(7);
  std::string bytes(300, ' ');
  for (char& c : bytes) c = static_cast<char>(chance());
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::uint32_t whole = crc32c(0, bytes.data(), size);
    REQUIRE(whole == crc32c_portable(0, bytes.data(), size));
    const std::size_t split = size / 3;
    REQUIRE(whole == crc32c(crc32c(0, bytes.data(), split), bytes.data() + split, size - split));
  }
}

TEST_CASE("events: what is written is read back") {
  char out[payload_bytes_max];
  const auto written = [&](std::size_t size) { return std::string_view(out, size); };

  AccountEvent account{3, WindowKind::day, {77}, "acme/search", "Europe/Berlin"}, account_back;
  REQUIRE(decode(written(encode(out, account)), account_back));
  CHECK(account_back.account == 3);
  CHECK(account_back.per == WindowKind::day);
  CHECK(account_back.limit.v == 77);
  CHECK(account_back.scope == "acme/search");
  CHECK(account_back.zone == "Europe/Berlin");

  for (const std::uint32_t count : {0u, 1u, 4u, 24u}) {
    DispatchEvent dispatch{key(9, 2), {12'345}, count, {}}, back;
    for (std::uint32_t i = 0; i < count; ++i) dispatch.windows[i] = {i, may(1), may(2)};
    const std::size_t size = encode(out, dispatch);
    REQUIRE(decode(written(size), back));
    CHECK(back.key == key(9, 2));
    CHECK(back.amount.v == 12'345);
    CHECK(back.count == count);
    for (std::uint32_t i = 0; i < count; ++i) {
      CHECK(back.windows[i].account == i);
      CHECK(back.windows[i].start == may(1));
      CHECK(back.windows[i].end == may(2));
    }
    CHECK_FALSE(decode(written(size - 1), back));
    CHECK_FALSE(decode(std::string(written(size)) + "x", back));
  }

  SettleEvent settle{key(1), {5}, UsageSource::estimated}, settle_back;
  const std::size_t settle_size = encode(out, settle);
  REQUIRE(decode(written(settle_size), settle_back));
  CHECK(settle_back.source == UsageSource::estimated);
  out[settle_size - 1] = 9;
  CHECK_FALSE(decode(written(settle_size), settle_back));

  AccountEvent rolls{4, WindowKind::rolling, {9}, "acme/user:a", "", 1, 86'400};
  const std::size_t rolls_size = encode(out, rolls);
  REQUIRE(decode(written(rolls_size), account_back));
  CHECK(account_back.rolling_s == 86'400);
  CHECK_FALSE(decode(written(rolls_size - 8), account_back));  // a rolling one without a length

  ApprovalEvent approval{{2, may(3), may(4)}, 80, true, "why"}, approval_back;
  const std::size_t approval_size = encode(out, approval);
  REQUIRE(decode(written(approval_size), approval_back));
  CHECK(approval_back.window.account == 2);
  CHECK(approval_back.window.end == may(4));
  CHECK(approval_back.percent == 80);
  CHECK(approval_back.given);
  CHECK(approval_back.note == "why");
  CHECK_FALSE(decode(written(approval_size - 1), approval_back));

  KnownKey once{1, 2, 3, {4, 5}, {}}, once_back;
  const std::size_t once_size = encode(out, once);
  REQUIRE(decode(written(once_size), once_back));
  CHECK(once_back == once);
  CHECK_FALSE(decode(written(once_size - 1), once_back));

  ExtendEvent extend{key(3, 1), {77}}, extend_back;
  const std::size_t extend_size = encode(out, extend);
  REQUIRE(decode(written(extend_size), extend_back));
  CHECK(extend_back.key == key(3, 1));
  CHECK(extend_back.more.v == 77);
  CHECK_FALSE(decode(written(extend_size - 1), extend_back));
  CHECK_FALSE(decode(written(encode(out, ExtendEvent{key(3), {-1}})), extend_back));

  FiredEvent fired{2, may(3), 80}, fired_back;
  REQUIRE(decode(written(encode(out, fired)), fired_back));
  CHECK(fired_back.percent == 80);
}

TEST_CASE("records: every changed bit is noticed") {
  char payload[32], record[128];
  const std::size_t size = encode(payload, EndEvent{key(5)});
  const std::size_t bytes = write_record(record, {42, may(1), EventType::release, {payload, size}});
  const ReadRecord good = read_record({record, bytes});
  REQUIRE(good.status == ReadStatus::record);
  CHECK(good.bytes == bytes);
  CHECK(good.event.seq == 42);
  CHECK(good.event.time == may(1));
  CHECK(good.event.type == EventType::release);
  for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
    record[bit / 8] = static_cast<char>(record[bit / 8] ^ 1 << bit % 8);
    CHECK(read_record({record, bytes}).status == ReadStatus::bad);
    record[bit / 8] = static_cast<char>(record[bit / 8] ^ 1 << bit % 8);
  }
  for (std::size_t cut = 1; cut < bytes; ++cut)
    CHECK(read_record({record, cut}).status == ReadStatus::bad);
  CHECK(read_record({}).status == ReadStatus::end);
  CHECK(read_record(std::string(64, '\0')).status == ReadStatus::end);
}

TEST_CASE("balances: events that cannot follow are refused") {
  char out[payload_bytes_max];
  std::uint64_t seq = 0;
  Balances books;
  const auto apply = [&](EventType type, std::size_t size) {
    return books.apply({++seq, may(1), type, {out, size}}).has_value();
  };
  CHECK_FALSE(apply(EventType::account, encode(out, AccountEvent{1, {}, {5}, "skipped", "UTC"})));
  REQUIRE(apply(EventType::account, encode(out, AccountEvent{0, {}, {5}, "a", "UTC"})));
  REQUIRE(apply(EventType::account, encode(out, AccountEvent{0, {}, {9}, "a", "UTC"})));
  CHECK(books.accounts()[0].limit.v == 9);
  CHECK_FALSE(apply(EventType::account, encode(out, AccountEvent{0, {}, {9}, "b", "UTC"})));
  DispatchEvent dispatch{key(1), {4}, 1, {}};
  dispatch.windows[0] = {1, may(1), may(2)};
  CHECK_FALSE(apply(EventType::dispatch, encode(out, dispatch)));
  dispatch.windows[0].account = 0;
  REQUIRE(apply(EventType::dispatch, encode(out, dispatch)));
  CHECK_FALSE(apply(EventType::dispatch, encode(out, dispatch)));
  CHECK_FALSE(apply(EventType::settle, encode(out, SettleEvent{key(2), {1}, {}})));
  REQUIRE(apply(EventType::extend, encode(out, ExtendEvent{key(1), {3}})));
  CHECK(books.accounts()[0].windows[0].balance.held.v == 7);
  CHECK_FALSE(apply(EventType::extend, encode(out, ExtendEvent{key(2), {3}})));
  CHECK_FALSE(apply(EventType::extend, encode(out, ExtendEvent{key(1), {INT64_MAX}})));
  REQUIRE(apply(EventType::expire, encode(out, EndEvent{key(1)})));
  CHECK_FALSE(apply(EventType::extend, encode(out, ExtendEvent{key(1), {3}})));
  CHECK_FALSE(apply(EventType::release, encode(out, EndEvent{key(1)})));
  CHECK_FALSE(apply(static_cast<EventType>(99), 0));
  CHECK(books.accounts()[0].windows[0].balance.posted.v == 7);
  CHECK(books.open_holds().empty());
}

TEST_CASE("balances: a snapshot's payload is the balances; a cut one is refused") {
  char out[payload_bytes_max];
  Balances books;
  std::uint64_t seq = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::string scope = "team" + std::to_string(i);
    const std::size_t size = encode(out, AccountEvent{i, WindowKind::day, {5}, scope, "UTC"});
    REQUIRE(books.apply({++seq, may(1), EventType::account, {out, size}}).has_value());
  }
  for (std::uint64_t n = 0; n < 9; ++n) {
    DispatchEvent dispatch{key(n), {4}, 2, {}};
    dispatch.windows[0] = {0, may(1 + static_cast<int>(n % 2)), may(3)};
    dispatch.windows[1] = {static_cast<std::uint32_t>(1 + n % 2), may(1), may(3)};
    const std::size_t size = encode(out, dispatch);
    REQUIRE(books.apply({++seq, may(1), EventType::dispatch, {out, size}}).has_value());
  }
  const std::size_t key_size = encode(out, KnownKey{1, 2, 3, key(77).request, {}});
  REQUIRE(books.apply({++seq, may(1), EventType::once, {out, key_size}}).has_value());
  const std::size_t asked = encode(out, ApprovalEvent{{0, may(2), may(3)}, 80, false, ""});
  REQUIRE(books.apply({++seq, may(1), EventType::approval, {out, asked}}).has_value());
  const std::string bytes = books.encode();
  const auto back = Balances::decode(bytes);
  REQUIRE(back.has_value());
  CHECK(*back == books);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(Balances::decode(std::string_view(bytes).substr(0, cut)).has_value());
}
