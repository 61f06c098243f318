#include "gateway/net/block_pool.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "gateway/net/buffer.h"

namespace steelyard::net {
namespace {

TEST_CASE("blocks of every size are apart, writable to their end, and go back") {
  const BlockUse before = block_use();
  struct Taken {
    char* block;
    std::size_t bytes;
  };
  std::vector<Taken> taken;
  for (std::size_t bytes :
       {1ul, 1024ul, 1088ul, 1089ul, 1344ul, 2112ul, 4160ul, 8256ul, 16448ul, 16449ul, 70000ul}) {
    for (int i = 0; i < 70; ++i) {
      auto* block = static_cast<char*>(allocate_block(bytes));
      CHECK(reinterpret_cast<std::uintptr_t>(block) % 16 == 0);
      std::memset(block, static_cast<int>(taken.size() & 0x7f), bytes);
      taken.push_back({block, bytes});
    }
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const char wanted = static_cast<char>(i & 0x7f);
    CHECK(taken[i].block[0] == wanted);
    CHECK(taken[i].block[taken[i].bytes - 1] == wanted);
  }
  CHECK(block_use().blocks == before.blocks + 9 * 70);  // two sizes are the heap's
  for (const Taken& each : taken) free_block(each.block, each.bytes);
  CHECK(block_use().blocks == before.blocks);
}

TEST_CASE("memory of a crowd goes back once it is gone") {
  const BlockUse before = block_use();
  std::vector<Buffer> crowd(1000);
  for (Buffer& each : crowd) each.reserve(2048);
  CHECK(block_use().slabs >= 32);
  // Every second one stays: their slabs do, too.
  for (std::size_t i = 0; i < crowd.size(); i += 2) crowd[i].release();
  CHECK(block_use().slabs >= 32);
  crowd.clear();
  CHECK(block_use().slabs <= before.slabs + 2);
  CHECK(block_use().blocks == before.blocks);
}

TEST_CASE("blocks are used again") {
  std::vector<void*> first;
  for (int i = 0; i < 40; ++i) first.push_back(allocate_block(2000));
  const std::set<void*> known(first.begin(), first.end());
  for (void* block : first) free_block(block, 2000);
  std::vector<void*> second;
  for (int i = 0; i < 40; ++i) second.push_back(allocate_block(2000));
  for (void* block : second) {
    CHECK(known.contains(block));
    free_block(block, 2000);
  }
}

TEST_CASE("what a thread leaves behind may be freed after it") {
  std::vector<Buffer> left(100);
  std::thread([&left] {
    for (Buffer& each : left) each.reserve(1000);
  }).join();
  const BlockUse mine = block_use();
  left.clear();
  CHECK(block_use().blocks == mine.blocks);
  CHECK(block_use().slabs == mine.slabs);
}

}  // namespace
}  // namespace steelyard::net
