#pragma once
// Reads the table of hostile requests (data/badinput.tsv of the shared folder): bytes with escapes
// and generators, and what the gateway must answer, in words.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::net::test {

// The statuses allowed for one answer: 400, or 2 for "2xx".
struct AllowedAnswer {
  std::vector<int> statuses;
  bool allows(int status) const;
};

struct BadInputRow {
  std::string id, what, bytes, must;
  std::vector<AllowedAnswer> answers;  // in order
  bool must_close = false;             // after the last of them
  bool may_close_early = false;        // a connection closed after the first answer is fine too
  bool may_be_silent = false;          // closing without any answer is fine too
  bool more_allowed = false;           // what comes after the answers is not judged
};

// "" in `problem` on success. Rows in file order.
std::vector<BadInputRow> read_bad_inputs(const std::string& path, std::string& problem);

// Undoes the table's escapes: \r \n \t \\ \xHH, {repeat:'S',N}, {seq:'T',A,N}.
std::optional<std::string> expand(std::string_view text);

// Where the shared data lives: $STEELYARD_SHARED, else beside the source directory.
std::string shared_path(const std::string& relative);

}  // namespace steelyard::net::test
