#include "gateway/cache_marks.h"

#include <cstring>
#include <string_view>

#include "gateway/dialect/chat.h"

namespace steelyard {
namespace {

// The bytes of `body` outside of its texts and media, which are in the order of the body but for a
// few that the parser puts aside: such a one is searched too, at worst in vain.
class Gaps {
 public:
  explicit Gaps(const dialect::ChatRequest& chat)
      : chat_(chat), at_(chat.body.data()), end_(at_ + chat.body.size()) {}

  // False: there are no more.
  bool next(std::string_view& gap) {
    if (over_) return false;
    const char* const from = at_;
    const std::string_view text = first_from(chat_.texts, text_);
    const std::string_view media = first_from(chat_.media, media_);
    // Each is passed once, even one without a single byte, which moves nothing forward.
    const bool is_text =
        text.data() != nullptr && (media.data() == nullptr || text.data() <= media.data());
    const std::string_view skip = is_text ? text : media;
    over_ = skip.data() == nullptr;
    gap = {from, static_cast<std::size_t>((over_ ? end_ : skip.data()) - from)};
    if (over_) return true;
    at_ = skip.data() + skip.size();
    ++(is_text ? text_ : media_);
    return true;
  }

 private:
  // The next one that begins in what is left, or nothing.
  template <class List>
  std::string_view first_from(const List& list, std::size_t& i) const {
    while (i < list.size() && (list[i].raw.data() < at_ || list[i].raw.data() >= end_)) ++i;
    return i < list.size() ? list[i].raw : std::string_view();
  }

  const dialect::ChatRequest& chat_;
  const char* at_;
  const char* end_;
  std::size_t text_ = 0, media_ = 0;
  bool over_ = false;
};

bool finds(const dialect::ChatRequest& chat, std::string_view words) {
  Gaps gaps(chat);
  for (std::string_view gap; gaps.next(gap);)
    if (gap.size() >= words.size() &&
        ::memmem(gap.data(), gap.size(), words.data(), words.size()) != nullptr)
      return true;
  return false;
}

}  // namespace

// A quote inside of a JSON string is escaped, so that what is found is a key or a whole value.
router::CacheWrites cache_marks(const dialect::ChatRequest& chat) {
  if (!finds(chat, "\"cache_control\"")) return router::CacheWrites::none;
  return finds(chat, "\"1h\"") ? router::CacheWrites::one_hour : router::CacheWrites::five_minutes;
}

}  // namespace steelyard
