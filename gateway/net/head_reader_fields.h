#pragma once
// The fields of one message head as offsets into the caller's buffer: eight bytes a field, no copy,
// and still right after the buffer was moved (a growing body moves it), once rebase() has told the
// new address.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace steelyard::net {

// Why a message is refused. `text` is a static, lower-case clause without a full stop.
struct Refusal {
  std::uint16_t status = 0;  // 0: nothing is wrong
  const char* text = "";
};

enum class HeadStatus : std::uint8_t { need_more, complete, refused };

struct FieldView {
  std::string_view name, value;  // value without the white space around it; may be empty
};

// Offsets and lengths below 2^16, from the first byte of the head. Two words rather than four
// halves: the compiler stores each with one instruction.
class FieldSpan {
 public:
  FieldSpan() = default;
  FieldSpan(std::size_t name, std::size_t name_bytes, std::size_t value, std::size_t value_bytes)
      : name_(static_cast<std::uint32_t>(name | name_bytes << 16)),
        value_(static_cast<std::uint32_t>(value | value_bytes << 16)) {}
  FieldView in(const char* base) const {
    return {{base + (name_ & 0xffff), name_ >> 16}, {base + (value_ & 0xffff), value_ >> 16}};
  }

 private:
  std::uint32_t name_, value_;
};

// True if `name`, a piece of a head that was read (so without CR), equals `lower` without regard to
// case. `lower` is lower-case letters, digits and '-'.
bool equals_folded(std::string_view name, std::string_view lower);
// The same for two tokens of any case.
bool same_name_any_case(std::string_view a, std::string_view b);

// Fields in wire order, plus one slot per known name (`Known::count_` names) that holds its first
// occurrence.
template <class Known, std::size_t Capacity>
class Fields {
 public:
  static constexpr std::size_t capacity = Capacity;

  Fields() = default;
  Fields(const Fields& other) { *this = other; }
  Fields& operator=(const Fields& other) {  // no more than there is
    if (this == &other) return *this;
    base_ = other.base_;
    count_ = other.count_;
    slots_ = other.slots_;
    std::memcpy(spans_.data(), other.spans_.data(), count_ * sizeof(FieldSpan));
    return *this;
  }

  void clear(const char* base) {
    base_ = base;
    count_ = 0;
    slots_.fill(absent);
  }
  // The head's bytes now live at `base`.
  void rebase(const char* base) { base_ = base; }

  std::size_t size() const { return count_; }
  FieldView operator[](std::size_t i) const { return spans_[i].in(base_); }

  bool has(Known known) const { return slots_[index(known)] != absent; }
  // Value of the first field of that name; empty if there is none (ask has() where that differs
  // from an empty value).
  std::string_view value(Known known) const {
    const std::uint8_t slot = slots_[index(known)];
    return slot == absent ? std::string_view{} : (*this)[slot].value;
  }
  // Value of the first field called `lower` (lower-case), known or not; empty if there is none.
  // Linear.
  std::string_view find(std::string_view lower) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (equals_folded((*this)[i].name, lower)) return (*this)[i].value;
    }
    return {};
  }

  // For the readers; there must be room.
  void push(FieldSpan span) { spans_[count_++] = span; }
  // Lets `known` mean the field pushed last; false if it already meant an earlier one (which
  // stays).
  bool claim(Known known) {
    std::uint8_t& slot = slots_[index(known)];
    if (slot != absent) return false;
    slot = static_cast<std::uint8_t>(count_ - 1);
    return true;
  }
  // Removes every field called `name`, which must not be a known one. Slots stay right.
  void drop(std::string_view name);

 private:
  static_assert(Capacity < 255);
  static constexpr std::uint8_t absent = 255;
  static constexpr std::size_t index(Known known) { return static_cast<std::size_t>(known); }

  const char* base_ = nullptr;
  std::uint32_t count_ = 0;
  std::array<std::uint8_t, static_cast<std::size_t>(Known::count_)> slots_;
  std::array<FieldSpan, Capacity> spans_;
};

template <class Known, std::size_t Capacity>
void Fields<Known, Capacity>::drop(std::string_view name) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (same_name_any_case((*this)[i].name, name)) continue;
    for (std::uint8_t& slot : slots_) {
      if (slot == i) slot = static_cast<std::uint8_t>(kept);
    }
    spans_[kept++] = spans_[i];
  }
  count_ = static_cast<std::uint32_t>(kept);
}

}  // namespace steelyard::net
