#pragma once
// Folds finished segments into the next snapshot, from the files alone: the live books are not
// touched or locked. One generation is kept back: after snapshot n is written, everything that the
// snapshot before it covers is removed, so a snapshot that cannot be read later costs nothing.
#include <cstdint>
#include <string>

#include "config/types/result.h"

namespace steelyard::store {

class FileOps;

// `last_segment` and all before it are finished and synced.
Result<void> compact(FileOps& files, const std::string& directory, std::uint32_t last_segment);

}  // namespace steelyard::store
