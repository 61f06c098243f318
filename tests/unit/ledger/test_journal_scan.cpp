#include "journal_maker.h"

using namespace ledger_test;

TEST_CASE("journal: cut at every byte it is the state after the last whole record") {
  JournalMaker journal;
  journal.requests(0, 12);
  journal.next_segment();
  journal.requests(12, 20);
  const std::vector<Balances> states = states_of(journal);
  const std::string& last = journal.segments[1];
  for (const bool zeroes : {false, true}) {  // a shorter file, or zeroes where nothing was written
    for (std::size_t cut = 0; cut <= last.size(); ++cut) {
      CAPTURE(cut);
      std::string bytes = last.substr(0, cut);
      if (zeroes) bytes.resize(last.size() + 1'000);
      // A record that ends in zeroes may be whole before its last byte is there.
      std::size_t whole = 0;
      for (const JournalMaker::Place& place : journal.places)
        whole += place.segment == 0 || bytes.compare(0, place.offset + place.bytes, last, 0,
                                                     place.offset + place.bytes) == 0;
      std::vector<SegmentBytes> segments = journal.views();
      segments[1].bytes = bytes;
      const Scanned got = scan(segments);
      REQUIRE_MESSAGE(got.ok, got.error);
      REQUIRE(got.report.records == whole);
      REQUIRE(got.balances == states[whole]);
    }
  }
}

TEST_CASE("journal: every flipped bit of the last 4 KiB is cut off or refused") {
  JournalMaker journal;
  journal.requests(0, 40);
  std::string bytes = journal.segments[0];
  const std::vector<Balances> states = states_of(journal);
  const std::size_t used = bytes.size();
  const std::size_t last = journal.places.back().offset;
  bytes.resize(used + 300);  // allocated, not written
  REQUIRE(used > 4'096);
  int refused = 0, cut = 0;
  for (std::size_t bit = (bytes.size() - 4'096) * 8; bit < bytes.size() * 8; ++bit) {
    const std::size_t at = bit / 8;
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit % 8);
    const Scanned got = scan({{1, bytes}});
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit % 8);
    CAPTURE(at);
    if (at < last) {  // valid records follow
      REQUIRE_FALSE(got.ok);
      ++refused;
      continue;
    }
    REQUIRE_MESSAGE(got.ok, got.error);
    REQUIRE(got.balances == states[at < used ? states.size() - 2 : states.size() - 1]);
    REQUIRE(got.report.cut_bytes > 0);
    ++cut;
  }
  CHECK(refused > 25'000);
  CHECK(cut > 2'000);
}

TEST_CASE("journal: a damaged header is refused") {
  JournalMaker journal;
  journal.requests(0, 4);
  for (std::size_t bit = 0; bit < 20 * 8; ++bit) {
    std::string bytes = journal.segments[0];
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(scan({{1, bytes}}).ok);
  }
}

TEST_CASE(
    "journal: sectors lost by a power cut are the end, unless they were known to be durable") {
  struct Row {
    const char* why;
    std::uint64_t synced;  // as share of all records, in percent; 0: no such record
    bool whole_sector, ok;
  };
  for (const Row& row :
       {Row{"never synced", 0, true, true}, Row{"synced before it", 10, true, true},
        Row{"synced after it", 90, true, false}, Row{"less than a sector", 0, false, false}}) {
    CAPTURE(row.why);
    JournalMaker journal;
    journal.requests(0, 40);
    if (row.synced != 0) journal.synced(journal.seq * row.synced / 100);
    journal.requests(40, 50);
    const std::vector<Balances> states = states_of(journal);
    std::string bytes = journal.segments[0];
    bytes.resize(bytes.size() + 5'000);
    const std::size_t hole = 2'048;
    std::fill_n(bytes.begin() + hole, row.whole_sector ? 512 : 300, '\0');
    std::size_t whole = 0;
    while (journal.places[whole].offset + journal.places[whole].bytes <= hole) ++whole;
    const Scanned got = scan({{1, bytes}});
    CHECK(got.ok == row.ok);
    if (!row.ok) continue;
    CHECK(got.balances == states[whole]);
    CHECK(got.report.cut_bytes > 0);
  }
}

TEST_CASE("journal: segments that are missing, doubled or in another order are refused") {
  JournalMaker journal;
  for (std::uint64_t i = 0; i < 4; ++i) {
    if (i > 0) journal.next_segment();
    journal.requests(i * 10, i * 10 + 10);
  }
  const std::vector<SegmentBytes> all = journal.views();
  REQUIRE(scan(all).ok);

  CHECK_FALSE(scan({all[0], all[2], all[3]}).ok);                                // missing
  CHECK_FALSE(scan({all[0], {2, all[2].bytes}, {3, all[3].bytes}}).ok);          // missing, renamed
  CHECK_FALSE(scan({all[0], {2, all[2].bytes}, {3, all[1].bytes}, all[3]}).ok);  // exchanged
  CHECK_FALSE(scan({all[0], all[1], all[2], all[3], {5, all[1].bytes}}).ok);     // doubled
  CHECK_FALSE(scan({all[1], all[2], all[3]}).ok);  // the first is missing

  const auto with_header = [](std::string bytes, std::uint32_t index) {
    write_segment_header(bytes.data(), {index});
    return bytes;
  };
  const std::string second_as_fifth = with_header(journal.segments[1], 5);
  CHECK_FALSE(scan({all[0], all[1], all[2], all[3], {5, second_as_fifth}}).ok);
  const std::string third_as_second = with_header(journal.segments[2], 2);
  const std::string second_as_third = with_header(journal.segments[1], 3);
  CHECK_FALSE(scan({all[0], {2, third_as_second}, {3, second_as_third}, all[3]}).ok);
  const std::string emptied = with_header(std::string(4'096, '\0'), 2);
  JournalMaker proven = journal;
  proven.synced(proven.seq);
  std::vector<SegmentBytes> hollow = proven.views();
  hollow[1].bytes = emptied;
  CHECK_FALSE(scan(hollow).ok);
  // Without its last segment a journal is an older journal: nobody can tell.
  CHECK(scan({all[0], all[1], all[2]}).ok);
}

TEST_CASE("journal: a record taken out of the middle is missed") {
  JournalMaker journal;
  journal.requests(1, 8);
  for (const std::size_t at : {std::size_t{3}, std::size_t{5}, journal.places.size() - 2}) {
    CAPTURE(at);
    const JournalMaker::Place& first = journal.places[at];
    std::string bytes = journal.segments[0];
    // A dispatch and its settle: the sums that remain would be consistent.
    bytes.erase(first.offset, first.bytes + journal.places[at + 1].bytes);
    const Scanned got = scan({{1, bytes}});
    if (at + 2 < journal.places.size()) CHECK_FALSE(got.ok);
    if (at + 2 == journal.places.size()) CHECK(got.ok);  // the newest: an older journal
  }
}

TEST_CASE("journal: segments made ahead and not used are no damage") {
  JournalMaker journal;
  journal.requests(0, 5);
  journal.next_segment();
  journal.segments.back().resize(4'096);
  journal.next_segment();
  journal.segments.back().resize(10);  // killed while making it
  const Scanned got = scan(journal.views());
  REQUIRE_MESSAGE(got.ok, got.error);
  CHECK(got.report.segments_used == 1);
  CHECK(got.report.cut_bytes == 0);
  CHECK(scan({}).ok);
  // But a number must not be missing: the segment may have held the newest records.
  CHECK_FALSE(scan({journal.views()[0], journal.views()[2]}).ok);
}

TEST_CASE("journal: garbage is never read beyond, whatever it is") {
  std::uint64_t chance = 88'172'645'463'325'252u;
  for (int round = 0; round < 300; ++round) {
    JournalMaker journal;
    journal.requests(0, 6);
    std::string bytes = journal.segments[0];
    for (int hit = 0; hit < 1 + round % 30; ++hit) {
      chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
      bytes[chance % bytes.size()] = static_cast<char>(chance >> 32);
    }
    (void)scan({{1, bytes}});  // under the sanitizers
  }
}
