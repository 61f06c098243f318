#include "gateway/store/append_log.h"

#include "books_support.h"

using namespace ledger_test;

namespace {

// Fails once, when it is told to.
struct Failing : FileOps {
  int write_error = 0, sync_error = 0, truncate_error = 0;
  int write_all(int fd, std::string_view bytes) override {
    if (write_error == 0) return FileOps::write_all(fd, bytes);
    (void)FileOps::write_all(fd, bytes.substr(0, bytes.size() / 2));  // half of it is there
    return std::exchange(write_error, 0);
  }
  int sync_data(int fd) override {
    return sync_error != 0 ? std::exchange(sync_error, 0) : FileOps::sync_data(fd);
  }
  int truncate(int fd, std::size_t bytes) override {
    return truncate_error != 0 ? truncate_error : FileOps::truncate(fd, bytes);
  }
};

struct Kept {
  Kept() : path(directory.path + "/lines") {}
  std::vector<std::string> open() {
    std::vector<std::string> lines;
    auto opened = AppendLog::open(path, files, [&](std::string_view l) { lines.emplace_back(l); });
    REQUIRE_MESSAGE(opened.has_value(), opened.error().context);
    log = std::move(*opened);
    return lines;
  }
  TemporaryDirectory directory;
  std::string path;
  Failing files;
  AppendLog log;
};

}  // namespace

TEST_CASE("append log: lines come back, half a line does not") {
  Kept kept;
  CHECK(kept.open().empty());
  CHECK(kept.log.append("one").has_value());
  CHECK(kept.log.append("two").has_value());
  write_file(kept.path, read_file(kept.path) + "thr");
  CHECK(kept.open() == std::vector<std::string>{"one", "two"});
  CHECK(kept.log.append("four").has_value());
  CHECK(read_file(kept.path) == "one\ntwo\nfour\n");
  AppendLog nowhere;  // memory only
  CHECK(nowhere.append("x").has_value());
}

TEST_CASE("append log: what failed is not there, and never swallows the next line") {
  Kept kept;
  kept.open();
  kept.files.write_error = ENOSPC;
  const auto full = kept.log.append("lost");
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().kind == ErrorKind::storage);
  CHECK(full.error().context.find("lines") != std::string::npos);
  CHECK(kept.log.append("next").has_value());
  CHECK(read_file(kept.path) == "next\n");
  SUBCASE("a half line that cannot be taken back ends it") {
    kept.files.write_error = ENOSPC;
    kept.files.truncate_error = EIO;
    CHECK_FALSE(kept.log.append("half").has_value());
    CHECK_FALSE(kept.log.append("more").has_value());
    kept.files.truncate_error = 0;
    CHECK(kept.open() == std::vector<std::string>{"next"});
    CHECK(kept.log.append("more").has_value());
  }
  SUBCASE("a sync that failed is final") {
    kept.files.sync_error = EIO;
    CHECK_FALSE(kept.log.append("perhaps").has_value());
    CHECK_FALSE(kept.log.append("more").has_value());
  }
}
