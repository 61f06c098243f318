#include "gateway/auth.h"

#include <openssl/crypto.h>

#define OPENSSL_SUPPRESS_DEPRECATED  // the one-shot EVP call costs twice the hash itself
#include <openssl/sha.h>

#include <bit>
#include <cstring>

namespace steelyard {
namespace {

std::size_t home_of(const KeyDigest& digest) {
  std::uint64_t first = 0;
  std::memcpy(&first, digest.data(), sizeof first);
  return static_cast<std::size_t>(first);
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if ((a[i] | 0x20) != lower[i]) return false;
  return true;
}

// Looks at every byte, whatever it finds; inline, and eight at a time.
bool same_bytes(const char* a, const char* b, std::size_t size) {
  std::uint64_t difference = 0;
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t x = 0, y = 0;
    std::memcpy(&x, a + at, 8);
    std::memcpy(&y, b + at, 8);
    difference |= x ^ y;
  }
  for (; at < size; ++at)
    difference |= static_cast<std::uint64_t>(static_cast<unsigned char>(a[at] ^ b[at]));
  return difference == 0;
}

}  // namespace

KeyDigest digest_of(std::string_view presented) {
  KeyDigest digest;
  SHA256(reinterpret_cast<const unsigned char*>(presented.data()), presented.size(), digest.data());
  return digest;
}

KeyTable::KeyTable(const std::vector<Entry>& entries) {
  slots_.resize(std::bit_ceil(entries.size() * 2 + 2));
  mask_ = slots_.size() - 1;
  for (const Entry& entry : entries) {
    std::size_t i = home_of(entry.digest) & mask_;
    while (slots_[i].used) i = (i + 1) & mask_;
    slots_[i] = {entry.digest, entry.principal, true};
  }
}

std::optional<std::uint32_t> KeyTable::find(std::string_view presented) const {
  const KeyDigest digest = digest_of(presented);
  // The hash is of full entropy: where the probe stops says nothing about any key.
  std::size_t i = home_of(digest) & mask_;
  for (;; i = (i + 1) & mask_) {
    const Slot& slot = slots_[i];
    const bool same = CRYPTO_memcmp(slot.digest.data(), digest.data(), digest.size()) == 0;
    if (!slot.used) return std::nullopt;
    if (same) return slot.principal;
  }
}

LastKey::~LastKey() {
  OPENSSL_cleanse(key_.data(), size_);
}

bool LastKey::matches(std::string_view presented, std::uint64_t generation) const {
  return size_ != 0 && generation == generation_ && presented.size() == size_ &&
         same_bytes(presented.data(), key_.data(), size_);
}

void LastKey::remember(std::string_view presented, std::uint64_t generation,
                       std::uint32_t principal) {
  if (presented.size() > bytes_max) return;
  std::memcpy(key_.data(), presented.data(), presented.size());
  size_ = presented.size();
  generation_ = generation;
  principal_ = principal;
}

std::string_view presented_key(std::string_view authorization, std::string_view x_api_key) {
  if (!x_api_key.empty()) return x_api_key;  // wins if both are there, as at Anthropic
  constexpr std::size_t scheme = 7;          // "Bearer "
  if (authorization.size() <= scheme || authorization[scheme - 1] != ' ') return {};
  if (!equals_ignoring_case(authorization.substr(0, scheme - 1), "bearer")) return {};
  std::string_view key = authorization.substr(scheme);
  while (!key.empty() && key.front() == ' ') key.remove_prefix(1);
  return key;
}

}  // namespace steelyard
