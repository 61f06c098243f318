// The end of a log, read back: what the dashboard shows.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "gateway/telemetry/log_file.h"

using namespace steelyard::telemetry;

namespace {

struct Folder {
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "steelyard-tail-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("tail: as many bytes as there are, at most those that were asked for") {
  const Folder folder;
  struct Row {
    const char* text;
    std::size_t bytes;
    const char* tail;
  };
  const Row rows[] = {
      {"one\ntwo\n", 4, "two\n"},
      {"one\ntwo\n", 8, "one\ntwo\n"},
      {"one\ntwo\n", 9, "one\ntwo\n"},
      {"one\ntwo\n", 1u << 20, "one\ntwo\n"},
      {"one\ntw", 3, "\ntw"},  // a line being written stays as it is
      {"one", 3, "one"},
      {"one\ntwo\n", 0, ""},
      {"", 10, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CAPTURE(row.bytes);
    const std::string path = folder.file("log", row.text);
    const auto tail = tail_of(path, row.bytes);
    REQUIRE(tail.has_value());
    CHECK(*tail == row.tail);
  }
}

TEST_CASE("tail: nothing of what is no file, and nobody waits for it") {
  const Folder folder;
  const std::string pipe = (folder.path / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  // A pipe that nobody writes to would block who opens it, and one that somebody reads would lose
  // what is read here.
  CHECK_FALSE(tail_of(pipe, 100).has_value());
  CHECK_FALSE(tail_of(folder.path.string(), 100).has_value());
  CHECK_FALSE(tail_of((folder.path / "absent").string(), 100).has_value());
  CHECK_FALSE(tail_of("/dev/null", 100).has_value());
  CHECK_FALSE(tail_of("-", 100).has_value());  // standard output, for the log: no file of that name
  CHECK_FALSE(tail_of("", 100).has_value());
}

TEST_CASE("tail: a file that shrinks and grows meanwhile gives a part of what it held") {
  const Folder folder;
  const std::string line = "0123456789\n";
  const std::string path = folder.file("log", "");
  std::thread rotates([&] {
    for (int round = 0; round < 300; ++round) {
      std::ofstream out(path, std::ios::binary | std::ios::trunc);
      for (int i = 0; i < 50; ++i) out << line << std::flush;
    }
  });
  for (int looks = 0; looks < 2'000; ++looks) {
    const auto tail = tail_of(path, 100);
    REQUIRE(tail.has_value());
    CHECK(tail->size() <= 100);
    // Never bytes that nobody wrote.
    if (tail->find_first_not_of("0123456789\n") != std::string::npos) FAIL_CHECK("not of the file");
  }
  rotates.join();
  CHECK(tail_of(path, 100)->size() == 100);
}
