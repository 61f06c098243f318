#include "gateway/alerts.h"

#include <doctest/doctest.h>

#include "gateway/blocking_http.h"

using namespace steelyard;

namespace {

store::CrossingReport crossing() {
  store::CrossingReport out;
  out.scope = "acme/\"search\"";
  out.max_tier = "economy";
  out.per = WindowKind::month;
  out.percent = 80;
  out.action = ThresholdAction::max_tier;
  out.limit = 10_usd;
  out.posted = {8'000'000'001};
  out.window_start = Instant::from_seconds(1'793'491'200);  // 2026-11-01
  out.window_end = Instant::from_seconds(1'796'083'200);    // 2026-12-01
  return out;
}

}  // namespace

TEST_CASE("alerts: a threshold as a CloudEvent") {
  CHECK(cloud_event(crossing(), Instant::from_seconds(1'795'336'956)) ==
        R"({"specversion":"1.0","id":"acme/\"search\"/month/1793491200/80",)"
        R"("source":"/steelyard/budgets","type":"steelyard.budget.threshold.v1",)"
        R"("subject":"acme/\"search\"","time":"2026-11-22T08:42:36Z",)"
        R"("datacontenttype":"application/json","data":{"scope":"acme/\"search\"","per":"month",)"
        R"("percent":80,"action":"max_tier","max_tier":"economy","limit_nano_usd":10000000000,)"
        R"("posted_nano_usd":8000000001,"burn_per_day_nano_usd":374480700,)"
        R"("budget_exhausted_at":"2026-11-27T16:53:14Z","window_start":"2026-11-01T00:00:00Z",)"
        R"("window_end":"2026-12-01T00:00:00Z"}})");
}

TEST_CASE("alerts: signatures") {
  // The example of the Standard Webhooks specification's reference libraries.
  CHECK(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                          1'614'265'330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  // A secret that is not in that form is the key itself.
  CHECK(webhook_signature("key", "a", 1, "b") != webhook_signature("kez", "a", 1, "b"));
  CHECK(webhook_signature("key", "a", 1, "b") != webhook_signature("key", "a", 2, "b"));
}

TEST_CASE("alerts: URLs") {
  struct Case {
    const char* url;
    bool tls;
    const char* host;
    std::uint16_t port;
    const char* target;
  };
  const Case good[] = {
      {"https://hooks.example.com/x/y?z=1", true, "hooks.example.com", 443, "/x/y?z=1"},
      {"http://127.0.0.1:8099", false, "127.0.0.1", 8099, "/"},
      {"http://[::1]:81/a#b", false, "::1", 81, "/a"},
      {"https://h?q", true, "h", 443, "/?q"},
  };
  for (const Case& c : good) {
    HttpCall call;
    CAPTURE(c.url);
    REQUIRE(split_url(c.url, call));
    CHECK(call.tls == c.tls);
    CHECK(call.host == c.host);
    CHECK(call.port == c.port);
    CHECK(call.target == c.target);
  }
  for (const char* bad : {"", "ftp://x/", "http://", "http://u:p@h/", "http://h:0/", "http://h:x/",
                          "http://h:99999/", "http://h/a b", "http://h/\r\nx: y"}) {
    HttpCall call;
    CHECK_FALSE_MESSAGE(split_url(bad, call), bad);
  }
}

TEST_CASE("alerts: nobody is told without a webhook, and what nobody takes waits") {
  Alerts quiet{AlertSpec{}};
  quiet.send(crossing(), {});
  CHECK(quiet.counts().waiting == 0);
  AlertSpec nowhere;
  nowhere.webhook = "http://127.0.0.1:1/";
  Alerts alerts(nowhere);
  alerts.send(crossing(), {});
  const AlertCounts counts = alerts.counts();
  CHECK(counts.delivered == 0);
}
