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
    const auto report = verify({kept.directory.path, {}, "", "", {}});
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

namespace {

// What the process that kept these books would have shown, `more` nano-dollars of cost on top.
std::string page_of(const Kept& kept, const char* start = "1777000000", std::int64_t more = 0) {
  std::int64_t spend = more, saved = 0;
  const auto read = read_decisions(kept.log(), 0, [&](const DecisionLine& line) {
    spend += line.spend.v;
    saved += line.saved.v;
  });
  REQUIRE(read.has_value());
  const auto usd = [](std::int64_t nano) {
    return fmt::format("{}.{:09}", nano / 1'000'000'000, nano % 1'000'000'000);
  };
  std::string page = fmt::format(
      "# HELP x y\nprocess_start_time_seconds {}\nsteelyard_cost_usd_total{{provider=\"one\","
      "model=\"cheap\"}} {}\nsteelyard_cost_usd_total{{provider=\"one\",model=\"dear\"}} 0\n"
      "steelyard_saved_usd {}\nsteelyard_settle_overrun_usd_total 0\n",
      start, usd(spend), usd(saved));
  const auto books = told(kept.directory.path);
  REQUIRE(books.has_value());
  for (const Balances::Account& account : books->balances.accounts()) {
    const std::string labels =
        fmt::format("{{budget=\"{}\",window=\"{}\"}}", account.scope, window_word(account.per));
    const WindowBalance& window = account.windows.back().balance;
    page += fmt::format("steelyard_budget_spent_usd{} {}\nsteelyard_budget_reserved_usd{} {}\n",
                        labels, usd(window.posted.v), labels, usd(window.held.v));
    if (window.end.ns != INT64_MAX)
      page += fmt::format("steelyard_budget_window_end_timestamp_seconds{} {}\n", labels,
                          window.end.seconds());
  }
  return page;
}

VerifyReport verify_with(const Kept& kept, std::string metrics) {
  const auto report =
      steelyard::reports::verify({kept.directory.path, {kept.log()}, "", std::move(metrics), {}});
  REQUIRE_MESSAGE(report.has_value(), report.error().context);
  return *report;
}

}  // namespace

TEST_CASE("verify: what the metrics say agrees, or is a difference of a nano-dollar") {
  Kept kept;
  const VerifyReport good = verify_with(kept, page_of(kept));
  CHECK_MESSAGE(good.good(), verify_text(good));
  CHECK(good.metrics_compared == 3 + 2 * 3);  // three budgets
  CHECK(verify_text(good).find("metrics     9 figures") != std::string::npos);
  const VerifyReport more = verify_with(kept, page_of(kept, "1777000000", 1));
  REQUIRE(more.differences == 1);
  CHECK(more.listed[0].what == "metric");
  CHECK(more.listed[0].subject == "steelyard_cost_usd_total");
  // A process that began after all of this has spent nothing.
  CHECK(verify_with(kept, page_of(kept, "1999000000")).differences == 1);
  std::string page = page_of(kept);
  const std::string held =
      "steelyard_budget_reserved_usd{budget=\"acme\",window=\"month\"} 0.00000030";
  REQUIRE(page.find(held) != std::string::npos);
  page.replace(page.find(held) + held.size(), 1, "1");
  CHECK(verify_with(kept, page).differences == 1);
  // Not a page of ours, or no page at all, is no agreement.
  for (const char* bad :
       {"nonsense", "a_metric 1\n", "{} 1\n", "x{a=\"b} 1\n", "steelyard_saved_usd 1e3\n"})
    CHECK_FALSE(steelyard::reports::verify({kept.directory.path, {}, "", bad, {}}).has_value());
}
