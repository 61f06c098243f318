#include "gateway/reports/read_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gateway/reports/decision_line.h"
#include "gateway/reports/fee_line.h"
#include "gateway/reports/outcome_line.h"
#include "gateway/store/recovery.h"
#include "gateway/telemetry/receipt.h"

namespace steelyard::reports {
namespace {

constexpr std::int64_t schema_version = 4;

constexpr const char* schema = R"sql(
create table meta(name text primary key, value) without rowid;
create table sources(path text primary key, beginning text, bytes integer) without rowid;
create table requests(
  id integer primary key, request_id text unique, start_ns integer, end_ns integer,
  organisation text, team text, key text, session text, task text, call_type text, status text,
  http_status integer, error_class text, policy text, tier text, model_asked text, model text,
  provider text, stream integer, retries integer, escalated integer, spend_nano_usd integer,
  held_nano_usd integer, overrun_nano_usd integer, counterfactual_model text,
  counterfactual_nano_usd integer, saved_nano_usd integer, config_hash text);
create index requests_start on requests(start_ns);
create index requests_task on requests(organisation, task) where task <> '';
create table outcomes(
  organisation text, task text, team text, key text, result text, value_nano_usd integer,
  note text, closed_ns integer, request integer,
  primary key(organisation, task)) without rowid;
create table tags(request integer, tag text, primary key(request, tag)) without rowid;
create table attempts(
  request integer, number integer, last integer, provider text, model text, status integer,
  error_class text, usage_source text, held_nano_usd integer, cost_nano_usd integer,
  prompt_tokens integer, cached_tokens integer, cache_write_tokens integer,
  completion_tokens integer, reasoning_tokens integer, web_searches integer,
  primary key(request, number)) without rowid;
create table fees(
  organisation text, team text, kind text, what text, count integer, nano_usd integer,
  at_ns integer);
create table budgets(
  scope text, per text, time_zone text, limit_nano_usd integer, window_start_ns integer,
  window_end_ns integer, posted_nano_usd integer, held_nano_usd integer, overrun_nano_usd integer);
create view charges as select
  r.id, r.request_id, r.start_ns, r.organisation, r.team, r.key, r.session, r.task, r.policy,
  r.tier, r.status as request_status, r.error_class as request_error, a.provider, a.model,
  a.status, a.error_class, a.usage_source, a.held_nano_usd, a.cost_nano_usd as spend_nano_usd,
  a.last, iif(a.last, r.saved_nano_usd, 0) as saved_nano_usd,
  a.prompt_tokens, a.cached_tokens, a.cache_write_tokens, a.completion_tokens, a.reasoning_tokens,
  a.web_searches,
  o.result, iif(a.last and o.request = r.id, 1, 0) as closes, o.value_nano_usd
  from requests r join attempts a on a.request = r.id
  left join outcomes o on r.task <> '' and o.organisation = r.organisation and o.task = r.task;
)sql";

constexpr std::string_view insert_request =
    "insert or ignore into requests(request_id, start_ns, end_ns, organisation, team, key, "
    "session, task, call_type, status, http_status, error_class, policy, tier, model_asked, model, "
    "provider, stream, retries, escalated, spend_nano_usd, held_nano_usd, overrun_nano_usd, "
    "counterfactual_model, counterfactual_nano_usd, saved_nano_usd, config_hash) "
    "values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) returning id";

auto bad(const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, what);
}

