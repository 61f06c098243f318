#include "gateway/dialect/hub_cut.h"

#include <algorithm>
#include <charconv>

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/responses_errors.h"

namespace steelyard::dialect::hub {
namespace {

constexpr KeyTable chunk_keys(key_names("id", "model", "created"));

// What the client has got is said again to a writer of its dialect, and thrown away: it then ends
// the stream as it would end its own.
void repeat_start(StreamWriter& writer, const CutShort& cut) {
  Event event;
  event.kind = EventKind::start;
  event.id = cut.id;
  event.name = cut.model;
  writer.take(event);
  if (cut.options.client != Wire::anthropic) return;
  for (std::int64_t i = 0; i <= cut.open_block; ++i) {
    event = {};
    event.kind = EventKind::open;
    event.index = static_cast<std::uint32_t>(i);
    writer.take(event);
    event.kind = EventKind::close;
    if (i < cut.open_block) writer.take(event);
  }
}

void write_end(StreamWriter& writer, const CutShort& cut) {
  Event event;
  if (cut.options.client == Wire::anthropic && cut.open_block >= 0) {
    event.kind = EventKind::close;
    event.index = static_cast<std::uint32_t>(cut.open_block);
    writer.take(event);
  }
  write_stop(writer, cut);
}

}  // namespace

void write_stop(EventSink& writer, const CutShort& cut) {
  Event event;
  event.kind = EventKind::usage;
  event.usage = cut.usage;
  writer.take(event);
  event = {};
  event.kind = EventKind::stop;
  event.stop = StopReason::length;
  for (event.choice = 0; event.choice < std::max(cut.choices, 1u); ++event.choice)
    writer.take(event);
  event = {};
  event.kind = EventKind::end;
  writer.take(event);
}

void write_cut(std::string& out, const CutShort& cut) {
  if (cut.options.client == Wire::openai_responses)
    return responses::write_sse_incomplete(out, cut.place, cut.model, cut.usage);
  BridgeOptions options = cut.options;
  options.json_array = false;
  std::int64_t created = 0;
  std::from_chars(cut.created.data(), cut.created.data() + cut.created.size(), created);
  if (created > 0) options.created = created;
  std::string text;
  const std::unique_ptr<StreamWriter> writer = make_stream_writer(options, text);
  repeat_start(*writer, cut);
  text.clear();
  write_end(*writer, cut);
  if (!cut.options.json_array) {
    out += text;
    return;
  }
  // One event, whose data becomes the array's last element.
  std::string_view data = text;
  data.remove_prefix(std::min(data.size(), data.find('{')));
  data = data.substr(0, data.find_last_of('}') + 1);
  out.append(",\r\n").append(data).append("]");
}

ChunkNames names_in_chunk(std::string_view text) {
  constexpr std::string_view field = "data: {";
  ChunkNames names;
  const std::size_t at = text.rfind(field);
  if (at == std::string_view::npos) return names;
  text.remove_prefix(at + field.size() - 1);
  LenientReader reader(text.substr(0, text.find_first_of("\r\n")));
  (void)reader.object(chunk_keys, [&](int key) {
    if (key == 0) return reader.text(names.id);
    if (key == 1) return reader.text(names.model);
    if (key == 2 && reader.cursor.peek() >= '0' && reader.cursor.peek() <= '9')
      return reader.cursor.take_scalar(names.created);
    return reader.cursor.skip_value();
  });
  return names;
}

std::size_t last_event_end(std::string_view text) {
  const std::size_t plain = text.rfind("\n\n"), crlf = text.rfind("\r\n\r\n");
  const std::size_t none = std::string_view::npos;
  if (plain == none && crlf == none) return none;
  const std::size_t after_plain = plain == none ? 0 : plain + 2;
  const std::size_t after_crlf = crlf == none ? 0 : crlf + 4;
  return std::max(after_plain, after_crlf);
}

}  // namespace steelyard::dialect::hub
