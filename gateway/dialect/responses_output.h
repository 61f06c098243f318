#pragma once
// The output of a response as its client sees it: items made from hub events, with the ids, names
// and shapes that OpenAI's clients want (research/wire 2.6.3). Used by responses_encode.h.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/fault.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/responses_names.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::responses {

struct EncodeOptions {
  std::string_view model;        // what the client is told answered; "" the provider's
  std::int64_t created = 0;      // seconds since 1970
  std::string_view client_body;  // the request, for what an answer repeats of it; "" unknown
  UsageQuirks quirks;            // of the provider
};

enum class Status : std::uint8_t { in_progress, completed, incomplete, failed };

// What an answer repeats of its request: raw values, as the client wrote them.
class Echo {
 public:
  explicit Echo(std::string_view body);
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  // Appends the members that stand before or behind the output, with OpenAI's defaults. `tier`:
  // that served, escaped; "" what the request asked for.
  void write(hub::PieceWriter& json, std::string_view tier) const;

 private:
  static constexpr std::size_t fields = 16;
  std::string_view values_[fields];
  std::string lines_;  // values that were written over several lines, on one
};

// The item that is being made.
struct Item {
  hub::BlockKind kind = hub::BlockKind::text;
  bool shown = false, custom = false;
  std::string id, call_id, name, space;  // escaped, as all below
  std::string text;    // words, thoughts, arguments; of a custom tool its input, once closed
  std::string sealed;  // of thinking: what goes into encrypted_content
  std::string annotations, logprobs;  // of a text: elements of the arrays
  std::uint32_t annotated = 0;        // elements in `annotations`
};

class Output {
 public:
  explicit Output(const EncodeOptions& options);

  void take(const hub::Event& event);
  const Item& item() const { return item_; }
  std::uint32_t index() const { return index_; }  // of item()
  std::string_view id() const { return id_; }     // of the response
  Status final_status() const;

  // Appends item(): as it is when it begins, or whole.
  void write_item(hub::PieceWriter& json, bool whole) const;
  // Appends the part that a text or a refusal stands in, empty or whole.
  void write_part(hub::PieceWriter& json, bool whole) const;
  // Appends the response object.
  void write(hub::PieceWriter& json, Status status, const UpstreamFault* fault = nullptr) const;

 private:
  void start(const hub::Event& event);
  void open(const hub::Event& event);
  void words(const hub::Event& event);
  void seal(std::string_view piece);
  void close();
  void write_usage(hub::PieceWriter& json) const;

  EncodeOptions options_;
  Echo echo_;
  ToolNames names_;
  Item item_;
  std::string id_, stem_, model_, tier_, done_;  // done_: finished items, commas between
  std::uint32_t index_ = 0, next_ = 0;
  hub::StopReason stop_ = hub::StopReason::none;
  ReportedUsage usage_;
  bool plain_custom_ = false;  // the open call is free text already
};

}  // namespace steelyard::dialect::responses
