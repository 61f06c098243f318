#pragma once
// What a body that is relayed says about its bill, found as it passes: the last `usage` object, and
// which models are named. Looks at bytes, keeps a few; cuts do not matter. Of an answer in any of
// OpenAI's shapes, whole or as events; of a request in JSON or as a form.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/usage.h"
#include "gateway/forward.h"

namespace steelyard {

class UsageWatch final : public BodyWatch {
 public:
  // `stream`: of events that end in [DONE], or something is missing.
  explicit UsageWatch(bool stream = false) : wants_done_(stream) {}

  void feed(std::string_view bytes) override;
  bool said_all() const override { return !wants_done_ || done_; }
  // After the last byte.
  dialect::ReportedUsage usage() const;
  // The model named; "" if none was, or several different ones: then nobody knows which is billed.
  std::string_view model() const { return models_ == 1 ? std::string_view(model_) : ""; }
  bool several_models() const { return models_ > 1; }
  // Bytes of `"text":"..."` strings: what a legacy completion said.
  std::int64_t text_bytes() const { return text_bytes_; }

 private:
  void look(std::string_view bytes, std::size_t seen);
  void name_model(std::string_view rest, bool form);

  std::string carry_;      // the end of what came before: keys may be cut
  std::string candidate_;  // from the last `"usage"` on
  std::string model_;
  std::size_t wanted_ = 0;  // more bytes of candidate_
  std::int64_t text_bytes_ = 0;
  int models_ = 0;
  bool in_text_ = false, escaped_ = false, done_ = false;
  bool wants_done_;
};

}  // namespace steelyard
