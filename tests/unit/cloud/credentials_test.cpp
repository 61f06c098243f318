// What proves who we are, as clouds write it.
#include "gateway/cloud/credentials.h"

#include <doctest/doctest.h>

#include "gateway/cloud/aws_keys.h"

namespace steelyard::cloud {

TEST_CASE("credentials: a profile of AWS's file") {
  const char* file =
      "# comment\n[default]\naws_access_key_id=A\naws_secret_access_key = s/+==\n"
      "[profile work]\r\naws_access_key_id = B\r\naws_secret_access_key=t\r\n"
      "aws_session_token=x=y\r\nregion=z\r\n[half]\naws_access_key_id=C\n";
  const Result<Credentials> usual = read_aws_profile(file, "default");
  REQUIRE(usual.has_value());
  CHECK(usual->aws.id == "A");
  CHECK(usual->aws.secret.reveal() == "s/+==");
  CHECK(usual->aws.session_token.empty());
  const Result<Credentials> work = read_aws_profile(file, "work");
  REQUIRE(work.has_value());
  CHECK(work->aws.id == "B");
  CHECK(work->aws.session_token.reveal() == "x=y");
  for (const char* profile : {"half", "none", ""}) {
    CAPTURE(profile);
    const Result<Credentials> found = read_aws_profile(file, profile);
    CHECK_FALSE(found.has_value());
    CHECK(found.error().context.find(profile) != std::string::npos);
  }
}

TEST_CASE("credentials: keys of a role, and when they end") {
  const Instant now = Instant::from_seconds(1'780'000'000);  // 2026-05-28T20:26:40Z
  const auto good = read_aws_document(
      R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-05-28T21:26:40Z"})",
      now);
  REQUIRE(good.has_value());
  CHECK(good->valid_seconds == 3'600);
  CHECK(good->aws.session_token.reveal() == "t");
  CHECK(seconds_of("1970-01-01T00:00:10.123Z") == 10);
  CHECK(seconds_of("tomorrow") == -1);
  CHECK_FALSE(read_aws_document("{}", now).has_value());
  CHECK_FALSE(read_aws_document("no", now).has_value());
}

TEST_CASE("credentials: answers of token servers") {
  struct Row {
    int status;
    const char *body, *token, *error;
    std::int64_t seconds;
  };
  const Row rows[] = {
      {200, R"({"access_token":"tok","expires_in":3599,"token_type":"Bearer"})", "tok", "", 3'599},
      {200, R"({"access_token":"tok","expires_in":"86399"})", "tok", "", 86'399},
      {200, R"({"access_token":"tok"})", "tok", "", 0},
      {200, R"({"access_token":"a\nb"})", "", "the token server's `access_token` cannot be sent",
       0},
      {200, R"({"id_token":"x"})", "", "the token server's answer has no `access_token`", 0},
      {200, "<html>", "", "the token server answered 200", 0},
      {400, R"({"error":"invalid_grant","error_description":"Bad."})", "",
       "the token server answered 400: Bad.", 0},
      {401, R"({"error":"invalid_client"})", "", "the token server answered 401: invalid_client",
       0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    HttpAnswer answer;
    answer.status = row.status;
    answer.body = row.body;
    const Result<Credentials> found = read_token(answer);
    CHECK((found ? "" : found.error().context) == row.error);
    if (!found) continue;
    CHECK(found->token.reveal() == row.token);
    CHECK(found->valid_seconds == row.seconds);
  }
}

TEST_CASE("credentials: files of accounts that cannot be used say why") {
  struct Row {
    const char *file, *error;
  };
  const Row rows[] = {
      {"no", "the service account's file is no JSON"},
      {R"({"type":"external_account"})",
       "`type` of the service account's file is `external_account`; `service_account` and "
       "`authorized_user` are understood"},
      {R"({"type":"service_account","private_key":"-----BEGIN NONSENSE-----"})",
       "the service account's `private_key` is no RSA key in PEM"},
  };
  for (const Row& row : rows) {
    CredentialSpec spec;
    spec.type = CredentialType::google_service_account;
    spec.secret = Secret(row.file);
    const Result<HttpCall> call = token_call(spec, Instant::from_seconds(1));
    REQUIRE_FALSE(call.has_value());
    CHECK(call.error().context == row.error);
  }
  CredentialSpec user;
  user.type = CredentialType::google_service_account;
  user.secret = Secret(
      R"({"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"1//r"})");
  const Result<HttpCall> call = token_call(user, Instant::from_seconds(1));
  REQUIRE(call.has_value());
  CHECK(call->host == "oauth2.googleapis.com");
  CHECK(call->body ==
        "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=1%2F%2Fr");
}

}  // namespace steelyard::cloud
