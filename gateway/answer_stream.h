#pragma once
// The stream on its way to the client: the tap where both sides speak OpenAI Chat, the bridge where
// one of them does not. One interface, chosen per attempt by a pointer, so that the tap's path
// stays as it is.
#include <memory>
#include <optional>
#include <vector>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_cut.h"
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
  // How the stream has to end to be cut off here; see StreamBridge::cut(). `sent`: the end of what
  // the client is to get before, whole events; `choices`: that the client asked for.
  void cut(std::string_view sent, const dialect::hub::BridgeOptions& client, std::uint32_t choices,
           const dialect::ReportedUsage& usage, std::string& out) {
    if (bridge_) return bridge_->cut(usage, out);
    const dialect::hub::ChunkNames names = dialect::hub::names_in_chunk(sent);
    dialect::hub::CutShort cut;
    cut.options = client;
    cut.id = names.id;
    cut.model = names.model.empty() ? std::string_view(facts().model) : names.model;
    cut.created = names.created;
    cut.choices = choices;
    cut.usage = usage;
    write_cut(out, cut);
  }
  // Does the client get whole events with each feed(), whatever the reads?
  bool whole_events() const { return bridge_ && bridge_->whole_events(); }
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
  // Of its signed and encrypted parts: to be taken away after each feed() (state_hash.h).
  std::vector<std::uint64_t>& states() { return bridge_ ? bridge_->states() : tap_->states(); }
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
