#include "gateway/dialect/gemini_fields.h"

#include <algorithm>

#include "gateway/dialect/gemini_keys.h"

namespace steelyard::dialect::gemini {
namespace {

using hub::Document;

constexpr KeyTable kToolKeys(key_names("functionDeclarations"));
enum DeclarationKey { kName, kDescription, kParameters, kJsonSchema };
constexpr KeyTable kDeclarationKeys(key_names("name", "description", "parameters",
                                              "parametersJsonSchema"));
constexpr KeyTable kConfigKeys(key_names("functionCallingConfig"));
constexpr KeyTable kCallingKeys(key_names("mode", "allowedFunctionNames"));
constexpr KeyTable kModes(key_names("AUTO", "ANY", "NONE", "VALIDATED"));
constexpr ToolChoice kChoiceOf[] = {ToolChoice::automatic, ToolChoice::required, ToolChoice::none,
                                    ToolChoice::automatic};

enum GenerationKey {
  kTemperature,
  kTopP,
  kTopK,
  kCandidateCount,
  kMaxOutputTokens,
  kStopSequences,
  kMimeType,
  kSchema,
  kSchemaJson,
  kThinkingConfig,
  kSeed,
  kPresence,
  kFrequency,
  kResponseLogprobs,
  kLogprobs,
  kModalities
};
constexpr KeyTable kGenerationKeys(key_names(
    "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences",
    "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig", "seed",
    "presencePenalty", "frequencyPenalty", "responseLogprobs", "logprobs", "responseModalities"));
// What Chat calls them: the hub's other readers use its names for extras.
constexpr std::pair<GenerationKey, std::string_view> kChatNames[] = {
    {kSeed, "seed"},
    {kPresence, "presence_penalty"},
    {kFrequency, "frequency_penalty"},
    {kResponseLogprobs, "logprobs"},
    {kLogprobs, "top_logprobs"}};
constexpr std::pair<GenerationKey, Field> kFields[] = {{kTemperature, Field::temperature},
                                                       {kTopP, Field::top_p},
                                                       {kTopK, Field::top_k},
                                                       {kCandidateCount, Field::n},
                                                       {kMaxOutputTokens, Field::max_tokens},
                                                       {kStopSequences, Field::stop},
                                                       {kSchema, Field::response_format},
                                                       {kSchemaJson, Field::response_format},
                                                       {kThinkingConfig, Field::thinking},
                                                       {kSeed, Field::seed},
                                                       {kPresence, Field::presence_penalty},
                                                       {kFrequency, Field::frequency_penalty},
                                                       {kResponseLogprobs, Field::logprobs},
                                                       {kLogprobs, Field::top_logprobs}};
constexpr KeyTable kThinkingKeys(key_names("thinkingBudget", "thinkingLevel"));
constexpr KeyTable kLevels(key_names("MINIMAL", "LOW", "MEDIUM", "HIGH"));
constexpr hub::Effort kEffortOf[] = {hub::Effort::minimal, hub::Effort::low, hub::Effort::medium,
                                     hub::Effort::high};
constexpr std::int64_t kChoicesMax = 128;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

bool read_declaration(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  if (out.tools.size() == hub::tools_max) return reader.refuse(where, "is one tool too many");
  if (reader.cursor.peek() != '{') return reader.refuse(where, "must be an object");
  const std::size_t begin = reader.cursor.offset();
  hub::Tool tool;
  const bool ok = object(document, where, kDeclarationKeys, [&](int key, const Where& at) {
    switch (key) {
      case kName: return reader.read_string(at, tool.name);
      case kDescription: return reader.read_string(at, tool.description);
      default: return document.take_object(at, tool.schema);
    }
  });
  if (!ok) return false;
  if (tool.name.empty())
    return reader.refuse({&where, "name"}, "must be a string that is not empty");
  tool.raw = reader.range_from(begin).of(document.text);
  out.tools.push_back(tool);
  return true;
}

// A member that is there and not null is a tool of Google's own.
bool read_native(Document& document, const Where& where, std::string_view name, hub::Request& out) {
  if (document.reader.cursor.take_null()) return true;
  if (document.reader.failed()) return false;
  if (out.tools.size() == hub::tools_max)
    return document.reader.refuse(where, "is one tool too many");
  hub::Tool tool;
  tool.kind = hub::ToolKind::native;
  tool.type = name;
  if (!document.take_raw(tool.raw)) return false;
  out.tools.push_back(tool);
  return true;
}

bool read_thinking(Document& document, const Where& where, hub::Request& out) {
  std::string_view level;
  bool given = false;
  const bool ok = object(document, where, kThinkingKeys, [&](int key, const Where& at) {
    if (key == 1) return document.reader.read_string(at, level);
    given = document.reader.cursor.peek() != 'n';
    return document.reader.read_integer(at, -1, hub::output_tokens_max, out.thinking_budget);
  });
  if (!ok) return false;
  if (given) {
    out.thinking = out.thinking_budget == 0  ? hub::Thinking::off
                   : out.thinking_budget < 0 ? hub::Thinking::adaptive
                                             : hub::Thinking::budget;
    out.thinking_budget = std::max<std::int64_t>(out.thinking_budget, 0);
  }
  char plain[16];
  if (level.size() > sizeof plain) return true;
  std::transform(level.begin(), level.end(), plain, upper);
  const int known = kLevels.find({plain, level.size()});
  if (known >= 0) out.effort = kEffortOf[known];
  return true;
}

class GenerationReader {
 public:
  GenerationReader(Document& document, hub::Request& out)
      : document_(document), reader_(document.reader), out_(out) {}

