#include <doctest/doctest.h>

#include "gateway/decide.h"
#include "gateway/routes.h"
#include "gateway/usd_text.h"

using namespace steelyard;

TEST_CASE("routes: paths as bytes, no tricks") {
  struct Row {
    net::Method method;
    const char* target;
    Route route;
    bool wrong_method;
  };
  using net::Method;
  for (const Row& row :
       {Row{Method::post, "/v1/chat/completions", Route::chat_completions, false},
        Row{Method::post, "/v1/chat/completions?x=1", Route::chat_completions, false},
        Row{Method::get, "/v1/chat/completions", Route::none, true},
        Row{Method::post, "/v1/chat/completions/", Route::none, false},
        Row{Method::post, "/v1/chat/../chat/completions", Route::none, false},
        Row{Method::post, "/v1/chat%2Fcompletions", Route::none, false},
        Row{Method::post, "/V1/chat/completions", Route::none, false},
        Row{Method::post, "/v1/messages", Route::messages, false},
        Row{Method::post, "/v1/messages?beta=true", Route::messages, false},
        Row{Method::get, "/v1/messages", Route::none, true},
        Row{Method::get, "/v1/models", Route::models, false},
        Row{Method::get, "/v1/models/gpt-6", Route::model, false},
        Row{Method::get, "/v1/models/", Route::none, false},
        Row{Method::post, "/v1/models", Route::none, true},
        Row{Method::post, "/route/explain", Route::explain, false},
        Row{Method::get, "/admin/budgets", Route::none, false},
        Row{Method::get, "/", Route::none, true},
        Row{Method::head, "/", Route::probe, false},
        Row{Method::head, "/api/hello", Route::probe, false},
        Row{Method::post, "/v1/embeddings", Route::embeddings, false},
        Row{Method::post, "/v1beta/models/x:embedContent", Route::embed_content, false},
        Row{Method::post, "/v1/models/x:batchEmbedContents", Route::batch_embed, false},
        Row{Method::post, "/v1/completions", Route::completions, false},
        Row{Method::get, "/v1beta/models", Route::models, false},
        Row{Method::get, "/v1/responses/resp_1", Route::stored_response, false},
        Row{Method::del, "/v1/responses/resp_1?x", Route::stored_response, false},
        Row{Method::get, "/v1/responses/resp_1/input_items", Route::stored_response, false},
        Row{Method::post, "/v1/responses/resp_1/cancel", Route::stored_response, false},
        Row{Method::get, "/v1/responses/resp_1/cancel", Route::none, true},
        Row{Method::post, "/v1/responses/resp_1", Route::none, true},
        Row{Method::post, "/v1/responses/compact", Route::none, false},
        Row{Method::post, "/v1/responses/input_tokens?x", Route::none, false},
        Row{Method::get, "/v1/responses/compact", Route::none, false},
        Row{Method::get, "/v1/responses/compact_1", Route::stored_response, false},
        Row{Method::post, "/v1/conversations", Route::conversations, false},
        Row{Method::post, "/v1/conversations/c_1", Route::stored_response, false},
        Row{Method::del, "/v1/conversations/c_1/items/m_1", Route::stored_response, false},
        Row{Method::post, "/v1/conversations/c_1/items/m_1", Route::none, true},
        Row{Method::get, "/v1/conversations/c_1/items/", Route::none, false},
        Row{Method::get, "/v1/responses/r_1/", Route::none, false},
        Row{Method::get, "/v1/responses/../x", Route::none, false},
        Row{Method::get, "/v1/responses/a%2fb", Route::none, false},
        Row{Method::get, "/v1/responses/a/b", Route::none, false}}) {
    CAPTURE(row.target);
    const RouteMatch match = match_route(row.method, row.target);
    CHECK(match.route == row.route);
    CHECK(match.wrong_method == row.wrong_method);
  }
  CHECK(match_route(Method::get, "/v1/models/a/b?c").parameter == "a/b");
}

TEST_CASE("money as text is exact") {
  struct Row {
    std::int64_t nano;
    const char* text;
  };
  for (const Row& row :
       {Row{0, "0"}, Row{1, "0.000000001"}, Row{1'000'000'000, "1"}, Row{486'000, "0.000486"},
        Row{12'400'000'000, "12.4"}, Row{-50'000'000, "-0.05"},
        Row{INT64_MAX, "9223372036.854775807"}, Row{INT64_MIN, "-9223372036.854775808"}}) {
    CHECK(UsdText({row.nano}).view() == row.text);
  }
}
