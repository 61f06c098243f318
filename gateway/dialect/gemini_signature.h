#pragma once
// A thoughtSignature of Gemini holds thoughts, and those of Gemini 3 are billed when they come
// back. What tells them apart is how they begin, whatever the model: 12 xx xx 0A, "E" in base64, is
// billed, 0A, "C", is not (113 recorded requests of 2025-11 to 2026-08: of Gemini 3 0.20 tokens a
// letter of the first, 0.003 of the second).
#include <cstdint>
#include <string_view>

namespace steelyard::dialect::gemini {

// `signature`: base64 of either alphabet, as it came. Fillers and other words are no thoughts.
constexpr bool bills_thoughts(std::string_view signature) {
  return signature.size() >= 64 && signature.starts_with('E');
}

}  // namespace steelyard::dialect::gemini
