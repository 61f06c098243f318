#include "gateway/store/compaction.h"

#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/file_view.h"
#include "gateway/store/snapshot.h"
#include "router/ledger/journal_scan.h"

namespace steelyard::store {

namespace {

// Oldest first, so that what remains has no gap.
void remove_covered(FileOps& files, const std::string& directory, const DirectoryListing& listing,
                    std::uint32_t previous) {
  for (const std::uint32_t index : listing.snapshots)
    if (index < previous) (void)files.remove(snapshot_path(directory, index));
  for (const std::uint32_t index : listing.segments)
    if (index <= previous) (void)files.remove(segment_path(directory, index));
}

}  // namespace

Result<void> compact(FileOps& files, const std::string& directory, std::uint32_t last_segment) {
  const Result<DirectoryListing> listing = list_directory(directory);
  if (!listing) return fail(listing.error());
  Result<Snapshot> snapshot = newest_snapshot(directory, *listing);
  if (!snapshot) return fail(snapshot.error());
  const std::uint32_t previous = snapshot->segment;

  std::vector<FileView> views;
  std::vector<router::SegmentBytes> segments;
  for (std::uint32_t index = previous + 1; index <= last_segment; ++index) {
    Result<FileView> view = FileView::open(segment_path(directory, index));
    if (!view) return fail(view.error());
    views.push_back(std::move(*view));
    segments.push_back({index, views.back().bytes()});
  }
  if (segments.empty()) return {};
  const Result<router::ScanReport> report =
      router::scan_journal(segments, snapshot->last_seq, snapshot->balances);
  if (!report) return fail(report.error());
  if (report->segments_used != segments.size() || report->cut_bytes != 0)
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                "ledger segment " + std::to_string(previous + 1 + report->segments_used) +
                    " does not read back as it was written");
  snapshot->segment = last_segment;
  snapshot->last_seq = report->last_seq;
  const Result<void> written = write_snapshot(files, directory, *snapshot);
  if (!written) return fail(written.error());
  remove_covered(files, directory, *listing, previous);
  return {};
}

}  // namespace steelyard::store
