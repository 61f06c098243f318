#pragma once
// Messages of the hub as elements of `messages`. Used by openai_hub_write.cpp.
#include <span>
#include <string>
#include <string_view>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/openai_hub_write.h"

namespace steelyard::dialect::openai {

class TurnWriter {
 public:
  TurnWriter(const hub::Request& request, const HubWriteOptions& options, hub::PieceWriter& json,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request), options_(options), json_(json), scratch_(scratch), dropped_(dropped) {}

  void write();

 private:
  using Parts = std::span<const hub::Part>;
  Parts parts_of(const hub::Message& message) const {
    return Parts(request_.parts).subspan(message.part_begin, message.part_count);
  }
  Parts nested_of(const hub::Part& part) const {
    return Parts(request_.nested).subspan(part.nested_begin, part.nested_count);
  }
  bool same_wire() const { return request_.wire == hub::Wire::openai_chat; }

  void system(const hub::Message& message, bool leading);
  void user(const hub::Message& message);
  void assistant(const hub::Message& message);
  void tool_results(Parts parts);
  void content(Parts parts, bool hoist);
  void content_part(const hub::Part& part);
  void joined_text(Parts parts, std::string_view prefix);
  void reasoning(Parts parts);
  void details(Parts parts);
  void calls(Parts parts);
  void custom_input(const hub::Part& part);
  bool shows(const hub::Part& part);
  std::string_view id_of(const hub::Part& part);

  const hub::Request& request_;
  const HubWriteOptions& options_;
  hub::PieceWriter& json_;
  std::string& scratch_;
  hub::Dropped& dropped_;
};

}  // namespace steelyard::dialect::openai
