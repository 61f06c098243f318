#pragma once
// "mon", "tue-fri": days of the week in YAML.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "config/binder.h"

namespace steelyard {

inline const std::array<std::string, 7> weekday_names{"mon", "tue", "wed", "thu",
                                                      "fri", "sat", "sun"};

// A day, a range (may wrap: `sat-mon`) or a list of them, as bits: bit 0 is Monday. 0: reported.
std::uint8_t bind_weekdays(BindContext& context, const YamlNode& node);
Shape weekdays_shape();

}  // namespace steelyard
