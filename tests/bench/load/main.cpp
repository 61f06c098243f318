// steelyard_load: loads a proxy on this machine and checks every byte.
#include <cstdio>
#include <string>

#include "config/types/json_writer.h"
#include "tests/bench/common/loopback.h"
#include "tests/bench/load/runner.h"

namespace {

using namespace steelyard;
using namespace steelyard::bench;

void put_histogram(JsonWriter& json, const char* name, const Histogram& histogram) {
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1000; };
  json.key(name).begin_object();
  json.field("count", static_cast<std::int64_t>(histogram.count()));
  json.key("mean_us").number_double(histogram.mean() / 1000, 3);
  json.key("p50_us").number_double(us(histogram.percentile(0.5)), 3);
  json.key("p90_us").number_double(us(histogram.percentile(0.9)), 3);
  json.key("p99_us").number_double(us(histogram.percentile(0.99)), 3);
  json.key("p999_us").number_double(us(histogram.percentile(0.999)), 3);
  json.key("max_us").number_double(us(histogram.max()), 3);
  json.end_object();
}

void put_streams(JsonWriter& json, const StreamTotals& streams) {
  json.key("stream").begin_object();
  json.field("events", static_cast<std::int64_t>(streams.events));
  json.field("merged", static_cast<std::int64_t>(streams.merged));
  json.field("held_back", static_cast<std::int64_t>(streams.held_back));
  json.field("comments", static_cast<std::int64_t>(streams.comments));
  json.field("bytes", static_cast<std::int64_t>(streams.bytes));
  put_histogram(json, "first_content", streams.first_content);
  put_histogram(json, "gap", streams.gap);
  put_histogram(json, "age", streams.age);
  json.end_object();
}

std::string json_of(const LoadRunner& runner, const LoadOptions& options, bool good) {
  const LoadReport& report = runner.report();
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("ok", good);
  json.field("error", runner.error());
  json.field("completed", static_cast<std::int64_t>(report.completed));
  json.field("warmup", static_cast<std::int64_t>(report.warmup));
  const double seconds = static_cast<double>(report.elapsed_ns) / 1e9;
  json.key("seconds").number_double(seconds, 6);
  json.key("per_second").number_double(static_cast<double>(report.completed) / seconds, 1);
  json.field("late_sends", static_cast<std::int64_t>(report.late_sends));
  put_histogram(json, "latency", report.latency);
  if (options.sheds) {
    json.field("shed", static_cast<std::int64_t>(report.shed));
    put_histogram(json, "shed_latency", report.shed_latency);
  }
  if (options.any_events) json.field("any_events", static_cast<std::int64_t>(report.any_events));
  if (options.stream) put_streams(json, report.streams);
  json.field("first_head", report.first_head);
  json.end_object();
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const LoadOptions options = read_options(argc, argv);
  raise_descriptor_limit();
  LoadRunner runner(options);
  const bool good = runner.run();
  std::puts(json_of(runner, options, good).c_str());
  if (!good) std::fprintf(stderr, "steelyard_load: %s\n", runner.error().c_str());
  return good ? 0 : 1;
}
