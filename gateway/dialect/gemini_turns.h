#pragma once
// The conversation as Gemini's `systemInstruction` and `contents`. Used by gemini_write.cpp.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::gemini {

class TurnWriter {
 public:
  TurnWriter(const hub::Request& request, const WriteOptions& options, hub::PieceWriter& json,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request), options_(options), json_(json), scratch_(scratch), dropped_(dropped) {}

  // Both members.
  void write();

 private:
  using Parts = std::span<const hub::Part>;
  Parts parts_of(const hub::Message& message) const {
    return Parts(request_.parts).subspan(message.part_begin, message.part_count);
  }
  Parts nested_of(const hub::Part& part) const {
    return Parts(request_.nested).subspan(part.nested_begin, part.nested_count);
  }
  void system();
  void contents();
  std::size_t user_turn(std::size_t i);
  void model_turn(const hub::Message& message);
  void results(std::size_t begin, std::size_t end);
  void result(const hub::Part& part, const hub::Part& call);
  void result_text(const hub::Part& part);
  void result_media(const hub::Part& part);
  void user_parts(const hub::Message& message);
  void system_part(const hub::Message& message);
  void model_part(const hub::Part& part);
  void call(const hub::Part& part);
  bool media(const hub::Part& part);
  void text_part(std::string_view text);
  void take_thinking(const hub::Part& part);
  const hub::Part* call_of(const hub::Part& result, std::size_t before) const;

  // A content is opened with its first part and closed with its last.
  void begin_part(std::string_view role);
  void end_content();

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter& json_;
  std::string& scratch_;
  hub::Dropped& dropped_;
  std::size_t first_ = 0;  // message that is not leading system text
  std::string_view open_role_, role_;
  std::string_view signature_;  // of the next call
  bool any_ = false, first_call_ = true;
  bool signed_ = false, unsigned_thoughts_ = false;  // the turn under way
};

}  // namespace steelyard::dialect::gemini
