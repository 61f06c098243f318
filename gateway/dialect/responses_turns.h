#pragma once
// The conversation as `instructions` and `input` items. Used by responses_write.cpp.
#include <span>
#include <string>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::responses {

class TurnWriter {
 public:
  TurnWriter(const hub::Request& request, hub::PieceWriter& json, std::string& scratch,
             hub::Dropped& dropped)
      : request_(request), json_(json), scratch_(scratch), dropped_(dropped) {}

  void write();
  // Reasoning state of OpenAI's is in the history.
  bool has_state() const;

 private:
  using Parts = std::span<const hub::Part>;
  Parts parts_of(const hub::Message& message) const {
    return Parts(request_.parts).subspan(message.part_begin, message.part_count);
  }
  void instructions();
  void message(const hub::Message& message);
  void plain(const hub::Message& message, std::string_view role);
  void assistant(const hub::Message& message);
  void reasoning(const hub::Part& part);
  void call(const hub::Part& part);
  void result(const hub::Part& part);
  void annotations(const hub::Part& part);
  void content_part(const hub::Part& part, bool assistant);
  void media(const hub::Part& part);
  void id(std::string_view id);
  bool shows(const hub::Part& part);
  bool is_custom(std::string_view id) const;

  const hub::Request& request_;
  hub::PieceWriter& json_;
  std::string& scratch_;
  hub::Dropped& dropped_;
};

}  // namespace steelyard::dialect::responses
