#pragma once
// Names of fields that a translation had no place for, as the client spelled them: each once, few,
// short, and nothing in them that may not stand in a header.
#include <cstddef>
#include <string>
#include <string_view>

namespace steelyard::dialect {

class LostFields {
 public:
  static constexpr std::size_t names_max = 8, name_bytes_max = 48;

  void clear();
  // A key as it stands between its quotes, with its value as raw JSON. What carries nothing is no
  // loss: null, false, what is empty, and keys that only say where a thing came from.
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key);

  bool any() const { return count_ > 0; }  // also such as have no name that can be told
  // "field.a,field.b", for `x-steelyard-dropped-fields`.
  const std::string& names() const { return names_; }

  // What was added since is taken back: it was part of something that is told as a whole.
  struct Mark {
    std::size_t size = 0, count = 0, named = 0;
  };
  Mark mark() const { return {names_.size(), count_, named_}; }
  void undo(const Mark& mark);

 private:
  std::string names_;
  std::size_t count_ = 0, named_ = 0;
};

}  // namespace steelyard::dialect
