#include "gateway/dialect/hub_bridge.h"

#include "gateway/dialect/hub_cut.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::hub {
namespace {

// What a policy may escalate on, in the terms of ChatAnswer.
class Judge final : public EventSink {
 public:
  Judge(openai::ChatAnswer& facts, std::string& content, EventSink* next)
      : facts_(facts), content_(content), next_(next) {}

  void take(const Event& event) override {
    if (event.kind == EventKind::delta && event.delta == DeltaKind::text && event.choice == 0) {
      if (event.block == BlockKind::text) content_ += event.text;
      if (event.block == BlockKind::tool_call) arguments_ += event.text;
    }
    if (event.kind == EventKind::open && event.block == BlockKind::tool_call) {
      arguments_.clear();
      custom_ = event.custom_tool;
    }
    if (event.kind == EventKind::close && event.block == BlockKind::tool_call) {
      plain_.clear();
      append_unescaped(plain_, arguments_);
      if (!plain_.empty() && !custom_ && !is_answered_object(plain_))
        facts_.arguments_invalid = true;
    }
    if (event.kind == EventKind::stop) ++choices_;
    if (next_ != nullptr) next_->take(event);
  }
  bool one_choice() const { return choices_ == 1; }

 private:
  openai::ChatAnswer& facts_;
  std::string& content_;
  EventSink* next_;
  std::string arguments_, plain_;
  int choices_ = 0;
  bool custom_ = false;
};

std::optional<Sealer> seal_for(const BridgeOptions& options, EventSink* writer) {
  if (writer == nullptr || options.state_key == nullptr) return {};
  return std::optional<Sealer>(std::in_place, *options.state_key, options.client, *writer);
}

std::optional<Placer> place_for(const BridgeOptions& options, EventSink* writer) {
  if (writer == nullptr) return {};
  return std::optional<Placer>(std::in_place, options.client, *writer);
}

}  // namespace

StreamBridge::StreamBridge(const BridgeOptions& options)
    : options_(options),
      reader_(make_stream_reader(options)),
      writer_(options.client == options.provider ? nullptr : make_stream_writer(options, text_)),
      sealer_(seal_for(options, writer_.get())),
      placer_(place_for(options, sealer_ ? static_cast<EventSink*>(&*sealer_) : writer_.get())),
      watch_(placer_ ? &*placer_ : nullptr),
      names_(options.names, watch_) {
  if (writer_ == nullptr && options.json_array) array_.emplace(text_);
  if (options.amazon_frames) invoked_.emplace();
}

void StreamBridge::feed(std::string_view bytes, openai::TapOutput& out) {
  text_.clear();
  if (invoked_) bytes = invoked_->feed(bytes);
  reader_->feed(bytes, names_);
  if (array_) array_->feed(bytes);
  out.push_text(writer_ == nullptr && !array_ ? bytes : std::string_view(text_));
}

Dropped StreamBridge::lost() const {
  Dropped lost;
  if (!placer_) return lost;
  lost = watch_.lost();
  lost.add(placer_->lost());
  return lost;
}

void StreamBridge::cut(const ReportedUsage& usage, std::string& out) {
  CutShort cut;
  cut.options = options_;
  cut.id = watch_.id();
  cut.model = watch_.facts().model;
  cut.place = place();
  cut.choices = watch_.choices();
  cut.usage = usage;
  if (writer_ == nullptr) {
    for (const AnswerWatch::OpenBlock& block : watch_.open_blocks()) cut.open_block = block.index;
    write_cut(out, cut);
    return;
  }
  text_.clear();
  Event event;
  for (const AnswerWatch::OpenBlock& block : watch_.open_blocks()) {
    event = {};
    event.kind = EventKind::close;
    event.block = block.kind;
    event.choice = block.choice;
    event.index = block.index;
    placer_->take(event);
  }
  write_stop(*placer_, cut);
  out += text_;
}

Result<void> StreamBridge::finish(openai::TapOutput& out) {
  text_.clear();
  Result<void> done = reader_->finish(names_);
  if (array_) array_->finish(done.has_value() || watch_.phase() == openai::StreamPhase::failed);
  out.push_text(text_);
  return done;
}

bool WholeBridge::read(std::string_view body, const BridgeOptions& options) {
  facts_ = {};
  content_.clear();
  text_.clear();
  client_body_ = {};
  std::unique_ptr<WholeWriter> writer;
  if (options.client != options.provider) writer = make_whole_writer(options);
  std::optional<Sealer> sealer = seal_for(options, writer.get());
  std::optional<Placer> placer =
      place_for(options, sealer ? static_cast<EventSink*>(&*sealer) : writer.get());
  Judge judge(facts_, content_, placer ? &*placer : nullptr);
  AnswerWatch watch(&judge);
  NameRestorer names(options.names, watch);
  if (!read_whole(options, body, names)) return false;
  id_ = watch.id();
  item_ids_ = watch.item_ids();
  lost_ = {};
  if (placer) {
    lost_ = watch.lost();
    lost_.add(placer->lost());
  }
  const openai::StreamFacts& seen = watch.facts();
  facts_.usage = seen.usage;
  facts_.finish = seen.finish;
  facts_.finishes = seen.finishes;
  facts_.tool_calls = seen.tool_calls;
  facts_.tool_names = seen.tool_names;
  facts_.output_bytes = seen.output_bytes;
  facts_.states = seen.states;
  facts_.fault = seen.fault;
  facts_.valid = seen.done_seen;
  facts_.content = content_;
  facts_.empty = watch.empty();
  facts_.refusal = watch.refused();
  facts_.one_choice = judge.one_choice();
  if (!facts_.valid || facts_.fault) return false;
  if (writer) writer->write(text_);
  client_body_ = writer == nullptr ? body : std::string_view(text_);
  return true;
}

bool write_as_stream(std::string_view body, const BridgeOptions& options, std::string& out) {
  const std::unique_ptr<StreamWriter> writer = make_stream_writer(options, out);
  const bool foreign = options.client != options.provider;
  std::optional<Sealer> sealer = seal_for(options, foreign ? writer.get() : nullptr);
  std::optional<Placer> placer =
      place_for(options, sealer ? static_cast<EventSink*>(&*sealer) : writer.get());
  NameRestorer names(options.names, *placer);
  return read_whole(options, body, names);
}

}  // namespace steelyard::dialect::hub
