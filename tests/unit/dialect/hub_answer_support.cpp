#include "tests/unit/dialect/hub_answer_support.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <algorithm>

#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/hub_citation.h"
#include "gateway/dialect/hub_place.h"
#include "gateway/dialect/openai_events.h"
#include "gateway/dialect/responses_events.h"

namespace steelyard::dialect::testing {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;

void EventLog::take(const Event& event) {
  constexpr const char* kinds[] = {"start", "open", "delta", "close", "usage",
                                   "stop",  "ping", "fault", "end",   "citation"};
  constexpr const char* blocks[] = {"text",      "thinking", "redacted_thinking",
                                    "tool_call", "refusal",  "native"};
  text += kinds[static_cast<int>(event.kind)];
  const auto add = [this](std::string_view part) { text.append(" ").append(part); };
  if (event.choice != 0) add("choice" + std::to_string(event.choice));
  switch (event.kind) {
    case EventKind::open:
    case EventKind::delta:
    case EventKind::close:
      add(std::to_string(event.index));
      add(blocks[static_cast<int>(event.block)]);
      if (event.delta == DeltaKind::signature) add("signature");
      break;
    case EventKind::usage:
      add(std::to_string(event.usage.prompt));
      add(std::to_string(event.usage.cached));
      add(std::to_string(event.usage.cache_write));
      add(std::to_string(event.usage.completion));
      break;
    case EventKind::stop: add(std::to_string(static_cast<int>(event.stop))); break;
    default: break;
  }
  for (const std::string_view part : {event.id, event.name, event.text, event.raw})
    if (!part.empty()) add(part);
  if (event.fault != nullptr) add(event.fault->message);
  lost.add(event.lost);
  if (const hub::Citation* c = event.citation; c != nullptr) {
    for (const std::string& part : {c->url, c->title, c->quote, c->file_id, c->words}) add(part);
    for (const std::int64_t n : {c->source, c->source_begin, c->source_end, c->begin, c->end})
      add(std::to_string(n));
  }
  text += '\n';
}

void Meaning::take(const Event& event) {
  if (event.choice != 0) return;
  switch (event.kind) {
    case EventKind::open:
      if (event.block == BlockKind::native) native = true;
      if (event.block == BlockKind::redacted_thinking) redacted.append(event.text).append(";");
      if (event.block == BlockKind::tool_call) {
        custom = custom || event.custom_tool;
        calls.emplace_back(std::string(event.id) + " " + std::string(event.name) + " ");
        call_.clear();
      }
      return;
    case EventKind::delta:
      if (event.delta == DeltaKind::signature) signature += event.text;
      if (event.delta != DeltaKind::text) return;
      if (event.block == BlockKind::text) text += event.text;
      if (event.block == BlockKind::thinking) thinking += event.text;
      if (event.block == BlockKind::refusal) refusal += event.text;
      if (event.block == BlockKind::tool_call) call_ += event.text;
      return;
    case EventKind::close:
      if (event.block == BlockKind::tool_call) calls.back() += call_.empty() ? "{}" : call_;
      return;
    case EventKind::usage: usage = event.usage; return;
    case EventKind::stop: stop = event.stop; return;
    case EventKind::fault: fault = *event.fault; return;
    case EventKind::end: ended = true; return;
    default: return;
  }
}

std::string Meaning::to_text() const {
  std::string out = "text: " + text + "\nthinking: " + thinking + "\nsignature: " + signature +
                    "\nredacted: " + redacted + "\nrefusal: " + refusal + "\n";
  for (const std::string& call : calls) out += "call: " + call + "\n";
  return out + "stop: " + std::to_string(static_cast<int>(stop)) + "\nfault: " + fault.message +
         "\n";
}

OrderCheck::Choice& OrderCheck::choice(std::uint32_t index) {
  for (Choice& known : choices_)
    if (known.index == index) return known;
  choices_.emplace_back();
  choices_.back().index = index;
  return choices_.back();
}

void OrderCheck::take(const Event& event) {
  if (over_) wrong("an event after the end");
  Choice& c = choice(event.choice);
  switch (event.kind) {
    case EventKind::start:
      if (started_) wrong("two starts");
      started_ = true;
      break;
    case EventKind::open:
      if (!started_) wrong("a block before the start");
      if (c.open) wrong("a block inside another");
      if (c.stopped) wrong("a block after the stop");
      if (event.index != c.next) wrong("a block number is left out");
      c.open = true;
      c.kind = event.block;
      break;
    case EventKind::delta:
    case EventKind::close:
      if (!c.open || c.kind != event.block || c.next != event.index) wrong("not the open block");
      if (event.kind == EventKind::close) c.open = false, ++c.next;
      break;
    case EventKind::stop:
      if (c.open) wrong("a stop inside a block");
      if (c.stopped) wrong("two stops");
      c.stopped = true;
      break;
    case EventKind::fault:
    case EventKind::end: over_ = true; break;
    default: break;
  }
  if (next_ != nullptr) next_->take(event);
}

bool run_messages(std::string_view body, bool stream, hub::EventSink& sink) {
  if (!stream) return anthropic::read_message(body, sink);
  anthropic::StreamDecoder decoder;
  decoder.feed(body, sink);
  return decoder.finish(sink).has_value();
}

bool run_contents(std::string_view body, bool stream, hub::EventSink& sink) {
  if (!stream) return gemini::read_answer(body, sink);
  gemini::StreamDecoder decoder;
  decoder.feed(body, sink);
  return decoder.finish(sink).has_value();
}

bool run_responses(std::string_view body, bool stream, hub::EventSink& sink) {
  if (!stream) return responses::read_response(body, sink);
  responses::StreamDecoder decoder;
  decoder.feed(body, sink);
  return decoder.finish(sink).has_value();
}

bool run_chat(std::string_view body, bool stream, hub::EventSink& sink) {
  if (!stream) return openai::read_completion(body, sink);
  openai::ChatStreamDecoder decoder(openai::ChatDecoderOptions{true});
  decoder.feed(body, sink);
  return decoder.finish(sink).has_value();
}

hub::BridgeOptions bridge_of(hub::Wire provider, hub::Wire client) {
  hub::BridgeOptions options;
  options.client = client;
  options.provider = provider;
  options.request_id = "req-1";
  options.created = 1'700'000'000;
  options.model = "m";
  return options;
}

std::string whole_of(std::string_view stream, hub::Wire provider, hub::Wire client) {
  const hub::BridgeOptions options = bridge_of(provider, client);
  const auto reader = hub::make_stream_reader(options);
  const auto writer = hub::make_whole_writer(options);
  hub::Placer placer(client, *writer);
  reader->feed(stream, placer);
  CHECK(reader->finish(placer));
  std::string out;
  writer->write(out);
  return out;
}

std::vector<std::string> clauses_of(std::string_view cell) {
  std::vector<std::string> clauses;
  while (!cell.empty()) {
    const std::size_t end = std::min(cell.find("; "), cell.size());
    clauses.emplace_back(cell.substr(0, end));
    cell.remove_prefix(std::min(end + 2, cell.size()));
  }
  return clauses;
}

std::string check_kept(const std::string& body, std::string_view clause) {
  const std::size_t space = std::min(clause.find(' '), clause.size());
  const std::string_view pointer = clause.substr(0, space);
  simdjson::dom::parser parser;
  simdjson::dom::element document, found;
  if (parser.parse(body).get(document) != simdjson::SUCCESS) return "no JSON: " + body;
  if (document.at_pointer(pointer).get(found) != simdjson::SUCCESS)
    return "nothing at " + std::string(pointer) + " of " + body;
  if (space == clause.size()) return "";
  const std::string value = simdjson::minify(found);
  return value == clause.substr(space + 1) ? "" : std::string(pointer) + " is " + value;
}

}  // namespace steelyard::dialect::testing
