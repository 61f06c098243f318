#pragma once
// What the bench upstream answers, so that the load generator knows every byte it must get back.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace steelyard::bench {

// A chat completion with `usage`, padded with words to `bytes` (at least 400).
std::string completion(std::size_t bytes);

// The events of one stream, in order: role, `contents` x content, finish, usage (if asked), [DONE].
// Every event but [DONE] carries the upstream's clock in its `id`, and a content event its number,
// so that lost, doubled, swapped and delayed events are seen.
class StreamScript {
 public:
  static constexpr std::size_t event_bytes_max = 512;

  StreamScript(std::uint32_t contents, bool with_usage)
      : contents_(contents), with_usage_(with_usage) {}

  std::uint32_t events() const { return contents_ + (with_usage_ ? 4 : 3); }
  bool is_content(std::uint32_t index) const { return index >= 1 && index <= contents_; }
  bool is_done(std::uint32_t index) const { return index + 1 == events(); }

  // Writes event `index` with its closing empty line; returns its size.
  std::size_t write(std::uint32_t index, std::int64_t sent_ns,
                    std::span<char, event_bytes_max> out) const;

  // The time an event says it was sent; -1 when there is none.
  static std::int64_t sent_at(std::string_view event);

 private:
  std::uint32_t contents_;
  bool with_usage_;
};

}  // namespace steelyard::bench
