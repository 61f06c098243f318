#include "strict.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"

namespace steelyard::bench {
namespace {

using Clock = std::chrono::steady_clock;

const Instant noon = Instant::from_seconds(1'790'000'000);
constexpr int turn = 100;
constexpr std::size_t record_bytes = 256, file_bytes = 1u << 20;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double at(std::vector<double>& all, double fraction) {
  if (all.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(all.size() - 1));
  std::nth_element(all.begin(), all.begin() + rank, all.end());
  return all[static_cast<std::size_t>(rank)];
}

// As the journal does: room that is there already is overwritten.
class Disk {
 public:
  explicit Disk(const std::string& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    const std::string zeroes(file_bytes, '\0');
    good_ = fd_ >= 0 &&
            ::pwrite(fd_, zeroes.data(), zeroes.size(), 0) == static_cast<ssize_t>(zeroes.size()) &&
            ::fsync(fd_) == 0;
  }
  ~Disk() {
    if (fd_ >= 0) ::close(fd_);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  bool write() {
    const std::string record(record_bytes, 'x');
    offset_ = (offset_ + record_bytes) % file_bytes;
    return good_ &&
           ::pwrite(fd_, record.data(), record.size(), static_cast<off_t>(offset_)) ==
               static_cast<ssize_t>(record.size()) &&
           ::fdatasync(fd_) == 0;
  }

 private:
  int fd_;
  bool good_ = false;
  std::size_t offset_ = 0;
};

struct Side {
  std::unique_ptr<store::Books> books;
  store::Chain chain;
  std::uint64_t next = 0;
  bool strict = false;

  std::string open(const std::string& directory, Durability durability) {
    strict = durability == Durability::strict;
    LedgerSpec spec;
    spec.directory = directory;
    spec.durability = durability;
    auto opened = store::Books::open(spec, noon);
    if (!opened) return opened.error().context;
    books = std::move(*opened);
    OrganisationSpec acme;
    acme.name = "acme";
    acme.budgets.emplace_back().limit = {INT64_MAX};
    acme.teams.emplace_back().name = "search";
    acme.teams[0].keys.emplace_back().id = "key";
    auto chains = books->configure(std::vector<OrganisationSpec>{acme}, noon);
    if (!chains) return chains.error().context;
    chain = (*chains)[0].chain;
    return "";
  }
  // Microseconds; below zero: the books failed.
  double request() {
    const router::AttemptKey key{{++next, ~next}, 0};
    const Clock::time_point start = Clock::now();
    const store::Reservation made = books->reserve(chain, key, {100}, noon, Tick{0});
    const store::Dispatched sent = books->dispatch(made.hold);
    bool good = sent.status == store::DispatchStatus::sent;
    if (strict && good) good = books->wait_durable(sent.seq);
    const double us = us_since(start);
    books->settle(made.hold, {70}, router::UsageSource::provider, noon);
    return good ? us : -1;
  }
};

}  // namespace

StrictFigures measure_strict(const std::string& directory, int requests) {
  StrictFigures out;
  Side relaxed, strict;
  Disk disk(directory + "/disk");
  out.error = relaxed.open(directory + "/relaxed", Durability::relaxed);
  if (out.error.empty()) out.error = strict.open(directory + "/strict", Durability::strict);
  if (!out.error.empty()) return out;
  std::vector<double> of_disk, of_relaxed, of_strict;
  for (int done = 0; done < requests; done += turn) {
    for (int i = 0; i < turn; ++i) {
      const Clock::time_point start = Clock::now();
      if (!disk.write()) out.error = "the disk cannot be written";
      of_disk.push_back(us_since(start));
    }
    for (int i = 0; i < turn; ++i) of_relaxed.push_back(relaxed.request());
    for (int i = 0; i < turn; ++i) of_strict.push_back(strict.request());
  }
  for (const std::vector<double>* one : {&of_relaxed, &of_strict})
    if (*std::min_element(one->begin(), one->end()) < 0) out.error = "the books cannot be written";
  out.disk_p50 = at(of_disk, 0.5);
  out.disk_p99 = at(of_disk, 0.99);
  out.relaxed_p50 = at(of_relaxed, 0.5);
  out.relaxed_p99 = at(of_relaxed, 0.99);
  out.strict_p50 = at(of_strict, 0.5);
  out.strict_p99 = at(of_strict, 0.99);
  return out;
}

}  // namespace steelyard::bench
