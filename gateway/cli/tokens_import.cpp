#include "gateway/cli/tokens_import.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "router/tokens/vocabulary.h"

namespace steelyard::cli {
namespace {

struct ImportFlags {
  std::string file, output, name, pattern;
};

int import_file(const ImportFlags& flags) {
  std::ifstream in(flags.file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    std::cerr << "cannot read `" << flags.file << "`\n";
    return 1;
  }
  std::optional<router::PatternId> pattern;
  if (!flags.pattern.empty()) {
    pattern = router::pattern_named(flags.pattern);
    if (!pattern || *pattern == router::PatternId::sentencepiece) {
      std::cerr << "there is no pattern `" << flags.pattern << "`\n";
      return 2;
    }
  }
  Result<router::PublishedVocabulary> published = read_published(text, pattern);
  if (!published) {
    std::cerr << flags.file << ": " << published.error().context << "\n";
    return 1;
  }
  published->name = flags.name;
  const Result<router::PackedVocabulary> found = router::import_vocabulary(*published);
  if (!found) {
    std::cerr << flags.file << ": " << found.error().context << "\n";
    return 1;
  }
  const std::vector<unsigned char> packed = router::write_packed(*found);
  std::ofstream out(flags.output, std::ios::binary);
  out.write(reinterpret_cast<const char*>(packed.data()),
            static_cast<std::streamsize>(packed.size()));
  if (!out.flush()) {
    std::cerr << "cannot write `" << flags.output << "`\n";
    return 1;
  }
  std::cout << flags.output << ": " << found->left.size() << " tokens by merging, "
            << found->whole.size() << " whole, pattern " << name_of(found->pattern)
            << (found->normalises ? ", NFC" : "") << "\n"
            << "write `tokenizer: file:" << flags.output << "` in the model's entry to use it\n";
  return 0;
}

}  // namespace

void add_tokens_import(CLI::App& tokens, int& exit_code) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* command = tokens.add_subcommand(
      "import", "pack a tokenizer you hold the rights to, to count with it exactly");
  command->add_option("file", flags->file, "tokenizer.json, tekken.json or .tiktoken")->required();
  command->add_option("-o,--output", flags->output, "the packed vocabulary")->required();
  command->add_option("--name", flags->name, "what to call it, at most 31 bytes")->required();
  command->add_option("--pattern", flags->pattern,
                      "o200k, cl100k, llama3, qwen2, qwen35, deepseek, tekken or kimi; needed for "
                      ".tiktoken files");
  command->callback([flags, &exit_code] { exit_code = import_file(*flags); });
}

}  // namespace steelyard::cli
