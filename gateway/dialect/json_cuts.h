#pragma once
// A JSON text without some of its members and elements, every other byte as it came.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::dialect {

// A member from its key's quote, or an element, to the end of its value; offsets into the text.
struct JsonPiece {
  std::size_t begin = 0, end = 0;
  bool gone = false;
};

class JsonCuts {
 public:
  // All members of an object, or all elements of an array, in order. One comma goes with each that
  // is gone: the one before, or of the first ones the one behind.
  void leave_out(const std::vector<JsonPiece>& list) {
    bool kept = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!list[i].gone)
        kept = true;
      else if (kept)
        replace(list[i - 1].end, list[i].end, {});
      else
        replace(list[i].begin, i + 1 < list.size() ? list[i + 1].begin : list[i].end, {});
    }
  }
  // `instead` must live until write().
  void replace(std::size_t begin, std::size_t end, std::string_view instead) {
    cuts_.push_back({begin, end, instead});
  }
  bool empty() const { return cuts_.empty(); }

  // Replaces `out`, which must not be where `text` is. What lies inside of a piece that goes as a
  // whole goes with it.
  void write(std::string_view text, std::string& out) {
    std::sort(cuts_.begin(), cuts_.end(), [](const Cut& a, const Cut& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    out.clear();
    std::size_t done = 0;
    for (const Cut& cut : cuts_) {
      if (cut.begin < done) continue;
      out.append(text.substr(done, cut.begin - done)).append(cut.instead);
      done = cut.end;
    }
    out += text.substr(done);
  }

 private:
  struct Cut {
    std::size_t begin, end;
    std::string_view instead;
  };
  std::vector<Cut> cuts_;
};

}  // namespace steelyard::dialect
