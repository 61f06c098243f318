#pragma once
// What the gateway must know of an answer, from its events: the same facts that openai_watch.h
// finds in the bytes of its own dialect.
#include <vector>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/openai_watch.h"

namespace steelyard::dialect::hub {

class AnswerWatch final : public EventSink {
 public:
  // Events go on to `next`, unless it is null.
  explicit AnswerWatch(EventSink* next = nullptr) : next_(next) {}

  void take(const Event& event) override;

  const openai::StreamFacts& facts() const { return facts_; }
  std::vector<std::uint64_t>& states() { return facts_.states; }
  openai::StreamPhase phase() const { return phase_; }
  // Nothing a user would see: no text, no call.
  bool empty() const { return !visible_; }
  bool refused() const { return refused_; }
  const std::string& id() const { return id_; }  // of the answer, escaped; at most 128 bytes
  // Of the items that its provider keeps: escaped, a line each.
  const std::string& item_ids() const { return item_ids_; }
  // What of the answer a client of another dialect does not get.
  Dropped lost() const { return lost_; }
  // Blocks that have begun and not ended: one a choice at most.
  struct OpenBlock {
    BlockKind kind = BlockKind::text;
    std::uint32_t choice = 0, index = 0;
  };
  const std::vector<OpenBlock>& open_blocks() const { return open_; }
  std::uint32_t choices() const { return choices_; }  // seen so far; at least 1

 private:
  void raise(openai::StreamPhase phase);
  void open(const Event& event);
  EventSink* next_;
  openai::StreamFacts facts_;
  openai::StreamPhase phase_ = openai::StreamPhase::silent;
  void sign(const Event& event);

  std::string id_, item_ids_;
  std::string signature_;  // of the open block so far: Anthropic's may come in pieces
  Dropped lost_;
  std::vector<OpenBlock> open_;
  std::uint32_t choices_ = 1;
  bool visible_ = false, refused_ = false;
};

FinishReason finish_of(StopReason stop);

}  // namespace steelyard::dialect::hub
