#include "gateway/reports/verify.h"

#include <thread>

#include "gateway/reports/read_store.h"
#include "gateway/store/directory.h"
#include "support.h"

using namespace reports_test;

namespace {

// Thirty requests of every kind, their decision log, a read store.
struct Kept {
  explicit Kept(std::uint64_t requests = 30, bool in_flight = true) {
    OpenBooks b(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)});
    std::string text;
    for (std::uint64_t n = 1; n <= requests && (in_flight || n < 3'000 || !folded()); ++n) {
      const Instant now = may(1, 0, static_cast<int>(n));
      const std::string start =
          fmt::format("2026-05-{:02}T{:02}:{:02}:00Z", 1 + n / 1'440, n / 60 % 24, n % 60);
      const Reservation made = b.reserve(n, 100, 0, now);
      const BookHold hold = made.hold;
      // Segments this small may be used up faster than they are made.
      if (made.status != Admission::held ||
          b.books->dispatch(hold).status != DispatchStatus::sent) {
        if (made.status == Admission::held) b.books->release(hold, now);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      const auto actual = static_cast<std::int64_t>(n * 7 % 130);
      if (n % 10 == 9 && in_flight) continue;
      if (n % 5 == 0) {
        b.books->release(hold, now);
        text += line({.n = n, .spend = 0, .start = start.c_str()});
      } else {
        b.books->settle(hold, {actual}, UsageSource::provider, now);
        text += line({.n = n, .spend = actual, .start = start.c_str()});
      }
    }
    write_file(log(), text);
  }
  // The first segment is in a snapshot, and gone.
  bool folded() const {
    const auto listing = list_directory(directory.path);
    return listing && !listing->segments.empty() && listing->segments.front() > 1;
  }
  std::string log() const { return directory.path + "/decisions.jsonl"; }
  std::string store() const { return directory.path + "/reports.sqlite"; }
  VerifyReport verify() const {
    VerifyOptions options{directory.path, {log()}, "", {}};
    if (std::filesystem::exists(store())) options.read_store = store();
    const auto report = steelyard::reports::verify(options);
    REQUIRE_MESSAGE(report.has_value(), report.error().context);
    return *report;
  }
  // Replaces the first `from` of the log by `to`.
  void edit(const std::string& from, const std::string& to) {
    std::string text = read_file(log());
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write_file(log(), text.replace(at, from.size(), to));
  }
  TemporaryDirectory directory;
};

void fill_store(const Kept& kept) {
  auto store = ReadStore::rebuild(kept.store());
  REQUIRE_MESSAGE(store.has_value(), store.error().context);
  const auto done = store->refresh({kept.log()}, kept.directory.path);
  REQUIRE_MESSAGE(done.has_value(), done.error().context);
}

// A further record at the end of the journal, as if the gateway had written it.
void append_record(const std::string& directory, EventType type, std::string_view payload) {
  const auto listing = steelyard::store::list_directory(directory);
  REQUIRE(listing.has_value());
  const std::string path = segment_path(directory, listing->segments.back());
  std::string bytes = read_file(path);
  std::size_t at = segment_header_bytes;
  std::uint64_t seq = 0;
  for (;;) {
    const ReadRecord record = read_record(std::string_view(bytes).substr(at));
    if (record.status != ReadStatus::record) break;
    at += record.bytes;
    seq = record.event.seq;
  }
  bytes.resize(at);
  char out[record_bytes_max];
  bytes.append(out, write_record(out, {seq + 1, may(1), type, payload}));
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("verify: books that were kept well agree") {
  Kept kept;
  fill_store(kept);
  const VerifyReport report = kept.verify();
  CHECK_MESSAGE(report.good(), verify_text(report));
  CHECK(report.complete);
  CHECK(report.attempts == 30);
  CHECK(report.open == 3);
  CHECK(report.lines == 27);
  CHECK(report.requests_compared == 27);
  CHECK(report.stored == 27);
  CHECK(verify_text(report).find("all agree") != std::string::npos);
  CHECK(verify_json(report).find("\"agree\":true") != std::string::npos);
}

TEST_CASE("verify: a nano-dollar anywhere is a difference") {
  SUBCASE("a line says one nano-dollar more") {
    Kept kept;
    kept.edit("\"spend_nano_usd\":7,", "\"spend_nano_usd\":8,");
    const VerifyReport report = kept.verify();
    CHECK(report.differences == 2);  // with its attempts, with the journal
    CHECK(report.listed[1].text == "the log says $0.000000008, the journal $0.000000007");
  }
  SUBCASE("a line is gone") {
    Kept kept;
    const std::string text = read_file(kept.log());
    write_file(kept.log(), text.substr(text.find('\n') + 1));
    const VerifyReport report = kept.verify();
    CHECK(report.differences == 1);
    CHECK(report.listed[0].text.find("no line") != std::string::npos);
  }
  SUBCASE("a line twice") {
    Kept kept;
    const std::string text = read_file(kept.log());
    write_file(kept.log(), text + text.substr(0, text.find('\n') + 1));
    CHECK(kept.verify().differences == 1);
  }
  SUBCASE("a request the journal never saw") {
    Kept kept;
    write_file(kept.log(), read_file(kept.log()) + line({.n = 999, .spend = 5}));
    CHECK(kept.verify().differences == 1);
  }
  SUBCASE("a read store that missed a line") {
    Kept kept;
    fill_store(kept);
    auto store = ReadStore::open(kept.store(), ReadStore::Mode::write);
    REQUIRE(store->database()
                .run("update requests set spend_nano_usd = spend_nano_usd + 1 "
                     "where id = 3")
                .has_value());
    store = ReadStore::open(kept.store(), ReadStore::Mode::read);
    const VerifyReport report = kept.verify();
    CHECK(report.differences == 1);
    CHECK(report.listed[0].what == "read store");
  }
}

TEST_CASE("verify: a journal that contradicts itself is refused or named") {
  char out[payload_bytes_max];
  SUBCASE("a second end") {
    Kept kept;
    append_record(kept.directory.path, EventType::settle,
                  {out, encode(out, SettleEvent{key(1), {7}, UsageSource::provider})});
    const auto report = verify({kept.directory.path, {}, "", {}});
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().context.find("not in flight") != std::string::npos);
  }
  SUBCASE("a late end: the books follow it, and so does the trace") {
    Kept kept;
    append_record(kept.directory.path, EventType::settle,
                  {out, encode(out, SettleEvent{key(9), {7}, UsageSource::provider})});
    const VerifyReport report = kept.verify();
    CHECK(report.open == 2);
    CHECK(report.differences == 1);  // the log has no line for it
  }
}

TEST_CASE("verify: what a killed process left in flight is recovered, not different") {
  Kept kept;
  { OpenBooks again(kept.directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)}); }
  const VerifyReport report = kept.verify();
  CHECK_MESSAGE(report.good(), verify_text(report));
  CHECK(report.open == 0);
  CHECK(report.recovered == 3);
  CHECK(report.recovered_amount.v == 300);
}

TEST_CASE("verify: behind snapshots, what is still there is compared") {
  Kept kept(60'000, false);
  const VerifyReport report = kept.verify();
  CHECK_MESSAGE(report.good(), verify_text(report));
  CHECK_FALSE(report.complete);
  CHECK(report.snapshots > 0);
  CHECK(report.requests_compared > 100);
  CHECK(report.lines > 1'500);
  kept.edit("\"spend_nano_usd\":7,", "\"spend_nano_usd\":8,");  // of a request folded away
  CHECK(kept.verify().differences == 1);                        // with its own attempts
}
