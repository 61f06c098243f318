#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "policies/glob.h"
#include "policies/problem.h"

using steelyard::policies::Glob;

TEST_CASE("glob: what matches") {
  struct Row {
    const char *pattern, *text;
    bool yes;
  };
  for (const Row& row :
       {Row{"gpt-6", "gpt-6", true}, Row{"gpt-6", "gpt-6-luna", false},
        Row{"gpt-*", "gpt-6-luna", true}, Row{"gpt-*", "gpt", false},
        Row{"*fable*", "claude-fable-5-1", true}, Row{"*fable*", "claude-opus", false},
        Row{"*-prod", "search-prod", true}, Row{"*-prod", "search-prod2", false},
        Row{"*", "", true}, Row{"", "", true}, Row{"", "a", false}, Row{"?", "", false},
        Row{"gpt-?-luna", "gpt-6-luna", true}, Row{"a*b*c", "a1b2b3c", true},
        Row{"a*b*c", "a1b2b3", false}, Row{"**", "x", true}, Row{"GPT*", "gpt-6", false},
        Row{"a.c", "abc", false}, Row{"[a]", "a", false}}) {
    CAPTURE(row.pattern);
    CAPTURE(row.text);
    CHECK(Glob(row.pattern).matches(row.text) == row.yes);
  }
}

namespace {
// The definition, by recursion: slow and plainly right.
bool oracle(std::string_view p, std::string_view t) {
  if (p.empty()) return t.empty();
  if (p[0] == '*') return oracle(p.substr(1), t) || (!t.empty() && oracle(p, t.substr(1)));
  return !t.empty() && (p[0] == '?' || p[0] == t[0]) && oracle(p.substr(1), t.substr(1));
}
}  // namespace

TEST_CASE("glob: agrees with the definition") {
  const bool held = rc::check("glob == definition", [] {
    const auto text_of = [](auto letters) {
      return *rc::gen::resize(11, rc::gen::container<std::string>(letters));
    };
    const std::string pattern = text_of(rc::gen::element('a', 'b', '*', '?'));
    const std::string text = text_of(rc::gen::element('a', 'b', 'c'));
    RC_ASSERT(Glob(pattern).matches(text) == oracle(pattern, text));
  });
  CHECK(held);
}

TEST_CASE("glob: many stars against a long name stay cheap") {
  const Glob glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b");
  CHECK_FALSE(glob.matches(std::string(4096, 'a')));
}

TEST_CASE("closest: a slip of the pen, not a guess") {
  const std::vector<std::string> names{"gpt-4o-mini", "claude-haiku"};
  CHECK(steelyard::policies::closest("gpt-4o-mni", names) == "gpt-4o-mini");
  CHECK(steelyard::policies::closest("llama", names).empty());
  CHECK(steelyard::policies::closest("", names).empty());
}
