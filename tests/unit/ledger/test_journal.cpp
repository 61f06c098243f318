#include "books_support.h"
#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/journal.h"
#include "journal_maker.h"

using namespace ledger_test;

namespace {

JournalOptions tiny(const std::string& directory) {
  JournalOptions out;
  out.directory = directory;
  out.segment_bytes = 4'096;
  out.segments_ahead = 0;          // none after the first
  out.sync_interval_ms = 600'000;  // no `synced` records in between
  return out;
}

std::string account_payload(std::uint32_t number, std::size_t scope_bytes) {
  const std::string scope = std::string(scope_bytes, 'x') + std::to_string(number);
  char out[payload_bytes_max];
  return {out, encode(out, AccountEvent{number, WindowKind::day, {1}, scope, "UTC"})};
}

}  // namespace

TEST_CASE("journal: what is kept keeps its order, even when a small record would fit") {
  TemporaryDirectory directory;
  FileOps files;
  std::uint32_t number = 0;
  {
    auto journal = std::move(*Journal::open(files, tiny(directory.path), {}));
    while (journal->append(EventType::account, may(1), account_payload(number, 180)) != 0) ++number;
    CHECK_FALSE(journal->healthy());
    journal->keep(EventType::account, may(1), account_payload(number, 180));
    journal->keep(EventType::account, may(1), account_payload(number + 1, 0));  // would fit
    CHECK(journal->status().kept_records == 2);
    CHECK(journal->append(EventType::account, may(1), account_payload(number + 2, 0)) == 0);
  }  // the end of the journal makes a segment for them
  const auto books = told(directory.path);
  REQUIRE_MESSAGE(books.has_value(), books.error().context);
  CHECK(books->balances.accounts().size() == number + 2);
}

TEST_CASE("journal: memory for what is kept is bounded, and what is dropped is counted") {
  TemporaryDirectory directory;
  FileOps files;
  JournalOptions options = tiny(directory.path);
  options.kept_bytes_max = 1'000;
  auto journal = std::move(*Journal::open(files, options, {}));
  const std::string payload = account_payload(0, 190);
  while (journal->append(EventType::fired, may(1), payload) != 0) {
  }
  for (int i = 0; i < 20; ++i) journal->keep(EventType::fired, may(1), payload);
  const JournalStatus status = journal->status();
  CHECK(status.kept_records == 1'000 / payload.size());
  CHECK(status.dropped_records == 20 - status.kept_records);
  journal->keep(EventType::account, may(1), payload);  // never dropped: others refer to it
  CHECK(journal->status().kept_records == status.kept_records + 1);
}

TEST_CASE("journal: a file left by a failed attempt to make a segment is in nobody's way") {
  TemporaryDirectory directory;
  FileOps files;
  write_file(segment_path(directory.path, 1), "half a segment");
  { auto journal = std::move(*Journal::open(files, tiny(directory.path), {})); }
  CHECK(told(directory.path).has_value());
}
