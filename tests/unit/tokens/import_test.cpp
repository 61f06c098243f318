// Importing: what comes out counts as the definition says; what cannot be used is refused.
#include <doctest/doctest.h>

#include "router/tokens/bpe_counter.h"
#include "router/tokens/vocabulary_import.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard;
using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

PublishedVocabulary of_bytes() {
  PublishedVocabulary published;
  published.name = "small";
  for (int byte = 0; byte < 256; ++byte) published.tokens.emplace_back(1, static_cast<char>(byte));
  return published;
}

std::unique_ptr<TokenCounter> counter_of(const PublishedVocabulary& published) {
  const auto found = import_vocabulary(published);
  REQUIRE(found.has_value());
  const auto unpacked = Vocabulary::unpack(write_packed(*found));
  REQUIRE(unpacked.has_value());
  return make_counter(*unpacked);
}

}  // namespace

TEST_CASE("ranks alone: the lower merges first") {
  PublishedVocabulary published = of_bytes();
  for (const char* token : {"ab", "bc", "abc", "abcabc"}) published.tokens.emplace_back(token);
  published.pieces_first = true;
  const auto counter = counter_of(published);
  CHECK(counter->count("ab") == 1);
  CHECK(counter->count("bc") == 1);
  CHECK(counter->count("abc") == 1);
  CHECK(counter->count("bcabc") == 2);
  CHECK(counter->count("abcabc") == 1);
  CHECK(counter->encoding() == "small");
}

TEST_CASE("merges in an order of their own, and tokens that none of them reaches") {
  PublishedVocabulary published = of_bytes();
  for (const char* token : {"ab", "bc", "abc", "xyz", "a long token of more than fifteen bytes"})
    published.tokens.emplace_back(token);
  // `abc` merges before its part `bc` does, so the part ranks above the whole.
  published.merges = {{"a", "bc"}, {"b", "c"}};
  CHECK(counter_of(published)->count("abc") == 1);
  CHECK(counter_of(published)->count("ab") == 2);
  CHECK(counter_of(published)->count("xyz") == 3);
  published.pieces_first = true;
  CHECK(counter_of(published)->count("ab") == 1);
  CHECK(counter_of(published)->count("xyz") == 1);
}

TEST_CASE("what byte-pair merging cannot use is refused by name") {
  PublishedVocabulary no_byte = of_bytes();
  no_byte.tokens.erase(no_byte.tokens.begin() + 65);
  CHECK(import_vocabulary(no_byte).error().context == "the byte 41 is not a token");
  PublishedVocabulary twice = of_bytes();
  twice.tokens.emplace_back("A");
  CHECK(import_vocabulary(twice).error().context == "two tokens are the bytes 41");
  PublishedVocabulary long_token = of_bytes();
  long_token.tokens.emplace_back(2000, 'x');
  CHECK(import_vocabulary(long_token).error().context == "token 256 has 2000 bytes");
  PublishedVocabulary empty = of_bytes();
  empty.tokens.emplace_back("");
  CHECK(!import_vocabulary(empty).has_value());
  CHECK(!import_vocabulary({}).has_value());
}

TEST_CASE("a packed vocabulary with a circle, a hole or a double is refused") {
  PublishedVocabulary published = of_bytes();
  published.tokens.emplace_back("ab");
  published.tokens.emplace_back("abc");
  const auto good = import_vocabulary(published);
  REQUIRE(good.has_value());
  REQUIRE(read_packed(write_packed(*good)).has_value());
  PackedVocabulary circle = *good;
  circle.left[256] = 257;
  circle.left[257] = 256;
  CHECK(!read_packed(write_packed(circle)).has_value());
  PackedVocabulary itself = *good;
  itself.right[256] = 256;
  CHECK(!read_packed(write_packed(itself)).has_value());
  PackedVocabulary hole = *good;
  hole.left[256] = 9999;
  CHECK(!read_packed(write_packed(hole)).has_value());
  PackedVocabulary twice = *good;
  twice.left[1] = 0;
  CHECK(!read_packed(write_packed(twice)).has_value());
  PackedVocabulary doubling = *good;
  for (std::uint32_t i = 256; i < 300; ++i)
    doubling.left.resize(i + 1), doubling.right.resize(i + 1),
        doubling.left[i] = doubling.right[i] = i - 1;
  CHECK(!read_packed(write_packed(doubling)).has_value());
}
