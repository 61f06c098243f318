#include "config/values.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace steelyard {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}

auto expected(const char* what) {
  return tl::unexpected<std::string>(std::string("expected ") + what);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Digits with `_` or well-placed `,` between them: "16384", "16_384", "1,000,000". No leading zeros
// but "0" itself.
bool plain_digits(std::string_view text, std::string& out) {
  if (text.empty() || !digit(text.front()) || !digit(text.back())) return false;
  const bool commas = text.find(',') != std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t from_end = text.size() - i;
    const bool comma_place = from_end % 4 == 0;
    if (commas && comma_place != (text[i] == ',')) return false;
    if (digit(text[i])) {
      out += text[i];
    } else if (text[i] != ',' && (text[i] != '_' || text[i - 1] == '_')) {
      return false;
    }
  }
  return out.size() == 1 || out.front() != '0';
}

Parsed<std::int64_t> scaled(std::string_view text, std::int64_t unit, const char* what) {
  // unit is 10^k or a multiple of 1024: allow three decimals and divide exactly.
  const Parsed<std::int64_t> milli =
      parse_fixed(text, 3, INT64_MAX / std::max<std::int64_t>(unit, 1));
  if (!milli) return tl::unexpected(milli.error());
  if (*milli * unit % 1000 != 0) return expected(what);
  return *milli * unit / 1000;
}

}  // namespace

Parsed<std::int64_t> parse_fixed(std::string_view text, int decimals, std::int64_t max) {
  const std::size_t point = text.find('.');
  std::string digits;
  if (!plain_digits(text.substr(0, point), digits))
    return expected("a number such as `12` or `0.25`");
  std::string_view tail = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (point != std::string_view::npos &&
      (tail.empty() || !std::all_of(tail.begin(), tail.end(), digit))) {
    return expected("digits after the point");
  }
  while (!tail.empty() && tail.back() == '0') tail.remove_suffix(1);
  if (tail.size() > static_cast<std::size_t>(decimals)) {
    return tl::unexpected("expected at most " + std::to_string(decimals) + " decimals");
  }
  digits += tail;
  digits.append(static_cast<std::size_t>(decimals) - tail.size(), '0');
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto done = std::from_chars(digits.data(), end, value);
  if (done.ec != std::errc{} || done.ptr != end || value > max) return expected("a smaller number");
  return value;
}

Parsed<std::int64_t> parse_count(std::string_view text) {
  constexpr const char* what = "a whole number such as `16384`, `600k` or `2M`";
  std::int64_t unit = 1;
  if (text.ends_with('k') || text.ends_with('K')) unit = 1'000;
  if (text.ends_with('M')) unit = 1'000'000;
  if (unit != 1)
    return scaled(text.substr(0, text.size() - 1), unit, what).map_error([&](auto&&) {
      return std::string("expected ") + what;
    });
  const Parsed<std::int64_t> value = parse_fixed(text, 0);
  if (!value) return expected(what);
  return value;
}

Parsed<std::int64_t> parse_bytes(std::string_view text) {
  constexpr const char* what = "a size such as `32MiB`, `64KiB` or `4096`";
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"KiB", 1 << 10}, {"MiB", 1 << 20},  {"GiB", 1 << 30},
      {"kB", 1'000},    {"MB", 1'000'000}, {"GB", 1'000'000'000}};
  for (const auto& [suffix, unit] : units) {
    if (!text.ends_with(suffix)) continue;
    const std::string_view number = trimmed(text.substr(0, text.size() - suffix.size()));
    const Parsed<std::int64_t> value = scaled(number, unit, what);
    if (!value) return expected(what);
    return value;
  }
  const Parsed<std::int64_t> value = parse_fixed(text, 0);
  if (!value) return expected(what);
  return value;
}

Parsed<std::int64_t> parse_duration_ms(std::string_view text) {
  constexpr const char* what = "a duration such as `250ms`, `10s`, `2m` or `1h`";
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  std::int64_t total = 0;
  std::int64_t last_unit = INT64_MAX;
  if (text.empty()) return expected(what);
  while (!text.empty()) {
    const std::size_t number_end = std::min(text.find_first_not_of("0123456789._"), text.size());
    const std::size_t unit_end =
        std::min(text.find_first_of("0123456789", number_end), text.size());
    const std::string_view name = text.substr(number_end, unit_end - number_end);
    const auto* unit = std::find_if(std::begin(units), std::end(units),
                                    [&](const auto& u) { return u.first == name; });
    if (unit == std::end(units) || unit->second >= last_unit) return expected(what);
    const Parsed<std::int64_t> part = scaled(text.substr(0, number_end), unit->second, what);
    if (!part || *part > 366LL * 86'400'000) return expected(what);
    total += *part;
    last_unit = unit->second;
    text.remove_prefix(unit_end);
  }
  return total;
}

Parsed<NanoUsd> parse_money(std::string_view text) {
  constexpr const char* what = "dollars such as `$2,000`, `$0.05` or `150 USD`";
  if (text.starts_with('$')) {
    text = trimmed(text.substr(1));
  } else if (text.ends_with("USD")) {
    text = trimmed(text.substr(0, text.size() - 3));
  } else {
    return expected(what);
  }
  const Parsed<std::int64_t> nano = parse_fixed(text, 9);
  if (!nano) {
    if (nano.error() == "expected at most 9 decimals")
      return expected("nothing finer than a nano-dollar");
    if (nano.error() == "expected a smaller number") return expected("at most $9,000,000,000");
    return expected(what);
  }
  return NanoUsd{*nano};
}

Parsed<PicoUsd> parse_price(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  constexpr std::int64_t max =
      1'000'000'000'000;  // $1,000,000 per million tokens: a slip of the unit
  const Parsed<std::int64_t> pico = parse_fixed(text, 6, max);
  if (!pico) {
    if (pico.error() == "expected at most 6 decimals") {
      return expected("nothing finer than $0.000001 per million tokens");
    }
    return expected("dollars per million tokens, such as `2.5` or `0.075`");
  }
  return PicoUsd{*pico};
}

Parsed<std::int32_t> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return expected("a percentage such as `80%`");
  const Parsed<std::int64_t> value =
      parse_fixed(trimmed(text.substr(0, text.size() - 1)), 0, 1'000'000);
  if (!value) return expected("whole percents such as `80%`");
  return static_cast<std::int32_t>(*value);
}

Parsed<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return expected("`true` or `false`");
}

Parsed<double> parse_score(std::string_view text) {
  const Parsed<std::int64_t> micro = parse_fixed(text, 6, 1'000'000'000'000);
  if (!micro) return tl::unexpected(micro.error());
  return static_cast<double>(*micro) / 1e6;
}

}  // namespace steelyard
