#pragma once
// Tables of megabytes that are read all over (vocabularies) in pages of 2 MB where the system gives
// some: then an access does not wait for its address, too.

namespace steelyard::sys {

// From here on std::pmr's default memory is such. Once, before it is asked for anything.
void use_huge_pages();

}  // namespace steelyard::sys
