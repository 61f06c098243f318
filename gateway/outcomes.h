#pragma once
// How tasks ended: what `POST /v1/outcomes` says is kept in a file beside the ledger, and a task is
// closed once. A thread of its own writes; nothing here is near a model's request.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "gateway/reports/outcome_line.h"

namespace steelyard {

namespace store {
class FileOps;
}

enum class Closing : std::uint8_t {
  closed,    // now, and durably
  already,   // with the same result and value
  conflict,  // with another one: nothing changed
  failed,    // it could not be written
};

using reports::Outcome;

class Outcomes {
 public:
  // `ledger`: the directory; "": memory only.
  static Result<std::unique_ptr<Outcomes>> open(const std::string& ledger,
                                                store::FileOps* files = nullptr);
  ~Outcomes();  // what was taken is written first
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;

  // `done` is called once, on the thread that writes; `closed` is when the task was closed first.
  void close(Outcome outcome, std::function<void(Closing, Instant closed)> done);
  std::uint64_t count() const;  // tasks that are closed, as far back as is remembered

 private:
  struct State;
  explicit Outcomes(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
