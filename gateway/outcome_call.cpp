#include "gateway/outcome_call.h"

#include "config/types/json_writer.h"
#include "config/values.h"
#include "gateway/dialect/hub_read.h"
#include "gateway/error_reply.h"
#include "gateway/net/io.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

using dialect::StrictReader;
using dialect::Where;
using reports::outcome_note_bytes_max;
using reports::parse_task_result;
using reports::task_bytes_max;

constexpr dialect::KeyTable outcome_keys(dialect::key_names("task", "result", "value_usd", "note"));
enum { key_task, key_result, key_value, key_note };

constexpr std::string_view money_wanted =
    "must be dollars as a string, such as \"12.50\" or \"-3\", with nine decimals at most";

// A string with a number, or the number itself as it is spelled: never a floating-point number.
bool read_value(StrictReader& reader, const Where& where, NanoUsd& out) {
  std::string_view text;
  if (reader.cursor.peek() == '"') {
    if (!reader.cursor.take_string(text)) return false;
  } else if (!reader.cursor.take_scalar(text)) {
    return reader.refuse(where, money_wanted);
  }
  if (text == "null") return true;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool digits = text.find_first_not_of("0123456789.") == std::string_view::npos;
  const Parsed<std::int64_t> amount = parse_fixed(text, 9);
  if (!digits || !amount) return reader.refuse(where, money_wanted);
  out.v = negative ? -*amount : *amount;
  return true;
}

bool read_text(StrictReader& reader, const Where& where, std::size_t most, std::string& out) {
  std::string_view inside;
  if (!reader.read_string(where, inside)) return false;
  out.clear();
  dialect::append_unescaped(out, inside);
  return out.size() <= most || reader.refuse(where, "is too long");
}

bool read_member(StrictReader& reader, int key, const Where& where, Outcome& out,
                 bool& has_result) {
  std::string word;
  switch (key) {
    case key_task: return read_text(reader, where, task_bytes_max, out.task);
    case key_value: return read_value(reader, where, out.value);
    case key_note: return read_text(reader, where, outcome_note_bytes_max, out.note);
    case key_result:
      if (!read_text(reader, where, 64, word)) return false;
      has_result = parse_task_result(word, out.result);
      return has_result || reader.refuse(where, "must be `success`, `failure` or `cancelled`");
    default:
      return reader.refuse(where, "is not known: `task`, `result`, `value_usd` and `note` are");
  }
}

// Completed by the thread that writes, by way of the worker's own.
struct Wait {
  net::IoSlot slot;
  Closing how = Closing::failed;
  Instant closed;
};

std::string answer_of(const Outcome& outcome, const Wait& wait) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("object", "outcome").field("task", outcome.task);
  json.field("result", reports::name_of(outcome.result));
  json.field("value_usd", UsdText(outcome.value).view());
  json.field("value_nano_usd", outcome.value.v);
  json.field("closed_at", wait.closed.seconds());
  json.field("already", wait.how == Closing::already).end_object();
  body += '\n';
  return body;
}

net::Task<void> refuse(Session& session, unsigned status, Error error) {
  if (status == 0) {
    const dialect::ErrorExtras extras;
    const std::string_view no_lines;
    (void)co_await reply_error(session, error, extras, no_lines);
    co_return;
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("error").begin_object().field("message", error.context);
  json.field("type", "invalid_request_error").key("param").null();
  json.field("code", "task_closed").end_object().end_object();
  (void)co_await session.reply(status, "application/json", body);
}

}  // namespace

Result<void> read_outcome(std::string_view body, Outcome& out) {
  std::string refusal;
  StrictReader reader(body, refusal);
  StrictReader::Members members;
  const Where root;
  bool has_result = false;
  bool good = reader.enter(root, '{', "the body must be an object");
  while (good) {
    const int key = reader.next(members, outcome_keys, root);
    if (key == StrictReader::kEnd) break;
    const std::string_view name =
        key >= 0 ? outcome_keys.name(static_cast<std::size_t>(key)) : std::string_view("?");
    good = read_member(reader, key, {&root, name}, out, has_result);
  }
  if (good && !reader.failed() && !reader.cursor.at_end())
    good = reader.refuse(root, "has something behind its end");
  if (!good || reader.failed()) return fail(dialect::hub::refusal_of(reader, std::move(refusal)));
  const auto missing = [](const char* what) {
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, what);
  };
  if (out.task.empty()) return missing("`/task` must name the task: what `x-steelyard-task` said");
  if (!has_result) return missing("`/result` must be `success`, `failure` or `cancelled`");
  return {};
}

net::Task<void> serve_outcome(Session& session) {
  Worker& worker = session.worker();
  Outcome outcome;
  const Principal& who = *session.principal();
  outcome.organisation = who.organisation;
  outcome.team = who.team;
  outcome.key = who.key;
  outcome.closed = worker.now();
  Result<void> read = read_outcome(session.body(), outcome);
  if (!read) {
    Error error = read.error();
    co_await refuse(session, 0, std::move(error));
    co_return;
  }
  Outcomes* const outcomes = worker.seams().outcomes;
  auto wait = std::make_shared<Wait>();
  wait->slot.arm();
  if (outcomes == nullptr) {
    wait->slot.complete({});
  } else {
    auto post = worker.seams().post;
    auto done = [wait, post](Closing how, Instant closed) {
      post([wait, how, closed] {
        wait->how = how;
        wait->closed = closed;
        wait->slot.complete({});
      });
    };
    outcomes->close(outcome, std::move(done));
  }
  (void)co_await wait->slot;
  if (wait->how == Closing::conflict) {
    Error error(ErrorKind::bad_request, ErrorSource::client, Retry::never,
                "task `" + outcome.task + "` is closed already, with another result or value");
    co_await refuse(session, 409, std::move(error));
    co_return;
  }
  if (wait->how == Closing::failed) {
    Error error(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                "the outcome could not be kept; say it again");
    co_await refuse(session, 0, std::move(error));
    co_return;
  }
  const std::string body = answer_of(outcome, *wait);
  (void)co_await session.reply(200, "application/json", body);
}

}  // namespace steelyard
