#include "gateway/reports/report.h"

#include "gateway/reports/fee_line.h"
#include "gateway/reports/outcome_line.h"
#include "gateway/store/zone_loader.h"
#include "support.h"

using namespace reports_test;

namespace {

struct Stored {
  explicit Stored(std::initializer_list<Said> lines) {
    std::string text;
    for (const Said& said : lines) text += line(said);
    write_file(log, text);
    auto opened = ReadStore::rebuild(directory.path + "/reports.sqlite");
    REQUIRE_MESSAGE(opened.has_value(), opened.error().context);
    store = std::make_unique<ReadStore>(std::move(*opened));
    refresh();
  }
  RefreshReport refresh(std::vector<std::string> more = {}) {
    more.push_back(log);
    const auto done = store->refresh(more, "");
    REQUIRE_MESSAGE(done.has_value(), done.error().context);
    return *done;
  }
  Report report(ReportQuery query) {
    const auto made = run_report(*store, query);
    REQUIRE_MESSAGE(made.has_value(), made.error().context);
    return *made;
  }
  TemporaryDirectory directory;
  std::string log = directory.path + "/decisions.jsonl";
  std::unique_ptr<ReadStore> store;
};

std::string groups(const Report& report) {
  std::string out;
  for (const ReportRow& row : report.rows) {
    for (const std::string& text : row.group) out += text + " ";
    out += std::to_string(row.spend.v) + "; ";
  }
  return out;
}

ReportQuery by(std::vector<std::string> names) {
  ReportQuery query;
  query.by = std::move(names);
  return query;
}

}  // namespace

TEST_CASE("report: by anything, the sums are the spend") {
  Stored s({{.n = 1, .spend = 500, .saved = 50},
            {.n = 2, .spend = 300, .team = "ads", .model = "dear", .tags = R"("a","b")"},
            {.n = 3, .spend = 20, .model = "dear", .tags = R"("b")", .saved = -7},
            {.n = 4, .spend = 0, .attempts = "", .status = "failure", .tier = "premium"}});
  CHECK(groups(s.report(by({"team"}))) == "acme/search 520; acme/ads 300; ");
  CHECK(groups(s.report(by({"model"}))) == "cheap 500; dear 320; ");
  CHECK(groups(s.report(by({"tag"}))) == " 500; b 320; a 300; ");
  CHECK(groups(s.report(by({"model", "team"}))) ==
        "cheap acme/search 500; dear acme/ads 300; dear acme/search 20; ");
  const Report all = s.report({});
  CHECK(all.total.requests == 4);
  CHECK(all.total.failed == 1);
  CHECK(all.total.spend.v == 820);
  CHECK(all.total.saved.v == 43);
  CHECK(all.rows.size() == 1);
  CHECK(s.report(by({"tag"})).total.spend.v == 820);  // not 1,120: two tags, one request
  CHECK_FALSE(run_report(*s.store, by({"colour"})).has_value());
  CHECK_FALSE(run_report(*s.store, by({"team; drop table requests"})).has_value());
}

TEST_CASE("report: a try that failed and was billed counts under the model that was tried") {
  const std::string both = attempt("dear", 70) + "," + attempt("cheap", 30);
  Stored s({{.n = 1, .spend = 100, .attempts = both.c_str(), .saved = 9}});
  CHECK(groups(s.report(by({"model"}))) == "dear 70; cheap 30; ");
  const Report report = s.report(by({"model"}));
  CHECK(report.total.requests == 1);
  CHECK(report.total.saved.v == 9);
  CHECK(report.rows[1].saved.v == 9);  // routing's merit is counted where the answer came from
  CHECK(report.rows[0].saved.v == 0);
}

TEST_CASE("report: conditions") {
  Stored s({{.n = 1, .spend = 1, .tags = R"("x")", .start = "2026-05-01T10:00:00Z"},
            {.n = 2, .spend = 10, .team = "ads", .start = "2026-05-02T10:00:00Z"},
            {.n = 4, .spend = 100, .start = "2026-05-03T10:00:00.5Z", .tier = "premium"}});
  const auto total = [&](ReportQuery query) { return s.report(query).total.spend.v; };
  const auto where = [&](const char* name, const char* value) {
    ReportQuery query;
    query.where = {{name, value}};
    return total(query);
  };
  CHECK(where("team", "search") == 101);
  CHECK(where("team", "acme/ads") == 10);
  CHECK(where("team", "other/ads") == 0);
  CHECK(where("tag", "x") == 1);
  CHECK(where("tier", "premium") == 100);
  CHECK(where("model", "' or 1=1 --") == 0);
  ReportQuery query;
  query.from = may(2, 0);
  CHECK(total(query) == 110);
  query.to = may(3, 0);
  CHECK(total(query) == 10);
  query.from = {may(3, 10).ns + 500'000'000};
  query.to = {INT64_MAX};
  CHECK(total(query) == 100);
}

