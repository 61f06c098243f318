#pragma once
// The conversation as Converse's `system` and `messages`. Used by converse_write.cpp.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/dialect/converse_write.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::converse {

class TurnWriter {
 public:
  TurnWriter(const hub::Request& request, const WriteOptions& options, hub::PieceWriter& json,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request), options_(options), json_(json), scratch_(scratch), dropped_(dropped) {}

  // Both members. `instruct_json` adds a system block that asks for JSON in words.
  void write(bool instruct_json);
  // The last message answers calls of a turn that does not begin with signed thinking.
  bool calls_without_thinking() const;
  // {"cachePoint":{...}} behind what had the mark; nothing if the model has none.
  void cache_point(std::string_view mark);

 private:
  using Parts = std::span<const hub::Part>;
  Parts parts_of(const hub::Message& message) const {
    return Parts(request_.parts).subspan(message.part_begin, message.part_count);
  }
  bool shows(const hub::Part& part) const;
  bool answers(const hub::Part& result) const;
  void lose(const hub::Part& part);
  void system(bool instruct);
  void messages();
  void side(bool user, std::size_t begin, std::size_t end);
  void begin_block(bool user);
  void block(const hub::Part& part);
  void plain_text(std::string_view escaped);
  void media(const hub::Part& part);
  void document_name(const hub::Part& part);
  void tool_use(const hub::Part& part);
  void tool_result(const hub::Part& part);
  void tool_id(std::string_view id);

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter& json_;
  std::string& scratch_;
  hub::Dropped& dropped_;
  std::size_t first_ = 0;  // message that is not leading system text
  int documents_ = 0;
  bool open_ = false, user_ = false, said_text_ = false;
};

// "png" of "image\/png", "pdf" of a document's; "" where Converse has no name for it.
std::string_view format_of(hub::PartKind kind, std::string_view media_type);

}  // namespace steelyard::dialect::converse
