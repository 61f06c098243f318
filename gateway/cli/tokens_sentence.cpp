#include "gateway/cli/tokens_sentence.h"

#include <simdjson.h>

#include <bitset>
#include <unordered_set>

namespace steelyard::cli {
namespace {

using router::PublishedVocabulary;
using simdjson::dom::element;

constexpr std::string_view mark = "\u2581";  // what a blank is written as

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(what));
}

bool has(const element& where, std::string_view key, std::string_view value) {
  std::string_view found;
  return where[key].get(found) == simdjson::SUCCESS && found == value;
}

bool is_null(const element& document, std::string_view key) {
  element found;
  return document[key].get(found) != simdjson::SUCCESS || found.is_null();
}

// Only blanks are rewritten, and nothing is cut but at blanks, of which none are left.
Result<void> check_steps(const element& document) {
  element normaliser;
  if (document["normalizer"].get(normaliser) != simdjson::SUCCESS)
    return refuse("it has no normalizer");
  std::string_view blank;
  const bool replaces = has(normaliser, "type", "Replace") && has(normaliser, "content", mark) &&
                        normaliser["pattern"]["String"].get(blank) == simdjson::SUCCESS &&
                        blank == " ";
  if (!replaces)
    return refuse("its normalizer does more than to write U+2581 for a blank, which is not known");
  if (is_null(document, "pre_tokenizer")) return {};
  const element splits = document["pre_tokenizer"];
  const bool at_blanks = has(splits, "type", "Split") &&
                         splits["pattern"]["String"].get(blank) == simdjson::SUCCESS &&
                         blank == " ";
  if (!at_blanks) return refuse("its pre_tokenizer is not one that is known");
  return {};
}

// "a▁b" as "a b"; false: it has a blank, which no text has any more when merging begins.
bool spell(std::string_view token, std::string& out) {
  out.clear();
  for (std::size_t at = 0; at < token.size();) {
    if (token[at] == ' ') return false;
    const bool blank = token.substr(at).starts_with(mark);
    out += blank ? ' ' : token[at];
    at += blank ? mark.size() : 1;
  }
  return true;
}

struct AddedTokens {
  std::unordered_set<std::string_view> control;  // never in a text
  std::vector<std::string> user;                 // one token wherever they stand
};

Result<void> read_added(const element& document, AddedTokens& out) {
  simdjson::dom::array list;
  if (document["added_tokens"].get(list) != simdjson::SUCCESS) return {};
  for (const element token : list) {
    std::string_view content;
    if (token["content"].get(content) != simdjson::SUCCESS) continue;
    bool set = false;
    if (token["special"].get(set) == simdjson::SUCCESS && set) {
      out.control.insert(content);
      continue;
    }
    for (const char* flag : {"lstrip", "rstrip", "single_word", "normalized"})
      if (token[flag].get(set) == simdjson::SUCCESS && set)
        return refuse("its added token `" + std::string(content) + "` is " + flag +
                      ", which is not known");
    if (content.empty() || content.size() > PublishedVocabulary::token_bytes_max)
      return refuse("an added token has " + std::to_string(content.size()) + " bytes");
    out.user.emplace_back(content);
  }
  return {};
}

// The byte of "<0x41>"; -1: another token.
int byte_of(std::string_view token) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const std::size_t high = digits.find(token[3]), low = digits.find(token[4]);
  return high == digits.npos || low == digits.npos ? -1 : static_cast<int>(high * 16 + low);
}

// All but the tokens of bytes, which must all be there: without them a character that is no token
// would not be counted by its bytes.
Result<void> read_vocab(const element& model, const AddedTokens& added, PublishedVocabulary& out) {
  simdjson::dom::object entries;
  if (model["vocab"].get(entries) != simdjson::SUCCESS) return refuse("it has no model.vocab");
  std::bitset<256> bytes;
  std::string text;
  for (const auto& [token, number] : entries) {
    if (const int byte = byte_of(token); byte >= 0)
      bytes.set(static_cast<std::size_t>(byte));
    else if (!added.control.contains(token) && spell(token, text))
      out.tokens.push_back(text);
  }
  if (!bytes.all()) return refuse("it lacks some of the 256 tokens <0x00> to <0xFF>");
  return {};
}

Result<void> read_merges(const element& model, PublishedVocabulary& out) {
  simdjson::dom::array merges;
  if (model["merges"].get(merges) != simdjson::SUCCESS) return refuse("it has no model.merges");
  std::string a, b;
  for (const element merge : merges) {
    std::string_view left, right, both;
    if (merge.get(both) == simdjson::SUCCESS) {
      const std::size_t space = both.find(' ');
      if (space == both.npos) return refuse("a merge has one part only");
      left = both.substr(0, space);
      right = both.substr(space + 1);
    } else if (merge.at(0).get(left) != simdjson::SUCCESS ||
               merge.at(1).get(right) != simdjson::SUCCESS) {
      return refuse("a merge is neither a text nor a pair of texts");
    }
    if (spell(left, a) && spell(right, b)) out.merges.emplace_back(a, b);
  }
  return {};
}

}  // namespace

Result<PublishedVocabulary> read_sentence(const element& document) {
  if (Result<void> known = check_steps(document); !known) return fail(std::move(known.error()));
  element model;
  if (document["model"].get(model) != simdjson::SUCCESS) return refuse("it has no model");
  double dropout = 0;
  if (model["dropout"].get(dropout) == simdjson::SUCCESS && dropout > 0)
    return refuse("its merges depend on chance (dropout)");
  PublishedVocabulary out;
  out.pattern = router::PatternId::sentencepiece;
  if (model["ignore_merges"].get(out.pieces_first) == simdjson::SUCCESS && out.pieces_first)
    return refuse("it ignores merges, which is not known of SentencePiece");
  out.pieces_first = false;
  AddedTokens added;
  if (Result<void> read = read_added(document, added); !read) return fail(std::move(read.error()));
  if (Result<void> read = read_vocab(model, added, out); !read)
    return fail(std::move(read.error()));
  out.user_tokens = std::move(added.user);
  if (Result<void> merges = read_merges(model, out); !merges)
    return fail(std::move(merges.error()));
  return out;
}

}  // namespace steelyard::cli
