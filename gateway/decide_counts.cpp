#include "gateway/decide_counts.h"

#include <algorithm>
#include <cstring>

#include "gateway/calibrations.h"
#include "gateway/chat_shape.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/tokens/framing.h"
#include "router/tokens/framing_table.h"

namespace steelyard {
namespace {

std::uint64_t word_at(const char* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Of both ends of a message. Not for keeping clients apart (its key does that): for telling one
// conversation of a client from another.
std::uint64_t ends_of(std::string_view raw) {
  constexpr std::size_t end_bytes = 32;
  if (raw.size() < 2 * end_bytes) return router::slice_hash(raw);
  constexpr std::uint64_t odd = 0xD6E8FEB86659FD93u;
  std::uint64_t mixed = raw.size();
  for (const char* end : {raw.data(), raw.data() + raw.size() - end_bytes})
    for (std::size_t at = 0; at < end_bytes; at += 8) {
      mixed = (mixed ^ word_at(end + at)) * odd;
      mixed ^= mixed >> 32;
    }
  return mixed;
}

// Vocabulary and frames are published, and at hand: no bill says more.
bool known_exactly(const WorkerTools& tools, const Serving& serving, std::int32_t model) {
  const router::Framing& framing = serving.runtime->catalog.model(model).framing;
  if (framing.exact_text) return serving.calibrated[static_cast<std::size_t>(model)] == 0;
  return framing.chat->exact && tools.exact.counter_for(model) != ExactCounts::none;
}

// Where the last turn went; -1: no longer in the catalogue, or a model that is counted exactly, for
// which its bill says nothing new.
std::int32_t target_of(const WorkerTools& tools, const Serving& serving,
                       const router::TurnBilled& turn) {
  const auto slot = std::find(serving.slots.begin(), serving.slots.end(), turn.slot);
  if (slot == serving.slots.end()) return -1;
  const auto target = static_cast<std::int32_t>(slot - serving.slots.begin());
  const std::int32_t model = serving.runtime->catalog.target(target).model;
  return known_exactly(tools, serving, model) ? -1 : target;
}

// The bill of the last turn makes its target's count much surer.
void continue_talk(Serving& serving, WorkerTools& tools, Decision& d) {
  const router::Catalog& catalog = serving.runtime->catalog;
  d.continued_model = catalog.target(target_of(tools, serving, d.before)).model;
  const auto model = static_cast<std::size_t>(d.continued_model);
  const router::InputFeatures added = router::added_since(d.before, d.features);
  const router::InputCount more = serving.inputs.count_one(added, model);
  const float factor = serving.inputs.factor(model);
  tools.counts[model] = router::continue_turn(d.before, static_cast<float>(more.tokens), factor);
}

}  // namespace

void count_own_text(Worker& worker, Serving& serving, std::int32_t model, Decision& d) {
  WorkerTools& tools = worker.tools();
  const int counter = tools.exact.counter_for(model);
  // Sampled, as well.
  if (!tools.exact.apply(counter, d.chat, serving.inputs, d.features, tools.counts,
                         d.continued_model))
    d.has_media = true;
  const auto models = static_cast<std::int32_t>(serving.runtime->catalog.models().size());
  for (std::int32_t m = 0; m < models; ++m) {
    if (tools.exact.counter_for(m) != counter) continue;
    d.own_text.set(static_cast<std::size_t>(m));
    router::Framing framing = serving.runtime->catalog.model(m).framing;
    framing.exact_text = true;
    router::InputCount& count = tools.counts[static_cast<std::size_t>(m)];
    if (router::quality_of(framing, d.features, d.has_media) == router::CountQuality::exact)
      count.upper = count.tokens;
  }
}

std::uint64_t talk_of(const Principal& principal, const dialect::ChatRequest& chat) {
  std::uint64_t key = principal.key_hash;
  for (std::size_t i = 0; i < std::min<std::size_t>(chat.messages.size(), 2); ++i) {
    const std::string_view raw = chat.messages[i].raw.of(chat.body);
    key = key * 0x9E3779B97F4A7C15u ^ ends_of(raw);
  }
  return key | 1;
}

std::uint64_t beginning_of(const Principal& principal, const dialect::ChatRequest& chat) {
  constexpr std::size_t messages_max = 4, texts_max = 4;
  std::uint64_t key = principal.key_hash;
  for (std::size_t i = 0; i < std::min(chat.messages.size(), messages_max); ++i) {
    const dialect::MessageInfo& message = chat.messages[i];
    const auto texts = chat.texts.subspan(message.text_begin, message.text_count);
    for (const dialect::TextSlice& text : texts.first(std::min(texts.size(), texts_max)))
      key = key * 0x9E3779B97F4A7C15u ^ ends_of(text.raw);
    if (message.role == dialect::Role::user) break;
  }
  return key | 1;
}

void count_tokens(Worker& worker, Serving& serving, const Principal& principal, Decision& d) {
  WorkerTools& tools = worker.tools();
  const router::Catalog& catalog = serving.runtime->catalog;
  Calibrations* const learned = worker.seams().calibrations;
  if (learned != nullptr) {
    if (serving.until_fetch-- == 0) {
      serving.until_fetch = 63;
      if (learned->version() != serving.calibration_seen)
        learned->fetch(serving, &serving.calibration_seen);
    }
    d.talk = talk_of(principal, d.chat);
    if (d.chat.messages.size() > 1)
      if (auto turn = learned->last_turn(d.talk)) d.before = *turn;
  }
  ShapeOptions options;
  options.look = serving.some_text_unknown;
  options.in_time = true;
  options.enough_tokens = serving.enough_tokens;
  options.responses = d.wire == dialect::hub::Wire::openai_responses;
  options.messages_before = d.before.key != 0 ? d.before.messages : 0;
  const router::ChatShape shape = shape_of(*tools.counter, d.chat, tools.shape_scratch, options);
  d.features = router::features_of(shape);
  d.text_tokens = shape.text_tokens;
  // Sampled: no more sure than a picture's count, and nothing to learn from.
  d.has_media = !shape.images.empty() || !shape.media.empty() || shape.sampled;
  d.continues = d.before.key != 0 && d.before.messages < shape.messages && !d.has_media &&
                tools.shape_scratch.text_before == d.before.text_tokens &&
                target_of(tools, serving, d.before) >= 0;
  // The planner looks at a few models only, and counts for those: unless there is more to a count.
  const std::int32_t named = catalog.find_model(d.chat.model);
  const bool own_named = tools.exact.counter_for(named) != ExactCounts::none;
  d.counted = d.has_media || d.continues || own_named;
  if (d.counted) serving.inputs.count(d.features, tools.counts);
  if (own_named) count_own_text(worker, serving, named, d);
  if (d.has_media) router::add_media(catalog.models(), catalog.own_framing(), shape, tools.counts);
  if (d.continues) continue_talk(serving, tools, d);
  const std::size_t last = catalog.models().size();
  const router::InputCount own =
      d.counted ? tools.counts[last] : serving.inputs.count_one(d.features, last);
  d.tokens = {own.tokens, own.upper,
              router::quality_of(catalog.own_framing(), d.features, d.has_media)};
}

}  // namespace steelyard