  bool read(const Where& where) {
    const bool ok = object(
        document_, where, kGenerationKeys,
        [&](int key, const Where& at) {
          if (key == kMaxOutputTokens) return read_limit(document_, at, 1, out_.max_tokens);
          if (reader_.cursor.take_null()) return true;
          if (reader_.failed()) return false;
          for (const auto& [mine, field] : kFields)
            if (mine == key) out_.fields.add(field);
          return member(key, at);
        },
        [&](std::string_view key) { return document_.take_extra(where, key, out_); });
    if (!ok) return false;
    if (out_.max_tokens.tokens > 0) out_.fields.add(Field::max_tokens);
    finish_format();
    return true;
  }

 private:
  bool member(int key, const Where& at) {
    for (const auto& [mine, name] : kChatNames)
      if (mine == key) return document_.take_extra(at, name, out_);
    switch (key) {
      case kTemperature: return document_.take_number(at, out_.temperature);
      case kTopP: return document_.take_number(at, out_.top_p);
      case kTopK: return document_.take_number(at, out_.top_k);
      case kCandidateCount: return choices(at);
      case kStopSequences: return read_stops(document_, at, out_);
      case kMimeType: return reader_.read_string(at, mime_type_);
      case kSchema:
      case kSchemaJson: return schema(at);
      case kThinkingConfig: return read_thinking(document_, at, out_);
      default: return modalities(at);
    }
  }

  bool choices(const Where& at) {
    std::int64_t n = 1;
    if (!reader_.read_integer(at, 1, kChoicesMax, n)) return false;
    out_.choices = static_cast<std::int32_t>(n);
    return true;
  }

  bool schema(const Where& at) {
    const std::size_t begin = reader_.cursor.offset();
    if (!document_.take_object(at, out_.schema)) return false;
    out_.format_raw = reader_.range_from(begin);
    return true;
  }

  // Text is what all models answer.
  bool modalities(const Where& at) {
    hub::Extra extra{"responseModalities", {}};
    if (!document_.take_raw(extra.value)) return false;
    const bool more = extra.value.find("IMAGE") != std::string_view::npos ||
                      extra.value.find("AUDIO") != std::string_view::npos;
    if (more && out_.extras.size() == hub::extras_max)
      return reader_.refuse(at, "is one field too many");
    if (more) out_.extras.push_back(extra);
    return true;
  }

