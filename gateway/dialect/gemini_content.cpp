#include "gateway/dialect/gemini_content.h"

#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/dialect/gemini_keys.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::gemini {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

constexpr KeyTable kContentKeys(key_names("role", "parts"));
enum PartKey {
  kText,
  kThought,
  kSignature,
  kInlineData,
  kFileData,
  kCall,
  kResponse,
  kVideoMetadata,
  kMediaResolution,
  kPartMetadata
};
constexpr KeyTable kPartKeys(key_names("text", "thought", "thoughtSignature", "inlineData",
                                       "fileData", "functionCall", "functionResponse",
                                       "videoMetadata", "mediaResolution", "partMetadata"));
constexpr KeyTable kBlobKeys(key_names("mimeType", "data", "displayName", "fileUri"));
constexpr KeyTable kCallKeys(key_names("id", "name", "args"));
constexpr KeyTable kResponseKeys(key_names("id", "name", "response", "parts"));
constexpr KeyTable kBlobOnly(key_names("inlineData", "fileData"));

// Of a file without a media type.
bool names_picture(std::string_view uri) {
  constexpr std::string_view kEnds[] = {".png", ".jpg", ".jpeg", ".gif", ".webp"};
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [&](std::string_view end) { return uri.ends_with(end); });
}

class ContentReader {
 public:
  ContentReader(Document& document, std::size_t number, TextRoom& room, hub::Request& out)
      : document_(document), reader_(document.reader), number_(number), room_(room), out_(out) {}

  bool read(const Where& where, bool system) {
    const std::size_t begin = reader_.cursor.offset();
    if (reader_.cursor.peek() != '{') return reader_.refuse(where, "must be an object");
    hub::Message message;
    begin_ = out_.parts.size();
    std::string_view role;
    const bool ok = object(document_, where, kContentKeys, [&](int key, const Where& at) {
      if (key == 0) return reader_.read_string(at, role);
      return each(document_, at, hub::parts_max, [&](const Where& one) { return part(one); });
    });
    if (!ok) return false;
    message.part_begin = static_cast<std::uint32_t>(begin_);
    message.part_count = static_cast<std::uint32_t>(out_.parts.size()) - message.part_begin;
    message.raw = reader_.range_from(begin);
    message.top_level_system = system;
    message.role = system ? Role::system : role == "model" ? Role::assistant : Role::user;
    if (!system && role != "model" && role != "user" && role != "function" && !role.empty())
      return reader_.refuse({&where, "role"}, "must be \"user\" or \"model\"");
    if (system)
      out_.messages.insert(out_.messages.begin(), message);
    else
      out_.messages.push_back(message);
    return true;
  }

 private:
  bool part(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (reader_.cursor.peek() != '{') return reader_.refuse(where, "must be an object");
    if (out_.parts.size() + out_.nested.size() >= hub::parts_max)
      return reader_.refuse(where, "is one part too many");
    Part part;
    const LostFields::Mark noted = out_.unknown.mark();
    bool thought = false, known = false, other = false;
    std::string_view signature;
    const bool ok = object(
        document_, where, kPartKeys,
        [&](int key, const Where& at) {
          if (reader_.cursor.take_null()) return true;
          switch (key) {
            case kText:
              known = true;
              if (reader_.cursor.peek() != '"') return reader_.refuse(at, "must be a string");
              return reader_.cursor.take_string(part.text);
            case kThought: return reader_.read_bool(at, thought);
            case kSignature: return reader_.read_string(at, signature);
            case kInlineData:
            case kFileData: known = true; return blob(at, part);
            case kCall: known = true; return call(at, part);
            case kResponse: known = true; return response(at, part);
            case kPartMetadata: return reader_.cursor.skip_value();
            default: return document_.skip_unknown();  // how a picture or a film is to be seen
          }
        },
        [&](std::string_view) {
          other = other || reader_.cursor.peek() != 'n';
          return document_.skip_unknown();
        });
    if (!ok) return false;
    part.raw = reader_.range_from(begin).of(document_.text);
    if (other && !known) {
      part.kind = PartKind::native;
      out_.unknown.undo(noted);
    }
    const bool carries = part.kind == PartKind::tool_use || part.kind == PartKind::text;
    std::size_t before = out_.parts.size();
    std::size_t spoken = before;  // end of what was thought before the words in front of a call
    if (carries && take_carried(signature, spoken)) {
      signature = {};
      forget_shown(before, spoken);
      // A part made for this, behind the texts that were thought of before they were said.
      const bool made = part.kind == PartKind::text && part.text.empty();
      bring_forward(before, made ? out_.parts.size() : spoken);
      if (made) return true;
    }
    if (part.kind == PartKind::text && thought) {
      part.kind = PartKind::thinking;
      // What Gemini signed is nobody else's; where it stays, the body is passed as it is.
      if (!signature.empty()) part.signature = hub::carrier_tag;
    } else {
      part.signature = signature;
    }
    out_.parts.push_back(part);
    return true;
  }

