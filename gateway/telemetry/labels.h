#pragma once
// The closed label sets of the metrics. A configuration registers the names it can serve when it is
// installed and keeps the numbers; the request path only carries numbers. Numbers stay valid for
// the life of the process, so counters survive a reload. Names beyond the bounds share number 0,
// printed as `_other` (nothing a client sends becomes a label).
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace steelyard::telemetry {

using ProviderId = std::uint16_t;  // a provider of the configuration
using TargetId = std::uint16_t;    // a (provider, model) pair the configuration can serve
using PolicyId = std::uint16_t;    // a policy by name
inline constexpr std::uint16_t other_label = 0;
inline constexpr std::size_t providers_max = 64, targets_max = 1024,
                             policies_max = 256;  // `_other` included

// Registration and reading take a lock: at install and at scrape only.
class Labels {
 public:
  Labels();

  ProviderId provider(std::string_view name);
  // `model` is the catalogue's name, never the client's.
  TargetId target(std::string_view provider, std::string_view model);
  PolicyId policy(std::string_view name);

  struct Target {
    std::string provider, model;
  };
  // Copies for the scrape; index is the number.
  std::deque<std::string> providers() const;
  std::deque<Target> targets() const;
  std::deque<std::string> policies() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> providers_, policies_;
  std::deque<Target> targets_;
};

}  // namespace steelyard::telemetry
