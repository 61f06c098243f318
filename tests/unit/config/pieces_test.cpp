// The pieces under the loader: globs, nearest names, SHA-256, paths, bytes, printers.
#include <doctest/doctest.h>

#include "config/check_report.h"
#include "config/checks.h"
#include "config/diagnostic.h"
#include "config/nearest.h"
#include "config/paths.h"
#include "config/text_bytes.h"
#include "config/types/glob.h"
#include "config/types/sha256.h"
#include "config/yaml_tree.h"

namespace steelyard::test {

TEST_CASE("SHA-256: the vectors of FIPS 180-4, in any split") {
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  CHECK(to_hex(sha256(two)) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  for (std::size_t length = 0; length < 200; ++length) {
    const std::string text(length, 'x');
    Sha256 split;
    for (std::size_t i = 0; i < length; i += 7) split.update(std::string_view(text).substr(i, 7));
    CHECK(split.finish() == sha256(text));
  }
  CHECK(sha256_from_hex(to_hex(sha256("abc"))).value() == sha256("abc"));
  CHECK_FALSE(sha256_from_hex("abc").has_value());
  CHECK_FALSE(sha256_from_hex(std::string(64, 'g')).has_value());
}

TEST_CASE("globs") {
  struct Row {
    const char *pattern, *text;
    bool matches;
  };
  for (const Row& row :
       {Row{"*", "", true}, Row{"*", "x", true}, Row{"gpt-*", "gpt-6", true},
        Row{"gpt-*", "gpt", false}, Row{"*fable*", "claude-fable-5", true}, Row{"a?c", "abc", true},
        Row{"a?c", "ac", false}, Row{"a*b*c", "aXbYbZc", true}, Row{"a*b*c", "aXcYb", false},
        Row{"", "", true}, Row{"", "a", false}, Row{"**", "a", true}, Row{"*a", "ba", true},
        Row{"*a", "ab", false}}) {
    CAPTURE(row.pattern);
    CAPTURE(row.text);
    CHECK(glob_match(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("the name that was meant") {
  const std::vector<std::string> keys{"listen", "providers", "policies", "timeouts", "tls"};
  CHECK(nearest("lisen", keys).value() == "listen");
  CHECK(nearest("provider", keys).value() == "providers");
  CHECK(nearest("polcies", keys).value() == "policies");
  CHECK_FALSE(nearest("zzzzzzzz", keys).has_value());
  CHECK_FALSE(nearest(std::string(1000, 'a'), keys).has_value());
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a provider's name finds its vendor") {
  struct Row {
    const char *vendor, *name;
    bool fits;
  };
  for (const Row& row :
       {Row{"OpenAI", "openai", true}, Row{"OpenAI (open weights)", "openai", false},
        Row{"Moonshot Kimi", "kimi", true}, Row{"Moonshot Kimi", "moonshot-kimi", true},
        Row{"Zhipu / Z.ai", "zai", true}, Row{"xAI", "xai", true}, Row{"Meta", "me", false},
        Row{"Google", "gemini", false}, Row{"", "", true}}) {
    CAPTURE(row.vendor);
    CAPTURE(row.name);
    if (*row.vendor != '\0') CHECK(vendor_fits(row.vendor, row.name) == row.fits);
  }
}

TEST_CASE("paths are relative to the file they are written in") {
  CHECK(beside("config/gateway.yaml", "models.yaml") == "config/models.yaml");
  CHECK(beside("gateway.yaml", "policies/*.yaml") == "policies/*.yaml");
  CHECK(beside("config/demo/demo.yaml", "../models.yaml") == "config/models.yaml");
  CHECK(beside("/etc/steelyard/gateway.yaml", "/run/secrets/x") == "/run/secrets/x");
}

TEST_CASE("bytes that are no text") {
  CHECK_FALSE(find_bad_byte("plain\ttext\r\nwith \xE2\x82\xAC and \xF0\x9F\x98\x80").has_value());
  const std::optional<BadByte> escape = find_bad_byte("ok\nab\x1b[31m");
  REQUIRE(escape.has_value());
  CHECK(escape->line == 2);
  CHECK(escape->column == 3);
  CHECK(escape->control);
  for (const char* bad :
       {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF"}) {
    REQUIRE(find_bad_byte(bad).has_value());
    CHECK_FALSE(find_bad_byte(bad)->control);
  }
  CHECK(find_bad_byte("\xC2\x9B")->control);  // C1: an escape for some terminals
}

TEST_CASE("one diagnostic, three ways to say it") {
  const std::vector<SourceText> sources{
      {"policies/office.yaml",
       "policies:\n  - name: a\n    when: {}\n    prefr: [openai/gpt-4o-mini]\n"}};
  const Diagnostic d{Severity::error,
                     "C0102",
                     "unknown key `prefr` in a policy",
                     {{0, 4, 5, 5}, "not a policy key"},
                     {},
                     "the key is `prefer`"};
  CHECK(to_text(d, sources) ==
        "error[C0102]: unknown key `prefr` in a policy\n"
        " --> policies/office.yaml:4:5\n"
        "  |\n"
        "4 |     prefr: [openai/gpt-4o-mini]\n"
        "  |     ^^^^^ not a policy key\n"
        "  = help: the key is `prefer`\n");
  CHECK(
      to_json(d, sources) ==
      R"({"severity":"error","code":"C0102","message":"unknown key `prefr` in a policy","file":"policies/office.yaml","line":4,"column":5,)"
      R"("length":5,"label":"not a policy key","notes":[],"help":"the key is `prefer`"})");
  CHECK(to_github(d, sources) ==
        "::error file=policies/office.yaml,line=4,col=5,endColumn=10,title=C0102::unknown key "
        "`prefr` in a policy%0Ahelp: the key is `prefer`");
  CHECK(to_text(d, sources, {true}).find("\033[1;31m") != std::string::npos);
}

TEST_CASE("later findings join the report once a place, and never crowd out errors") {
  const auto at = [](std::uint32_t line, Severity severity) {
    return Diagnostic{severity, "X0001", "m", {{0, line, 1, 1}, ""}, {}, ""};
  };
  LoadResult result;
  result.diagnostics = {at(1, Severity::warning)};
  std::vector<Diagnostic> found{at(1, Severity::warning)};
  for (std::uint32_t line = 2; line < 40; ++line) found.push_back(at(line, Severity::warning));
  found.push_back(at(99, Severity::error));
  merge_found(result, found);
  CHECK(result.diagnostics.size() == diagnostics_max);
  CHECK(result.diagnostics[1].severity == Severity::error);
  CHECK(result.suppressed == 38 - (diagnostics_max - 2));
  CHECK(count_diagnostics(result).errors == 1);
}

TEST_CASE("excerpts: wide characters, long lines, hostile bytes, places that do not exist") {
  const auto shown = [](const std::string& line, SourceSpan at) {
    const std::vector<SourceText> sources{{"f", line}};
    return to_text({Severity::warning, "C0000", "m", {at, "here"}, {}, ""}, sources);
  };
  CHECK(shown("k\xC3\xA9y: \xE2\x82\xAC\xE2\x82\xAC", {0, 1, 7, 6}).find("  |      ^^ here\n") !=
        std::string::npos);
  const std::string wide =
      shown(std::string(5'000, 'a') + "B" + std::string(5'000, 'c'), {0, 1, 5'001, 1});
  CHECK(wide.size() < 500);
  CHECK(wide.find("aaaB") != std::string::npos);
  CHECK(shown("a\x1b[31mb\xFF", {0, 1, 1, 1}).find('\x1b') == std::string::npos);
  CHECK(shown("a", {0, 99, 99, 99}).find("99") != std::string::npos);
  CHECK(shown("a", {7, 1, 1, 1}).find("-->") == std::string::npos);
}

TEST_CASE("an amount in a flow map is one amount, wherever it stands") {
  struct Row {
    const char *yaml, *limit;
  };
  for (const Row& row :
       {Row{"{ limit: $20,000, per: month }", "$20,000"},
        Row{"{ per: month, limit: $1,234,567 }", "$1,234,567"},
        Row{"{ limit: $1,000.50, per: day }", "$1,000.50"},
        Row{"{ limit: 20,000 USD }", "20,000 USD"}, Row{"{limit: $20,000}", "$20,000"},
        Row{"{ limit: \"$20,000\" }", "$20,000"}, Row{"{ limit: $20, 000: x }", "$20"},
        Row{"limit: $20,000", "$20,000"}}) {
    CAPTURE(row.yaml);
    DiagnosticSink sink;
    const std::optional<YamlNode> node = parse_yaml(row.yaml, 0, sink);
    REQUIRE(node.has_value());
    REQUIRE(node->find("limit") != nullptr);
    CHECK(node->find("limit")->text == row.limit);
    CHECK(node->find("limit")->at.length >= std::string(row.limit).size());
  }
}

TEST_CASE("merge keys fill in, and never override") {
  DiagnosticSink sink;
  const auto node = parse_yaml(
      "base: &b { a: 1, b: 2 }\nuse: { <<: *b, b: 3 }\nboth: { <<: [*b, { c: 4, a: 9 }] }\n", 0,
      sink);
  REQUIRE(node.has_value());
  CHECK(sink.errors() == 0);
  CHECK(node->find("use")->find("a")->text == "1");
  CHECK(node->find("use")->find("b")->text == "3");
  CHECK(node->find("both")->find("a")->text == "1");
  CHECK(node->find("both")->find("c")->text == "4");
}

}  // namespace steelyard::test
