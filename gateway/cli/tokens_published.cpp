// The forms in which tokenizers are published.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "gateway/cli/tokens_import.h"
#include "gateway/cli/tokens_sentence.h"

namespace steelyard::cli {
namespace {

using router::PatternId;
using router::PublishedVocabulary;
using simdjson::dom::element;

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(what));
}

// Regular expressions as tokenizer files spell them; the pattern's rules are in piece_pattern.h.
struct Spelling {
  std::string_view regex;
  PatternId pattern;
};
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define REST R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define FIRST R"([^\r\n\p{L}\p{N}]?)"
constexpr std::array spellings{
    Spelling{CONTRACTIONS "|" FIRST R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" REST,
             PatternId::llama3},
    Spelling{CONTRACTIONS "|" FIRST R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" REST,
             PatternId::qwen2},
    Spelling{CONTRACTIONS "|" FIRST R"([\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" REST,
             PatternId::qwen35},
    Spelling{FIRST UPPER "*" LOWER "+" CONTRACTIONS "?|" FIRST UPPER "+" LOWER "*" CONTRACTIONS
                         R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" REST,
             PatternId::o200k},
    Spelling{FIRST UPPER "*" LOWER "+|" FIRST UPPER "+" LOWER
                         R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" REST,
             PatternId::tekken},
    Spelling{"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?"
             "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
             PatternId::deepseek},
};
#undef CONTRACTIONS
#undef REST
#undef UPPER
#undef LOWER
#undef FIRST

std::optional<PatternId> pattern_of_regex(std::string_view regex) {
  for (const Spelling& one : spellings)
    if (one.regex == regex) return one.pattern;
  return std::nullopt;
}

// Byte-level BPE writes bytes as printable characters: which byte is this code point? -1: none.
int byte_of(std::uint32_t code) {
  const auto plain = [](std::uint32_t c) {
    return (c > 32 && c < 127) || (c >= 161 && c < 256 && c != 173);
  };
  static const auto table = [&] {
    std::array<int, 68> others{};
    std::size_t next = 0;
    for (std::uint32_t byte = 0; byte < 256; ++byte)
      if (!plain(byte)) others[next++] = static_cast<int>(byte);
    return others;
  }();
  if (code < 256) return plain(code) ? static_cast<int>(code) : -1;
  return code - 256 < table.size() ? table[code - 256] : -1;
}

std::optional<std::string> bytes_of(std::string_view letters) {
  std::string out;
  for (std::size_t at = 0; at < letters.size();) {
    const auto lead = static_cast<unsigned char>(letters[at]);
    std::uint32_t code = lead;
    if (lead >= 0x80) {
      if (at + 1 >= letters.size() || lead < 0xC2 || lead > 0xC5) return std::nullopt;
      code = (lead & 0x1Fu) << 6 | (static_cast<unsigned char>(letters[at + 1]) & 0x3Fu);
      ++at;
    }
    ++at;
    const int byte = byte_of(code);
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == alphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
  }
  return out;
}

// The pattern a pre-tokenizer spells: one Split, or a sequence whose last Split decides.
std::optional<PatternId> pattern_of_splits(const element& pre_tokenizer) {
  std::optional<PatternId> found;
  const auto look = [&found](const element& step) {
    std::string_view regex;
    if (step["pattern"]["Regex"].get(regex) == simdjson::SUCCESS) found = pattern_of_regex(regex);
  };
  simdjson::dom::array steps;
  if (pre_tokenizer["pretokenizers"].get(steps) == simdjson::SUCCESS) {
    for (const element step : steps) look(step);
  } else {
    look(pre_tokenizer);
  }
  return found;
}

Result<void> read_merges(const element& model, PublishedVocabulary& out) {
  simdjson::dom::array merges;
  if (model["merges"].get(merges) != simdjson::SUCCESS) return refuse("it has no model.merges");
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
    auto a = bytes_of(left), b = bytes_of(right);
    if (!a || !b) return refuse("a merge is not byte-level: `" + std::string(left) + "`");
    out.merges.emplace_back(std::move(*a), std::move(*b));
  }
  return {};
}