  void finish_format() {
    const bool json = mime_type_ == "application\\/json" || mime_type_ == "application/json";
    if (!out_.schema.empty())
      out_.format = ResponseFormat::json_schema;
    else if (json)
      out_.format = ResponseFormat::json_object;
    else if (!mime_type_.empty() && mime_type_ != "text/plain")
      out_.format = ResponseFormat::other;
    if (out_.format != ResponseFormat::text) out_.fields.add(Field::response_format);
  }

  Document& document_;
  StrictReader& reader_;
  hub::Request& out_;
  std::string_view mime_type_;
};

}  // namespace

bool read_tools(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  const std::size_t begin = reader.cursor.offset();
  const bool ok = each(document, where, hub::tools_max, [&](const Where& tool) {
    return object(
        document, tool, kToolKeys,
        [&](int, const Where& at) {
          return each(document, at, hub::tools_max,
                      [&](const Where& one) { return read_declaration(document, one, out); });
        },
        [&](std::string_view name) { return read_native(document, tool, name, out); });
  });
  if (ok && !out.tools.empty()) out.tools_raw = reader.range_from(begin);
  return ok;
}

bool read_tool_config(Document& document, const Where& where, hub::Request& out) {
  std::string_view mode;
  std::size_t allowed = 0;
  std::string_view raw;
  const bool ok = object(document, where, kConfigKeys, [&](int, const Where& calling) {
    const std::size_t begin = document.reader.cursor.offset();
    const bool read = object(document, calling, kCallingKeys, [&](int key, const Where& at) {
      if (key == 0) return document.reader.read_string(at, mode);
      return each(document, at, hub::tools_max, [&](const Where& one) {
        ++allowed;
        return document.reader.read_string(one, out.tool_choice_name);
      });
    });
    raw = document.reader.range_from(begin).of(document.text);
    return read;
  });
  if (!ok) return false;
  char plain[16];
  if (mode.size() > sizeof plain) return true;
  std::transform(mode.begin(), mode.end(), plain, upper);
  const int known = kModes.find({plain, mode.size()});
  if (known >= 0) out.tool_choice = kChoiceOf[known];
  if (allowed == 1 && out.tool_choice == ToolChoice::required)
    out.tool_choice = ToolChoice::named;
  else if (allowed > 0)
    out.tool_choice_raw = raw;
  return true;
}

bool read_generation_config(Document& document, const Where& where, hub::Request& out) {
  return GenerationReader(document, out).read(where);
}

std::string_view plain_schema(std::string_view schema, TextRoom& room) {
  constexpr std::string_view kNames[] = {"STRING", "NUMBER", "INTEGER", "BOOLEAN",
                                         "ARRAY",  "OBJECT", "NULL"};
  constexpr std::string_view kKey = "\"type\"";
  std::string* made = nullptr;
  for (std::size_t at = schema.find(kKey); at != std::string_view::npos;
       at = schema.find(kKey, at + 1)) {
    const std::size_t colon = schema.find_first_not_of(" \t\r\n", at + kKey.size());
    if (colon == std::string_view::npos || schema[colon] != ':') continue;
    const std::size_t quote = schema.find_first_not_of(" \t\r\n", colon + 1);
    if (quote == std::string_view::npos || schema[quote] != '"') continue;
    for (const std::string_view name : kNames) {
      if (!schema.substr(quote + 1).starts_with(name)) continue;
      if (schema.substr(quote + 1 + name.size(), 1) != "\"") continue;
      if (made == nullptr) made = &room.take().append(schema);
      for (std::size_t i = 0; i < name.size(); ++i)
        (*made)[quote + 1 + i] = static_cast<char>(name[i] + 32);
    }
  }
  return made == nullptr ? schema : std::string_view(*made);
}

}  // namespace steelyard::dialect::gemini
