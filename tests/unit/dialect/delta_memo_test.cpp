#include "gateway/dialect/delta_memo.h"

#include <doctest/doctest.h>

#include <string>

namespace steelyard::dialect {
namespace {

const std::string before = R"({"id":"a","choices":[{"delta":{"content":")";
const std::string behind = R"("},"finish_reason":null}]})";

TEST_CASE("delta memo: words of an event that is otherwise the same") {
  const std::string first = before + "Hello" + behind;
  DeltaMemo memo;
  CHECK(memo.words_of(first).empty());
  memo.learn(first, std::string_view(first).substr(before.size(), 5));
  struct Row {
    const char *words, *found;
  };
  for (const Row& row :
       {Row{"Hello", "Hello"}, Row{" world", " world"}, Row{"", ""},
        Row{R"(a\nb\"c\u00e9)", R"(a\nb\"c\u00e9)"}, Row{"\xC3\xA9", "\xC3\xA9"},
        Row{R"(","x":")", ""}, Row{R"(\)", ""}, Row{R"(\u00g9)", ""}, Row{R"(\x)", ""},
        Row{"a\nb", ""}, Row{R"(a\\)", R"(a\\)"}, Row{R"(\u12)", ""}}) {
    CAPTURE(row.words);
    const std::string event = before + row.words + behind;
    CHECK(memo.words_of(event) == row.found);
  }
  CHECK(memo.words_of(R"({"id":"b","choices":[{"delta":{"content":"Hello)" + behind).empty());
  CHECK(memo.words_of(before + "Hello" + R"("},"finish_reason":"stop"}]})").empty());
  CHECK(memo.words_of(before).empty());
  memo.forget();
  CHECK(memo.words_of(first).empty());
}

TEST_CASE("delta memo: an id and a padding of any bytes and length") {
  const auto event = [](std::string_view id, std::string_view words, std::string_view padding) {
    return R"({"id":")" + std::string(id) + R"(","delta":{"content":")" + std::string(words) +
           R"("},"obfuscation":")" + std::string(padding) + R"("})";
  };
  const std::string first = event("c-1", "Hello", "abc");
  const std::string_view all = first;
  const std::string_view idle[] = {all.substr(all.find("abc"), 3), {}, all.substr(7, 3)};
  DeltaMemo memo;
  memo.learn(first, all.substr(all.find("Hello"), 5), idle);
  CHECK(memo.words_of(first) == "Hello");
  CHECK(memo.words_of(event("c-22", " world", "")) == " world");
  CHECK(memo.words_of(event("", "x", R"(y\"z)")) == "x");
  CHECK(memo.words_of(event(R"(","x":"y)", "x", "z")).empty());
  CHECK(memo.words_of(event("c-1", "x", R"(\)")).empty());
  CHECK(memo.words_of(event("c-1", "x", "a\nb")).empty());
  CHECK(memo.words_of(all.substr(0, all.size() - 1)).empty());
  for (std::size_t cut = 0; cut < all.size(); ++cut) {
    const std::string piece(all.substr(0, cut));  // of its own, so that a step too far is seen
    CHECK(memo.words_of(piece).empty());
  }
}

TEST_CASE("delta memo: what does not stand between quotes inside of the event is not learned") {
  const std::string event = R"({"a":12,"b":"x"})", other = "x";
  DeltaMemo memo;
  for (const std::string_view words :
       {std::string_view(event).substr(5, 2), std::string_view(other), std::string_view(event),
        std::string_view(event).substr(0, 3), std::string_view()}) {
    memo.learn(event, words);
    CHECK(memo.words_of(event).empty());
  }
}

}  // namespace
}  // namespace steelyard::dialect
