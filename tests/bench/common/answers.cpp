#include "tests/bench/common/answers.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace steelyard::bench {
namespace {

constexpr std::string_view event_head =
    R"(data: {"id":"chatcmpl-0000000000000000000","object":"chat.completion.chunk",)"
    R"("created":1790000000,"model":"bench",)";
constexpr std::size_t stamp_digits = 19;
constexpr std::size_t stamp_at = event_head.find("000");
static_assert(event_head.substr(stamp_at, stamp_digits + 1) == "0000000000000000000\"");
constexpr std::string_view words = "the load is weighed before it passes and booked to the gram ";

// Digits right-aligned in `width`, zeroes before them.
void put_digits(char* out, std::size_t width, std::uint64_t value) {
  for (std::size_t i = width; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

std::string usage_of(std::uint64_t prompt, std::uint64_t completion) {
  return "\"usage\":{\"prompt_tokens\":" + std::to_string(prompt) +
         ",\"completion_tokens\":" + std::to_string(completion) +
         ",\"total_tokens\":" + std::to_string(prompt + completion) +
         R"(,"prompt_tokens_details":{"cached_tokens":0}})";
}

}  // namespace

std::string completion(std::size_t bytes) {
  const std::string head =
      R"({"id":"chatcmpl-bench","object":"chat.completion","created":1790000000,"model":"bench",)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":")";
  const std::string tail =
      R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)" + usage_of(213, 180) + "}";
  const std::size_t least = head.size() + tail.size() + 1;
  std::string text;
  text.reserve(bytes);
  while (text.size() + least < bytes) text += words[text.size() % words.size()];
  return head + text + "." + tail;
}

std::size_t StreamScript::write(std::uint32_t index, std::int64_t sent_ns,
                                std::span<char, event_bytes_max> out) const {
  char* at = out.data();
  const auto put = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  if (is_done(index)) {
    put("data: [DONE]\n\n");
    return static_cast<std::size_t>(at - out.data());
  }
  put(event_head);
  put_digits(out.data() + stamp_at, stamp_digits, static_cast<std::uint64_t>(sent_ns));
  if (index == 0) {
    put(R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})");
  } else if (is_content(index)) {
    put(R"("choices":[{"index":0,"delta":{"content":" w00000000"},"finish_reason":null}]})");
    constexpr std::string_view after = R"("},"finish_reason":null}]})";
    put_digits(at - after.size() - 8, 8, index);
  } else if (index == contents_ + 1) {
    put(R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
  } else {
    put(R"("choices":[],)");
    put(usage_of(213, contents_));
    put("}");
  }
  put("\n\n");
  return static_cast<std::size_t>(at - out.data());
}

std::int64_t StreamScript::sent_at(std::string_view event) {
  if (event.size() < event_head.size()) return -1;
  const char* first = event.data() + stamp_at;
  std::int64_t value = -1;
  const auto [end, failed] = std::from_chars(first, first + stamp_digits, value);
  return failed == std::errc() && end == first + stamp_digits ? value : -1;
}

}  // namespace steelyard::bench