TEST_CASE("report: days are those of the zone, also when they have 23 or 25 hours") {
  const std::string names[] = {"Europe/Berlin", "Asia/Kathmandu"};
  const auto zones = load_zones(names);
  REQUIRE(zones.has_value());
  // Clocks in Berlin: forward on 2026-03-29, back on 2026-10-25.
  Stored s({{.n = 1, .spend = 1, .start = "2026-03-28T22:59:59.999999999Z"},
            {.n = 2, .spend = 2, .start = "2026-03-28T23:00:00Z"},
            {.n = 3, .spend = 4, .start = "2026-03-29T21:59:59Z"},
            {.n = 4, .spend = 8, .start = "2026-03-29T22:00:00Z"},
            {.n = 5, .spend = 16, .start = "2026-10-24T22:00:00Z"},
            {.n = 6, .spend = 32, .start = "2026-10-25T22:59:59Z"},
            {.n = 7, .spend = 64, .start = "2026-10-25T23:00:00Z"}});
  ReportQuery query = by({"day"});
  query.zone = *zones->find("Europe/Berlin");
  CHECK(groups(s.report(query)) ==
        "2026-03-28 1; 2026-03-29 6; 2026-03-30 8; 2026-10-25 48; 2026-10-26 64; ");
  query.zone = *zones->find("Asia/Kathmandu");  // +5:45
  query.by = {"hour"};
  CHECK(groups(s.report(query)).starts_with("2026-03-29T04 3; 2026-03-30T03 12; "));
  query.by = {"month"};
  CHECK(groups(s.report(query)) == "2026-03 15; 2026-10 112; ");
}

