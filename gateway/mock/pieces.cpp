#include "gateway/mock/pieces.h"

#include <array>

namespace steelyard::mock {
namespace {

constexpr std::array<std::string_view, 2> kOpening = {"You", " asked:"};
constexpr std::array<std::string_view, 60> kFiller = {
    " This",  " is",     " the",     " pretend",  " provider", " of",    " Steelyard,", " and",
    " it",    " knows",  " nothing", " about",    " that.",    " It",    " can",        " only",
    " count", " words,", " keep",    " time,",    " fail",     " on",    " request",    " and",
    " write", " an",     " honest",  " bill.",    " A",        " small", " weight",     " on",
    " a",     " long",   " arm",     " balances", " a",        " heavy", " load;",      " the",
    " mark",  " where",  " it",      " rests",    " tells",    " the",   " price.",     " Please",
    " read",  " on",     " as",      " long",     " as",       " you",   " like,",      " for",
    " there", " is",     " always",  " more."};

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

// White space and the word after it.
std::string_view Pieces::next_word() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  while (at_ < text_.size() && !is_space(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view Pieces::next_bytes() {
  const std::size_t begin = at_;
  at_ = at_ + 4 < text_.size() ? at_ + 4 : text_.size();
  while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view Pieces::next() {
  if (kind_ == PieceKind::words) return next_word();
  if (kind_ == PieceKind::bytes) return next_bytes();
  if (stage_ == 0) {
    escape_ = false;
    const std::string_view word = kOpening[filler_++];
    if (filler_ == kOpening.size()) {
      filler_ = 0;
      stage_ = 1;
    }
    return word;
  }
  if (stage_ == 1) {
    escape_ = true;
    const std::string_view word = next_word();
    if (!word.empty()) return word;
    stage_ = 2;
  }
  escape_ = false;
  const std::string_view word = kFiller[filler_];
  filler_ = filler_ + 1 == kFiller.size() ? 0 : filler_ + 1;
  return word;
}

std::int64_t count_pieces(PieceKind kind, std::string_view text) {
  Pieces pieces(kind, text);
  std::int64_t count = 0;
  while (!pieces.next().empty()) ++count;
  return count;
}

}  // namespace steelyard::mock