// Writes lines; one per refresh.
class LineWriter {
 public:
  static Result<LineWriter> make(Database& database) {
    Result<Statement> request = database.prepare(insert_request);
    if (!request) return fail(request.error());
    Result<Statement> tag = database.prepare("insert or ignore into tags values(?,?)");
    if (!tag) return fail(tag.error());
    Result<Statement> attempt =
        database.prepare("insert into attempts values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    if (!attempt) return fail(attempt.error());
    return LineWriter(std::move(*request), std::move(*tag), std::move(*attempt));
  }

  Result<void> write(const DecisionLine& line) {
    bind(line);
    Result<bool> row = request_.step();
    if (!row) return fail(row.error());
    if (!*row) return {};  // known already
    const std::int64_t id = request_.integer(0);
    row = request_.step();
    if (!row) return fail(row.error());
    for (const std::string& tag : line.tags) {
      const Result<bool> done = tag_.bind(1, id).bind(2, std::string_view(tag)).step();
      if (!done) return fail(done.error());
    }
    return write_attempts(id, line);
  }

 private:
  LineWriter(Statement request, Statement tag, Statement attempt)
      : request_(std::move(request)), tag_(std::move(tag)), attempt_(std::move(attempt)) {}

  void bind(const DecisionLine& l) {
    int at = 0;
    const auto text = [&](std::string_view value) { request_.bind(++at, value); };
    const auto number = [&](std::int64_t value) { request_.bind(++at, value); };
    text(text_of(l.id));
    number(l.start.ns);
    number(l.end.ns);
    for (const std::string* value :
         {&l.organisation, &l.team, &l.key, &l.session, &l.task, &l.call_type, &l.status})
      text(*value);
    number(l.http_status);
    for (const std::string* value :
         {&l.error_class, &l.policy, &l.tier, &l.model_asked, &l.model, &l.provider})
      text(*value);
    for (const std::int64_t value : {std::int64_t{l.stream}, l.retries, std::int64_t{l.escalated},
                                     l.spend.v, l.held.v, l.overrun.v})
      number(value);
    text(l.counterfactual_model);
    number(l.counterfactual.v);
    number(l.compared ? l.saved.v : 0);
    text(l.config_hash);
  }

  // At least one row, and rows that add up to the request, whatever the line left out.
  Result<void> write_attempts(std::int64_t id, const DecisionLine& line) {
    std::vector<LineAttempt> attempts = line.attempts;
    NanoUsd rest = line.spend;
    for (const LineAttempt& attempt : attempts) rest -= attempt.cost;
    if (attempts.empty() || rest.v != 0) {
      LineAttempt missing;
      missing.cost = rest;
      missing.model = line.model;
      missing.provider = line.provider;
      attempts.insert(attempts.begin(), missing);
    }
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const LineAttempt& a = attempts[i];
      const bool last = i + 1 == attempts.size();
      attempt_.bind(1, id).bind(2, static_cast<std::int64_t>(i)).bind(3, std::int64_t{last});
      attempt_.bind(4, std::string_view(a.provider)).bind(5, std::string_view(a.model));
      attempt_.bind(6, a.status).bind(7, std::string_view(a.error_class));
      attempt_.bind(8, std::string_view(a.usage_source)).bind(9, a.held.v).bind(10, a.cost.v);
      attempt_.bind(11, a.tokens.prompt).bind(12, a.tokens.cached).bind(13, a.tokens.cache_write);
      attempt_.bind(14, a.tokens.completion).bind(15, a.tokens.reasoning);
      attempt_.bind(16, a.tokens.web_searches);
      const Result<bool> done = attempt_.step();
      if (!done) return fail(done.error());
    }
    return {};
  }

  Statement request_, tag_, attempt_;
};

// The first bytes of a file say whether it is still the file that was read.
std::string beginning_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(96, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// Of the schema; 0: the file holds nothing yet.
Result<std::int64_t> version_in(Database& database) {
  Result<Statement> tables =
      database.prepare("select count(*) from sqlite_master where name = 'meta'");
  if (!tables) return fail(tables.error());
  const Result<bool> row = tables->step();
  if (!row) return fail(row.error());
  if (tables->integer(0) == 0) return 0;
  Result<Statement> version = database.prepare("select value from meta where name = 'version'");
  if (!version) return fail(version.error());
  const Result<bool> known = version->step();
  if (!known) return fail(known.error());
  return *known ? version->integer(0) : INT64_MAX;
}

Result<void> make_tables(Database& database) {
  const Result<void> made = database.run(schema);
  if (!made) return made;
  const std::string version =
      "insert into meta values('version', " + std::to_string(schema_version) + ")";
  return database.run(version.c_str());
}

}  // namespace

Result<ReadStore> ReadStore::open(const std::string& path, Mode mode) {
  {
    Result<Database> database = Database::open(path, mode);
    if (!database) return fail(database.error());
    const Result<std::int64_t> version = version_in(*database);
    if (!version) return fail(version.error());
    if (*version == schema_version) return ReadStore(std::move(*database));
    if (*version == 0) {
      if (mode == Mode::read) return bad("`" + path + "` is no read store");
      const Result<void> made = make_tables(*database);
      if (!made) return fail(made.error());
      return ReadStore(std::move(*database));
    }
    if (*version > schema_version || mode == Mode::read)
      return bad("`" + path + "` was made by another version: run `steelyard ledger rebuild`");
  }
  return rebuild(path);  // derived: an older one is made again instead of being read
}

