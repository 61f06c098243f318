#pragma once
// The stream on its way to the client: the tap where both sides speak OpenAI Chat, the bridge where
// one of them does not. One interface, chosen per attempt by a pointer, so that the tap's path
// stays as it is.
#include <memory>
#include <optional>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/openai_stream.h"

namespace steelyard {

class AnswerStream {
 public:
  using Phase = dialect::openai::StreamPhase;
  void begin_tap(dialect::openai::TapOptions options, dialect::ShapeMemory* shapes) {
    bridge_.reset();
    tap_.emplace(options, shapes);
  }
  void begin_bridge(const dialect::hub::BridgeOptions& options) {
    bridge_ = std::make_unique<dialect::hub::StreamBridge>(options);
  }
  // As StreamTap's.
  void feed(std::string_view bytes, dialect::openai::TapOutput& out) {
    if (bridge_) [[unlikely]]
      return bridge_->feed(bytes, out);
    tap_->feed(bytes, out);
  }
  Result<void> finish(dialect::openai::TapOutput& out) {
    return bridge_ ? bridge_->finish(out) : tap_->finish(out);
  }
  dialect::openai::StreamPhase phase() const { return bridge_ ? bridge_->phase() : tap_->phase(); }
  // An event went on beyond its cap: no more of the stream is wanted.
  bool too_long() const { return phase() == Phase::failed && dialect::is_too_long(facts().fault); }
  // The client has the error of a failed stream: as the provider told it, or translated.
  bool told_failure() const {
    const bool unheard_of = too_long() && (!bridge_ || bridge_->passes_bytes());
    return phase() == Phase::failed && !unheard_of;
  }
  // Of the answer, as its provider named it; "" where nobody asks for it.
  std::string_view id() const { return bridge_ ? std::string_view(bridge_->id()) : ""; }
  std::string_view item_ids() const { return bridge_ ? std::string_view(bridge_->item_ids()) : ""; }
  dialect::hub::Dropped lost() const { return bridge_ ? bridge_->lost() : dialect::hub::Dropped(); }
  dialect::hub::StreamPlace place() const {
    return bridge_ ? bridge_->place() : dialect::hub::StreamPlace();
  }
  const dialect::openai::StreamFacts& facts() const {
    return bridge_ ? bridge_->facts() : tap_->facts();
  }

 private:
  std::optional<dialect::openai::StreamTap> tap_;
  std::unique_ptr<dialect::hub::StreamBridge> bridge_;
};

}  // namespace steelyard
