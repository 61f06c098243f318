// What a log's file keeps on the disk: every byte in order, and blocks ahead of it under load.
#include <doctest/doctest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gateway/telemetry/log_file.h"

using namespace steelyard::telemetry;

namespace {

struct Log {
  Log() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "steelyard-log-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    path = pattern + "/decisions.jsonl";
    REQUIRE(file.open(path).has_value());
  }
  ~Log() { std::filesystem::remove_all(folder); }

  void write(std::string_view first, std::string_view second = {}) {
    CHECK(file.write(first, second) == static_cast<std::ptrdiff_t>(first.size() + second.size()));
    written += first;
    written += second;
  }
  std::string content() const {
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(all).str();
  }
  // Bytes the file has on the disk behind its end, and in its last block.
  std::int64_t ahead() const {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_blocks * 512 - info.st_size;
  }
  bool is_on_ext4() const {
    struct statfs info {};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == EXT4_SUPER_MAGIC;
  }

  std::filesystem::path folder;
  std::string path, written;
  LogFile file;
};

const std::string large(LogFile::large_bytes, 'x');

}  // namespace

TEST_CASE("log file: lines one by one reserve nothing, many at once do, and nothing is lost") {
  Log log;
  for (int i = 0; i < 100; ++i) log.write("a line\n");
  CHECK(log.ahead() < 64 << 10);
  for (int i = 0; i < 20; ++i) log.write(large, "\n");
  CHECK(log.content() == log.written);
  if (!log.is_on_ext4()) return;  // others think in ranges by themselves
  CHECK(log.ahead() > LogFile::reserve_least / 2);
  CHECK(log.ahead() <= LogFile::reserve_least + (64 << 10));
}

TEST_CASE("log file: past what was reserved more is reserved") {
  Log log;
  const std::string megabyte(1 << 20, 'y');
  for (int i = 0; i < 20; ++i) log.write(megabyte);
  CHECK(log.content() == log.written);
  if (log.is_on_ext4())
    CHECK(log.ahead() <= static_cast<std::int64_t>(log.written.size()) + (2 << 20));
}

TEST_CASE("log file: a file that was cut, or that another process writes to, goes on at its end") {
  Log log;
  log.write(large);
  REQUIRE(::truncate(log.path.c_str(), 0) == 0);
  log.written.clear();
  log.write("small\n");
  log.write(large, "\n");
  std::ofstream(log.path, std::ios::binary | std::ios::app) << "of another\n";
  log.written += "of another\n";
  log.write("\n", large);
  CHECK(log.content() == log.written);
  if (log.is_on_ext4()) CHECK(log.ahead() > LogFile::reserve_least / 2);
}

TEST_CASE("log file: renamed away and opened anew, the old file keeps its lines") {
  Log log;
  log.write(large);
  const std::string old = log.path + ".1";
  std::filesystem::rename(log.path, old);
  REQUIRE(log.file.open(log.path).has_value());
  CHECK(std::filesystem::file_size(old) == large.size());
  log.written.clear();
  log.write("first\n");
  CHECK(log.content() == "first\n");
}
