#pragma once
// The conversation as Anthropic's `system` and `messages`. Used by anthropic_write.cpp.
#include <span>

#include "gateway/dialect/anthropic_blocks.h"

namespace steelyard::dialect::anthropic {

class TurnWriter {
 public:
  TurnWriter(const hub::Request& request, hub::PieceWriter& json, std::string& scratch,
             hub::Dropped& dropped)
      : request_(request),
        json_(json),
        blocks_(request, json, scratch, dropped),
        dropped_(dropped) {}

  // Both members. `instruct_json` adds a system block that asks for JSON in words.
  void write(bool instruct_json);
  // The last message answers calls of a turn that does not begin with signed thinking.
  bool calls_without_thinking() const;

 private:
  bool same_wire() const { return request_.wire == hub::Wire::anthropic; }
  std::span<const hub::Part> parts_of(const hub::Message& message) const {
    return std::span(request_.parts).subspan(message.part_begin, message.part_count);
  }
  bool is_leading_system(std::size_t index) const;
  bool has_results(const hub::Message& message) const;
  bool shows(std::size_t index) const;
  void system(bool instruct);
  void messages();
  void made_user_turn();
  std::size_t one(std::size_t i);
  std::size_t turn(std::size_t i);

  const hub::Request& request_;
  hub::PieceWriter& json_;
  BlockWriter blocks_;
  hub::Dropped& dropped_;
  std::size_t first_ = 0;  // message that is not leading system text
};

}  // namespace steelyard::dialect::anthropic
