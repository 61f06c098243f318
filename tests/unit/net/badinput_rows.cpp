#include "tests/unit/net/badinput_rows.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace steelyard::net::test {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + separator.size();
  }
}

std::string without_parentheses(const std::string& text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) out += c;
    if (c == ')') --depth;
  }
  return out;
}

// All of "400", "2xx" in `text`.
std::vector<int> statuses_in(const std::string& text) {
  std::vector<int> found;
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) {
    const auto digit = [&](std::size_t k) {
      return std::isdigit(static_cast<unsigned char>(text[k])) != 0;
    };
    const bool starts =
        (i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]))) && digit(i);
    if (!starts) continue;
    if (text.compare(i + 1, 2, "xx") == 0) found.push_back(text[i] - '0');
    if (digit(i + 1) && digit(i + 2)) found.push_back(std::stoi(text.substr(i, 3)));
  }
  return found;
}

// The column is prose with a fixed habit: alternatives with "or", a sequence with "then", remarks
// after ';' and in parentheses.
void read_expectation(BadInputRow& row) {
  const std::string plain = without_parentheses(row.must);
  const std::string verdict = plain.substr(0, plain.find(';'));
  row.must_close = plain.find("close") != std::string::npos &&
                   plain.find("may close") == std::string::npos &&
                   plain.find(", or 2xx") == std::string::npos;  // there it belongs to the refusal
  row.more_allowed = plain.find("may close") != std::string::npos;
  if (plain.find("408/close") != std::string::npos) {
    row.answers.push_back({{408}});
    row.may_be_silent = row.must_close = true;
    return;
  }
  if (verdict.rfind("two ", 0) == 0) {
    row.answers.assign(2, {{2}});
    row.must_close = false;
    row.may_close_early = true;
    return;
  }
  for (const std::string& step : split(verdict, " then ")) {
    std::vector<int> statuses = statuses_in(step);
    if (statuses.empty() && step.rfind("final", 0) == 0) statuses.push_back(2);
    if (!statuses.empty()) row.answers.push_back({std::move(statuses)});
  }
}

std::optional<std::string> expand_generator(std::string_view text, std::size_t& at) {
  const std::size_t end = text.find('}', at);
  const std::size_t quote = text.rfind('\'', end);
  const std::size_t open = text.find('\'', at);
  if (end == std::string_view::npos || open == quote) return std::nullopt;
  const std::string_view name = text.substr(at + 1, text.find(':', at) - at - 1);
  const std::optional<std::string> body = expand(text.substr(open + 1, quote - open - 1));
  const std::vector<std::string> numbers =
      split(std::string(text.substr(quote + 2, end - quote - 2)), ",");
  at = end + 1;
  std::string out;
  if (!body) return std::nullopt;
  if (name == "repeat") {
    for (int i = std::stoi(numbers.at(0)); i > 0; --i) out += *body;
    return out;
  }
  if (name != "seq") return std::nullopt;
  const int first = std::stoi(numbers.at(0));
  const std::size_t mark = body->find("%d");
  for (int i = first; i < first + std::stoi(numbers.at(1)); ++i) {
    out += body->substr(0, mark) + std::to_string(i) + body->substr(mark + 2);
  }
  return out;
}

}  // namespace

bool AllowedAnswer::allows(int status) const {
  return std::any_of(statuses.begin(), statuses.end(), [status](int allowed) {
    return allowed == status || allowed == status / 100;
  });
}

std::optional<std::string> expand(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '{') {
      const std::optional<std::string> part = expand_generator(text, i);
      if (!part) return std::nullopt;
      out += *part;
      continue;
    }
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    if (i + 1 >= text.size()) return std::nullopt;
    switch (text[i + 1]) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '\\': out += '\\'; break;
      case 'x':
        if (i + 3 >= text.size()) return std::nullopt;
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
        i += 2;
        break;
      default: return std::nullopt;
    }
    i += 2;
  }
  return out;
}

std::vector<BadInputRow> read_bad_inputs(const std::string& path, std::string& problem) {
  std::vector<BadInputRow> rows;
  std::ifstream file(path);
  if (!file) problem = "cannot read " + path;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#' || line.rfind("id\t", 0) == 0) continue;
    const std::vector<std::string> columns = split(line, "\t");
    const std::optional<std::string> bytes =
        columns.size() == 5 ? expand(columns[2]) : std::nullopt;
    if (!bytes) {
      problem = "cannot understand: " + line.substr(0, 80);
      return rows;
    }
    BadInputRow row;
    row.id = columns[0];
    row.what = columns[1];
    row.bytes = *bytes;
    row.must = columns[4];
    read_expectation(row);
    if (row.answers.empty()) problem = "no expectation in: " + row.id + " " + row.must;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string shared_path(const std::string& relative) {
  const char* root = std::getenv("STEELYARD_SHARED");
  return (root != nullptr ? std::string(root) : std::string(STEELYARD_SOURCE_DIR) + "/../shared") +
         "/" + relative;
}

}  // namespace steelyard::net::test
