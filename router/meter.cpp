#include "router/meter.h"

#include <algorithm>
#include <array>

namespace steelyard::router {
namespace {

constexpr std::int64_t tokens_cap = std::int64_t{1} << 40;  // keeps every product within 128 bits

std::int64_t sane(std::int64_t tokens) {
  return std::clamp<std::int64_t>(tokens, 0, tokens_cap);
}

// The clock's percentage and the one rounding up: pico * percent / 100 → nano. Nearly every sum
// fits 64 bits, where dividing by a constant is a multiplication.
NanoUsd rounded(CostSum sum, std::int32_t percent) {
  if (percent == 100 && sum.pico <= INT64_MAX - 999)
    return {static_cast<std::int64_t>((static_cast<std::uint64_t>(sum.pico) + 999) / 1000)};
  constexpr std::int64_t divisor = 100 * 1000;
  const Int128 scaled = sum.pico * percent;
  if (scaled <= INT64_MAX - divisor) {
    const auto small = static_cast<std::uint64_t>(scaled);
    return {static_cast<std::int64_t>((small + divisor - 1) / divisor)};
  }
  const Int128 nano = (scaled + divisor - 1) / divisor;
  constexpr Int128 max = INT64_MAX;
  return {static_cast<std::int64_t>(nano < max ? nano : max)};
}

// What the provider's own web searches cost beside the tokens.
NanoUsd with_searches(NanoUsd tokens, std::int64_t searches, const Tariff& tariff) {
  if (searches <= 0 || tariff.web_search.v <= 0) [[likely]]
    return tokens;
  const Int128 sum =
      static_cast<Int128>(tariff.billed_searches(sane(searches))) * tariff.web_search.v + tokens.v;
  return {static_cast<std::int64_t>(std::min<Int128>(sum, INT64_MAX))};
}

// The part of a prompt that one set of rates prices: tokens [from, to of the next).
struct Segments {
  std::array<const PriceBand*, cliffs_max + 1> band;
  std::array<std::int64_t, cliffs_max + 2> from;  // one more: the end
  std::size_t count = 0;
};

// Bands that apply to a prompt of this length, the last one first in force.
Segments segments_of(const Tariff& tariff, std::int64_t total_input) {
  Segments s;
  for (const PriceBand& band : tariff.bands) {
    if (&band != tariff.bands.data() && total_input <= band.above_tokens) break;
    if (band.kind == CliffKind::whole_request) s.count = 0;
    s.band[s.count] = &band;
    s.from[s.count] = band.kind == CliffKind::whole_request ? 0 : band.above_tokens;
    ++s.count;
  }
  s.from[s.count] = total_input;
  return s;
}

// Input tokens in prompt order, class by class.
struct Stretch {
  TokenClass type;
  std::int64_t tokens;
};

void add_input(CostSum& sum, const Segments& s, std::span<const Stretch> stretches) {
  std::int64_t position = 0;
  std::size_t segment = 0;
  for (const Stretch& stretch : stretches) {
    std::int64_t left = stretch.tokens;
    while (left > 0) {
      while (segment + 1 < s.count && position >= s.from[segment + 1]) ++segment;
      const bool last = segment + 1 >= s.count;
      const std::int64_t here = last ? left : std::min(left, s.from[segment + 1] - position);
      sum.add(here, s.band[segment]->rates.of(stretch.type));
      position += here;
      left -= here;
    }
  }
}

NanoUsd priced(std::span<const Stretch> input, std::span<const Stretch> output,
               const Tariff& tariff) {
  std::int64_t total = 0;
  for (const Stretch& stretch : input) total += stretch.tokens;
  CostSum sum;
  if (tariff.bands.size() == 1) {  // no cliffs: the usual case
    const Rates& rates = tariff.bands.front().rates;
    for (const Stretch& stretch : input) sum.add(stretch.tokens, rates.of(stretch.type));
    for (const Stretch& stretch : output) sum.add(stretch.tokens, rates.of(stretch.type));
  } else {
    const Segments s = segments_of(tariff, total);
    add_input(sum, s, input);
    const Rates& last = s.band[s.count - 1]->rates;
    for (const Stretch& stretch : output) sum.add(stretch.tokens, last.of(stretch.type));
  }
  return rounded(sum, tariff.percent);
}

// One regime of cliffs at its longest prompt: what the input costs at most, and a token of output.
struct Regime {
  CostSum input;
  PicoUsd output;
};

// Calls visit(Regime) for every regime a prompt of up to `input_tokens` may fall into.
template <class Visit>
void for_each_regime(const CostBounds& bounds, const Tariff& tariff, Visit visit) {
  const std::int64_t input_tokens = sane(bounds.input_tokens);
  for (std::size_t i = 0; i < tariff.bands.size(); ++i) {
    if (i > 0 && input_tokens <= tariff.bands[i].above_tokens) break;
    std::int64_t longest = input_tokens;
    if (i + 1 < tariff.bands.size()) longest = std::min(longest, tariff.bands[i + 1].above_tokens);
    const Segments s = segments_of(tariff, longest);
    Regime regime;
    for (std::size_t k = 0; k < s.count; ++k)
      regime.input.add(s.from[k + 1] - s.from[k],
                       dearest_input(s.band[k]->rates, bounds.writes, bounds.media));
    regime.output = dearest_output(s.band[s.count - 1]->rates);
    visit(regime);
  }
}

}  // namespace

PicoUsd dearest_input(const Rates& rates, CacheWrites writes, bool media) {
  PicoUsd dearest = std::max(rates.of(TokenClass::input), rates.of(TokenClass::cache_read));
  if (writes != CacheWrites::none)
    dearest = std::max(dearest, rates.of(TokenClass::cache_write_5m));
  if (writes == CacheWrites::one_hour)
    dearest = std::max(dearest, rates.of(TokenClass::cache_write_1h));
  if (media)
    dearest =
        std::max({dearest, rates.of(TokenClass::audio_input), rates.of(TokenClass::image_input)});
  return dearest;
}

PicoUsd dearest_output(const Rates& rates) {
  return std::max({rates.of(TokenClass::output), rates.of(TokenClass::audio_output),
                   rates.of(TokenClass::image_output)});
}

NanoUsd cost_of(const Usage& usage, const Tariff& tariff) {
  if (!tariff.priced()) return {};
  const std::array<Stretch, 6> input{{
      {TokenClass::cache_read, sane(usage.cache_read)},
      {TokenClass::cache_write_1h, sane(usage.cache_write_1h)},
      {TokenClass::cache_write_5m, sane(usage.cache_write_5m)},
      {TokenClass::input, sane(usage.input)},
      {TokenClass::audio_input, sane(usage.audio_input)},
      {TokenClass::image_input, sane(usage.image_input)},
  }};
  const std::array<Stretch, 3> output{{
      {TokenClass::output, sane(usage.output)},
      {TokenClass::audio_output, sane(usage.audio_output)},
      {TokenClass::image_output, sane(usage.image_output)},
  }};
  // Text alone is the usual case.
  const bool media =
      (usage.audio_input | usage.image_input | usage.audio_output | usage.image_output) != 0;
  const NanoUsd tokens =
      priced(std::span(input).first(media ? 6 : 4), std::span(output).first(media ? 3 : 1), tariff);
  return with_searches(tokens, usage.web_searches, tariff);
}

NanoUsd worst_case(const CostBounds& bounds, const Tariff& tariff) {
  NanoUsd worst;
  const std::int64_t output = sane(bounds.output_tokens);
  if (tariff.bands.size() == 1) {  // no cliffs: the usual case
    const Rates& rates = tariff.bands.front().rates;
    CostSum sum;
    sum.add(sane(bounds.input_tokens), dearest_input(rates, bounds.writes, bounds.media));
    sum.add(output, dearest_output(rates));
    return with_searches(rounded(sum, tariff.percent), bounds.web_searches, tariff);
  }
  for_each_regime(bounds, tariff, [&](const Regime& regime) {
    CostSum sum = regime.input;
    sum.add(output, regime.output);
    worst = std::max(worst, rounded(sum, tariff.percent));
  });
  return with_searches(worst, bounds.web_searches, tariff);
}

std::int64_t output_within(const CostBounds& bounds, const Tariff& tariff, NanoUsd room) {
  if (!tariff.priced() || room.v < 0) return -1;
  const NanoUsd searches = with_searches({}, bounds.web_searches, tariff);
  if (searches > room) return -1;
  room -= searches;
  std::int64_t fits = sane(bounds.output_tokens);
  // rounded(sum) <= room  ⇔  sum * percent <= room * 100 * 1000
  const Int128 allowed = static_cast<Int128>(room.v) * 100 * 1000;
  for_each_regime(bounds, tariff, [&](const Regime& regime) {
    const Int128 left = allowed - regime.input.pico * tariff.percent;
    if (left < 0) {
      fits = -1;
      return;
    }
    const Int128 per_token = static_cast<Int128>(regime.output.v) * tariff.percent;
    if (per_token > 0) fits = static_cast<std::int64_t>(std::min<Int128>(fits, left / per_token));
  });
  return fits;
}

NanoUsd expected_cost(const CostExpectation& expectation, const Tariff& tariff) {
  if (!tariff.priced()) return {};
  const std::int64_t input = sane(expectation.input_tokens);
  const std::int64_t cached = std::min(sane(expectation.cached_tokens), input);
  TokenClass rest = TokenClass::input;
  if (expectation.writes == CacheWrites::five_minutes) rest = TokenClass::cache_write_5m;
  if (expectation.writes == CacheWrites::one_hour) rest = TokenClass::cache_write_1h;
  if (tariff.bands.size() == 1) {
    const Rates& rates = tariff.bands.front().rates;
    CostSum sum;
    sum.add(cached, rates.of(TokenClass::cache_read));
    sum.add(input - cached, rates.of(rest));
    sum.add(sane(expectation.output_tokens), rates.of(TokenClass::output));
    return with_searches(rounded(sum, tariff.percent), expectation.web_searches, tariff);
  }
  const std::array<Stretch, 2> stretches{
      {{TokenClass::cache_read, cached}, {rest, input - cached}}};
  const std::array<Stretch, 1> output{{{TokenClass::output, sane(expectation.output_tokens)}}};
  return with_searches(priced(stretches, output, tariff), expectation.web_searches, tariff);
}

Rates rates_at(const Tariff& tariff, std::int64_t total_input) {
  Rates out;
  if (!tariff.priced()) return out;
  const Segments s = segments_of(tariff, sane(total_input));
  const Rates& last = s.band[s.count - 1]->rates;
  for (std::size_t i = 0; i < token_classes; ++i)
    out.price[i].v = static_cast<std::int64_t>(
        (static_cast<Int128>(last.price[i].v) * tariff.percent + 99) / 100);
  return out;
}

}  // namespace steelyard::router
