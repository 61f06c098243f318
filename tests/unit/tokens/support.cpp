#include "tests/unit/tokens/support.h"

#include <array>
#include <cstdio>
#include <fstream>

#include "router/tokens/json_text.h"
#include "router/tokens/unicode_class.h"

namespace steelyard::router::testing {
namespace {

constexpr std::array<std::string_view, 52> atoms{"a",        "b",        "Z",
                                                 "Q",        "The",      "don",
                                                 "'s",       "'LL",      "'re",
                                                 "'",        " ",        "  ",
                                                 "\n",       "\r\n",     "\t",
                                                 "/",        "//",       "(",
                                                 ")",        "{",        ";",
                                                 ".",        "1",        "23",
                                                 "4567",     "é",        "ß",
                                                 "Ж",        "д",        "中",
                                                 "文",       "か",       "한",
                                                 "ा",        "क",        "्",
                                                 "\xCC\x81", "\xC2\xA0", "\xE2\x80\x83",
                                                 "😀",        "ǅ",        "²",
                                                 "--",       "_",        "\"",
                                                 "\\",       "\xFF",     "\xE4\xB8",
                                                 "ſ",        "xyz",      "getURL",
                                                 "Σ"};

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

void append_unit(std::string& out, std::uint32_t unit) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit);
  out += text.data();
}

std::uint32_t code_at(std::string_view text, std::size_t at, std::size_t size) {
  static constexpr std::array<unsigned char, 5> lead_bits{0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t code = static_cast<unsigned char>(text[at]) & lead_bits[size];
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (text[at + i] & 0x3F);
  return code;
}

// As \uXXXX, a pair of them above U+FFFF.
void append_code(std::string& out, std::uint32_t code) {
  if (code < 0x10000) return append_unit(out, code);
  append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
  append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
}

}  // namespace

std::shared_ptr<const Vocabulary> shared_vocabulary() {
  static const std::shared_ptr<const Vocabulary> vocabulary = load_o200k();
  return vocabulary;
}

std::unique_ptr<TokenCounter> fresh_counter() {
  return make_o200k_counter(shared_vocabulary(), 42);
}

std::vector<TokenVector> read_vectors() {
  std::ifstream file(STEELYARD_SOURCE_DIR "/tests/unit/tokens/o200k_vectors.tsv");
  std::vector<TokenVector> vectors;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::size_t tab = line.find('\t');
    const std::string data = line.substr(tab + 2);
    const bool json = line[tab + 1] == 'j';
    vectors.push_back({std::stoll(line), json, json ? data : bytes_of_hex(data), number});
  }
  return vectors;
}

std::vector<FamilyVector> read_family_vectors() {
  std::ifstream file(STEELYARD_SOURCE_DIR "/tests/unit/tokens/family_vectors.tsv");
  std::vector<FamilyVector> vectors;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    vectors.push_back({line.substr(0, first), std::stoll(line.substr(first + 1)),
                       bytes_of_hex(line.substr(second + 1))});
  }
  return vectors;
}

std::string escape_json(std::string_view text, unsigned style) {
  std::string out;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode_utf8(data, at, text.size());
    const unsigned char byte = data[at];
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else if (byte == '\n' && style != 2) {
      out += "\\n";
    } else if (byte == '/' && style == 1) {
      out += "\\/";
    } else if (next.valid && (byte < 0x20 || (style == 1 && byte >= 0x80) || style == 2)) {
      append_code(out, code_at(text, at, next.size));
    } else {
      out += text.substr(at, next.size);
    }
    at += next.size;
  }
  return out;
}

std::string unescape_json(std::string_view escaped) {
  std::string out;
  std::array<char, 32> chunk;
  JsonText text(escaped);
  while (!text.done()) out.append(chunk.data(), text.read(chunk.data(), chunk.size()));
  return out;
}

std::size_t Random::below(std::size_t limit) {
  state_ = state_ * 6364136223846793005 + 1442695040888963407;
  return static_cast<std::size_t>((state_ >> 33) % limit);
}

std::string awkward_text(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += atoms[random.below(atoms.size())];
  return text;
}

std::string broken_text(Random& random, std::size_t bytes) {
  static constexpr unsigned char leads[] = {0xE0, 0xED, 0xF0, 0xF4, 0xC2, 0xE4, 0xEF, 0xF5, 0xC0};
  static constexpr std::string_view plain = "abc 's1\n.A";
  std::string text;
  while (text.size() < bytes) {
    switch (random.below(5)) {
      case 0: text += static_cast<char>(random.below(256)); break;
      case 1: text += static_cast<char>(0x80 + random.below(64)); break;
      case 2: text += static_cast<char>(leads[random.below(std::size(leads))]); break;
      default: text += plain[random.below(plain.size())]; break;
    }
  }
  return text;
}

}  // namespace steelyard::router::testing