  // What the parts from `before` on carry was shown, too, and comes back without its signature: the
  // same thoughts are not to stand there twice, once as lost. `spoken` moves with `before`.
  void forget_shown(std::size_t& before, std::size_t& spoken) {
    std::string carried, shown;
    for (std::size_t i = before; i < out_.parts.size(); ++i)
      if (out_.parts[i].kind == PartKind::thinking) append_unescaped(carried, out_.parts[i].text);
    // The chunks of a stream may come back as contents of their own.
    std::size_t turn = out_.messages.size(), first = begin_;
    for (int looks = 64; looks > 0 && turn > 0; --looks) {
      if (out_.messages[turn - 1].role != Role::assistant) break;
      first = out_.messages[--turn].part_begin;
    }
    for (std::size_t at = before; at > first && !carried.empty();) {
      const Part& part = out_.parts[--at];
      if (part.kind == PartKind::tool_use || !part.signature.empty()) break;
      if (part.kind != PartKind::thinking) continue;
      shown.clear();
      append_unescaped(shown, part.text);
      if (!carried.ends_with(shown)) break;
      carried.resize(carried.size() - shown.size());
      forget(at, turn);
      --before;
      --spoken;
    }
  }

  // The part goes; it is this content's, or one's of those from number `turn` on.
  void forget(std::size_t at, std::size_t turn) {
    out_.parts.erase(out_.parts.begin() + static_cast<long>(at));
    for (; turn < out_.messages.size(); ++turn) {
      hub::Message& one = out_.messages[turn];
      const bool behind = one.part_begin > at;
      if (behind) --one.part_begin;
      if (!behind && at < one.part_begin + one.part_count) --one.part_count;
    }
    if (begin_ > at) --begin_;
  }

  // The parts from `from` to `end` go before the texts behind this content's last call.
  void bring_forward(std::size_t from, std::size_t end) {
    std::size_t to = from;
    while (to > begin_ && out_.parts[to - 1].kind == PartKind::text) --to;
    const auto at = [this](std::size_t i) { return out_.parts.begin() + static_cast<long>(i); };
    std::rotate(at(to), at(from), at(end));
  }

  bool blob(const Where& where, Part& part) {
    std::string_view uri;
    const bool ok = object(document_, where, kBlobKeys, [&](int key, const Where& at) {
      switch (key) {
        case 0: return reader_.read_string(at, part.media_type);
        case 1: return reader_.read_string(at, part.text);
        case 2: return reader_.read_string(at, part.name);
        default: return reader_.read_string(at, uri);
      }
    });
    if (!ok) return false;
    part.source = SourceKind::base64;
    if (!uri.empty()) {
      part.text = uri;
      // Files that were uploaded to Google are names to others; `gs:` is nobody else's either.
      const bool open = uri.starts_with("http") &&
                        uri.find("generativelanguage.googleapis.com") == std::string_view::npos;
      part.source = open ? SourceKind::url : SourceKind::file_id;
    }
    part.kind = PartKind::document;
    if (part.media_type.starts_with("image") || (part.media_type.empty() && names_picture(uri)))
      part.kind = PartKind::image;
    if (part.media_type.starts_with("audio")) {
      part.kind = PartKind::audio;
      // Chat names a sound by its format alone.
      if (part.media_type == "audio/wav" || part.media_type == "audio/x-wav")
        part.media_type = "wav";
      if (part.media_type == "audio/mp3" || part.media_type == "audio/mpeg")
        part.media_type = "mp3";
    }
    return true;
  }

  bool call(const Where& where, Part& part) {
    part.kind = PartKind::tool_use;
    const bool ok = object(document_, where, kCallKeys, [&](int key, const Where& at) {
      if (key == 0) return reader_.read_string(at, part.id);
      if (key == 1) return reader_.read_string(at, part.name);
      return document_.take_object(at, part.arguments);
    });
    if (!ok) return false;
    if (part.name.empty()) return reader_.refuse({&where, "name"}, "must be a string");
    if (part.arguments.empty()) part.arguments = "{}";
    out_.pairs.call(part.id);
    out_.pairs.also(part.name);
    if (part.id.empty()) {
      std::string& made = room_.take();
      made.append("call_").append(std::to_string(number_)).append("_");
      made += std::to_string(calls_);
      part.id = made;
    }
    ++calls_;
    return true;
  }

  bool response(const Where& where, Part& part) {
    part.kind = PartKind::tool_result;
    part.nested_begin = static_cast<std::uint32_t>(out_.nested.size());
    std::string_view answer;
    const std::size_t first = out_.nested.size();
    out_.nested.emplace_back();  // the text comes first
    const bool ok = object(document_, where, kResponseKeys, [&](int key, const Where& at) {
      switch (key) {
        case 0: return reader_.read_string(at, part.id);
        case 1: return reader_.read_string(at, part.name);
        case 2: return document_.take_object(at, answer);
        default:
          return each(document_, at, hub::parts_max, [&](const Where& one) { return shown(one); });
      }
    });
    if (!ok) return false;
    if (part.name.empty()) return reader_.refuse({&where, "name"}, "must be a string");
    hub::note_result(out_, where, part.id, part.name);
    out_.nested[first].text = text_of(answer, part.is_error);
    part.nested_count = static_cast<std::uint32_t>(out_.nested.size()) - part.nested_begin;
    part.id = id_of_call(part.id, part.name);
    part.name = {};
    return true;
  }

