#pragma once
// What the strict request readers of all dialects share: a document with its reader, and the
// fields that mean the same everywhere.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/limits.h"
#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/strict_reader.h"

namespace steelyard::dialect::hub {

// A request with more of these is refused: real ones stay far below.
inline constexpr std::size_t messages_max = 16'384;
inline constexpr std::size_t parts_max = 131'072;  // nested ones included
inline constexpr std::size_t tools_max = 4'096;
inline constexpr std::size_t stops_max = 64;
inline constexpr std::size_t extras_max = 256;
inline constexpr std::int64_t output_tokens_max = std::int64_t{1} << 31;

// A reader with the text it walks, so that any value can be had as a raw slice.
struct Document {
  Document(std::string_view json, std::string& refusal) : text(json), reader(json, refusal) {}
  std::string_view text;
  StrictReader reader;

  LostFields* unknown = nullptr;  // null: what is passed over is not noted

  // Any value; false only if it is broken.
  bool take_raw(std::string_view& out);
  // A string goes to `inside`, any other value to `raw`; null to neither.
  bool take(std::string_view& inside, std::string_view& raw);
  // An object or null (then `out` stays empty).
  bool take_object(const Where& where, std::string_view& out);
  bool take_number(const Where& where, std::string_view& raw);  // or null
  bool take_tristate(const Where& where, Tristate& out);
  // The value of a key that no reader knows.
  bool skip_unknown();
  // Between the braces of the document's object: key and value of a field nobody knows.
  bool take_extra(const Where& where, std::string_view key, Request& out);
};

using ModelRoom = std::array<char, limits::model_name_bytes_max>;
// `room` keeps a name that was spelled with escapes.
bool read_model(Document& document, const Where& where, ModelRoom& room, Request& out);
// `lowest` is 0 or 1: Anthropic takes 0 for "only fill the cache".
bool read_limit(Document& document, const Where& where, std::int64_t lowest, OutputLimit& out);
// A string or an array of strings.
bool read_stops(Document& document, const Where& where, Request& out);

// A result of a tool was read: `id` and `name` say which call it answers, `where` where it says so.
void note_result(Request& out, const Where& where, std::string_view id, std::string_view name = {});
// What is wrong with out.stray_result, in the words of its dialect's maker: clients look for them.
std::string stray_refusal(const Request& request);
// Refuses a result that nothing waits for. Last, where a request may refer to calls it does not
// hold.
bool refuse_orphan(Document& document, const Request& out);

// After a reader said no: the error for the client.
Error refusal_of(const StrictReader& reader, std::string refusal);

}  // namespace steelyard::dialect::hub
