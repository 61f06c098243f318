#pragma once
// Users and tags as part of a scope: what a client sent, made safe to print and to split. Letters,
// digits and `._@+=-*?:` stay, other bytes become `%2F`; of a long name the beginning and a hash.
// No name at all is `(none)`, which nothing else can become.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::store {

inline constexpr std::size_t encoded_name_max = 128;

class EncodedName {
 public:
  explicit EncodedName(std::string_view name) {
    if (name.empty()) name = put_all("(none)");
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const char c : name) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
      if (size_ <= kept) put(c);
    }
    if (size_ <= kept) return;
    size_ = kept;
    room_[size_++] = '~';
    for (int shift = 60; shift >= 0; shift -= 4) room_[size_++] = digits[hash >> shift & 15];
  }
  std::string_view view() const { return {room_.data(), size_}; }

 private:
  static constexpr std::size_t kept = 96;
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string_view put_all(std::string_view text) {
    for (const char c : text) room_[size_++] = c;
    return {};
  }
  void put(char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '@' || c == '+' || c == '=' || c == '-' ||
                       c == '*' || c == '?' || c == ':';
    if (plain) {
      room_[size_++] = c;
      return;
    }
    room_[size_++] = '%';
    room_[size_++] = digits[static_cast<unsigned char>(c) >> 4];
    room_[size_++] = digits[static_cast<unsigned char>(c) & 15];
  }

  std::array<char, encoded_name_max> room_;
  std::size_t size_ = 0;
};

inline std::string encoded_name(std::string_view name) {
  return std::string(EncodedName(name).view());
}

}  // namespace steelyard::store
