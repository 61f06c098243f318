#include "gateway/telemetry/prometheus.h"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/prometheus_page.h"
#include "tests/unit/telemetry/sample.h"

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

// The page as a scraper reads it; every rule of the format that can be broken by us is checked on
// the way.
struct Page {
  std::map<std::string, std::string> type;  // family → type
  std::map<std::string, double> sample;     // name{labels} → value
  std::vector<std::string> order;

  explicit Page(const std::string& text) {
    REQUIRE(text.back() == '\n');
    std::istringstream in(text);
    std::string family;
    for (std::string line; std::getline(in, line);) {
      CAPTURE(line);
      if (line.rfind("# HELP ", 0) == 0) {
        family = line.substr(7, line.find(' ', 7) - 7);
        REQUIRE(type.count(family) == 0);
        REQUIRE(line.size() > 8 + family.size());
      } else if (line.rfind("# TYPE ", 0) == 0) {
        REQUIRE(line.substr(7, family.size() + 1) == family + " ");
        type[family] = line.substr(8 + family.size());
      } else {
        add_sample(family, line);
      }
    }
  }

  void add_sample(const std::string& family, const std::string& line) {
    const std::size_t value_at = line.rfind(' ');
    const std::string name = line.substr(0, value_at);
    const std::string bare = name.substr(0, name.find('{'));
    const bool histogram = type[family] == "histogram";
    const std::set<std::string> allowed =
        histogram ? std::set<std::string>{family + "_bucket", family + "_sum", family + "_count"}
                  : std::set<std::string>{family};
    REQUIRE(allowed.count(bare) == 1);
    if (type[family] == "counter") REQUIRE(family.substr(family.size() - 6) == "_total");
    REQUIRE(sample.count(name) == 0);
    std::size_t used = 0;
    const std::string value = line.substr(value_at + 1);
    sample[name] = std::stod(value, &used);
    REQUIRE(used == value.size());
    order.push_back(name);
  }
};

struct Running {
  Running() : metrics(2) {
    TargetId sonnet = metrics.labels().target("anthropic", "claude-sonnet-5");
    Receipt r = test::typical();
    r.target = r.attempts[0].target = sonnet;
    r.attempts[0].provider_id = metrics.labels().provider("anthropic");
    r.policy_id = metrics.labels().policy("short-questions");
    metrics.worker(0).record(r);
    metrics.worker(1).record(r);
    metrics.worker(1).stream_started();
    metrics.worker(0).connection_opened();
    metrics.worker(1).connection_opened();
    metrics.worker(1).connection_closed();
    budgets[0].scope = "acme/\"se\\arch\"\n";
    budgets[0].limit = {150'000'000'000};
    budgets[0].posted = {1};
    budgets[0].held = {2'500'000'000};
    budgets[0].window_end = {1795392000000000000};
    budgets[1].scope = "acme";
    budgets[1].per = WindowKind::lifetime;
    budgets[1].window_end = {INT64_MAX};
    input.version = "0.1.0";
    input.commit = "abc";
    input.config_digest = "9f86";
    input.config_loaded = {1795327628123456789};
    input.budgets = budgets;
    input.breakers = breakers;
    input.log_lines_dropped = 3;
  }
  std::string text() const {
    std::string out;
    write_prometheus(out, metrics, input);
    return out;
  }
  Metrics metrics;
  std::array<router::AccountView, 2> budgets{};
  std::array<BreakerGauge, 1> breakers{
      BreakerGauge{"anthropic", "claude-sonnet-5", BreakerState::open}};
  ScrapeInput input;
};

}  // namespace

TEST_CASE("prometheus: figures of two workers, one page") {
  const Running running;
  const Page page(running.text());
  const std::string target = "{provider=\"anthropic\",model=\"claude-sonnet-5\"";
  struct Row {
    std::string name;
    double value;
  };
  for (
      const Row& row : {
          Row{R"(steelyard_requests_total{dialect="openai",call_type="chat_completions",outcome="success"})",
              2},
          Row{"steelyard_upstream_attempts_total" + target + ",result=\"success\"}", 2},
          Row{"steelyard_tokens_total" + target + ",direction=\"input\",kind=\"cached\"}", 4096},
          Row{"steelyard_cost_usd_total" + target + "}", 0.024691356},
          Row{"steelyard_time_to_first_token_seconds_bucket" + target + ",le=\"0.64\"}", 2},
          Row{"steelyard_time_to_first_token_seconds_bucket" + target + ",le=\"0.32\"}", 0},
          Row{"steelyard_time_to_first_token_seconds_count" + target + "}", 2},
          Row{"steelyard_overhead_seconds_bucket{le=\"0.00008\"}", 2},
          Row{"steelyard_overhead_seconds_bucket{le=\"0.00004\"}", 0},
          Row{"steelyard_overhead_seconds_sum", 0.000142},
          Row{"steelyard_saved_usd", 0.162222222},
          Row{R"(steelyard_policy_decisions_total{rule="short-questions",effect="route"})", 2},
          Row{R"(steelyard_budget_limit_usd{budget="acme/\"se\\arch\"\n",window="month"})", 150},
          Row{R"(steelyard_budget_spent_usd{budget="acme/\"se\\arch\"\n",window="month"})",
              0.000000001},
          Row{R"(steelyard_budget_reserved_usd{budget="acme/\"se\\arch\"\n",window="month"})", 2.5},
          Row{"steelyard_breaker_state" + target + "}", 2},
          Row{"steelyard_streams_active", 1},
          Row{"steelyard_connections", 1},
          Row{"steelyard_log_dropped_total", 3},
          Row{"steelyard_config_last_reload_successful", 1},
          Row{"steelyard_config_last_reload_success_timestamp_seconds", 1795327628},
          Row{R"(steelyard_build_info{version="0.1.0",commit="abc",config="9f86"})", 1},
      }) {
    CAPTURE(row.name);
    REQUIRE(page.sample.count(row.name) == 1);
    CHECK(page.sample.at(row.name) == doctest::Approx(row.value));
  }
  CHECK(page.sample.count(
            R"(steelyard_budget_window_end_timestamp_seconds{budget="acme",window="lifetime"})") ==
        0);
}