Result<PublishedVocabulary> read_tokenizer_json(const element& document,
                                                std::optional<PatternId> pattern) {
  PublishedVocabulary out;
  element model, pre_tokenizer;
  if (document["model"].get(model) != simdjson::SUCCESS) return refuse("it has no model");
  bool fallback = false;
  if (model["byte_fallback"].get(fallback) == simdjson::SUCCESS && fallback)
    return read_sentence(document);
  if (!pattern && document["pre_tokenizer"].get(pre_tokenizer) == simdjson::SUCCESS)
    pattern = pattern_of_splits(pre_tokenizer);
  if (!pattern) return refuse("its pre_tokenizer is not one that is known; name one by --pattern");
  out.pattern = *pattern;
  std::string_view normaliser;
  if (document["normalizer"]["type"].get(normaliser) == simdjson::SUCCESS)
    out.normalises = normaliser == "NFC";
  if (model["ignore_merges"].get(out.pieces_first) != simdjson::SUCCESS) out.pieces_first = false;
  std::unordered_set<std::string_view> added;
  simdjson::dom::array list;
  if (document["added_tokens"].get(list) == simdjson::SUCCESS) {
    std::string_view content;
    for (const element token : list)
      if (token["content"].get(content) == simdjson::SUCCESS) added.insert(content);
  }
  simdjson::dom::object entries;
  if (model["vocab"].get(entries) != simdjson::SUCCESS) return refuse("it has no model.vocab");
  for (const auto& [letters, number] : entries) {
    if (added.contains(letters)) continue;
    auto bytes = bytes_of(letters);
    if (!bytes) return refuse("a token is not byte-level: `" + std::string(letters) + "`");
    out.tokens.push_back(std::move(*bytes));
  }
  if (Result<void> merges = read_merges(model, out); !merges)
    return fail(std::move(merges.error()));
  return out;
}

Result<PublishedVocabulary> read_tekken(const element& document, std::optional<PatternId> pattern) {
  PublishedVocabulary out;
  std::string_view regex;
  std::int64_t size = 0, special = 0;
  element config;
  if (document["config"].get(config) != simdjson::SUCCESS ||
      config["pattern"].get(regex) != simdjson::SUCCESS ||
      config["default_vocab_size"].get(size) != simdjson::SUCCESS ||
      config["default_num_special_tokens"].get(special) != simdjson::SUCCESS)
    return refuse("it is neither a tokenizer.json nor a tekken.json");
  if (!pattern) pattern = pattern_of_regex(regex);
  if (!pattern) return refuse("its pattern is not one that is known; name one by --pattern");
  out.pattern = *pattern;
  out.pieces_first = true;
  simdjson::dom::array entries;
  if (document["vocab"].get(entries) != simdjson::SUCCESS) return refuse("it has no vocab");
  std::int64_t rank = 0;
  for (const element entry : entries) {
    std::string_view text;
    if (rank == size - special) break;
    if (entry["token_bytes"].get(text) != simdjson::SUCCESS) return refuse("a token has no bytes");
    auto bytes = decode_base64(text);
    if (!bytes) return refuse("token " + std::to_string(rank) + " is not base64");
    out.tokens.push_back(std::move(*bytes));
    ++rank;
  }
  return out;
}

Result<PublishedVocabulary> read_tiktoken(std::string_view file, std::optional<PatternId> pattern) {
  PublishedVocabulary out;
  if (!pattern) return refuse("a .tiktoken file does not say its pattern; name one by --pattern");
  out.pattern = *pattern;
  out.pieces_first = true;
  std::size_t number = 0;
  while (!file.empty()) {
    std::string_view line = file.substr(0, file.find('\n'));
    file.remove_prefix(std::min(file.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    const auto bytes = space == line.npos ? std::nullopt : decode_base64(line.substr(0, space));
    if (!bytes || line.substr(space + 1) != std::to_string(number))
      return refuse("line " + std::to_string(number + 1) + " is not `BASE64 " +
                    std::to_string(number) + "`");
    out.tokens.push_back(*bytes);
    ++number;
  }
  return out;
}

}  // namespace

Result<PublishedVocabulary> read_published(std::string_view file,
                                           std::optional<PatternId> pattern) {
  const std::size_t first = file.find_first_not_of(" \t\r\n");
  if (first == file.npos) return refuse("it is empty");
  if (file[first] != '{') return read_tiktoken(file, pattern);
  simdjson::dom::parser parser;
  element document;
  const auto code = parser.parse(file.data(), file.size()).get(document);
  if (code != simdjson::SUCCESS)
    return refuse(std::string("it is not JSON: ") + simdjson::error_message(code));
  simdjson::dom::object model;
  return document["model"].get(model) == simdjson::SUCCESS ? read_tokenizer_json(document, pattern)
                                                           : read_tekken(document, pattern);
}

}  // namespace steelyard::cli
