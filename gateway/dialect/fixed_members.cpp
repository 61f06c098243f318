#include "gateway/dialect/fixed_members.h"

#include <algorithm>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {

bool add_fixed_members(std::string_view body, const FixedMembers& members, std::string& out) {
  JsonCursor cursor(body);
  if (!cursor.open('{')) return false;
  const std::size_t inside = cursor.end_of_previous();
  std::vector<bool> said(members.size());
  std::string_view key;
  std::string plain;
  bool empty = true;
  for (bool first = true; cursor.next_member(first, key);) {
    empty = false;
    plain.clear();
    append_unescaped(plain, key);
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].first == plain) said[i] = true;
    if (!cursor.skip_value()) return false;
  }
  if (cursor.fault() != JsonFault::none || !cursor.at_end()) return false;
  std::string added;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (said[i]) continue;
    added.append(added.empty() ? "\"" : ",\"").append(members[i].first);
    added.append("\":").append(members[i].second);
  }
  if (added.empty()) return false;
  if (!empty) added += ',';
  out.clear();
  out.reserve(body.size() + added.size());
  out.append(body.substr(0, inside)).append(added).append(body.substr(inside));
  return true;
}

}  // namespace steelyard::dialect
