#include <doctest/doctest.h>

#include <string>

#include "gateway/auth.h"

using namespace steelyard;

TEST_CASE("auth: the key inside the head") {
  struct Row {
    const char *why, *authorization, *x_api_key, *key;
  };
  for (const Row& row :
       {Row{"bearer", "Bearer sk-1", "", "sk-1"},
        Row{"scheme in any case", "bEaReR sk-1", "", "sk-1"},
        Row{"several blanks", "Bearer   sk-1", "", "sk-1"},
        Row{"the other header wins", "Bearer sk-1", "sk-2", "sk-2"},
        Row{"another scheme", "Basic c2s=", "", ""}, Row{"no key", "Bearer ", "", ""},
        Row{"no blank", "Bearersk-1", "", ""}, Row{"nothing", "", "", ""}}) {
    CAPTURE(row.why);
    CHECK(presented_key(row.authorization, row.x_api_key) == row.key);
  }
}

TEST_CASE("auth: keys are found by their digest, strangers are not") {
  std::vector<KeyTable::Entry> entries;
  for (std::uint32_t i = 0; i < 1'000; ++i)
    entries.push_back({digest_of("sk-" + std::to_string(i)), i});
  const KeyTable table(entries);
  for (std::uint32_t i = 0; i < 1'000; ++i) CHECK(table.find("sk-" + std::to_string(i)) == i);
  CHECK_FALSE(table.find("sk-1000"));
  CHECK_FALSE(table.find("sk-"));
  CHECK_FALSE(KeyTable({}).find("anything"));
}

TEST_CASE("auth: the digest is SHA-256") {
  // FIPS 180-2, appendix B.1
  const KeyDigest digest = digest_of("abc");
  CHECK(digest[0] == 0xba);
  CHECK(digest[1] == 0x78);
  CHECK(digest[31] == 0xad);
}

TEST_CASE("auth: a connection's last key is remembered for one configuration") {
  LastKey last;
  CHECK_FALSE(last.matches("", 1));
  last.remember("sk-1", 1, 7);
  CHECK(last.matches("sk-1", 1));
  CHECK(last.principal() == 7);
  CHECK_FALSE(last.matches("sk-1", 2));  // a reload forgets it
  CHECK_FALSE(last.matches("sk-2", 1));
  CHECK_FALSE(last.matches("sk-11", 1));
  const std::string longer(500, 'k');
  last.remember(longer, 1, 8);
  CHECK_FALSE(last.matches(longer, 1));  // too long to keep: hashed each time
}
