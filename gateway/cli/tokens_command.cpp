#include "gateway/cli/tokens_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/types/json_writer.h"
#include "gateway/chat_shape.h"
#include "gateway/cli/config_source.h"
#include "gateway/cli/tokens_import.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/own_vocabulary.h"
#include "router/tokens/counter.h"
#include "router/tokens/framing.h"

namespace steelyard::cli {
namespace {

struct Flags {
  std::vector<std::string> files;
  std::string model, config, tokenizer, dialect = "openai";
  bool chat = false, json = false;
  std::int64_t limit = -1;  // -1: none
};

// Owns what a TokenizerRef points to.
struct Target {
  std::string model, tokenizer = "o200k";
  std::int32_t ratio_percent = 100;
  router::TokenizerRef ref() const { return {tokenizer, ratio_percent, model}; }
};

std::optional<std::string> read_all(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return std::nullopt;
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text;
  std::array<char, 65536> chunk;
  do {
    in.read(chunk.data(), chunk.size());
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  return in.bad() ? std::nullopt : std::optional(std::move(text));  // bad: a folder, say
}

// The model's tokenizer, from the configuration named, else from the built-in catalogue.
std::optional<Target> find_target(const Flags& flags) {
  if (flags.model.empty()) return Target{};
  std::optional<GatewaySpec> spec;
  if (flags.config.empty()) {
    spec = load_demo(1).spec;
  } else {
    spec = load_or_explain(flags.config, std::cerr);
  }
  if (!spec) return std::nullopt;
  for (const ModelSpec& model : spec->models) {
    if (model.name == flags.model)
      return Target{model.name, model.tokenizer, model.token_ratio_percent};
  }
  std::cerr << "the catalogue has no model `" << flags.model << "`\n";
  return std::nullopt;
}

// A request in one of the dialects, read as the gateway reads it.
struct ChatBody {
  dialect::openai::RequestParser parser;
  dialect::hub::RequestReaders readers;
  dialect::hub::Request request;
  dialect::hub::FactsRoom room;
  dialect::ChatRequest chat;

  Result<void> parse(std::string_view dialect, std::string_view text) {
    const dialect::hub::Wire wire = dialect::hub::wire_named(dialect);
    if (wire == dialect::hub::Wire::openai_chat) return parser.parse(text, chat);
    const Result<void> parsed = readers.parse(wire, text, request);
    if (parsed) dialect::hub::fill_facts(request, room, chat);
    return parsed;
  }
};

std::optional<router::TokenCount> count_file(router::TokenCounter& counter, const Flags& flags,
                                             const router::Framing& framing,
                                             const std::string& file, const std::string& text) {
  if (!flags.chat) {
    const bool may_stop = flags.limit >= 0 && framing.exact_text;
    return router::scale_text(
        may_stop ? counter.count_till(text, flags.limit) : counter.count(text), framing);
  }
  ChatBody body;
  const Result<void> parsed = body.parse(flags.dialect, text);
  if (!parsed) {
    std::cerr << file << ": not a request for a chat: " << parsed.error().context << "\n";
    return std::nullopt;
  }
  ShapeScratch scratch(1);
  const ShapeOptions options{.responses = flags.dialect == "responses"};
  return router::frame_chat(shape_of(counter, body.chat, scratch, options), framing);
}

void print_json(const Flags& flags, const std::string& file, std::size_t bytes,
                const router::TokenCount& count, std::string_view encoding) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("file", file).field("bytes", static_cast<std::int64_t>(bytes));
  json.field("tokens", count.tokens).field("upper", count.upper);
  json.field("quality", router::name_of(count.quality)).field("encoding", encoding);
  if (!flags.model.empty()) json.field("model", flags.model);
  json.end_object();
  std::cout << line << "\n";
}

void print_line(const router::TokenCount& count, const std::string& name) {
  std::cout << count.tokens;
  if (count.quality != router::CountQuality::exact) {
    std::cout << "  (estimate, at most " << count.upper << ")";
  }
  std::cout << "  " << name << "\n";
}

int run(const Flags& flags) {
  std::optional<Target> target = find_target(flags);
  if (!target) return 2;
  if (!flags.tokenizer.empty()) target->tokenizer = flags.tokenizer;
  const Result<OwnVocabulary> own = vocabulary_of(target->tokenizer);
  if (!own) {
    std::cerr << target->tokenizer << ": " << own.error().context << "\n";
    return 1;
  }
  const auto counter = router::make_counter(own->vocabulary);
  if (!own->exact && !flags.tokenizer.empty()) {
    std::cerr << "no vocabulary of `" << flags.tokenizer << "` is shipped\n";
    return 2;
  }
  router::Framing framing = router::framing_of(target->ref());
  if (own->exact) framing.percent = framing.upper_percent = 100, framing.exact_text = true;
  int exit_code = 0;
  router::TokenCount total;
  for (const std::string& file : flags.files) {
    const std::optional<std::string> text = read_all(file);
    if (!text) std::cerr << "cannot read `" << file << "`\n";
    const auto count = text ? count_file(*counter, flags, framing, file, *text) : std::nullopt;
    if (!count) {
      exit_code = 1;
      continue;
    }
    if (flags.limit >= 0 && count->tokens > flags.limit) {
      std::cerr << file << ": more than " << flags.limit << " tokens\n";
      exit_code = exit_code == 0 ? 3 : exit_code;
      continue;
    }
    total.tokens += count->tokens;
    total.upper += count->upper;
    total.quality = std::max(total.quality, count->quality);
    if (flags.json) {
      print_json(flags, file, text->size(), *count, counter->encoding());
    } else {
      print_line(*count, file);
    }
  }
  if (!flags.json && flags.files.size() > 1) print_line(total, "total");
  return exit_code;
}

}  // namespace

void add_tokens_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("tokens", "how many tokens is this text or chat request?");
  command->add_option("files", flags->files, "text files; `-` is standard input");
  command->add_option("-m,--model", flags->model,
                      "count for this model of the catalogue; without it: o200k_base, exactly");
  command->add_option(
      "-t,--tokenizer", flags->tokenizer,
      "count with this one: o200k, cl100k, qwen3, qwen3.5, deepseek-v3, tekken, or file:PATH "
      "of an imported one");
  command->add_option("-c,--config", flags->config, "the main file, for its catalogue");
  command->add_flag("--chat", flags->chat,
                    "the files are request bodies: count messages, frames, tools, images");
  command
      ->add_option("--dialect", flags->dialect,
                   "of those bodies: openai (Chat Completions), responses, anthropic or gemini")
      ->check(CLI::IsMember({"openai", "responses", "anthropic", "gemini"}));
  command
      ->add_option("--limit", flags->limit,
                   "exit with 3 if a file has more tokens than this; counted no further")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", flags->json, "one JSON object a file");
  command->footer(
      "examples:\n"
      "  steelyard tokens prompt.txt\n"
      "  steelyard tokens --model claude-opus-5-5 --json notes.md\n"
      "  echo '{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}' | "
      "steelyard tokens --chat -\n"
      "Exit codes: 0 counted, 1 unreadable or not a chat request, 2 no such model or wrong usage,\n"
      "3 a file is above --limit.");
  add_tokens_import(*command, exit_code);
  command->callback([flags, command, &exit_code] {
    if (!command->get_subcommands().empty()) return;
    if (flags->files.empty()) throw CLI::RequiredError("files");
    exit_code = run(*flags);
  });
}

}  // namespace steelyard::cli
