// The disk behind the loader. The file under test belongs to gateway/ but needs nothing of it, so
// it is compiled in here.
#include "gateway/config_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "gateway/config_files.cpp"
#include "support.h"

namespace steelyard::test {
namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("steelyard-config-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path / "policies"); }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
  }
};

}  // namespace

TEST_CASE("files, globs and environment of a real disk") {
  const Folder folder;
  folder.write(
      "gateway.yaml",
      "catalog: [models.yaml]\nproviders:\n  openai: { base_url: https://api.openai.com/v1, keys: "
      "[\"${env:FROM_DEMO}\", \"${file:secret}\"] }\npolicies: [policies/*.yaml]\n");
  folder.write("models.yaml", read_source("tests/golden/config/shared/models.yaml"));
  folder.write("secret", "sk-of-the-disk\n");
  folder.write("policies/b.yaml", "policies: [{ name: b, deny: no }]\n");
  folder.write("policies/a.yaml", "policies: [{ name: a, deny: no }]\n");
  folder.write("policies/.hidden.yaml", "not: valid\n");
  folder.write("policies/notes.txt", "not: valid\n");
  const std::string main = (folder.path / "gateway.yaml").string();
  const LoadResult without = load_from_disk(main);
  CHECK(has_code(without, "C0301"));
  const LoadResult result =
      load_from_disk(main, [](const std::string& name) -> std::optional<std::string> {
        if (name == "FROM_DEMO") return "sk-of-the-demo";
        return std::nullopt;
      });
  REQUIRE(result.ok());
  CHECK(result.spec->providers.at(0).keys.at(0).reveal() == "sk-of-the-demo");
  CHECK(result.spec->providers.at(0).keys.at(1).reveal() == "sk-of-the-disk");
  REQUIRE(result.spec->policies.size() == 2);
  CHECK(result.spec->policies[0].name == "a");
}

TEST_CASE("what is no readable file says why") {
  const LoadInputs inputs = disk_inputs();
  CHECK(inputs.read("/no/such/file").error().context == "no such file");
  CHECK(inputs.read("/").error().context == "this is a folder");
  CHECK(inputs.read("/dev/zero").error().context == "larger than 16 MiB");
  CHECK_FALSE(inputs.expand("/no/*/such.yaml").has_value());
  CHECK_FALSE(inputs.expand("/no/such/*.yaml").has_value());
  CHECK(has_code(load_from_disk("/no/such/gateway.yaml"), "C0001"));
}

}  // namespace steelyard::test
