#pragma once
// Tables for people, cells for spreadsheets.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace steelyard::reports {

// Columns of text: names on the left, figures to the right.
class TextTable {
 public:
  explicit TextTable(std::size_t names) : names_(names) {}
  void add(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths_[i] = std::max(widths_[i], cells[i].size());
    rows_.push_back(std::move(cells));
  }
  std::string text() const {
    std::string out;
    for (const std::vector<std::string>& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line += i < names_ ? fmt::format("{:<{}}  ", row[i], widths_[i])
                           : fmt::format("{:>{}}  ", row[i], widths_[i]);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
    return out;
  }

 private:
  std::size_t names_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

// As RFC 4180 wants it.
inline std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace steelyard::reports
