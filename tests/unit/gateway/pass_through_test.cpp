#include "gateway/pass_through.h"

#include <doctest/doctest.h>

#include <string>

#include "gateway/usage_watch.h"

namespace steelyard {
namespace {

TEST_CASE("pass-through: paths that a provider reads as they were matched") {
  for (const char* path : {"/openai/v1/images", "/a/b/", "/a/~x/y:z", "/a/...", "/a/..b"})
    CHECK_MESSAGE(is_plain_path(path), path);
  for (const char* path : {"", "a", "/a/../b", "/a/..", "/a/./b", "/a//b", "/a/%2e%2e/b", "/a%2fb",
                           "/a\\b", "/a/b;c", "/a/b?c", "/a/b#c", "/a b", "/a/\xc3\xa9", "//a"})
    CHECK_MESSAGE(!is_plain_path(path), path);
}

struct Row {
  const char* why;
  const char* body;
  std::int64_t prompt, completion;  // -1: no usage
  const char* model;
};

TEST_CASE("usage watch: every cut of a body finds the same") {
  const Row rows[] = {
      {"whole answer", R"({"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4}})", 3, 4,
       "m"},
      {"responses' names", R"({"usage" : { "input_tokens": 5, "output_tokens": 6 }})", 5, 6, ""},
      {"the last one counts", R"(data: {"usage":{"prompt_tokens":1,"completion_tokens":1}}

data: {"usage":{"prompt_tokens":9,"completion_tokens":8}}

)",
       9, 8, ""},
      {"null behind it", R"({"usage":{"prompt_tokens":9,"completion_tokens":8}} {"usage":null})",
       -1, -1, ""},
      {"none", R"({"text":"about \"usage\":{}","model":"x"})", -1, -1, "x"},
      {"two models", R"({"model":"cheap","b":{"model":"dear"}})", -1, -1, ""},
      {"the same twice", R"({"model":"cheap","b":{"model":"cheap"}})", -1, -1, "cheap"},
      {"inside a string", R"({"prompt":"{\"model\":\"dear\"}","model":"cheap"})", -1, -1, "cheap"},
      {"a form", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--",
       -1, -1, "whisper-1"},
  };
  for (const Row& row : rows) {
    const std::string body = row.body;
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      CAPTURE(row.why);
      CAPTURE(cut);
      UsageWatch watch;
      watch.feed(std::string_view(body).substr(0, cut));
      watch.feed(std::string_view(body).substr(cut));
      const dialect::ReportedUsage usage = watch.usage();
      CHECK(usage.present == (row.prompt >= 0));
      if (row.prompt >= 0) {
        CHECK(usage.prompt == row.prompt);
        CHECK(usage.completion == row.completion);
      }
      CHECK(watch.model() == row.model);
    }
  }
}

TEST_CASE("usage watch: byte by byte, behind much else; text and the end of a stream") {
  std::string body(3'000, 'x');
  body += R"({"text":"a\"b"} {"usage":{"prompt_tokens":3,"completion_tokens":4}})"
          "\n";
  body += std::string(6'000, 'y') + "data: [DONE]\n\n";
  UsageWatch watch(true);
  for (const char c : body) watch.feed({&c, 1});
  CHECK(watch.usage().prompt == 3);
  CHECK(watch.said_all());
  UsageWatch whole;
  whole.feed(body);
  CHECK(whole.text_bytes() == 4);
  UsageWatch cut(true);
  cut.feed("data: [DON");
  CHECK_FALSE(cut.said_all());
}

}  // namespace
}  // namespace steelyard
