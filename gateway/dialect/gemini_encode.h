#pragma once
// Hub events for a Gemini client: a stream of documents, as server-sent events or as the elements
// of one JSON array, or one whole answer (research/wire 1.4, 2.6.5). Calls come whole in one part.
// Thinking that another provider signed travels in the thoughtSignature of the next call, or of the
// last part.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/gemini_grounding.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::gemini {

struct EncodeOptions {
  std::string_view model;  // what the client is told answered: a model token; "" the provider's
  std::string_view request_id;  // in errors
  UsageQuirks quirks;           // of the provider
  bool array = false;           // elements of an array instead of events
  bool no_pings = false;        // the client takes nothing between two of them
};

// Between the documents of a stream.
class Frames {
 public:
  Frames(bool array, std::string& out) : out_(&out), array_(array) {}
  void begin() {
    if (!array_)
      *out_ += "data: ";
    else
      *out_ += count_++ == 0 ? "[" : ",\r\n";
  }
  void finish() {
    if (!array_) *out_ += "\r\n\r\n";
  }
  void end() {
    if (array_) *out_ += count_ == 0 ? "[]" : "]";
  }
  std::string& out() { return *out_; }

 private:
  std::string* out_;
  std::uint32_t count_ = 0;
  bool array_;
};

// One candidate's parts, written as blocks close and words come.
class PartWriter {
 public:
  explicit PartWriter(std::uint32_t number) : number_(number) {}
  std::uint32_t number() const { return number_; }

  void open(const hub::Event& event);
  // The words of a delta: true, and `thought` says which; false if nothing can be shown yet.
  bool take(const hub::Event& event);
  // What the block became: appends a part, if it is one that comes whole.
  bool close(const hub::Event& event, std::string& out);

  // At the end: what was thought with no call behind it, as a part without text of its own, as
  // Gemini signs its texts. False: nothing.
  bool last_part(std::string& out);
  bool spoken() const { return spoken_; }

  // What stands beside the parts: appends the members of the candidate. `last`: all there is;
  // before, only what belongs to the parts just written.
  void write_beside(hub::PieceWriter& json, bool last);
  void cite(const hub::Citation& citation) { grounding_.take(citation); }

  hub::StopReason stop = hub::StopReason::none;

 private:
  void carry();
  std::uint32_t number_;
  std::string text_, signature_, id_, name_, blocks_, call_signature_;
  std::string logprobs_;  // elements, as Chat has them, not written yet
  Grounding grounding_;
  bool custom_ = false, spoken_ = false;  // spoken_: there are words or calls
  bool sealed_ = false;                   // some of `blocks_` are signed or redacted
  std::size_t words_at_ = 0;              // where in `blocks_` words came; 0: nowhere
};

// One per stream.
class StreamEncoder final : public hub::EventSink {
 public:
  // Appends to `out`, which the caller sends and clears as it likes.
  StreamEncoder(EncodeOptions options, std::string& out)
      : options_(options), frames_(options.array, out) {}
  void take(const hub::Event& event) override;

 private:
  PartWriter& choice(std::uint32_t number);
  void begin(std::uint32_t choice);
  void finish_parts(std::uint32_t choice);
  void finish(bool last);
  void end();

  EncodeOptions options_;
  Frames frames_;
  std::vector<PartWriter> choices_;
  std::string id_, model_, tier_, part_;
  ReportedUsage usage_;
  bool over_ = false;
};

// Folds the events of one answer into the body of a whole one; complete() after `end`.
class AnswerWriter final : public hub::EventSink {
 public:
  explicit AnswerWriter(EncodeOptions options) : options_(options) {}
  void take(const hub::Event& event) override;
  bool complete() const { return complete_; }
  // Appends the document.
  void write(std::string& out);

 private:
  struct Choice {
    PartWriter writer;
    std::string parts, words;  // elements of the array; the inside of the open text part
    bool thought = false;
  };
  Choice& choice(std::uint32_t number);
  static void end_words(Choice& to);

  EncodeOptions options_;
  std::vector<Choice> choices_;
  std::string id_, model_, tier_;
  ReportedUsage usage_;
  bool complete_ = false;
};

}  // namespace steelyard::dialect::gemini