Result<ReadStore> ReadStore::rebuild(const std::string& path) {
  std::error_code error;
  for (const char* const beside : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + beside, error);
  if (error) return bad("cannot remove `" + path + "`: " + error.message());
  return open(path, Mode::write);
}

Result<std::uint64_t> ReadStore::read_log(const std::string& path) {
  Result<Statement> source =
      database_.prepare("select beginning, bytes from sources where path = ?");
  if (!source) return fail(source.error());
  const Result<bool> known = source->bind(1, std::string_view(path)).step();
  if (!known) return fail(known.error());
  const std::string beginning = beginning_of(path);
  std::uint64_t from = 0;
  // A short file may have grown since: then its old beginning begins the new one.
  if (*known && !source->text(0).empty() && beginning.starts_with(source->text(0)))
    from = static_cast<std::uint64_t>(source->integer(1));
  Result<LineWriter> writer = LineWriter::make(database_);
  if (!writer) return fail(writer.error());
  Result<void> written;
  const Result<LogReading> reading = read_decisions(path, from, [&](const DecisionLine& line) {
    if (written) written = writer->write(line);
  });
  if (!reading) return fail(reading.error());
  if (!written) return fail(written.error());
  Result<Statement> note = database_.prepare("insert or replace into sources values(?,?,?)");
  if (!note) return fail(note.error());
  const Result<bool> noted = note->bind(1, std::string_view(path))
                                 .bind(2, std::string_view(beginning))
                                 .bind(3, static_cast<std::int64_t>(from + reading->bytes))
                                 .step();
  if (!noted) return fail(noted.error());
  return reading->lines;
}

namespace {

// A line of the outcomes' file becomes a row; a task that is there already stays as it was.
Result<void> write_outcome(Statement& insert, std::string_view line) {
  Outcome outcome;
  if (!parse_outcome_line(line, outcome)) return {};
  insert.bind(1, std::string_view(outcome.organisation)).bind(2, std::string_view(outcome.task));
  insert.bind(3, std::string_view(outcome.team)).bind(4, std::string_view(outcome.key));
  insert.bind(5, std::string_view(name_of(outcome.result))).bind(6, outcome.value.v);
  insert.bind(7, std::string_view(outcome.note));
  const Result<bool> done = insert.bind(8, outcome.closed.ns).step();
  if (!done) return fail(done.error());
  return {};
}

}  // namespace

Result<void> ReadStore::read_lines(const std::string& path,
                                   const std::function<Result<void>(std::string_view)>& write) {
  Result<Statement> source = database_.prepare("select bytes from sources where path = ?");
  if (!source) return fail(source.error());
  const Result<bool> known = source->bind(1, std::string_view(path)).step();
  if (!known) return fail(known.error());
  std::int64_t bytes = *known ? source->integer(0) : 0;
  std::ifstream file(path, std::ios::binary);
  file.seekg(bytes);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    const Result<void> written = write(line);
    if (!written) return written;
    bytes += static_cast<std::int64_t>(line.size()) + 1;
  }
  Result<Statement> note = database_.prepare("insert or replace into sources values(?,'',?)");
  if (!note) return fail(note.error());
  const Result<bool> noted = note->bind(1, std::string_view(path)).bind(2, bytes).step();
  if (!noted) return fail(noted.error());
  return {};
}

Result<void> ReadStore::read_outcomes(const std::string& directory) {
  Result<Statement> insert =
      database_.prepare("insert or ignore into outcomes values(?,?,?,?,?,?,?,?,null)");
  if (!insert) return fail(insert.error());
  return read_lines(outcomes_path(directory),
                    [&](std::string_view line) { return write_outcome(*insert, line); });
}

Result<void> ReadStore::read_fees(const std::string& directory) {
  Result<Statement> insert = database_.prepare("insert into fees values(?,?,?,?,?,?,?)");
  if (!insert) return fail(insert.error());
  return read_lines(fees_path(directory), [&](std::string_view line) -> Result<void> {
    Fee fee;
    if (!parse_fee_line(line, fee)) return {};
    insert->bind(1, std::string_view(fee.organisation)).bind(2, std::string_view(fee.team));
    insert->bind(3, std::string_view(fee.kind)).bind(4, std::string_view(fee.what));
    const Result<bool> done =
        insert->bind(5, fee.count).bind(6, fee.amount.v).bind(7, fee.at.ns).step();
    if (!done) return fail(done.error());
    return {};
  });
}

