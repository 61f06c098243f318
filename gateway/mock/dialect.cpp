#include "gateway/mock/dialect.h"

#include "config/types/json_writer.h"

namespace steelyard::mock {
namespace {

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool room = text[i] == '%' && i + 2 < text.size();
    const int high = room ? hex_digit(text[i + 1]) : -1;
    const int low = room ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Operation operation_of(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  Operation op;
  for (const std::string_view prefix : {"/v1beta/models/", "/v1/models/"}) {
    if (!path.starts_with(prefix)) continue;
    std::string_view rest = path.substr(prefix.size());
    if (take_suffix(rest, ":streamGenerateContent")) {
      op.stream = true;
      op.array = target.find("alt=sse") == std::string_view::npos;
    } else if (take_suffix(rest, ":countTokens")) {
      op.count = true;
    } else if (!take_suffix(rest, ":generateContent")) {
      return op;
    }
    op.dialect = &gemini_dialect;
    op.model = rest;
    return op;
  }
  if (path.starts_with("/model/")) {
    std::string_view rest = path.substr(7);
    op.stream = take_suffix(rest, "/converse-stream");
    if (!op.stream && !take_suffix(rest, "/converse")) return op;
    op.dialect = &bedrock_dialect;
    op.model = rest;
    return op;
  }
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  if (path == "/messages") op.dialect = &anthropic_dialect;
  if (path == "/responses") op.dialect = &responses_dialect;
  if (path == "/messages/count_tokens") {
    op.dialect = &anthropic_dialect;
    op.count = true;
  }
  return op;
}

std::string take_pieces(Pieces& pieces, std::int64_t tokens) {
  std::string text;
  for (; tokens > 0; --tokens) {
    const std::string_view piece = pieces.next();
    if (piece.empty()) break;
    text += piece;
  }
  return text;
}

std::string_view suffix_of(const AnswerNames& names) {
  const std::string_view id = names.id;
  const std::size_t at = id.find_first_of("-_");
  return at == std::string_view::npos ? id : id.substr(at + 1);
}

std::string event_bytes(std::string_view name, std::string_view json, const Behaviour& behaviour) {
  const std::string_view line = behaviour.crlf ? "\r\n" : "\n";
  std::string out;
  if (!name.empty()) out.append("event: ").append(name).append(line);
  return out.append("data: ").append(json).append(line).append(line);
}

void ScriptWriter::add(std::string_view name, std::string_view json) {
  out_.push_back({event_bytes(name, json, behaviour_), 0, false});
}

bool ScriptWriter::round(std::string_view name, std::string json, std::int64_t tokens,
                         std::string_view error_name, std::string_view error) {
  if (fault_ == Fault::error_event && rounds_ >= behaviour_.after_chunks) {
    add(error_name, error);
    return false;
  }
  ++rounds_;
  if (fault_ == Fault::bad_body && rounds_ >= behaviour_.after_chunks) json.pop_back();
  out_.push_back({event_bytes(name, json, behaviour_), tokens, true});
  return true;
}

bool ScriptWriter::failed_late(std::string_view error_name, std::string_view error) {
  if (fault_ != Fault::error_event) return false;
  add(error_name, error);
  return true;
}

std::string ScriptWriter::text(std::string piece) const {
  if (fault_ != Fault::huge_line || rounds_ != 0) return piece;
  return std::string(static_cast<std::size_t>(behaviour_.huge_line_bytes), 'x');
}

}  // namespace steelyard::mock
