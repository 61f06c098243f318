// The process dies, and a new one reads what its files hold.
#include <filesystem>

#include "books_world.h"
#include "gateway/store/directory.h"

namespace ledger_test {

// The process dies here: what its files hold at this moment is all that is left. `torn`: the last
// record was only half written.
void BooksWorld::crash(bool torn) {
  ++counts_.crashes;
  disk_.full = false;
  // What is kept in memory for a full disk would be lost with the process, and posted in full.
  settle_disk();
  const std::string copy = root_.path + "/" + std::to_string(++generation_);
  std::filesystem::copy(path_, copy);
  books_.reset();
  std::filesystem::remove_all(path_);
  disk_.broken = false;
  broken_for_ = 0;
  if (torn) tear(copy);
  std::map<std::uint64_t, bool> charged = keyed_;
  for (const Attempt& attempt : open_) {
    const auto keyed = charged.find(attempt.key.request.hi);
    if (keyed != charged.end()) keyed->second = attempt.sent && attempt.amount != 0;
    post(attempt, attempt.sent ? attempt.amount : 0);
  }
  open_.clear();
  lapsed_.clear();
  // Only windows that the journal knows come back.
  for (Level& team : teams_) team.start = team.journaled;
  open(copy);
  fail(check_recovered(charged));
}

// A dispatch that never returned: half a record at the end.
void BooksWorld::tear(const std::string& copy) {
  const auto listing = list_directory(copy);
  for (std::size_t i = listing->segments.size(); i > 0; --i) {
    const std::string file = segment_path(copy, listing->segments[i - 1]);
    std::string bytes = read_file(file);
    if (bytes.size() < segment_header_bytes) continue;  // being made
    std::size_t at = segment_header_bytes;
    for (;;) {
      const ReadRecord record = read_record(std::string_view(bytes).substr(at));
      if (record.status != ReadStatus::record) break;
      at += record.bytes;
    }
    if (at == segment_header_bytes) continue;
    if (at + 60 > bytes.size()) return;  // no room behind the last record
    for (std::int64_t k = between(1, 50); k > 0; --k)
      bytes[at++] = static_cast<char>(between(1, 255));
    write_file(file, bytes);
    ++counts_.torn;
    return;
  }
}

}  // namespace ledger_test
