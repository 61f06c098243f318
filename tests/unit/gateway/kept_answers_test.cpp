#include "gateway/kept_answers.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "router/ledger/crc32c.h"

namespace steelyard {
namespace {

std::string file_name(const char* what) {
  return "/tmp/steelyard-kept-" + std::to_string(::getpid()) + "-" + what;
}

TEST_CASE("kept answers: an owner finds its own, nobody else's") {
  KeptAnswers kept;
  CHECK(kept.find(1, "resp_a") == 0);
  kept.remember(1, "resp_a", 77);
  CHECK(kept.find(1, "resp_a") == 77);
  CHECK(kept.find(2, "resp_a") == 0);
  CHECK(kept.find(1, "resp_b") == 0);
  kept.remember(1, "resp_a", 78);  // moved
  CHECK(kept.find(1, "resp_a") == 78);
  kept.forget(2, "resp_a");
  CHECK(kept.find(1, "resp_a") == 78);
  kept.forget(1, "resp_a");
  CHECK(kept.find(1, "resp_a") == 0);
  kept.remember(1, "", 77);
  CHECK(kept.find(1, "") == 0);
}

TEST_CASE("kept answers: bounded, and what was named lately stays") {
  KeptAnswers kept;
  kept.remember(1, "mine", 5);
  std::size_t found = 0;
  constexpr std::size_t many = 2 * KeptAnswers::entries_max;
  for (std::size_t i = 0; i < many; ++i) {
    kept.remember(1, "resp_" + std::to_string(i), 9);
    if (i % 1000 == 0) CHECK(kept.find(1, "mine") == 5);  // named again and again
  }
  for (std::size_t i = many - 1000; i < many; ++i)
    found += kept.find(1, "resp_" + std::to_string(i)) == 9 ? 1u : 0u;
  CHECK(found == 1000);
}

TEST_CASE("kept answers: a file of the first version is read, without keys") {
  const std::string path = file_name("early");
  {
    KeptAnswers kept(path);
    kept.remember(3, "resp_x", 42, 7);
    kept.remember(3, "resp_y", 43, 8);
    kept.save();
  }
  std::string bytes, entries;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  constexpr std::size_t head = 32, entry = 40, early = 32;
  REQUIRE(bytes.size() == head + 2 * entry);
  for (std::size_t at = head; at < bytes.size(); at += entry) entries += bytes.substr(at, early);
  const std::uint32_t crc = router::crc32c(0, entries.data(), entries.size());
  bytes.resize(head);
  bytes[7] = '1';
  std::memcpy(bytes.data() + 24, &crc, sizeof crc);
  std::ofstream(path, std::ios::binary) << bytes << entries;
  KeptAnswers again(path);
  std::uint32_t maker = 9;
  CHECK(again.find(3, "resp_x", &maker) == 42);
  CHECK(maker == 0);
  CHECK(again.find(3, "resp_y") == 43);
  std::remove(path.c_str());
}

TEST_CASE("kept answers: over a restart, but not from a damaged file") {
  const std::string path = file_name("file");
  {
    KeptAnswers kept(path);
    kept.remember(3, "resp_x", 42);
    kept.remember(3, "msg_x", 42);
    kept.remember(3, "conv_x", 43, 7);
    kept.save();
  }
  KeptAnswers again(path);
  CHECK(again.find(3, "resp_x") == 42);
  std::uint32_t maker = 0;
  CHECK(again.find(3, "conv_x", &maker) == 43);
  CHECK(maker == 7);
  CHECK(again.find(3, "msg_x") == 42);
  CHECK(again.find(4, "resp_x") == 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(50);
  file.put('\x5a');
  file.close();
  KeptAnswers damaged(path);
  CHECK(damaged.find(3, "resp_x") == 0);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace steelyard
