#include "router/tokens/vocabulary_import.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "router/tokens/unicode_class.h"

namespace steelyard::router {
namespace {

constexpr std::uint32_t nothing = 0xFFFFFFFF;

tl::unexpected<Error> unusable(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(what));
}

std::string shown(std::string_view token) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char byte : token.substr(0, 24)) {
    out += digits[static_cast<unsigned char>(byte) >> 4];
    out += digits[byte & 15];
  }
  return out;
}

class Importer {
 public:
  explicit Importer(const PublishedVocabulary& from) : from_(from) {}

  Result<PackedVocabulary> run() {
    if (Result<void> sound = number_tokens(); !sound) return fail(std::move(sound.error()));
    number_merges();
    const std::size_t count = from_.tokens.size();
    last_.resize(count);
    std::vector<std::uint32_t> order;
    std::vector<std::uint32_t> singles;
    PackedVocabulary out;
    for (std::uint32_t token = 0; token < count; ++token) {
      const std::string& text = from_.tokens[token];
      if (is_single(text)) {
        singles.push_back(token);
      } else if (merge_alone(token)) {
        order.push_back(token);
      } else if (from_.pieces_first) {
        out.whole.push_back(text);
      }
    }
    const auto by_byte = [&](std::uint32_t a, std::uint32_t b) {
      return from_.tokens[a] < from_.tokens[b];  // as unsigned bytes (char_traits)
    };
    std::sort(singles.begin(), singles.end(), by_byte);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return last_[a].rank < last_[b].rank; });
    order.insert(order.begin(), singles.begin(), singles.end());
    if (chars_) out.whole = from_.user_tokens;
    std::sort(out.whole.begin(), out.whole.end());
    fill(order, out);
    return out;
  }

 private:
  struct Merge {
    std::uint32_t left = 0, right = 0, rank = 0;
  };

  Result<void> number_tokens() {
    const std::size_t count = from_.tokens.size();
    if (count >= PackedVocabulary::tokens_max)
      return unusable("it has " + std::to_string(count) + " tokens, more than 262142");
    std::array<bool, 256> byte_is_token{};
    numbers_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string& text = from_.tokens[i];
      if (text.empty() || text.size() > PublishedVocabulary::token_bytes_max)
        return unusable("token " + std::to_string(i) + " has " + std::to_string(text.size()) +
                        " bytes");
      if (!numbers_.emplace(text, i).second)
        return unusable("two tokens are the bytes " + shown(text));
      if (text.size() == 1) byte_is_token[static_cast<unsigned char>(text[0])] = true;
    }
    for (std::size_t byte = 0; byte < 256 && !chars_; ++byte)
      if (!byte_is_token[byte])
        return unusable("the byte " + shown(std::string(1, static_cast<char>(byte))) +
                        " is not a token");
    return {};
  }

  // The first merge of a pair counts; one of or into what is no token never happens.
  void number_merges() {
    for (std::uint32_t rank = 0; rank < from_.merges.size(); ++rank) {
      const auto& [left, right] = from_.merges[rank];
      const std::uint32_t a = find(left), b = find(right), whole = find(left + right);
      if (a == nothing || b == nothing || whole == nothing) continue;
      merges_.emplace(std::uint64_t{a} << 32 | b, Merge{whole, 0, rank});
    }
  }

  std::uint32_t find(std::string_view text) const {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? nothing : found->second;
  }

  // What two neighbours merge into (as `left`) and its rank, or {nothing, 0, nothing}.
  Merge merge_of(std::uint32_t a, std::uint32_t b, std::string_view both) const {
    if (from_.merges.empty()) {
      const std::uint32_t whole = find(both);
      return {whole, 0, whole};
    }
    const auto found = merges_.find(std::uint64_t{a} << 32 | b);
    return found == merges_.end() ? Merge{nothing, 0, nothing} : found->second;
  }

  // Merges the token's own bytes; true, with the last merge noted, if it comes out.
  bool merge_alone(std::uint32_t token) {
    const std::string_view text = from_.tokens[token];
    parts_.clear();
    for (std::uint32_t at = 0; at < text.size(); at = parts_.back().end)
      parts_.push_back({find(text.substr(at, unit(text, at))), at, at + unit(text, at), {}});
    for (std::size_t i = 0; i + 1 < parts_.size(); ++i) offer(text, i);
    while (parts_.size() > 1) {
      const auto lowest =
          std::min_element(parts_.begin(), parts_.end() - 1,
                           [](const Part& a, const Part& b) { return a.next.rank < b.next.rank; });
      if (lowest->next.rank == nothing) return false;
      const auto at = static_cast<std::size_t>(lowest - parts_.begin());
      if (parts_.size() == 2) {
        last_[token] = {parts_[0].token, parts_[1].token, lowest->next.rank};
        return lowest->next.left == token;
      }
      parts_[at].token = lowest->next.left;
      parts_[at].end = parts_[at + 1].end;
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
      if (at + 1 < parts_.size()) offer(text, at);
      if (at > 0) offer(text, at - 1);
    }
    return false;
  }

  // Bytes of what merging begins with: a byte, or a character.
  std::uint32_t unit(std::string_view text, std::size_t at) const {
    if (!chars_) return 1;
    return decode_utf8(reinterpret_cast<const unsigned char*>(text.data()), at, text.size()).size;
  }
  bool is_single(std::string_view text) const { return unit(text, 0) == text.size(); }

  void offer(std::string_view text, std::size_t i) {
    Part& part = parts_[i];
    const Part& behind = parts_[i + 1];
    part.next =
        merge_of(part.token, behind.token, text.substr(part.begin, behind.end - part.begin));
  }

  void fill(const std::vector<std::uint32_t>& order, PackedVocabulary& out) const {
    std::vector<std::uint32_t> place(from_.tokens.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (const std::uint32_t token : order) {
      const std::string& text = from_.tokens[token];
      const bool single = is_single(text);
      const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
      const std::uint32_t unit = chars_ ? decode_utf8(bytes, 0, text.size()).code : bytes[0];
      out.left.push_back(single ? unit : place[last_[token].left]);
      out.right.push_back(single ? PackedVocabulary::single_byte : place[last_[token].right]);
    }
    out.name = from_.name;
    out.pattern = from_.pattern;
    out.normalises = from_.normalises;
  }

  struct Part {
    std::uint32_t token, begin, end;
    Merge next;
  };

  const PublishedVocabulary& from_;
  const bool chars_ = from_.pattern == PatternId::sentencepiece;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::vector<Merge> last_;
  std::vector<Part> parts_;
};

}  // namespace

Result<PackedVocabulary> import_vocabulary(const PublishedVocabulary& published) {
  return Importer(published).run();
}

}  // namespace steelyard::router