// What a result was worth is counted once: with the last request of its task.
Result<void> ReadStore::tie_outcomes(std::int64_t newest_before) {
  Result<Statement> tie = database_.prepare(
      "update outcomes set request = (select max(r.id) from requests r where "
      "r.organisation = outcomes.organisation and r.task = outcomes.task and r.task <> '') "
      "where request is null or (organisation, task) in "
      "(select organisation, task from requests where id > ? and task <> '')");
  if (!tie) return fail(tie.error());
  const Result<bool> done = tie->bind(1, newest_before).step();
  if (!done) return fail(done.error());
  return {};
}

Result<std::int64_t> ReadStore::newest() {
  Result<Statement> most = database_.prepare("select coalesce(max(id), 0) from requests");
  if (!most) return fail(most.error());
  const Result<bool> row = most->step();
  if (!row) return fail(row.error());
  return most->integer(0);
}

Result<std::uint64_t> ReadStore::read_balances(const std::string& directory) {
  const Result<store::Recovered> books = store::read_books(directory);
  if (!books) return fail(books.error());
  const Result<void> emptied = database_.run("delete from budgets");
  if (!emptied) return fail(emptied.error());
  Result<Statement> insert = database_.prepare("insert into budgets values(?,?,?,?,?,?,?,?,?)");
  if (!insert) return fail(insert.error());
  std::uint64_t count = 0;
  for (const router::Balances::Account& account : books->balances.accounts()) {
    for (const router::Balances::Window& window : account.windows) {
      const router::WindowBalance& b = window.balance;
      insert->bind(1, std::string_view(account.scope));
      insert->bind(2, std::string_view(telemetry::window_name(account.per)));
      insert->bind(3, std::string_view(account.zone)).bind(4, account.limit.v);
      insert->bind(5, b.start.ns).bind(6, b.end.ns).bind(7, b.posted.v);
      const Result<bool> done = insert->bind(8, b.held.v).bind(9, b.overrun.v).step();
      if (!done) return fail(done.error());
      ++count;
    }
  }
  return count;
}

Result<RefreshReport> ReadStore::refresh(const std::vector<std::string>& decisions,
                                         const std::string& directory) {
  const Result<void> begun = database_.run("begin immediate");
  if (!begun) return fail(begun.error());
  RefreshReport report;
  const auto abandon = [&](const Error& error) {
    (void)database_.run("rollback");
    return fail(error);
  };
  const Result<std::int64_t> newest_before = newest();
  if (!newest_before) return abandon(newest_before.error());
  for (const std::string& path : decisions) {
    const Result<std::uint64_t> lines = read_log(path);
    if (!lines) return abandon(lines.error());
    report.lines += *lines;
  }
  if (!directory.empty()) {
    const Result<std::uint64_t> windows = read_balances(directory);
    if (!windows) return abandon(windows.error());
    report.windows = *windows;
    const Result<void> outcomes = read_outcomes(directory);
    if (!outcomes) return abandon(outcomes.error());
    const Result<void> fees = read_fees(directory);
    if (!fees) return abandon(fees.error());
  }
  const Result<void> tied = tie_outcomes(*newest_before);
  if (!tied) return abandon(tied.error());
  const Result<void> done = database_.run("commit");
  if (!done) return abandon(done.error());
  return report;
}

Result<StoreTotals> ReadStore::totals() {
  // In two halves: a sum in SQL stops at 64 bits with an error.
  Result<Statement> sum = database_.prepare(
      "select count(*), sum(spend_nano_usd / 1000000000), sum(spend_nano_usd % 1000000000) "
      "from requests");
  if (!sum) return fail(sum.error());
  const Result<bool> row = sum->step();
  if (!row) return fail(row.error());
  StoreTotals out;
  out.requests = static_cast<std::uint64_t>(sum->integer(0));
  out.spend = static_cast<Int128>(sum->integer(1)) * 1'000'000'000 + sum->integer(2);
  return out;
}

}  // namespace steelyard::reports
