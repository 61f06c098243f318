#include "gateway/dialect/gemini_grounding.h"

#include <utility>
#include <vector>

#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::gemini {

using hub::Citation;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::PieceWriter;

namespace {

constexpr KeyTable kGrounding(key_names("groundingChunks", "groundingSupports"));
constexpr KeyTable kChunk(key_names("web", "retrievedContext", "maps"));
constexpr KeyTable kSource(key_names("uri", "title", "text"));
constexpr KeyTable kSupport(key_names("segment", "groundingChunkIndices"));
constexpr KeyTable kSegment(key_names("startIndex", "endIndex"));
constexpr KeyTable kLists(key_names("citationSources", "citations"));
constexpr KeyTable kCited(key_names("startIndex", "endIndex", "uri", "title"));
constexpr std::size_t kChunksMax = 256;

void send(const Citation& citation, std::uint32_t choice, EventSink& sink) {
  Event event;
  event.kind = EventKind::citation;
  event.choice = choice;
  event.citation = &citation;
  sink.take(event);
}

struct Chunk {
  Citation source;
  bool used = false;
};

bool read_chunk(LenientReader& reader, std::vector<Chunk>& out) {
  Chunk chunk;
  const bool ok = reader.object(kChunk, [&](int kind) {
    if (kind < 0) return reader.cursor.skip_value();
    return reader.object(kSource, [&](int key) {
      std::string_view text;
      if (key < 0) return reader.cursor.skip_value();
      if (!reader.text(text)) return false;
      (key == 0 ? chunk.source.url : key == 1 ? chunk.source.title : chunk.source.quote) = text;
      return true;
    });
  });
  if (out.size() < kChunksMax) out.push_back(std::move(chunk));
  return ok;
}

// One piece of the answer, and the chunks it was taken from.
bool send_support(LenientReader& reader, std::vector<Chunk>& chunks, std::uint32_t choice,
                  EventSink& sink) {
  std::int64_t begin = 0, end = 0;
  std::vector<std::int64_t> indices;
  bool given = false;
  const bool ok = reader.object(kSupport, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    if (key == 0)
      return reader.object(kSegment, [&](int k) {
        return k < 0 ? reader.cursor.skip_value() : reader.integer(k == 0 ? begin : end, given);
      });
    return reader.array([&] {
      std::int64_t index = -1;
      if (!reader.integer(index, given)) return false;
      if (indices.size() < kChunksMax) indices.push_back(index);
      return true;
    });
  });
  for (const std::int64_t index : indices) {
    if (index < 0 || std::cmp_greater_equal(index, chunks.size())) continue;
    Chunk& chunk = chunks[static_cast<std::size_t>(index)];
    chunk.used = true;
    Citation citation = chunk.source;
    citation.span = hub::Span::bytes_of_text;
    citation.begin = begin;
    citation.end = end;
    send(citation, choice, sink);
  }
  return ok;
}

constexpr KeyTable kResult(key_names("chosenCandidates", "topCandidates"));
constexpr KeyTable kAlternatives(key_names("candidates"));
constexpr KeyTable kToken(key_names("token", "logProbability"));
constexpr KeyTable kChatToken(key_names("token", "logprob", "top_logprobs"));

struct Token {
  std::string_view text, logprob, others;  // escaped; raw number; raw array
};

template <std::size_t N>
bool read_token(LenientReader& reader, const KeyTable<N>& keys, Token& out) {
  return reader.object(keys, [&](int key) {
    if (key == 0) return reader.text(out.text);
    if (key == 1) return reader.cursor.take_raw(out.logprob);
    return key == 2 ? reader.cursor.take_raw(out.others) : reader.cursor.skip_value();
  });
}

// Without its end: alternatives may follow.
void open_chat_token(PieceWriter& json, const Token& token) {
  json.open('{').field("token", token.text);
  json.field_raw("logprob", token.logprob.empty() ? "0" : token.logprob);
  std::string bytes;
  append_unescaped(bytes, token.text);
  json.key("bytes").open('[');
  for (const char c : bytes) json.number(static_cast<unsigned char>(c));
  json.close(']');
}

void write_token(PieceWriter& json, const Token& token) {
  json.open('{').field("token", token.text);
  json.field_raw("logProbability", token.logprob.empty() ? "0" : token.logprob).close('}');
}

}  // namespace

