#include "gateway/store/recovery.h"

#include <chrono>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/file_view.h"
#include "gateway/store/snapshot.h"
#include "router/ledger/journal_scan.h"

namespace steelyard::store {

namespace {

auto bad(const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, what);
}

struct Reading {
  Recovered books;
  DirectoryListing listing;
  std::vector<std::uint32_t> unused;            // segments without a valid record
  std::uint32_t last_used = 0;                  // 0: none after the snapshot
  std::size_t valid_bytes = 0, file_bytes = 0;  // of last_used
};

Result<Reading> read(const std::string& directory) {
  Result<DirectoryListing> listing = list_directory(directory);
  if (!listing) return fail(listing.error());
  Result<Snapshot> snapshot = newest_snapshot(directory, *listing);
  if (!snapshot) return fail(snapshot.error());

  Reading out;
  std::vector<FileView> views;
  std::vector<router::SegmentBytes> segments;
  for (const std::uint32_t index : listing->segments) {
    if (index <= snapshot->segment) continue;
    Result<FileView> view = FileView::open(segment_path(directory, index));
    if (!view) return fail(view.error());
    views.push_back(std::move(*view));
    segments.push_back({index, views.back().bytes()});
  }
  if (!segments.empty() && segments[0].index != snapshot->segment + 1)
    return bad("ledger segment " + std::to_string(snapshot->segment + 1) + " is missing in `" +
               directory + "`");

  out.books.balances = std::move(snapshot->balances);
  const Result<router::ScanReport> report =
      router::scan_journal(segments, snapshot->last_seq, out.books.balances);
  if (!report) return fail(report.error());
  out.books.last_seq = report->last_seq;
  out.books.records = report->records;
  out.books.cut_bytes = report->cut_bytes;
  out.books.next_segment =
      snapshot->segment + 1 + static_cast<std::uint32_t>(report->segments_used);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i >= report->segments_used)
      out.unused.push_back(segments[i].index);
    else
      out.books.segment_bytes += segments[i].bytes.size();
  }
  if (report->segments_used > 0) {
    out.last_used = segments[report->segments_used - 1].index;
    out.valid_bytes = report->valid_bytes;
    out.file_bytes = segments[report->segments_used - 1].bytes.size();
  }
  out.listing = std::move(*listing);
  return out;
}

// Shortens a file to the bytes that are valid, durably.
int cut(FileOps& files, const std::string& path, std::size_t bytes) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = files.truncate(fd, bytes);
  if (error == 0) error = files.sync_data(fd);
  ::close(fd);
  return error;
}

}  // namespace

Result<Recovered> read_books(const std::string& directory) {
  constexpr int tries_max = 8;
  Result<Reading> reading = read(directory);
  for (int i = 1; i < tries_max && !reading; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i));
    reading = read(directory);
  }
  if (!reading) return fail(reading.error());
  return std::move(reading->books);
}

Result<Recovered> recover_books(FileOps& files, const std::string& directory) {
  Result<Reading> reading = read(directory);
  if (!reading) return fail(reading.error());
  // Last first: whatever is left after a kill in between is still a journal without a gap.
  for (std::size_t i = reading->unused.size(); i > 0; --i) {
    const std::string path = segment_path(directory, reading->unused[i - 1]);
    if (const int error = files.remove(path))
      return bad("cannot remove `" + path + "`: " + error_text(error));
  }
  if (reading->last_used != 0 && reading->valid_bytes < reading->file_bytes) {
    const std::string path = segment_path(directory, reading->last_used);
    if (const int error = cut(files, path, reading->valid_bytes))
      return bad("cannot shorten `" + path + "`: " + error_text(error));
  }
  for (const std::string& path : reading->listing.temporary) (void)files.remove(path);
  if (const int error = files.sync_directory(directory))
    return bad("cannot sync `" + directory + "`: " + error_text(error));
  return std::move(reading->books);
}

}  // namespace steelyard::store
