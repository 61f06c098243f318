#pragma once
// Between the reader of one dialect and the writer of another: what stands beside an answer's text
// (citations, log probabilities of tokens, why it ended) in the place where the client's dialect
// wants it. A
// citation waits until the text block it belongs to is over, and then says where it stands in the
// client's own count. What has no place there is told as lost.
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_citation.h"

namespace steelyard::dialect::hub {

class Placer final : public EventSink {
 public:
  // Citations of one answer; positions are known in so much text (escaped bytes). What is beyond is
  // told as lost.
  static constexpr std::size_t citations_max = 256, text_max = 262'144;

  Placer(Wire client, EventSink& next) : client_(client), next_(next) {}
  void take(const Event& event) override;
  Dropped lost() const { return lost_; }

 private:
  struct Choice {
    std::uint32_t number = 0;
    std::string text;             // escaped: what was said in text blocks
    std::size_t block_begin = 0;  // of the text block under way, in `text`
    std::vector<Citation> waiting;
    bool overflown = false, refused = false, called = false;
  };
  Choice& choice(std::uint32_t number);
  void hold(const Event& event);
  void words(const Event& event);
  void release(Choice& from, bool last);
  bool place(const Choice& from, Citation& citation) const;
  void start(const Event& event);
  void stop(const Event& event);

  Wire client_;
  EventSink& next_;
  std::vector<Choice> choices_;
  std::string logprobs_;
  std::size_t held_ = 0;
  Dropped lost_;
};

}  // namespace steelyard::dialect::hub