TEST_CASE("prometheus: buckets rise, end with +Inf, and agree with _count") {
  const Running running;
  const Page page(running.text());
  std::string series;
  double last = 0;
  int ended = 0;
  for (const std::string& name : page.order) {
    const std::size_t le = name.find("le=\"");
    if (name.find("_bucket{") == name.npos) continue;
    CAPTURE(name);
    if (const std::string now = name.substr(0, le); now != series) last = 0, series = now;
    CHECK(page.sample.at(name) >= last);
    last = page.sample.at(name);
    if (name.find("+Inf") == name.npos) continue;
    ++ended;
    std::string count = series.substr(0, series.find("_bucket{")) + "_count";
    std::string labels = series.substr(series.find('{') + 1);
    if (!labels.empty()) count += "{" + labels.substr(0, labels.size() - 1) + "}";
    REQUIRE(page.sample.count(count) == 1);
    CHECK(page.sample.at(count) == last);
  }
  CHECK(ended ==
        7);  // three outcomes of duration, overhead, inter token, one estimate, one first token
}

TEST_CASE("prometheus: the process describes itself") {
  const Running running;
  const Page page(running.text());
  CHECK(page.sample.at("process_resident_memory_bytes") > 1e6);
  CHECK(page.sample.at("process_virtual_memory_bytes") >
        page.sample.at("process_resident_memory_bytes"));
  CHECK(page.sample.at("process_open_fds") >= 3);
  CHECK(page.sample.at("process_max_fds") >= page.sample.at("process_open_fds"));
  CHECK(page.sample.at("process_threads") >= 1);
  CHECK(page.sample.at("process_start_time_seconds") > 1.7e9);
}

TEST_CASE("prometheus: the README lists every family with its type, and nothing else") {
  const Running running;
  const Page page(running.text());
  std::ifstream readme(std::string(STEELYARD_SOURCE_DIR) + "/gateway/telemetry/README.md");
  REQUIRE(readme.good());
  std::map<std::string, std::string> listed;
  for (std::string line; std::getline(readme, line);) {
    if (line.rfind("| `steelyard_", 0) != 0 && line.rfind("| `process_", 0) != 0) continue;
    const std::size_t end = line.find_first_of("`{", 3);
    const std::size_t type = line.find(" | ") + 3;
    listed[line.substr(3, end - 3)] = line.substr(type, line.find(" | ", type) - type);
  }
  CHECK(listed == page.type);
}

TEST_CASE("decimals are exact") {
  struct Row {
    std::int64_t value;
    int decimals;
    const char* text;
  };
  for (const Row& row : {Row{0, 9, "0"}, Row{1, 9, "0.000000001"}, Row{1'000'000'000, 9, "1"},
                         Row{12'340'000'000, 9, "12.34"}, Row{-1'500'000'000, 9, "-1.5"},
                         Row{-1, 3, "-0.001"}, Row{INT64_MAX, 9, "9223372036.854775807"},
                         Row{INT64_MIN, 9, "-9223372036.854775808"}, Row{42, 0, "42"}}) {
    CAPTURE(row.value);
    CHECK(decimal_text(row.value, row.decimals) == row.text);
  }
}
