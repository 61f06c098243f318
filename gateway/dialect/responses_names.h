#pragma once
// Tools that only OpenAI Responses has: custom ones, whose input is free text, and namespaces. To
// every other dialect they are functions with one flat name; on the way back the answer must show
// them as the client declared them, or it refuses the call (research/wire 4.2).
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::dialect::responses {

// Appends the one name of a tool in a namespace: "space__name", as it is when `space` is empty.
// Longer than 64 bytes: the first 55, and a hash of the whole. All escaped.
void append_flat_name(std::string& out, std::string_view space, std::string_view name);

// The tools of a request that are not plain functions, by their flat names. Views point into the
// request's body.
class ToolNames {
 public:
  struct Tool {
    std::string flat;
    std::string_view name, space;  // escaped; space is "" outside of any namespace
    bool custom = false;
  };
  // `body`: a request that a reader took. "" has no tools.
  explicit ToolNames(std::string_view body);
  const Tool* find(std::string_view flat) const;  // null: a plain function, or nobody's

 private:
  void read_request(std::string_view body);
  void read_input(std::string_view items);
  void read_tools(std::string_view tools, std::string_view space);
  std::vector<Tool> tools_;
};

}  // namespace steelyard::dialect::responses
