#pragma once
// Packed little-endian values in a byte buffer.
#include <bit>
#include <cstring>
#include <string_view>

#include "router/ledger/event.h"

namespace steelyard::router {

static_assert(std::endian::native == std::endian::little,
              "records are written as they lie in memory");

// Writes without checks: the buffer is large enough by construction.
class PackedWriter {
 public:
  explicit PackedWriter(char* out) : start_(out), at_(out) {}
  template <class T>
  PackedWriter& put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }
  PackedWriter& put_key(const AttemptKey& key) {
    return put(key.request.hi).put(key.request.lo).put(key.attempt);
  }
  PackedWriter& put_text(std::string_view text) {  // up to 65,535 bytes
    put(static_cast<std::uint16_t>(text.size()));
    at_ += text.copy(at_, text.size());
    return *this;
  }
  std::size_t size() const { return static_cast<std::size_t>(at_ - start_); }

 private:
  char* start_;
  char* at_;
};

// The payload of a dispatch event, window by window: exactly `count` calls of add() follow.
class DispatchWriter {
 public:
  DispatchWriter(char* out, const AttemptKey& key, NanoUsd amount, std::uint8_t count)
      : writer_(out) {
    writer_.put_key(key).put(amount.v).put(count);
  }
  void add(const JournalWindow& window) {
    writer_.put(window.account).put(window.start.ns).put(window.end.ns);
  }
  std::size_t size() const { return writer_.size(); }

 private:
  PackedWriter writer_;
};

// Reads with checks: after any read beyond the end, ok() is false and values are zero.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  T get() {
    T value{};
    if (rest_.size() < sizeof value) {
      ok_ = false;
      rest_ = {};
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  AttemptKey get_key() {
    AttemptKey key;
    key.request.hi = get<std::uint64_t>();
    key.request.lo = get<std::uint64_t>();
    key.attempt = get<std::uint8_t>();
    return key;
  }
  std::string_view get_text() {
    const std::size_t size = get<std::uint16_t>();
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace steelyard::router
