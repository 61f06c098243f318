#pragma once
// Unicode normalisation form C (UAX #15, Unicode 16.0), which some tokenizers put before all else.
// Nearly all text is in it already, so most of the work is to see that.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::router {

class Normaliser {
 public:
  // A stretch of text that normalisation may change: from a character that begins it for sure to
  // one that begins what follows for sure. Both npos: none from `from` on.
  struct Stretch {
    std::size_t begin = std::string_view::npos;
    std::size_t end = std::string_view::npos;
  };
  // `from` is 0 or the end of a stretch. Linear over a whole text.
  static Stretch next_stretch(std::string_view text, std::size_t from);

  // The last offset where a stretch, or text outside of them, surely begins; 0 when there is none.
  static std::size_t last_boundary(std::string_view text);

  // Appends the form C of a stretch. Bytes that are not UTF-8 do not occur in one, but for its
  // first character.
  void append(std::string_view stretch, std::string& out);

 private:
  void decompose(std::uint32_t code);
  void order();
  void compose();

  struct Mark {
    std::uint32_t code;
    std::uint8_t combining;
  };
  std::vector<Mark> marks_;
};

}  // namespace steelyard::router