bool send_grounding(std::string_view json, std::uint32_t choice, EventSink& sink) {
  std::vector<Chunk> chunks;
  std::string_view supports;
  bool all = true;
  LenientReader reader(json);
  reader.object(kGrounding, [&](int key) {
    if (key == 0) return reader.array([&] { return read_chunk(reader, chunks); });
    if (key == 1) return reader.cursor.take_raw(supports);
    all = false;
    return reader.cursor.skip_value();
  });
  LenientReader list(supports.empty() ? "[]" : supports);
  list.array([&] { return send_support(list, chunks, choice, sink); });
  for (const Chunk& chunk : chunks)
    if (!chunk.used) send(chunk.source, choice, sink);
  return all;
}

void send_citations(std::string_view json, std::uint32_t choice, EventSink& sink) {
  LenientReader reader(json);
  reader.object(kLists, [&](int name) {
    if (name < 0) return reader.cursor.skip_value();
    return reader.array([&] {
      Citation citation;
      std::string_view uri, title;
      bool given = false;
      const bool ok = reader.object(kCited, [&](int key) {
        if (key < 0) return reader.cursor.skip_value();
        if (key > 1) return reader.text(key == 2 ? uri : title);
        return reader.integer(key == 0 ? citation.begin : citation.end, given);
      });
      citation.url = uri;
      citation.title = title;
      if (citation.end > 0) citation.span = hub::Span::bytes_of_text;
      if (!uri.empty()) send(citation, choice, sink);  // others say only that there is one
      return ok;
    });
  });
}

void append_logprobs(std::string& out, std::string_view json) {
  std::string_view chosen, top;
  LenientReader reader(json);
  reader.object(kResult, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    return reader.cursor.take_raw(key == 0 ? chosen : top);
  });
  if (chosen.size() <= 2) return;
  std::vector<std::string_view> others;  // of each token in turn
  LenientReader list(top.empty() ? "[]" : top);
  list.array([&] {
    std::string_view candidates;
    const bool ok = list.object(kAlternatives, [&](int key) {
      return key == 0 ? list.cursor.take_raw(candidates) : list.cursor.skip_value();
    });
    others.push_back(candidates);
    return ok;
  });
  PieceWriter array(out);
  array.open('[');
  LenientReader tokens(chosen);
  std::size_t at = 0;
  tokens.array([&] {
    Token token;
    const bool ok = read_token(tokens, kToken, token);
    open_chat_token(array, token);
    array.key("top_logprobs").open('[');
    LenientReader inner(at < others.size() && !others[at].empty() ? others[at] : "[]");
    inner.array([&] {
      Token other;
      const bool read = read_token(inner, kToken, other);
      open_chat_token(array, other);
      array.close('}');
      return read;
    });
    array.close(']').close('}');
    ++at;
    return ok;
  });
  array.close(']');
}

void write_logprobs(PieceWriter& json, std::string_view elements) {
  std::string list(1, '['), top, chosen;
  list.append(elements).append(1, ']');
  PieceWriter tops(top, true), choices(chosen, true);
  LenientReader reader(list);
  reader.array([&] {
    Token token;
    const bool ok = read_token(reader, kChatToken, token);
    write_token(choices, token);
    tops.open('{').key("candidates").open('[');
    LenientReader inner(token.others.empty() ? "[]" : token.others);
    inner.array([&] {
      Token other;
      const bool read = read_token(inner, kChatToken, other);
      write_token(tops, other);
      return read;
    });
    tops.close(']').close('}');
    return ok;
  });
  json.key("logprobsResult").open('{').key("topCandidates").open('[').raw(top).close(']');
  json.key("chosenCandidates").open('[').raw(chosen).close(']').close('}');
}

void Grounding::take(const Citation& citation) {
  PieceWriter chunk(chunks_, true), support(supports_, true);
  const bool page = !citation.url.empty() && citation.place == hub::SourcePlace::none;
  chunk.open('{').key(page ? "web" : "retrievedContext").open('{');
  chunk.given("uri", citation.url).given("title", citation.title);
  if (!page) chunk.given("text", citation.quote);
  chunk.close('}').close('}');
  support.open('{').key("segment").open('{').field_number("startIndex", citation.begin);
  support.field_number("endIndex", citation.end).field("text", citation.words).close('}');
  support.key("groundingChunkIndices").open('[').number(count_++).close(']').close('}');
}

void Grounding::write(PieceWriter& json) const {
  json.key("groundingMetadata").open('{').key("groundingChunks").open('[').raw(chunks_);
  json.close(']').key("groundingSupports").open('[').raw(supports_).close(']').close('}');
}

}  // namespace steelyard::dialect::gemini
