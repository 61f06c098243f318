#include "gateway/dialect/openai_fault.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "gateway/dialect/openai_response.h"

namespace steelyard::dialect::openai {
namespace {

constexpr std::size_t kMessageKept = 2'000;  // bytes of a provider's message that we repeat
constexpr std::size_t kPlainKept = 300;      // of a body that is not JSON (a proxy's HTML page)

// First match wins. `code` is compared with code and type as a whole, `words` must occur in the
// message; both in lower case.
struct Sign {
  std::string_view code, words;
  FaultClass cls;
};
constexpr Sign kSigns[] = {
    {"context_length_exceeded", {}, FaultClass::context_length},
    {"exceed_context_size_error", {}, FaultClass::context_length},  // llama.cpp
    {"too_many_prompt_tokens", {}, FaultClass::context_length},     // Perplexity
    {{},
     "maximum context length",
     FaultClass::context_length},                            // OpenAI, DeepSeek, OpenRouter, vLLM
    {{}, "max context length", FaultClass::context_length},  // Ollama
    {{}, "context window", FaultClass::context_length},
    {{}, "prompt is too long", FaultClass::context_length},
    {{}, "available context size", FaultClass::context_length},
    {{}, "exceeds the maximum number of tokens", FaultClass::context_length},
    {{}, "maximum prompt length", FaultClass::context_length},  // xAI
    {"1261", {}, FaultClass::context_length},                   // GLM
    {"insufficient_quota", {}, FaultClass::balance},
    {"billing_hard_limit_reached", {}, FaultClass::balance},
    {"insufficient_balance", {}, FaultClass::balance},
    {"insufficient_user_quota", {}, FaultClass::balance},
    {"billing_error", {}, FaultClass::balance},
    {"exceeded_current_quota_error", {}, FaultClass::balance},  // Moonshot
    {"arrearage", {}, FaultClass::balance},                     // DashScope
    {"accountoverdueerror", {}, FaultClass::balance},           // Ark
    {"1113", {}, FaultClass::balance},                          // GLM, with 429
    {{}, "insufficient balance", FaultClass::balance},          // DeepSeek
    {{}, "credit balance is too low", FaultClass::balance},     // Anthropic answers 400
    {"invalid_api_key", {}, FaultClass::auth_upstream},
    {"authentication_error", {}, FaultClass::auth_upstream},
    {"unauthenticated", {}, FaultClass::auth_upstream},
    {{}, "incorrect api key", FaultClass::auth_upstream},  // xAI answers 400
    {{}, "api key not valid", FaultClass::auth_upstream},  // Gemini answers 400
    {{}, "api key expired", FaultClass::auth_upstream},    // likewise
    {{}, "invalid api key", FaultClass::auth_upstream},
    {"model_not_found", {}, FaultClass::model_missing},
    {"deploymentnotfound", {}, FaultClass::model_missing},       // Azure
    {"invalid_model", {}, FaultClass::model_missing},            // Mistral
    {{}, "is not a valid model id", FaultClass::model_missing},  // OpenRouter
    {"content_filter", {}, FaultClass::refused},
    {"content_policy_violation", {}, FaultClass::refused},
    {"data_inspection_failed", {}, FaultClass::refused},             // DashScope
    {"sensitivecontentdetected", {}, FaultClass::refused},           // Ark
    {"inputtextsensitivecontentdetected", {}, FaultClass::refused},  // likewise
    {"overloaded_error", {}, FaultClass::overloaded},
    {"server_is_overloaded", {}, FaultClass::overloaded},
    {"service_unavailable", {}, FaultClass::overloaded},
    {"unavailable", {}, FaultClass::overloaded},
    {"rate_limit_exceeded", {}, FaultClass::rate_limited},
    {"rate_limit_error", {}, FaultClass::rate_limited},
    {"ratelimitreached", {}, FaultClass::rate_limited},  // Azure
    {"resource_exhausted", {}, FaultClass::rate_limited},
};
constexpr Sign kSignsWithoutStatus[] = {
    // too vague where a status says more
    {"tool_use_failed", {}, FaultClass::server},  // Groq: the model's own output did not parse
    {"invalid_request_error", {}, FaultClass::client_invalid},
    {"server_error", {}, FaultClass::server},
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool contains(std::string_view text, std::string_view lower_case) {
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

FaultClass search(std::span<const Sign> signs, const UpstreamFault& fault) {
  for (const Sign& sign : signs) {
    const bool hit = sign.code.empty()
                         ? contains(fault.message, sign.words)
                         : equals(fault.code, sign.code) || equals(fault.type, sign.code);
    if (hit) return sign.cls;
  }
  return FaultClass::none;
}

int status_in(std::string_view code) {
  int value = 0;
  const auto parsed = std::from_chars(code.data(), code.data() + code.size(), value);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == code.data() + code.size();
  return whole && value >= 400 && value <= 599 ? value : 0;
}

// Of a page of HTML its title, else its text: clients show what is in an error, and the page may be
// anybody's.
std::string text_of_page(std::string_view page) {
  constexpr std::string_view kTitle = "<title>";
  const auto* const end = page.data() + page.size();
  const auto* const at = std::search(page.data(), end, kTitle.begin(), kTitle.end(),
                                     [](char a, char b) { return lower(a) == b; });
  if (at != end) {
    page.remove_prefix(static_cast<std::size_t>(at - page.data()) + kTitle.size());
    return std::string(page.substr(0, page.find('<')));
  }
  std::string text;
  bool tag = false;
  for (const char c : page) {
    tag = c == '<' || (tag && c != '>');
    if (!tag) text += c == '>' ? ' ' : c;
  }
  return text;
}

// What a balancer or proxy said in place of the provider: one line of plain text.
std::string plain_text(std::string_view body) {
  std::string page, out;
  const std::size_t at = body.find_first_not_of(" \t\r\n");
  if (at != body.npos && body[at] == '<') body = page = text_of_page(body);
  for (const char c : body.substr(0, kPlainKept)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

enum ErrorKey { kMessage, kType, kCode, kStatus, kDetail, kError, kObject, kMsg, kAmazons };
constexpr KeyTable kErrorKeys(key_names("message", "type", "code", "status", "detail", "error",
                                        "object", "msg", "Message"));

bool read_document(LenientReader& reader, FaultReader& out) {
  return reader.object(kErrorKeys, [&](int key) {
    switch (key) {
      case kError: return out.read_error_value(reader);
      case kAmazons:
      case kMessage: return out.read_message(reader);
      case kType: return out.read_type(reader);
      case kCode: return out.read_code(reader);
      case kDetail: return out.read_detail(reader);
      default: return reader.cursor.skip_value();
    }
  });
}

}  // namespace

FaultClass classify(int status, const UpstreamFault& fault) {
  // A server's failure stays one, whatever its message quotes.
  const bool may_look = status < 500;
  const FaultClass sign = may_look ? search(kSigns, fault) : FaultClass::none;
  if (sign != FaultClass::none) return sign;
  if (status >= 400) return class_of_status(status);
  if (const int inner = status_in(fault.code); inner != 0) return class_of_status(inner);
  const FaultClass vague = search(kSignsWithoutStatus, fault);
  return vague != FaultClass::none ? vague : FaultClass::server;
}

bool FaultReader::read_error_value(LenientReader& reader) {
  const char c = reader.cursor.peek();
  if (c == 'n' || c == 'f') return reader.cursor.skip_value();
  seen_ = true;
  if (c == '"') return reader.text_or_number(fault_.message);
  return reader.object(kErrorKeys, [&](int key) {
    switch (key) {
      case kMessage: return read_message(reader);
      case kCode: return reader.text_or_number(fault_.code);
      case kType: return reader.text_or_number(fault_.type);
      case kStatus: return read_type(reader);  // Gemini's word; OpenRouter's is a number
      case kDetail: return read_detail(reader);
      default: return reader.cursor.skip_value();
    }
  });
}

// A string (Mistral, Voyage), or FastAPI's list of {msg}.
bool FaultReader::read_detail(LenientReader& reader) {
  detail_ = true;
  if (reader.cursor.peek() != '[') return reader.text_or_number(fault_.message);
  return reader.array([&] { return read_first_message(reader); });
}

bool FaultReader::read_first_message(LenientReader& reader) {
  if (!fault_.message.empty()) return reader.cursor.skip_value();
  return reader.object(kErrorKeys, [&](int key) {
    return key == kMsg ? reader.text_or_number(fault_.message) : reader.cursor.skip_value();
  });
}

UpstreamFault FaultReader::take(int status) {
  fault_.cls = classify(status, fault_);
  if (fault_.message.size() > kMessageKept) fault_.message.resize(kMessageKept);
  return std::move(fault_);
}

UpstreamFault parse_error(int status, std::string_view body) {
  FaultReader found;
  LenientReader reader(body);
  // Gemini's OpenAI endpoint puts the document into an array.
  const bool ok = reader.cursor.peek() == '['
                      ? reader.array([&] { return read_document(reader, found); })
                      : read_document(reader, found);
  UpstreamFault fault = found.take(status);
  if (!ok && fault.message.empty()) {
    fault.message = plain_text(body);
    fault.cls = classify(status, fault);
  }
  return fault;
}

}  // namespace steelyard::dialect::openai
