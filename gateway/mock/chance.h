#pragma once
// Everything drawn by chance, from a seed and a number: the same seed gives the same run. Pure.
#include <cstdint>

#include "gateway/mock/behaviour.h"

namespace steelyard::mock {

// A well mixed 64-bit value of (seed, number, purpose).
std::uint64_t draw(std::int64_t seed, std::uint64_t number, std::uint64_t purpose);

// Whether request `number` (1 is the first) gets the status or the fault.
bool fails(const Behaviour& behaviour, std::uint64_t number);

// Time before the first byte of request `number`, microseconds.
std::int64_t latency_us(const Behaviour& behaviour, std::uint64_t number);

}  // namespace steelyard::mock
