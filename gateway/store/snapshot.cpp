// File: magic u64 | version u32 | segment u32 | last_seq u64 | payload bytes u64 | crc32c u32 of
// all other bytes | payload (Balances::encode).
#include "gateway/store/snapshot.h"

#include <unistd.h>

#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/file_view.h"
#include "router/ledger/crc32c.h"
#include "router/ledger/packed.h"

namespace steelyard::store {

namespace {

constexpr std::uint64_t kMagic = 0x31706E73796C7473u;  // "stlysnp1"
constexpr std::size_t kHeadBytes = 36, kCrcAt = 32;

auto bad(const std::string& path, const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "ledger snapshot `" + path + "`: " + what);
}

std::uint32_t crc_of(std::string_view head, std::string_view payload) {
  return router::crc32c(router::crc32c(0, head.data(), kCrcAt), payload.data(), payload.size());
}

int write_synced(FileOps& files, const std::string& path, std::string_view head,
                 std::string_view payload) {
  int fd = -1;
  (void)files.remove(path);
  if (const int error = files.create(path, fd)) return error;
  int error = files.write_all(fd, head);
  if (error == 0) error = files.write_all(fd, payload);
  if (error == 0) error = files.sync_data(fd);
  ::close(fd);
  return error;
}

}  // namespace

Result<void> write_snapshot(FileOps& files, const std::string& directory,
                            const Snapshot& snapshot) {
  const std::string payload = snapshot.balances.encode();
  std::string head(kHeadBytes, '\0');
  router::PackedWriter(head.data())
      .put(kMagic)
      .put(router::Balances::format)
      .put(snapshot.segment)
      .put(snapshot.last_seq)
      .put(static_cast<std::uint64_t>(payload.size()));
  router::PackedWriter(head.data() + kCrcAt).put(crc_of(head, payload));

  const std::string path = snapshot_path(directory, snapshot.segment);
  const std::string aside = path + ".tmp";
  int error = write_synced(files, aside, head, payload);
  if (error == 0) error = files.rename(aside, path);
  if (error == 0) error = files.sync_directory(directory);
  if (error == 0) return {};
  (void)files.remove(aside);
  return bad(path, error_text(error));
}

Result<Snapshot> read_snapshot(const std::string& directory, std::uint32_t segment) {
  const std::string path = snapshot_path(directory, segment);
  const Result<FileView> file = FileView::open(path);
  if (!file) return fail(file.error());
  const std::string_view bytes = file->bytes();
  if (bytes.size() < kHeadBytes) return bad(path, "too short");
  router::PackedReader in(bytes);
  if (in.get<std::uint64_t>() != kMagic) return bad(path, "not a snapshot");
  const std::uint32_t version = in.get<std::uint32_t>();
  if (version < 1 || version > router::Balances::format)
    return bad(path, "written by a newer version");
  Snapshot out;
  out.segment = in.get<std::uint32_t>();
  out.last_seq = in.get<std::uint64_t>();
  const std::uint64_t size = in.get<std::uint64_t>();
  const std::uint32_t crc = in.get<std::uint32_t>();
  const std::string_view payload = bytes.substr(kHeadBytes);
  if (payload.size() != size || crc != crc_of(bytes, payload)) return bad(path, "damaged");
  if (out.segment != segment) return bad(path, "renamed");
  Result<router::Balances> balances = router::Balances::decode(payload, version);
  if (!balances) return bad(path, balances.error().context);
  out.balances = std::move(*balances);
  return out;
}

Result<Snapshot> newest_snapshot(const std::string& directory, const DirectoryListing& listing) {
  Result<Snapshot> out = Snapshot{};
  for (std::size_t i = listing.snapshots.size(); i > 0; --i) {
    out = read_snapshot(directory, listing.snapshots[i - 1]);
    if (out) return out;
  }
  if (!listing.segments.empty() && listing.segments.front() == 1) return Snapshot{};
  return out;
}

}  // namespace steelyard::store
