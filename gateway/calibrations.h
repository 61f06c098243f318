#pragma once
// What the providers' bills taught about counting, shared by all workers behind one short lock, and
// its file. A worker counts with weights of its own (Serving::inputs) and fetches what others
// learned now and then.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/calibration/calibration_table.h"
#include "router/calibration/conversations.h"
#include "router/catalog.h"

namespace steelyard {

struct Serving;

class Calibrations {
 public:
  // `path`: the file, read now; damaged or of another version: a log line, and everything is
  // learned anew. "": nothing is kept.
  explicit Calibrations(std::string path);
  ~Calibrations();

  // Numbers of the filters of a catalogue's targets, in their order.
  std::vector<std::uint32_t> slots_of(const router::Catalog& catalog);

  struct Bill {
    std::uint32_t slot = 0;
    const router::InputFeatures& features;
    std::int64_t billed = 0;  // input tokens, cached ones included
    // The turn before, if this request continues it; and what to remember of this one (key 0:
    // nothing).
    const router::TurnBilled* before = nullptr;
    router::TurnBilled turn;
  };
  struct Learned {
    router::CalibrationResult result;
    router::InputWeights weights;  // bounds' margins are those of `prior`
    bool calibrated = false;       // they are not the shipped ones any more
  };
  Learned learn(const Bill& bill, const router::InputWeights& prior);
  // Only remembers a turn.
  void remember(const router::TurnBilled& turn);
  std::optional<router::TurnBilled> last_turn(std::uint64_t key) const;
  // Weights of every slot that was taught after `*seen`, which becomes now.
  void fetch(Serving& serving, std::uint64_t* seen) const;
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }

  // Writes the file if anything was learned since; atomic by rename. Once a minute and at the end.
  void save();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::atomic<std::uint64_t> version_{0};
};

// `weights` with what a filter learned in place of the shipped figures; false: it has nothing to
// add to them yet.
bool add_learned(const router::Calibrator& filter, router::InputWeights& weights);

}  // namespace steelyard
