#include "gateway/telemetry/decision_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/telemetry/line_ring.h"

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

// A folder that is gone when the test ends.
struct Folder {
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "steelyard-log-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
  std::filesystem::path path;
};

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::unique_ptr<DecisionLog> open_log(const std::string& path, std::size_t workers = 1,
                                      std::size_t ring = 1 << 16) {
  DecisionLogOptions options;
  options.path = path;
  options.workers = workers;
  options.ring_bytes = ring;
  auto log = DecisionLog::open(options);
  REQUIRE(log.has_value());
  return std::move(*log);
}

}  // namespace

TEST_CASE("line ring: every offset of the wrap gives the bytes back") {
  LineRing ring(64);
  std::string in, out;
  for (int i = 0; i < 500; ++i) {
    const std::string line =
        std::string(static_cast<std::size_t>(i % 40), static_cast<char>('a' + i % 26)) + "\n";
    REQUIRE(ring.push(line));
    in += line;
    const LineRing::Chunk chunk = ring.peek();
    out += std::string(chunk.first) + std::string(chunk.second);
    ring.consume(chunk.size());
  }
  CHECK(in == out);
  CHECK(ring.dropped() == 0);
}

TEST_CASE("line ring: full means dropped and counted, never half a line") {
  LineRing ring(64);
  CHECK(ring.push(std::string(63, 'a') + "\n"));
  CHECK_FALSE(ring.push("b\n"));
  CHECK_FALSE(ring.push(std::string(65, 'c')));
  CHECK(ring.dropped() == 2);
  ring.consume(2);
  CHECK(ring.push("d\n"));
  const LineRing::Chunk chunk = ring.peek();
  CHECK(chunk.size() == 64);
  CHECK(chunk.second == "d\n");
}

TEST_CASE("decision log: lines of all workers arrive whole, in each worker's order") {
  const Folder folder;
  constexpr std::size_t workers = 3;
  constexpr int lines = 20'000;
  std::uint64_t dropped = 0;
  {
    auto log = open_log(folder.file("log"), workers, 1 << 20);
    std::vector<std::thread> threads;
    for (std::size_t w = 0; w < workers; ++w)
      threads.emplace_back([&log, w] {
        for (int i = 0; i < lines; ++i) {
          const std::string line =
              std::to_string(w) + " " + std::to_string(i) + std::string(i % 97, '.') + "\n";
          while (!log->append(w, line)) std::this_thread::yield();
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(log->flush(5000));
    CHECK(log->written() == workers * lines);
    dropped = log->dropped();
  }
  MESSAGE("lines refused and offered again: " << dropped);
  std::map<int, int> next;
  std::istringstream in(content(folder.file("log")));
  int total = 0;
  for (std::string line; std::getline(in, line); ++total) {
    int worker = -1, number = -1;
    REQUIRE(std::sscanf(line.c_str(), "%d %d", &worker, &number) == 2);
    REQUIRE(number == next[worker]++);
    REQUIRE(line.size() ==
            std::to_string(worker).size() + 1 + std::to_string(number).size() + number % 97);
  }
  CHECK(total == static_cast<int>(workers) * lines);
}

TEST_CASE("decision log: a sleeping writer is woken by the next line") {
  const Folder folder;
  auto log = open_log(folder.file("log"));
  for (const int pause_ms :
       {0, 300, 0, 300}) {  // the writer falls asleep after 200 ms without a line
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    const std::uint64_t before = log->written();
    REQUIRE(log->append(0, "x\n"));
    for (int i = 0; i < 2000 && log->written() == before; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(log->written() == before + 1);
  }
}

TEST_CASE("decision log: what is queued is written when the log is closed") {
  const Folder folder;
  {
    auto log = open_log(folder.file("log"));
    for (int i = 0; i < 100; ++i) REQUIRE(log->append(0, "line\n"));
  }
  CHECK(content(folder.file("log")).size() == 500);
}

TEST_CASE("decision log: rotation by rename loses nothing") {
  const Folder folder;
  auto log = open_log(folder.file("log"));
  REQUIRE(log->append(0, "before\n"));
  std::filesystem::rename(folder.file("log"), folder.file("log.1"));
  REQUIRE(log->append(0, "still before\n"));
  log->reopen();
  for (int i = 0; i < 2000 && !std::filesystem::exists(folder.file("log")); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(log->append(0, "after\n"));
  REQUIRE(log->flush(2000));
  CHECK(content(folder.file("log.1")) == "before\nstill before\n");
  CHECK(content(folder.file("log")) == "after\n");
  struct stat info {};
  REQUIRE(::stat(folder.file("log").c_str(), &info) == 0);
  CHECK((info.st_mode & 0137) == 0);  // nobody else may read who spent what
}

TEST_CASE("decision log: reopening where it cannot be opened keeps the old file") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("logs"));
  auto log = open_log(folder.file("logs/log"));
  std::filesystem::rename(folder.file("logs"), folder.file("moved"));
  log->reopen();
  for (int i = 0; i < 2000 && log->write_errors() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(log->write_errors() == 1);
  REQUIRE(log->append(0, "line\n"));
  REQUIRE(log->flush(2000));
  CHECK(content(folder.file("moved/log")) == "line\n");
}

TEST_CASE("decision log: a line torn by a killed process is ended before ours begin") {
  const Folder folder;
  std::ofstream(folder.file("log")) << "{\"whole\":1}\n{\"tor";
  {
    auto log = open_log(folder.file("log"));
    REQUIRE(log->append(0, "{}\n"));
  }
  CHECK(content(folder.file("log")) == "{\"whole\":1}\n{\"tor\n{}\n");
}

TEST_CASE("decision log: a full disk costs lines, not requests") {
  std::uint64_t refused = 0;
  auto log = open_log("/dev/full", 1, 1024);
  for (int i = 0; i < 1000; ++i) refused += !log->append(0, "sixteen bytes...\n");
  CHECK(refused >= 1000 - 1024 / 17 - 1);
  CHECK(log->dropped() == refused);
  CHECK_FALSE(log->flush(100));
  CHECK(log->write_errors() > 0);
  CHECK(log->written() == 0);
}

TEST_CASE("decision log: a pipe that fills up and is read again") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  const int reader = ::open(folder.file("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  auto log = open_log(folder.file("pipe"), 1, 1 << 20);
  constexpr int lines = 4000;  // 400 kB: more than a pipe holds
  const std::string line = std::string(99, 'p') + "\n";
  for (int i = 0; i < lines; ++i) REQUIRE(log->append(0, line));
  std::string got;
  char buffer[65536];
  for (int idle = 0; got.size() < lines * line.size() && idle < 2000;) {
    const ssize_t count = ::read(reader, buffer, sizeof buffer);
    if (count > 0) {
      got.append(buffer, static_cast<std::size_t>(count));
    } else {
      ++idle;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  ::close(reader);
  CHECK(got.size() == lines * line.size());
  CHECK(log->dropped() == 0);
}

TEST_CASE("decision log: off, and not to be opened") {
  auto off = open_log("");
  CHECK_FALSE(off->enabled());
  CHECK_FALSE(off->append(0, "line\n"));
  CHECK(off->flush(0));
  DecisionLogOptions options;
  options.path = "/no/such/folder/log";
  const auto refused = DecisionLog::open(options);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::storage);
  CHECK(refused.error().context.find("/no/such/folder/log") != std::string::npos);
  CHECK(refused.error().context.find("No such file") != std::string::npos);
}
