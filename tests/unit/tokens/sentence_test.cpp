// SentencePiece vocabularies against the definition, taken literally: whole texts merged character
// by character, the lowest rank first.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "config/types/json_writer.h"
#include "router/tokens/counter.h"
#include "router/tokens/packed_vocabulary.h"
#include "router/tokens/utf8_put.h"
#include "router/tokens/vocabulary.h"
#include "router/tokens/vocabulary_import.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

using Text = std::vector<std::string>;  // characters

Text split(std::string_view text) {
  Text out;
  for (const char byte : text) {
    if (out.empty() || (static_cast<unsigned char>(byte) & 0xC0) != 0x80) out.emplace_back();
    out.back() += byte;
  }
  return out;
}

struct World {
  PublishedVocabulary published;
  std::map<std::pair<std::string, std::string>, std::size_t> rank;

  explicit World(std::vector<std::string> tokens, std::vector<std::string> user) {
    published.name = "sentences";
    published.pattern = PatternId::sentencepiece;
    published.tokens = std::move(tokens);
    published.user_tokens = std::move(user);
    const auto& all = published.tokens;
    const auto is_token = [&](const std::string& text) {
      return std::find(all.begin(), all.end(), text) != all.end();
    };
    // As published: every split of a token into two tokens, in the order of the wholes.
    for (const std::string& token : all) {
      const Text chars = split(token);
      for (std::size_t cut = 1; cut < chars.size(); ++cut) {
        std::string left, right;
        for (std::size_t i = 0; i < chars.size(); ++i) (i < cut ? left : right) += chars[i];
        if (!is_token(left) || !is_token(right)) continue;
        rank[{left, right}] = published.merges.size();
        published.merges.emplace_back(left, right);
      }
    }
  }

  std::int64_t merged(Text parts) const {
    for (;;) {
      std::size_t best = SIZE_MAX, at = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = rank.find({parts[i], parts[i + 1]});
        if (found != rank.end() && found->second < best) best = found->second, at = i;
      }
      if (best == SIZE_MAX) break;
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    std::int64_t total = 0;
    const auto& all = published.tokens;
    for (const std::string& part : parts) {
      const bool known = std::find(all.begin(), all.end(), part) != all.end();
      total += known ? 1 : static_cast<std::int64_t>(part.size());
    }
    return total;
  }

  std::int64_t count(std::string_view text) const {
    std::int64_t total = 0;
    Text segment;
    while (!text.empty()) {
      std::size_t longest = 0;
      for (const std::string& user : published.user_tokens)
        if (text.starts_with(user)) longest = std::max(longest, user.size());
      if (longest > 0) {
        total += merged(std::move(segment)) + 1;
        segment = {};
        text.remove_prefix(longest);
        continue;
      }
      std::string next = split(text.substr(0, 4)).front();
      text.remove_prefix(next.size());
      segment.push_back(next == "▁" ? " " : next);
    }
    return total + merged(std::move(segment));
  }

  std::unique_ptr<TokenCounter> counter() const {
    const auto packed = import_vocabulary(published);
    REQUIRE(packed.has_value());
    const auto unpacked = Vocabulary::unpack(write_packed(*packed));
    REQUIRE(unpacked.has_value());
    return make_counter(*unpacked, 7);
  }
};

const std::vector<std::string> letters{"a", "b", "c", " ", "é", "中", "文", "😀", "."};

World random_world(std::mt19937& random) {
  std::vector<std::string> tokens(letters.begin(), letters.end() - (random() % 2));
  for (int i = 0; i < 40; ++i) {
    const std::string token = tokens[random() % tokens.size()] + tokens[random() % tokens.size()];
    if (token.size() < 24 && std::find(tokens.begin(), tokens.end(), token) == tokens.end())
      tokens.push_back(token);
  }
  return World(tokens, {"\n", "\n\n", "\n\n\n", "<b>", "▁▁", "aab"});
}

std::string random_text(std::mt19937& random, std::size_t size) {
  static const std::vector<std::string> rest{"\n", "<b>", "<b", "▁", "▁▁", "z", "ß", "𝄞", "aab"};
  std::string out;
  for (std::size_t i = 0; i < size; ++i)
    out += random() % 6 == 0 ? rest[random() % rest.size()] : letters[random() % letters.size()];
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.begin_array().string(text).end_array();
  return out.substr(2, out.size() - 4);
}

}  // namespace

TEST_CASE("sentences: random vocabularies and texts count as the definition says") {
  std::mt19937 random(1);
  for (int round = 0; round < 40; ++round) {
    const World world = random_world(random);
    const auto counter = world.counter();
    for (int i = 0; i < 60; ++i) {
      const std::string text = random_text(random, 1 + random() % 120);
      CAPTURE(text);
      const std::int64_t wanted = world.count(text);
      CHECK(counter->count(text) == wanted);
      CHECK(counter->count(text) == wanted);  // pieces were met
      CHECK(counter->count_json(escaped(text)) == wanted);
    }
  }
}

TEST_CASE("sentences: what is longer than a chunk is counted as what is not") {
  std::mt19937 random(2);
  const World world = random_world(random);
  const auto counter = world.counter();
  std::string text;
  while (text.size() < 60'000) text += random_text(random, 200) + "\n";
  std::int64_t total = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line = std::min(text.find('\n', at), text.size() - 1);
    std::size_t end = line;
    while (end < text.size() && text[end] == '\n') ++end;
    total += counter->count(text.substr(at, end - at));
    at = end;
  }
  CHECK(counter->count(text) == total);
  CHECK(counter->count_json(escaped(text)) == total);
}

TEST_CASE("sentences: bytes that are no text, and a megabyte of one letter") {
  const World world({"a", "aa", "aaaa", " ", "\xEF\xBF\xBD"}, {});
  const auto counter = world.counter();
  CHECK(counter->count("a\xFF\xC3(a") == 1 + 1 + 1 + 1 + 1);
  CHECK(counter->count(std::string("\0", 1)) == 1);
  CHECK(counter->count(std::string(1'000'000, 'a')) == 250'000);
  CHECK(counter->count(std::string(1'000'003, 'a')) == 250'002);
  CHECK(counter->count("") == 0);
  CHECK(counter->count_till(std::string(1'000'000, '!'), 10) > 10);
}

TEST_CASE("sentences: a packed file with a character twice, or none, is refused") {
  const World world({"a", "b", "ab"}, {});
  const auto packed = import_vocabulary(world.published);
  REQUIRE(packed.has_value());
  PackedVocabulary twice = *packed;
  twice.left[1] = twice.left[0];
  CHECK(!read_packed(write_packed(twice)).has_value());
  PackedVocabulary none = *packed;
  none.left[0] = 0xD800;
  CHECK(!read_packed(write_packed(none)).has_value());
}
