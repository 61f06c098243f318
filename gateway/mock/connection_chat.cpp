// Requests to answers.
#include "gateway/mock/chance.h"
#include "gateway/mock/connection.h"

namespace steelyard::mock {
namespace {

constexpr std::string_view kGarbage = "\x15\x03\x01 this is not HTTP \xff\xfe\r\n\r\n";
constexpr auto kResetAfter = std::chrono::milliseconds(5);  // the client may read what was sent

std::chrono::microseconds micro(std::int64_t count) {
  return std::chrono::microseconds(count);
}

bool is_chat(std::string_view path) {
  return path == "/v1/chat/completions" || path == "/chat/completions";
}

// The key in the field that Anthropic's or Google's clients put it into. `bearer`: "Bearer KEY".
bool shows_key(const RequestView& request, std::string_view bearer) {
  const std::string_view key = bearer.substr(bearer.find(' ') + 1);
  for (const std::string_view name : {"\r\nx-api-key: ", "\r\nx-goog-api-key: "}) {
    const std::size_t at = request.head.find(name);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = request.head.substr(at + name.size());
    if (rest.substr(0, rest.find('\r')) == key) return true;
  }
  return false;
}

bool is_page(Fault fault) {
  return fault == Fault::html || fault == Fault::empty;
}

}  // namespace

void Connection::dispatch(const RequestView& request) {
  const std::string_view path = path_of(request.target);
  close_after_ = !request.keep_alive;
  head_only_ = request.method == "HEAD";
  const bool own = is_control(path);
  if (!own) {
    worker_.shared().log.add(request);
    const std::string& key = worker_.settings()->authorization;
    const bool known = key.empty() || request.authorization == key || shows_key(request, key);
    if (!known) return simple_reply(request, 401, {});
  }
  const bool post = request.method == "POST";
  job_.operation = {};
  if (is_chat(path) && post) return begin_chat(request);
  if (post && !own) {
    job_.operation = operation_of(request.target);
    if (job_.operation.count) return count_tokens(request);
    if (job_.operation.array) return simple_reply(request, 400, {});  // events only: `alt=sse`
    if (job_.operation.dialect != nullptr) return begin_chat(request);
    EmbeddingAsk ask = embeddings_at(request.target);
    if (ask.shape != EmbeddingAsk::Shape::none) return embed(request, ask);
  }
  const ControlReply made = control(worker_.shared(), request);
  simple_reply(request, made.status, made.body);
}

// A small whole answer, or with an empty body the usual error of the status.
void Connection::simple_reply(const RequestView&, int status, std::string_view body) {
  static const Behaviour kPlain;
  std::string& text = worker_.scratch();
  text.clear();
  if (body.empty()) append_error_body(text, usual_error(status, kPlain));
  ReplyHead head;
  head.status = status;
  head.length = body.empty() ? text.size() : body.size();
  head.close = close_after_;
  append_head(out_, head);
  if (!head_only_) out_ += body.empty() ? std::string_view(text) : body;
}

// In the dialect's shape; not billed.
void Connection::count_tokens(const RequestView& request) {
  const bool gemini = job_.operation.dialect == &gemini_dialect;
  const char* const wrong =
      worker_.parser().parse(*job_.operation.dialect, request.body, false, job_.request);
  // Anthropic's counter wants no limit; it is the one thing that may be missing.
  const bool bad = wrong != nullptr && job_.request.prompt_bytes == 0;
  std::string body = gemini ? "{\"totalTokens\":" : "{\"input_tokens\":";
  append_integer(body, (job_.request.prompt_bytes + 3) / 4);
  body += '}';
  simple_reply(request, bad ? 400 : 200, bad ? std::string_view() : std::string_view(body));
}

// Whole, at once; billed by the input. Of the behaviour only `status` counts.
void Connection::embed(const RequestView& request, EmbeddingAsk& ask) {
  const auto settings = worker_.settings();
  const char* const wrong = read_embeddings(request.body, ask);
  const ModelSettings* const model = wrong == nullptr ? settings->find(ask.model) : nullptr;
  std::string body;
  const Behaviour& behaviour = model == nullptr ? settings->global : model->behaviour;
  int status = wrong != nullptr ? 400 : model == nullptr ? 404 : 200;
  if (status == 200 && behaviour.status != 0 &&
      fails(behaviour, model->requests->fetch_add(1, std::memory_order_relaxed) + 1))
    status = static_cast<int>(behaviour.status);
  if (status != 200) {
    ErrorReply error = usual_error(status, behaviour);
    if (wrong != nullptr) error.message = wrong;
    const bool gemini = ask.shape != EmbeddingAsk::Shape::openai;
    gemini ? gemini_dialect.write_error(body, error) : append_error_body(body, error);
    worker_.shared().bill.add_error(ask.model.empty() ? "(none)" : ask.model);
    return simple_reply(request, status, body);
  }
  Charge& charge = worker_.charge();
  worker_.next_id(charge.id);
  charge.model = ask.model;
  charge.input_tokens = (ask.bytes + 3) / 4;
  charge.cached_tokens = charge.output_tokens = 0;
  charge.stream = false;
  charge.end = End::completed;
  charge.cost = cost_of(charge, model->prices);
  write_embeddings(body, ask, charge.input_tokens);
  worker_.shared().bill.add(charge);
  simple_reply(request, 200, body);
}

void Connection::begin_chat(const RequestView& request) {
  http10_ = request.http10;
  head_sent_ = false;
  batched_ = 0;
  worker_.next_id(job_.names.id);
  job_.prepare(worker_.settings(), *worker_.shared().settings, worker_.parser(), request.body);
  if (job_.behaviour->close) close_after_ = true;
  if (job_.fault == Fault::hang) {
    job_.open = false;
    worker_.shared().bill.add_error(job_.request.model);
    phase_ = Phase::hanging;
    return;
  }
  const bool paced = job_.latency_us != 0 || job_.behaviour->interval_us != 0;
  if (paced) due_ = SteadyClock::now() + micro(job_.latency_us);
  if (job_.latency_us == 0) return reply();
  phase_ = Phase::waiting;
  const bool pings = job_.behaviour->ping_us != 0 && job_.request.stream && job_.status == 200;
  if (pings && !is_page(job_.fault) && job_.fault != Fault::close_before_head &&
      job_.fault != Fault::garbage) {
    begin_stream_head();
    return ping_while_waiting();
  }
  arm(due_, &Connection::reply);
}

void Connection::ping_while_waiting() {
  append_ping();
  flush();
  if (closed_) return;
  const auto next = SteadyClock::now() + micro(job_.behaviour->ping_us);
  if (next < due_) return arm(next, &Connection::ping_while_waiting);
  arm(due_, &Connection::reply);
}

void Connection::reply() {
  const bool was_waiting = phase_ == Phase::waiting;
  phase_ = Phase::idle;
  if (is_page(job_.fault)) {
    reply_page();
  } else if (job_.status != 200) {
    reply_error();
  } else if (reply_broken()) {
    return;
  } else if (job_.request.stream) {
    return begin_stream();
  } else {
    reply_whole();
  }
  // Called from within process(), the answer goes out with those of the other requests that came
  // along.
  if (was_waiting && phase_ == Phase::idle) finish();
}

ReplyHead Connection::head_of(int status) const {
  const Behaviour& behaviour = *job_.behaviour;
  ReplyHead head;
  head.status = status;
  head.request_id = suffix_of(job_.names);
  head.extra = behaviour.headers;
  head.close = close_after_;
  if (behaviour.rate_limit_headers || status == 429)
    head.rate_limits = rate_limit_lines(status == 429);
  return head;
}

void Connection::append_error(std::string& body, const ErrorReply& error) const {
  const Dialect* const dialect = job_.operation.dialect;
  if (dialect == nullptr) return append_error_body(body, error);
  dialect->write_error(body, error);
}

void Connection::reply_error() {
  std::string& body = worker_.scratch();
  body.clear();
  append_error(body, job_.error);
  std::string lines = job_.behaviour->headers;
  append_retry_lines(lines, *job_.behaviour);
  if (job_.operation.dialect == &bedrock_dialect)
    lines.append("x-amzn-errortype: ").append(bedrock_error_kind(job_.status)).append("\r\n");
  ReplyHead head = head_of(job_.status);
  head.extra = lines;
  head.length = body.size();
  append_head(out_, head);
  out_ += body;
  const std::string& model = job_.request.model;
  worker_.shared().bill.add_error(model.empty() ? std::string_view("(none)") : model);
}

// What somebody between here and the client says, who knows nothing of dialects.
void Connection::reply_page() {
  constexpr std::string_view kPage =
      "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head>\n"
      "<body><h1>Bad gateway</h1><hr>proxy/1.0</body></html>\n";
  const std::string_view page = job_.fault == Fault::html ? kPage : std::string_view();
  ReplyHead head = head_of(job_.status);
  head.content_type = page.empty() ? "application/json" : "text/html";
  head.length = page.size();
  append_head(out_, head);
  out_ += page;
  job_.open = false;
  worker_.shared().bill.add_error(job_.request.model);
}

// Faults that come before any answer. True: one did.
bool Connection::reply_broken() {
  const Fault fault = job_.fault;
  if (fault != Fault::close_before_head && fault != Fault::garbage) return false;
  job_.open = false;
  worker_.shared().bill.add_error(job_.request.model);
  if (fault == Fault::garbage) out_ += kGarbage;
  close_after_ = true;
  finish();
  return true;
}

// Body bytes in the framing of this answer; chunked ones as two chunks, so that a client must join
// them.
void Connection::append_framed(std::string_view bytes) {
  if (framing_ != BodyFraming::chunked) {
    out_ += bytes;
    return;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  if (bytes.empty()) return;
  char digits[16];
  std::size_t at = sizeof digits;
  for (std::size_t left = bytes.size(); left != 0; left >>= 4) digits[--at] = kHex[left & 15];
  out_.append(digits + at, sizeof digits - at).append("\r\n").append(bytes).append("\r\n");
}

void Connection::reply_whole() {
  std::string& body = worker_.scratch();
  const Behaviour& behaviour = *job_.behaviour;
  const Fault fault = job_.fault;
  body.clear();
  if (fault == Fault::error_event) {
    append_error(body, usual_error(500, behaviour));
  } else if (job_.operation.dialect != nullptr) {
    job_.operation.dialect->write(body, job_.names, job_.plan, behaviour);
  } else {
    append_completion(body, job_.names, job_.plan, behaviour);
  }
  if (fault == Fault::bad_body) body.resize(body.size() / 2);
  framing_ = behaviour.framing == Framing::chunked ? BodyFraming::chunked : BodyFraming::length;
  if (behaviour.framing == Framing::close) framing_ = BodyFraming::until_close;
  if (http10_ && framing_ == BodyFraming::chunked) framing_ = BodyFraming::until_close;
  if (framing_ == BodyFraming::until_close) close_after_ = true;
  ReplyHead head = head_of(200);
  head.framing = framing_;
  head.length = body.size();
  append_head(out_, head);
  job_.generating = fault != Fault::error_event;
  const bool breaks = fault == Fault::cut || fault == Fault::reset || fault == Fault::stall;
  if (breaks) append_framed(std::string_view(body).substr(0, body.size() / 2));
  if (breaks || fault == Fault::close_after_head) return break_off();
  const std::size_t half = framing_ == BodyFraming::chunked ? body.size() / 2 : 0;
  append_framed(std::string_view(body).substr(0, half));
  append_framed(std::string_view(body).substr(half));
  if (framing_ == BodyFraming::chunked) out_ += "0\r\n\r\n";
  if (fault == Fault::drip) return begin_drip();
  bill(fault == Fault::error_event ? End::cut : End::completed);
}

// cut, reset, stall, close_after_head: what is in out_ is the last the client gets.
void Connection::break_off() {
  held_ = 0;
  if (job_.fault == Fault::stall) {
    phase_ = Phase::hanging;
    flush();
    return;
  }
  bill(End::cut);
  if (job_.fault == Fault::reset) {
    phase_ = Phase::hanging;
    flush();
    if (!closed_) arm(SteadyClock::now() + kResetAfter, &Connection::reset_now);
    return;
  }
  close_after_ = true;
  finish();
}

void Connection::bill(End end) {
  if (!job_.open) return;
  job_.open = false;
  Charge& charge = worker_.charge();
  if (job_.fill_charge(charge, end)) {
    worker_.shared().bill.add(charge);
  } else {
    worker_.shared().bill.add_error(job_.request.model);
  }
}

}  // namespace steelyard::mock
