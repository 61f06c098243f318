#pragma once
// Answers that are no answers: malformed HTTP (in OpenAI's shape), the gate, and errors of the
// gateway's own (in the shape of the client's dialect). Always a clear clause.
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/net/head_reader_fields.h"
#include "gateway/net/task.h"
#include "gateway/routes.h"

namespace steelyard {

class Session;

// Why the gate refuses a head; status 0: it does not.
struct GateRefusal {
  unsigned status = 0;
  ErrorKind kind = ErrorKind::internal;
  const char* text = "";
  int retry_after_s = 0;  // 0: not said
};

// The one authorisation gate: every route passes it before a byte of the body is read.
GateRefusal gate(const Session& session, const RouteMatch& match);

// Body for a head or body that is not HTTP as we accept it.
void write_http_refusal(std::string& body, net::Refusal refusal);

// A request that is let in nowhere because there is too much to do already.
GateRefusal overloaded(const Session& session);

// Answers a refused head, with a receipt if it was meant for an API route.
// `extra`: head lines.
net::Task<bool> reply_refused(Session& session, GateRefusal refusal, std::string_view extra = {});

// Answers with an error of the gateway's. `extra`: head lines.
net::Task<bool> reply_error(Session& session, const Error& error,
                            const dialect::ErrorExtras& extras, std::string_view extra);

}  // namespace steelyard
