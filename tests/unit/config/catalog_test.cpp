// The shipped catalogue against the table it was made from: every row, every figure, to the digit;
// and the traps.
#include <doctest/doctest.h>

#include <algorithm>

#include "support.h"

namespace steelyard::test {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        cells.back() += line[++i];
      else
        quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

std::vector<Row> read_table() {
  const char* shared = std::getenv("STEELYARD_SHARED");
  const std::string folder = shared != nullptr ? shared : source_path("../shared");
  const Result<std::string> text = read_disk(folder + "/data/models.csv");
  std::vector<Row> rows;
  if (!text) return rows;
  std::vector<std::string> head;
  std::size_t begin = 0;
  while (begin < text->size()) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const std::vector<std::string> cells = split_csv(text->substr(begin, end - begin));
    begin = end + 1;
    if (head.empty()) {
      head = cells;
      continue;
    }
    REQUIRE(cells.size() == head.size());
    Row row;
    for (std::size_t i = 0; i < cells.size(); ++i) row[head[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

const std::vector<ModelSpec>& shipped() {
  static const std::vector<ModelSpec> models = [] {
    const LoadInputs inputs{read_disk, {}, {}};
    CatalogResult result = load_catalog({source_path("config/models.yaml")}, inputs);
    for (const Diagnostic& d : result.diagnostics) MESSAGE(to_text(d, result.sources));
    REQUIRE(result.models.has_value());
    return std::move(*result.models);
  }();
  return models;
}

const ModelSpec& model(const std::string& name) {
  const auto found = std::find_if(shipped().begin(), shipped().end(),
                                  [&](const ModelSpec& m) { return m.name == name; });
  REQUIRE_MESSAGE(found != shipped().end(), name);
  return *found;
}

Instant day(const char* date, int hour = 0) {
  const std::string text =
      std::string(date) + "T" + (hour < 10 ? "0" : "") + std::to_string(hour) + ":00:00Z";
  // Days from civil: independent of the loader's own arithmetic.
  int y = std::stoi(text.substr(0, 4)), m = std::stoi(text.substr(5, 2)),
      d = std::stoi(text.substr(8, 2));
  y -= m <= 2;
  const int era = y / 400, yoe = y - era * 400,
            doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const std::int64_t days = era * 146097LL + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
  return Instant::from_seconds(days * 86'400 + hour * 3'600);
}

const PricePeriod& prices_at(const ModelSpec& m, Instant when) {
  for (const PricePeriod& period : m.prices) {
    if (period.from <= when && when < period.until) return period;
  }
  FAIL("no price of " << m.name);
  return m.prices.front();
}

// Independent of the loader: digits after the point, padded.
std::int64_t pico(std::string text) {
  const std::size_t point = text.find('.');
  std::string digits = text.substr(0, point),
              tail = point == std::string::npos ? "" : text.substr(point + 1);
  tail.resize(6, '0');
  return std::stoll(digits + tail);
}

std::int64_t price(const PricePeriod& period, TokenClass c) {
  return period.rates.of(c).v;
}

void check_row(const Row& row) {
  const std::string listed = row.at("model");
  const ModelSpec& m = model(listed.substr(0, listed.find(" (")));
  CAPTURE(listed);
  const PricePeriod& now = prices_at(m, day("2026-11-22"));
  const auto given = [&](const char* column) { return !row.at(column).empty(); };
  CHECK(m.vendor.substr(0, row.at("vendor").size()) == row.at("vendor"));
  CHECK(price(now, TokenClass::input) == pico(row.at("input_usd_per_mtok")));
  CHECK(price(now, TokenClass::output) == pico(row.at("output_usd_per_mtok")));
  const char* input = "input_usd_per_mtok";
  const char* write = given("cache_write_5m_usd_per_mtok") ? "cache_write_5m_usd_per_mtok" : input;
  CHECK(price(now, TokenClass::cache_read) ==
        pico(row.at(given("cache_read_usd_per_mtok") ? "cache_read_usd_per_mtok" : input)));
  CHECK(price(now, TokenClass::cache_write_5m) == pico(row.at(write)));
  CHECK(price(now, TokenClass::cache_write_1h) ==
        pico(row.at(given("cache_write_1h_usd_per_mtok") ? "cache_write_1h_usd_per_mtok" : write)));
  REQUIRE(now.cliffs.size() == (given("long_context_threshold") ? 1 : 0));
  if (!now.cliffs.empty()) {
    CHECK(now.cliffs[0].above_tokens == std::stoll(row.at("long_context_threshold")));
    CHECK(now.cliffs[0].kind == CliffKind::whole_request);
    CHECK(now.cliffs[0].rates.of(TokenClass::input).v == pico(row.at("input_above")));
    CHECK(now.cliffs[0].rates.of(TokenClass::output).v == pico(row.at("output_above")));
  }
  const std::pair<const char*, const std::optional<Rates>*> tiers[] = {
      {"batch_input", &now.batch}, {"flex_input", &now.flex}, {"priority_input", &now.priority}};
  for (const auto& tier : tiers) {
    const char* const column = tier.first;
    const std::optional<Rates>* const rates = tier.second;
    CAPTURE(column);
    if (!given(column)) continue;
    REQUIRE(rates->has_value());
    CHECK((*rates)->of(TokenClass::input).v == pico(row.at(column)));
  }
  if (given("context_window")) CHECK(m.context_tokens == std::stoll(row.at("context_window")));
  CHECK(m.output_tokens_max ==
        (given("max_output") ? std::stoll(row.at("max_output")) : m.context_tokens));
  CHECK(m.cache_min_tokens ==
        (given("prompt_cache_min_tokens") ? std::stoll(row.at("prompt_cache_min_tokens")) : 0));
  const std::pair<const char*, bool> abilities[] = {{"tools", m.can.tools},
                                                    {"vision", m.can.vision},
                                                    {"reasoning", m.can.reasoning},
                                                    {"structured_output", m.can.structured_output},
                                                    {"json_mode", m.can.json_mode}};
  for (const auto& ability : abilities) {
    const char* const column = ability.first;
    CAPTURE(column);
    CHECK(ability.second == (row.at(column) == "1"));
  }
  REQUIRE(m.score.has_value() == given("aa_intelligence"));
  if (m.score)
    CHECK(m.score->value == doctest::Approx(std::stod(row.at("aa_intelligence"))).epsilon(1e-12));
  CHECK_FALSE(now.source.empty());
  CHECK(now.note.find(row.at("price_quality")) != std::string::npos);
}

}  // namespace

TEST_CASE("every row of the surveyed table is in the catalogue, to the digit") {
  const std::vector<Row> rows = read_table();
  if (rows.empty()) {
    MESSAGE(
        "SKIPPED: models.csv is absent; set STEELYARD_SHARED to the folder that holds "
        "data/models.csv");
    return;
  }
  CHECK(rows.size() == 71);
  CHECK(shipped().size() == rows.size());
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("trap: long context begins above 272,000, not at 271,999, and is for the whole request") {
  for (const char* name : {"gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-sol", "gpt-6.1-terra",
                           "gpt-5.6-sol", "gpt-5.5"}) {
    CAPTURE(name);
    const Cliff& cliff = prices_at(model(name), day("2026-11-22")).cliffs.at(0);
    CHECK(cliff.above_tokens == 272'000);
    CHECK(cliff.kind == CliffKind::whole_request);
  }
  CHECK(prices_at(model("grok-4.6"), day("2026-11-22")).cliffs.at(0).above_tokens == 200'000);
  CHECK(prices_at(model("grok-4.6"), day("2026-11-22"))
            .cliffs.at(0)
            .rates.of(TokenClass::cache_read)
            .v == 1'000'000);
  CHECK(prices_at(model("gpt-6.1-sol"), day("2026-11-22"))
            .cliffs.at(0)
            .rates.of(TokenClass::cache_read)
            .v == 200'000);
  CHECK(prices_at(model("claude-haiku-5-5"), day("2026-11-22"))
            .cliffs.at(0)
            .rates.of(TokenClass::input)
            .v == 500'000);
  // Not stated by the vendor's table: in proportion, 5 x.
  CHECK(prices_at(model("claude-haiku-5-5"), day("2026-11-22"))
            .cliffs.at(0)
            .rates.of(TokenClass::cache_write_1h)
            .v == 1'000'000);
  CHECK(prices_at(model("minimax-m3"), day("2026-11-22")).cliffs.at(0).above_tokens == 512'000);
  CHECK(prices_at(model("seed-2-0-pro"), day("2026-11-22")).cliffs.at(0).above_tokens == 128'000);
}

TEST_CASE("trap: promotions and introductions end") {
  struct Change {
    const char *name, *last_day, *first_day;
    std::int64_t before, after;  // input, pico-dollars
  };
  for (const Change& c :
       {Change{"gemini-4-argon", "2026-11-30", "2026-12-01", 2'000'000, 4'000'000},
        Change{"gemini-3.8-flash", "2026-12-31", "2027-01-01", 750'000, 1'500'000},
        Change{"gemini-3.7-flash", "2026-12-31", "2027-01-01", 750'000, 1'500'000},
        Change{"gemini-3.6-flash", "2026-12-31", "2027-01-01", 750'000, 1'500'000},
        Change{"gpt-5.6-sol", "2026-08-20", "2026-08-21", 5'000'000, 4'000'000},
        Change{"gpt-5.6-luna", "2026-07-29", "2026-07-30", 1'000'000, 200'000}}) {
    CAPTURE(c.name);
    CHECK(price(prices_at(model(c.name), day(c.last_day, 23)), TokenClass::input) == c.before);
    CHECK(price(prices_at(model(c.name), day(c.first_day)), TokenClass::input) == c.after);
  }
  CHECK(price(prices_at(model("claude-sonnet-5-5"), day("2026-10-06", 23)),
              TokenClass::cache_read) == 200'000);
  CHECK(price(prices_at(model("claude-sonnet-5-5"), day("2026-10-07")), TokenClass::cache_read) ==
        100'000);
  // The announced rise to 3/15 was cancelled.
  CHECK(price(prices_at(model("claude-sonnet-5"), day("2026-09-02")), TokenClass::input) ==
        2'000'000);
}

TEST_CASE("trap: DeepSeek's peak is on weekdays only") {
  for (const char* name : {"deepseek-flash", "deepseek-v4-pro", "deepseek-v4-flash"}) {
    CAPTURE(name);
    const std::vector<ClockRule>& clock = prices_at(model(name), day("2026-11-22")).clock;
    REQUIRE(clock.size() == 2);
    for (const ClockRule& rule : clock) {
      CHECK(rule.weekdays == 0x1F);
      CHECK(rule.percent == 200);
    }
    CHECK(clock[0].minute_from == 60);
    CHECK(clock[0].minute_to == 240);
    CHECK(clock[1].minute_from == 360);
    CHECK(clock[1].minute_to == 600);
  }
  CHECK(prices_at(model("deepseek-v3.2"), day("2026-11-22")).clock.empty());
}

TEST_CASE("trap: names that resellers and brackets would confuse") {
  CHECK(model("gpt-oss-120b").vendor == "OpenAI (open weights)");
  CHECK(model("qwen3.6-27b").vendor == "Alibaba Qwen (open weights)");
  CHECK(model("llama-4-maverick").vendor == "Meta (Bedrock)");
  CHECK(model("claude-haiku-5-5").refuses ==
        std::vector<std::string>{"temperature", "top_p", "top_k"});
  CHECK(model("claude-opus-4-7").token_ratio_percent == 143);
  CHECK(model("claude-sonnet-4-6").token_ratio_percent == 118);
  CHECK(model("gpt-6-sol").tokenizer == "o200k");
}

}  // namespace steelyard::test
