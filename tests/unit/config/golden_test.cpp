// Wrong (and a few right) configurations, and what a human is told. Beside each `name.yaml` stands
// `name.txt`; `UPDATE_GOLDEN=1` rewrites them: the diff is the review.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "config/check_report.h"
#include "config/codes.h"
#include "support.h"

namespace steelyard::test {
namespace {

namespace fs = std::filesystem;

// "#### path" begins a further file.
World world_from(const std::string& golden) {
  World world = world_of("");
  std::string path = "gateway.yaml";
  std::istringstream lines(golden);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#### ")) {
      path = line.substr(5);
      world.files[path].clear();
    } else {
      world.files[path] += line + "\n";
    }
  }
  if (golden.empty()) world.files["gateway.yaml"].clear();
  return world;
}

std::vector<fs::path> goldens() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(source_path("tests/golden/config"))) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool updating() {
  const char* value = std::getenv("UPDATE_GOLDEN");
  return value != nullptr && std::string(value) == "1";
}

constexpr std::int64_t now_seconds = 1'795'305'600;  // 2026-11-22

}  // namespace

TEST_CASE("golden: every diagnostic says where, what and how to mend it") {
  REQUIRE(goldens().size() >= 40);
  for (const fs::path& path : goldens()) {
    CAPTURE(path.filename().string());
    const LoadResult result = world_from(read_disk(path.string()).value()).load();
    const std::string report = report_text(result, Instant::from_seconds(now_seconds));
    fs::path expected = path;
    expected.replace_extension(".txt");
    if (updating()) std::ofstream(expected, std::ios::binary) << report;
    CHECK(report ==
          read_disk(expected.string()).value_or("(no such golden; run with UPDATE_GOLDEN=1)"));
    const bool valid =
        path.filename().string().starts_with("valid") || count_diagnostics(result).errors == 0;
    CHECK(result.ok() == valid);
  }
}

TEST_CASE("every code has a story, and a golden that provokes it") {
  std::set<std::string> provoked;
  for (const fs::path& path : goldens()) {
    for (const Diagnostic& d : world_from(read_disk(path.string()).value()).load().diagnostics)
      provoked.insert(d.code);
  }
  for (const std::string& code : provoked) {
    CAPTURE(code);
    CHECK(find_code(code) != nullptr);
  }
  for (const CodeStory& story : code_stories()) {
    CAPTURE(story.code);
    CHECK(provoked.count(std::string(story.code)) == 1);
  }
  CHECK(find_code("C9999") == nullptr);
}

}  // namespace steelyard::test
