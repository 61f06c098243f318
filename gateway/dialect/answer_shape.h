#pragma once
// Recognises an answer that differs from an earlier one only where that means nothing, or where
// what it means is known: one comparison of most of its bytes instead of a parse. A provider's
// answers are made by one program, so nearly all of them are recognised; those that are not are
// parsed. Recognised or parsed, the result is the same: a shape is made from a full parse, keys and
// structure are compared byte for byte, and what stands in the gaps is checked as strictly.
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/dialect/answer.h"
#include "gateway/dialect/answer_gaps.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect {

// What the gaps of one answer held.
struct GapValues {
  const char* end = nullptr;  // of the document
  std::string_view content;   // the last gap of that kind; still escaped
  std::int64_t answer_bytes = 0, reasoning_bytes = 0, reasoning_content_bytes = 0;
  ReportedUsage usage;
  // Both fields of reasoning hold the same text where a provider sends both.
  std::int64_t text_bytes() const {
    return answer_bytes +
           (reasoning_bytes > reasoning_content_bytes ? reasoning_bytes : reasoning_content_bytes);
  }
};

// What all answers of one shape have in common.
struct ShapeFacts {
  ReportedUsage usage;  // which figures there are
  FinishReason finish = FinishReason::none;
  FinishSet finishes;
  std::string model, service_tier;
};

class AnswerShape {
 public:
  static constexpr std::size_t bytes_max = 8u << 10;  // of a document without its gaps

  // Of `json`, read in full, with the gaps found. False, and empty, if it is too large.
  bool make(std::string_view json, const AnswerGaps& gaps, ShapeFacts facts);
  // Does a document of this shape begin at p? Text gaps of one that does are not empty. `out` comes
  // as new; it is spoilt if not.
  bool match(const char* p, const char* end, GapValues& out) const;
  const ShapeFacts& facts() const { return facts_; }
  // Of all shapes a memory ever learnt, from 1 on.
  std::uint64_t id() const { return id_; }
  void set_id(std::uint64_t id) { id_ = id; }

 private:
  struct Step {  // so many bytes alike, then a gap
    std::uint32_t literal = 0;
    GapKind kind = GapKind::any_string;
  };
  std::string literals_;  // "" no shape
  std::array<Step, AnswerGaps::max> steps_;
  std::uint32_t step_count_ = 0, last_literal_ = 0;
  ShapeFacts facts_;
  std::uint64_t id_ = 0;
};

// The shapes one source sends: two, because some alternate.
class ShapeMemory {
 public:
  // The shape of the document that begins at p, nullptr if it is none of those known. `out` comes
  // as new.
  const AnswerShape* match(const char* p, const char* end, GapValues& out);
  // Shall a document that was not recognised be learnt? Not always, where nothing ever is.
  bool wants_more();
  // `text_bytes`: what the full read counted. Not learnt if gaps do not explain it, or if one of
  // them is empty: then more than the gaps is text.
  void learn(std::string_view json, const AnswerGaps& gaps, std::int64_t text_bytes,
             ShapeFacts facts);

 private:
  std::array<AnswerShape, 2> shapes_;
  std::uint32_t last_ = 0, misses_ = 0;
  std::uint64_t learnt_ = 0;
};

// Shape memories of a worker, by source: a target, streamed or not. Made when first asked for; they
// stay where they are.
class ShapeLibrary {
 public:
  ShapeMemory& of(std::size_t source);

 private:
  std::deque<std::unique_ptr<ShapeMemory>> memories_;
};

}  // namespace steelyard::dialect
