#pragma once
// Parts of hub messages as Anthropic's content blocks. Used by anthropic_write.cpp.
#include <span>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::anthropic {

class BlockWriter {
 public:
  BlockWriter(const hub::Request& request, hub::PieceWriter& json, std::string& scratch,
              hub::Dropped& dropped)
      : request_(request), json_(json), scratch_(scratch), dropped_(dropped) {}

  // Would write() write anything for this part?
  bool shows(const hub::Part& part) const;
  void write(const hub::Part& part);

 private:
  bool same_wire() const { return request_.wire == hub::Wire::anthropic; }
  void text(const hub::Part& part);
  void media(const hub::Part& part);
  void tool_use(const hub::Part& part);
  void tool_result(const hub::Part& part);
  void id(std::string_view key, std::string_view id);

  const hub::Request& request_;
  hub::PieceWriter& json_;
  std::string& scratch_;
  hub::Dropped& dropped_;
};

}  // namespace steelyard::dialect::anthropic
