#include "config/references.h"

#include <string_view>

#include "config/binder.h"
#include "config/paths.h"

namespace steelyard {
namespace {

constexpr std::size_t secret_file_bytes_max = 64u << 10;

bool env_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool fine =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!fine) return false;
  }
  return true;
}

std::optional<std::string> from_env(std::string_view body, SourceSpan at, BindContext& context) {
  const std::size_t fallback_at = body.find(":-");
  const std::string name(body.substr(0, fallback_at));
  if (!env_name(name)) {
    context.sink.error("C0303", at, "`" + name + "` is no name of an environment variable",
                       "in this reference", "write `${env:NAME}`, with letters, digits and `_`");
    return std::nullopt;
  }
  std::optional<std::string> value = context.inputs.env ? context.inputs.env(name) : std::nullopt;
  if (value && !value->empty()) return value;
  if (fallback_at != std::string_view::npos) return std::string(body.substr(fallback_at + 2));
  if (value) return value;
  std::string help = "set `" + name + "`";
  if (!context.in_secret) help += ", or give a fallback: `${env:" + name + ":-...}`";
  context.sink.error("C0301", at, "the environment variable `" + name + "` is not set",
                     "needed here", help);
  return std::nullopt;
}

std::optional<std::string> from_file(std::string_view body, SourceSpan at, BindContext& context) {
  const std::string path = at.file < context.sources.size()
                               ? beside(context.sources[at.file].path, body)
                               : std::string(body);
  Result<std::string> content =
      context.inputs.read
          ? context.inputs.read(path)
          : fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no files here");
  if (content && content->size() > secret_file_bytes_max) {
    content = fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, "larger than 64 KiB");
  }
  if (!content) {
    context.sink.error("C0302", at, "cannot read `" + path + "`", content.error().context,
                       "create the file, or correct its path");
    return std::nullopt;
  }
  while (!content->empty() && (content->back() == '\n' || content->back() == '\r'))
    content->pop_back();
  return std::move(*content);
}

std::optional<std::string> resolve_one(std::string_view body, SourceSpan at, BindContext& context) {
  if (body.starts_with("env:")) return from_env(body.substr(4), at, context);
  if (body.starts_with("file:") && body.size() > 5) return from_file(body.substr(5), at, context);
  context.sink.error("C0303", at, "a reference is `${env:NAME}` or `${file:path}`",
                     "not a reference", "write `$${` for a plain `${`");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> resolve_references(const std::string& written, SourceSpan at,
                                              BindContext& context) {
  const std::string_view text = written;
  std::string out;
  std::size_t done = 0;
  for (std::size_t open = text.find("${"); open != std::string_view::npos;
       open = text.find("${", done)) {
    if (open > done && text[open - 1] == '$') {
      out += text.substr(done, open - 1 - done);
      out += "${";
      done = open + 2;
      continue;
    }
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      context.sink.error("C0303", at, "a reference without its closing `}`", "starts here",
                         "write `${env:NAME}`");
      return std::nullopt;
    }
    out += text.substr(done, open - done);
    const std::optional<std::string> value =
        resolve_one(text.substr(open + 2, close - open - 2), at, context);
    if (!value) return std::nullopt;
    out += *value;
    done = close + 1;
  }
  out += text.substr(done);
  return out;
}

}  // namespace steelyard
