#pragma once
// The outgoing body: the client's bytes with a few tokens replaced, as a list of views. Nothing is
// re-serialised, so unknown fields, key order, number spelling and prompt caches survive
// (research/wire 0.1, rules 1 and 2).
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/chat.h"

namespace steelyard::dialect {

enum class LimitKey : std::uint8_t {
  as_client,
  max_tokens,
  max_completion_tokens,
  max_output_tokens
};

struct BodyEdits {
  std::string_view model;      // replaces the client's; "" keeps it
  bool include_usage = false;  // streams only: make the provider report usage
  std::int64_t output_tokens_max =
      0;  // lowers the client's limits to this, or injects it; 0: no cap
  LimitKey limit_key =
      LimitKey::as_client;  // what the provider calls the limit; the client's key is renamed
};

// A body as an ordered list of views over the client's body and a few inserted bytes kept inside.
// Valid as long as this object (not movable: views point into it) and the client's body live.
class SplicedBody {
 public:
  SplicedBody() = default;
  SplicedBody(const SplicedBody&) = delete;
  SplicedBody& operator=(const SplicedBody&) = delete;

  // Replaces what was there. Fails (internal) only if edits.model is not a model token.
  Result<void> build(const ChatRequest& request, const BodyEdits& edits);

  // A body that was written elsewhere, as one part; it must live as long.
  void set(std::string_view body) {
    parts_[0] = body;
    count_ = 1;
    size_ = body.size();
  }

  std::span<const std::string_view> parts() const { return {parts_.data(), count_}; }
  std::size_t size() const { return size_; }  // total bytes: the content-length

  static constexpr std::size_t parts_max = 16;

 private:
  struct Edit {
    ByteRange at;  // size 0: insert before `begin`
    std::string_view text;
  };
  void replace(ByteRange at, std::string_view text);
  void edit_limits(const ChatRequest& request, const BodyEdits& edits);
  void insert_nested_limit(const ChatRequest& request, std::int64_t cap);
  void edit_usage(const ChatRequest& request);
  std::string_view keep(std::string_view text);
  std::string_view keep_number(std::int64_t value);
  void assemble(std::string_view body);

  std::array<std::string_view, parts_max> parts_;
  std::array<Edit, 7> edits_;
  std::size_t count_ = 0, size_ = 0, edit_count_ = 0, kept_ = 0;
  std::array<char, 320> text_;
};

}  // namespace steelyard::dialect
