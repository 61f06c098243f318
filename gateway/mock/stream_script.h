#pragma once
// A streamed answer as a sequence of SSE events. Pure: no clock, no socket; the connection decides
// when to ask for the next event and where writes are cut. Internal to gateway/mock.
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/mock/answer_plan.h"
#include "gateway/mock/dialect.h"

namespace steelyard::mock {

class StreamScript {
 public:
  // All arguments must outlive the script. `include_usage`: the client asked for the usage chunk.
  void start(const AnswerNames& names, const AnswerPlan& plan, const Behaviour& behaviour,
             Fault fault, bool include_usage);

  // The same in another dialect: all events are made at once.
  void start(const Dialect& dialect, const AnswerNames& names, const AnswerPlan& plan,
             const Behaviour& behaviour, Fault fault);

  bool done() const { return ready_ ? at_ == events_.size() : stage_ == Stage::end; }
  // The next event opens a round of content (one chunk per choice); rounds are what pacing and
  // `after_chunks` count.
  bool opens_round() const {
    return ready_ ? events_[at_].round : stage_ == Stage::content && choice_ == 0;
  }
  std::int64_t rounds() const { return rounds_; }  // completely or partly sent
  // Appends the next event, blank line included. Not after done().
  void next(std::string& out);
  // completion_tokens so far, hidden ones included.
  std::int64_t output() const { return output_; }

 private:
  enum class Stage : std::uint8_t { role, content, finish, usage, last, end };

  void load_round();
  bool load_text();
  bool load_call();
  void leave_content();
  void begin_chunk(std::string& out);
  void end_chunk(std::string& out, std::string_view finish, bool last_of_answer);
  void write_round(std::string& out);
  void write_usage_chunk(std::string& out);
  void write_error(std::string& out);
  void append_usage_now(std::string& out) const;
  void end_event(std::string& out) const;
  void advance_choice(Stage after);

  std::vector<ScriptEvent> events_;  // of another dialect
  std::size_t at_ = 0;
  bool ready_ = false;
  const AnswerNames* names_ = nullptr;
  const AnswerPlan* plan_ = nullptr;
  const Behaviour* behaviour_ = nullptr;
  Fault fault_ = Fault::none;
  bool include_usage_ = false;
  Stage stage_ = Stage::end;
  std::int64_t choice_ = 0;
  std::int64_t rounds_ = 0;
  std::int64_t output_ = 0;

  std::string prefix_;  // of every chunk, up to the value of choices[0].index
  std::string delta_;   // inside of this round's delta object; tool calls: the part after the id
  Pieces pieces_;
  std::int64_t budget_ = 0;        // visible tokens of one choice not yet loaded
  std::int64_t round_tokens_ = 0;  // of each choice
  std::int64_t call_ = 0;
  bool call_open_ = false;
  bool call_head_ = false;  // this round is the head of a call
};

}  // namespace steelyard::mock
