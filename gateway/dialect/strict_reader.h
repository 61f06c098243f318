#pragma once
// Reading a client's document: a JsonCursor that refuses duplicate and disguised keys, and says
// what is wrong where, by JSON pointer. The reading functions return false after refusing; the text
// is built only then.
#include <string>
#include <string_view>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect {

// Where in the document a reader is, outermost first: written only when something is refused.
struct Where {
  const Where* parent = nullptr;
  std::string_view name;  // a key, or "" for an array element
  std::size_t index = 0;
};

// Appends the JSON pointer (RFC 6901) of a place; of the root nothing.
void append_pointer(std::string& out, const Where& where);

class StrictReader {
 public:
  StrictReader(std::string_view json, std::string& refusal) : cursor(json), refusal_(&refusal) {}

  JsonCursor cursor;

  static constexpr int kEnd = -2, kUnknown = -1;
  struct Members {  // one object being walked
    std::uint64_t seen = 0;
    bool first = true;
  };

  // The next member of the object entered: index of its key in `table`, kUnknown, or kEnd. A key of
  // the table that comes twice, or is spelled with escapes, is refused; then, and on broken JSON,
  // kEnd is returned and failed() is true.
  template <std::size_t N>
  int next(Members& members, const KeyTable<N>& table, const Where& where) {
    std::string_view key;
    if (!cursor.next_member(members.first, key)) return kEnd;
    if (cursor.last_string_had_escapes()) [[unlikely]] {
      return check_disguise(table, key, where) ? kUnknown : kEnd;
    }
    const int found = table.find(key);
    if (found < 0) return kUnknown;
    const std::uint64_t bit = std::uint64_t{1} << found;
    if ((members.seen & bit) != 0) [[unlikely]] {
      refuse({&where, key}, "is given twice");
      return kEnd;
    }
    members.seen |= bit;
    return found;
  }

  bool failed() const { return !refusal_->empty() || cursor.fault() != JsonFault::none; }
  // Always false, to be returned. The first refusal stays.
  bool refuse(const Where& where, std::string_view problem);
  // The refusal of a reader of a part of the document becomes this one's. Always false.
  bool repeat(std::string_view refusal) {
    if (!failed()) refusal_->assign(refusal);
    return false;
  }

  // Enters the object or array that must be the current value.
  bool enter(const Where& where, char bracket, std::string_view problem) {
    const bool wrong = cursor.peek() != bracket && !cursor.at_end();
    return wrong ? refuse(where, problem) : cursor.open(bracket);
  }
  bool read_bool(const Where& where, bool& out);  // null: unchanged
  // The inside of a string; null leaves `out` as it was.
  bool read_string(const Where& where, std::string_view& out) {
    if (cursor.peek() == '"') return cursor.take_string(out);
    return cursor.take_null() || refuse(where, "must be a string or null");
  }
  // null leaves `out`; anything but an integer of [low, high] is refused, 1e3 and 1.0 too.
  bool read_integer(const Where& where, std::int64_t low, std::int64_t high, std::int64_t& out);
  // Any value whose first byte is `bracket`, or null (then `out` stays empty).
  bool read_raw(const Where& where, char bracket, ByteRange& out);
  // Where the value just taken stands, given where it began.
  ByteRange range_from(std::size_t begin) const {
    return {static_cast<std::uint32_t>(begin),
            static_cast<std::uint32_t>(cursor.end_of_previous() - begin)};
  }

 private:
  template <std::size_t N>
  bool check_disguise(const KeyTable<N>& table, std::string_view key, const Where& where) {
    char plain[64];  // longer than any key of ours
    const std::size_t size = unescape_into(plain, sizeof plain, key);
    const int found = size <= sizeof plain ? table.find({plain, size}) : -1;
    return found < 0 || refuse({&where, table.name(static_cast<std::size_t>(found))},
                               "must be spelled without escapes");
  }
  std::string* refusal_;
};

}  // namespace steelyard::dialect