  bool shown(const Where& where) {
    Part part;
    const bool ok =
        object(document_, where, kBlobOnly, [&](int, const Where& at) { return blob(at, part); });
    if (!ok) return false;
    if (part.kind == PartKind::text) return true;
    if (out_.parts.size() + out_.nested.size() >= hub::parts_max)
      return reader_.refuse(where, "is one part too many");
    out_.nested.push_back(part);
    return true;
  }

  // {"output":"..."} and {"error":"..."} are a text; anything else stays JSON, as text.
  std::string_view text_of(std::string_view answer, bool& is_error) {
    std::string_view key, inside;
    JsonCursor cursor(answer.empty() ? "{}" : answer);
    bool first = true;
    cursor.open('{');
    const bool one = cursor.next_member(first, key) &&
                     (key == "output" || key == "error" || key == "result" || key == "content");
    is_error = one && key == "error";
    if (one && cursor.peek() == '"' && cursor.take_string(inside) && cursor.peek() == '}')
      return inside;
    if (answer.empty()) return {};
    std::string& made = room_.take();
    append_json_escaped(made, answer);
    return made;
  }

  // The id, if a call of the last turn of the model has it. Else calls are answered by name and in
  // order: the first of this name that no result has yet.
  std::string_view id_of_call(std::string_view id, std::string_view name) {
    std::string_view by_name;
    for (std::size_t m = out_.messages.size(); m-- > 0;) {
      if (out_.messages[m].role != Role::assistant) continue;
      const hub::Message& turn = out_.messages[m];
      for (std::uint32_t i = 0; i < turn.part_count; ++i) {
        const Part& call = out_.parts[turn.part_begin + i];
        if (call.kind != PartKind::tool_use) continue;
        if (!id.empty() && call.id == id) return id;
        if (by_name.empty() && call.name == name && !answered(call.id, turn)) by_name = call.id;
      }
      break;
    }
    if (!by_name.empty()) return by_name;
    if (!id.empty()) return id;
    std::string& made = room_.take();
    made.append("call_").append(std::to_string(number_)).append("_none_");
    made += std::to_string(out_.parts.size());
    return made;
  }

  bool answered(std::string_view id, const hub::Message& turn) const {
    for (std::size_t i = turn.part_begin + turn.part_count; i < out_.parts.size(); ++i)
      if (out_.parts[i].kind == PartKind::tool_result && out_.parts[i].id == id) return true;
    return false;
  }

  // Thinking that another provider signed, in the signature of the call behind it or of the last
  // part. `spoken`: where among these parts words came.
  bool take_carried(std::string_view signature, std::size_t& spoken) {
    std::string& text = room_.take();
    if (!hub::open_thinking_carrier(signature, text)) return false;
    constexpr KeyTable kKeys(key_names("t", "s", "r", "w"));
    LenientReader reader(text);
    reader.array([&] {
      Part part;
      std::string_view redacted;
      bool words = false;
      part.kind = PartKind::thinking;
      const bool ok = reader.object(kKeys, [&](int key) {
        words = words || key == 3;
        if (key < 0 || key == 3) return reader.cursor.skip_value();
        return reader.text(key == 0 ? part.text : key == 1 ? part.signature : redacted);
      });
      if (!redacted.empty()) {
        part.kind = PartKind::redacted_thinking;
        part.text = redacted;
      }
      part.carried = !part.signature.empty() ? !hub::is_carrier(part.signature) : !redacted.empty();
      if (words) spoken = out_.parts.size();
      if (ok && !words && out_.parts.size() < hub::parts_max) out_.parts.push_back(part);
      return ok;
    });
    return true;
  }

  Document& document_;
  StrictReader& reader_;
  std::size_t number_, calls_ = 0, begin_ = 0;  // begin_: of its parts
  TextRoom& room_;
  hub::Request& out_;
};

}  // namespace

std::string_view camel_of(std::string_view key, char (&room)[64]) {
  std::size_t size = 0;
  bool up = false;
  for (const char c : key) {
    if (c == '_') {
      up = size > 0;
      continue;
    }
    if (size == sizeof room) return {};
    const bool letter = c >= 'a' && c <= 'z';
    room[size++] = up && letter ? static_cast<char>(c - 32) : c;
    up = false;
  }
  return {room, size};
}

bool read_content(Document& document, const Where& where, std::size_t number, bool system,
                  TextRoom& room, hub::Request& out) {
  return ContentReader(document, number, room, out).read(where, system);
}

}  // namespace steelyard::dialect::gemini