TEST_CASE("report: table, CSV and JSON") {
  Stored s({{.n = 1, .spend = 1'500'000'001, .team = R"(a,\"b\")"}, {.n = 2, .spend = 20}});
  const Report report = s.report(by({"team"}));
  CHECK(report_table(report) ==
        "team         requests  failed  prompt_tokens  completion_tokens    spent_usd   held_usd  "
        "saved_usd\n"
        "acme/a,\"b\"          1       0              3                  2  1.500000001  0.0000001 "
        "         0\n"
        "acme/search         1       0              3                  2   0.00000002  0.0000001   "
        "       0\n"
        "total               2       0              6                  4  1.500000021  0.0000002   "
        "       0\n");
  CHECK(report_csv(report) ==
        "team,requests,failed,prompt_tokens,completion_tokens,web_searches,spent_usd,held_usd,"
        "saved_usd,fees_usd,tasks,"
        "results,value_usd,cost_per_result_usd\r\n"
        "\"acme/a,\"\"b\"\"\",1,0,3,2,0,1.500000001,0.0000001,0,0,0,0,0,\r\n"
        "acme/search,1,0,3,2,0,0.00000002,0.0000001,0,0,0,0,0,\r\n");
  CHECK(report_json(report).starts_with(
      "{\"rows\":[{\"team\":\"acme/"
      "a,\\\"b\\\"\",\"requests\":1,\"failed\":0,\"prompt_tokens\":3,"));
  CHECK(report_json(report).ends_with(
      "\"spend_nano_usd\":1500000021,\"held_nano_usd\":200,\"saved_nano_usd\":0,"
      "\"fees_nano_usd\":0,\"tasks\":0,"
      "\"results\":0,\"task_spend_nano_usd\":0,\"value_nano_usd\":0,"
      "\"cost_per_result_nano_usd\":null}}\n"));
}

TEST_CASE("read store: new lines are added once, over rotation and rebuilding") {
  Stored s({{.n = 1, .spend = 1}, {.n = 2, .spend = 2}});
  CHECK(s.refresh().lines == 0);
  const std::string old = read_file(s.log);
  write_file(s.log, old + line({.n = 3, .spend = 4}) + "{\"schema_version\":1,\"req");
  CHECK(s.refresh().lines == 1);  // the torn line comes when it is whole
  CHECK(s.report({}).total.spend.v == 7);
  // Rotated: the old file under another name, a new one in its place.
  write_file(s.log + ".1", old + line({.n = 3, .spend = 4}));
  write_file(s.log, line({.n = 5, .spend = 8}));
  CHECK(s.refresh({s.log + ".1"}).lines == 4);
  CHECK(s.report({}).total.spend.v == 15);
  CHECK(s.report({}).total.requests == 4);
  const auto totals = s.store->totals();
  REQUIRE(totals.has_value());
  CHECK(totals->requests == 4);
  CHECK(static_cast<std::int64_t>(totals->spend) == 15);
  // A line that cannot be read stops the refresh and leaves the store as it was.
  write_file(s.log, line({.n = 5, .spend = 8}) + "nonsense\n");
  const auto refused = s.store->refresh({s.log}, "");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().context.find("line 1 from byte") != std::string::npos);
  CHECK(s.report({}).total.spend.v == 15);
  // A file of something else is never taken for a read store.
  write_file(s.directory.path + "/other", "not a database, and long enough to be one ........");
  CHECK_FALSE(ReadStore::open(s.directory.path + "/other", ReadStore::Mode::write).has_value());
}

TEST_CASE("decision line: times and ids") {
  Instant at;
  REQUIRE(parse_timestamp("2026-11-22T08:42:36.047710991Z", at));
  CHECK(at.ns == 1'795'336'956'047'710'991);
  REQUIRE(parse_timestamp("2026-05-01T12:00:00Z", at));
  CHECK(at == may(1));
  REQUIRE(parse_timestamp("2026-05-01T12:00:00.5Z", at));
  CHECK(at.ns == may(1).ns + 500'000'000);
  for (const char* bad : {"", "2026-05-01", "2026-05-01T12:00:00", "2026-05-01T12:00:0xZ",
                          "2026-05-01T12:00:00.Z", "2026-05-01T12:00:00.1234567890Z"})
    CHECK_FALSE_MESSAGE(parse_timestamp(bad, at), bad);
  RequestId id;
  REQUIRE(parse_request_id("req_fa93eb6059f2a79304a375bc2ace0835", id));
  CHECK(text_of(id) == "req_fa93eb6059f2a79304a375bc2ace0835");
  for (const char* bad :
       {"", "req_", "req_fa93eb6059f2a79304a375bc2ace083", "xxx_fa93eb6059f2a79304a375bc2ace0835",
        "req_fa93eb6059f2a79g04a375bc2ace0835"})
    CHECK_FALSE_MESSAGE(parse_request_id(bad, id), bad);
}

TEST_CASE("outcomes and fees: a line and back; what is none is refused") {
  const Outcome outcome{
      "acme", "search", "key0", "task \"1\"\n", TaskResult::failure, {-12'000'000'001},
      "why",  may(1)};
  Outcome back;
  REQUIRE(parse_outcome_line(outcome_line(outcome), back));
  CHECK(outcome_line(back) == outcome_line(outcome));
  CHECK(back.task == outcome.task);
  CHECK(back.value.v == -12'000'000'001);
  const Fee fee{"acme", "search", "packs", "plan:acme/search/uses-day", 3, {7}, may(2)};
  Fee paid;
  REQUIRE(parse_fee_line(fee_line(fee), paid));
  CHECK(fee_line(paid) == fee_line(fee));
  const char* const no_such_result =
      R"({"organisation":"a","team":"b","key":"k","task":"c","result":"won",)"
      R"("value_nano_usd":1,"closed_ns":1})";
  for (const char* bad :
       {"", "{}", "nonsense", R"({"organisation":"a","team":"b","task":"c"})", no_such_result}) {
    CHECK_FALSE(parse_outcome_line(bad, back));
    CHECK_FALSE(parse_fee_line(bad, paid));
  }
}

TEST_CASE("report: fees are beside what was spent, where teams and time are asked for") {
  Stored s({{.n = 1, .spend = 5}, {.n = 2, .spend = 7, .team = "ops"}});
  std::string fees;
  for (const Fee& fee : {Fee{"acme", "search", "seats", "", 2, {100}, may(1)},
                         Fee{"acme", "search", "packs", "x", 1, {30}, may(2)},
                         Fee{"acme", "quiet", "seats", "", 1, {50}, may(1)}})
    fees += fee_line(fee) + "\n";
  write_file(fees_path(s.directory.path), fees + "{\"half");
  const auto done = s.store->refresh({s.log}, s.directory.path);
  REQUIRE_MESSAGE(done.has_value(), done.error().context);
  const Report teams = s.report(by({"team"}));
  CHECK(teams.total.fees.v == 180);
  REQUIRE(teams.rows.size() == 3);
  for (const ReportRow& row : teams.rows) {
    CHECK(row.fees.v == (row.group[0] == "acme/search"  ? 130
                         : row.group[0] == "acme/quiet" ? 50
                                                        : 0));
    CHECK(row.requests == (row.group[0] == "acme/quiet" ? 0 : 1));
  }
  ReportQuery one = by({"day"});
  one.where = {{"team", "search"}};
  const Report days = s.report(one);
  CHECK(days.total.fees.v == 130);
  CHECK(s.report(by({"model"})).total.fees.v == 0);  // no model earned them
  CHECK(s.report(by({})).total.fees.v == 180);
  one.where = {{"tier", "premium"}};
  CHECK(s.report(one).total.fees.v == 0);
}
