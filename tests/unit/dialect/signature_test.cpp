// Which model made a thought, by its signature: recorded ones, cut after the part that is read.
#include "gateway/dialect/anthropic_signature.h"

#include <doctest/doctest.h>

namespace steelyard::dialect::anthropic {
namespace {

TEST_CASE("signature: says its model, in recorded ones") {
  struct Row {
    const char* signature;
    const char* model;
  };
  const Row rows[] = {
      {"CAISzQIKhwEIEBgCKkA6UEt5UdRt/KfkeHOQbHxpolz7p2iTFeyqGfa/4OkD5oyF8C5/StHEj6g+94m8XjyRNWMF"
       "0tPTvYs6zKQl+xIuMg1jbGF1ZGUtb3B1cy01OAFCCHRoaW5raW5nWiRmMDIyNDhmOC1jZWJhLTRlNmMtYmU3MC0y",
       "claude-opus-5"},
      {"Eo4DCpQBCA8YAipASyf7mphpdl9sLDBGsVqO+GQnN9AiAjdvpGFmhSdNwRn0GqzuMiwTmcqGIPfUHIM8wrpmAftf"
       "/mkn9kl+KbYNADIaY2xhdWRlLXNvbm5ldC00LTUtMjAyNTA5Mjk4AEIIdGhpbmtpbmdaJGJlYzI3ZjQ4LTEwOWUt",
       "claude-sonnet-4-5-20250929"},
      {"EoAECmMIDRgCKkC4P0nCsLhgoAKFqWIb5Cx3b/pf7hAI9lKHDY4H1VldIoqhxPUfQNjYnW/4EEONg2lRZw3VNbW6"
       "/0OC5pEKoOvFMhljbGF1ZGUtaGFpa3UtNC01LTIwMjUxMDAxOAASDOkOmIB+c3J7OC8VKRoM8SC2lSfzYiNQ4C5Y",
       "claude-haiku-4-5-20251001"},
      {"EoEDCokBCBAYAipA9gAhsoYxdYz1Nk8JZqeFxm8+bkKW/kRE1oSwmwcmjsNUSzjIqf1Qlc4hRMfBDsKYuMkp/IBb"
       "jr61PxgPz0tuuDIPY2xhdWRlLXNvbm5ldC01OABCCHRoaW5raW5nWiQ2N2JiOGZlYi03YmNhLTQzNjktOWUwNC0z",
       "claude-sonnet-5"},
      {"EooCCkYICxgCKkDYW6Ka+Mo73ZE34HVijmFbdV6QH/iRdv+3WuisH3pR8D5aSFASMBsF1F1bZRQFQXuM0+G4H83c"
       "zthKvHqdqWriEgwB0eJaWoXZWU18NKoaDMH4nN8ZwJ6W9DnYLyIwrdTWmfc5QTqDr8gye3/yrPpV2YPeZnUBoHBL",
       ""},
      {"EuMBClsIDRgCKkCBepwkio14AThnNMEKAu3rSfMVfRaW6geACt55taz42duIJbFXxOJf0tI8EjTRA9RAKhwp+xXR"
       "URux2EQFBfXyMhFjbGF1ZGUtc29ubmV0LTQtNjgAEgzHGYHisxljYWpLnrgaDKZKZae+36/i1yGDySIw0y5IUqbG",
       "claude-sonnet-4-6"},
      {"", ""},
      {"Sig==", ""},
      {"EqQBCkYIBhgCKkA", ""},
      {"Y2xhdWRlLXNvbm5ldC01", ""},  // the name alone is not one
      {"\\u0045\\uZZ", ""},
  };
  for (const Row& row : rows) CHECK(signing_model(row.signature) == row.model);
}

TEST_CASE("signature: a signer is found under the names that clouds give it") {
  struct Row {
    const char *name, *signer;
    bool is;
  };
  constexpr Row rows[] = {
      {"claude-haiku-4-5", "claude-haiku-4-5-20251001", true},
      {"claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001", true},
      {"claude-haiku-4-5-20260301", "claude-haiku-4-5-20251001", false},
      {"claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001", true},
      {"us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001", true},
      {"us.anthropic.claude-opus-5", "claude-opus-5", true},
      {"claude-opus-5-5", "claude-opus-5", false},
      {"claude-opus-5", "claude-opus-5-5", false},
      {"claude-opus-5-latest", "claude-opus-5", true},
      {"claude-opus-5@default", "claude-opus-5", true},
      {"claude-opus-55", "claude-opus-5", false},
      {"claude-sonnet-5", "claude-opus-5", false},
      {"gpt-5.5", "claude-opus-5", false},
      {"claude-opus-5", "", false},
      {"", "claude-opus-5", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.signer);
    CHECK(is_signer(row.name, row.signer) == row.is);
  }
}

}  // namespace
}  // namespace steelyard::dialect::anthropic
