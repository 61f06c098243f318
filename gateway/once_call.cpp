#include "gateway/once_call.h"

#include "gateway/chat_call.h"
#include "gateway/completions_call.h"
#include "gateway/embeddings_call.h"
#include "gateway/error_reply.h"
#include "gateway/idempotency.h"
#include "gateway/net/io.h"
#include "gateway/net/wheel.h"
#include "gateway/receipts.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

constexpr std::size_t key_bytes_max = 255;
constexpr std::int64_t nap_ms = 5;
constexpr int naps_max = 20;

bool usable(std::string_view key) {
  if (key.empty() || key.size() > key_bytes_max) return false;
  for (const char c : key)
    if (c < ' ' || c > '~') return false;
  return true;
}

// The SDKs of OpenAI and Anthropic count their tries.
bool is_retry(const net::RequestHead& head) {
  const std::string_view count = head.value(net::RequestField::x_stainless_retry_count);
  return !count.empty() && count != "0";
}

GateRefusal refusal_of(Idempotency::Found found) {
  switch (found) {
    case Idempotency::Found::under_way:
      return {409, ErrorKind::bad_request,
              "a request with this idempotency key is under way: ask again in a second"};
    case Idempotency::Found::charged:
      return {409, ErrorKind::bad_request,
              "a request with this idempotency key was charged, and its answer is not kept: use "
              "another key to ask again"};
    case Idempotency::Found::broken_off:
      return {409, ErrorKind::bad_request,
              "a request with this idempotency key was charged, and its answer broke off: use "
              "another key to ask again"};
    case Idempotency::Found::other:
      return {422, ErrorKind::bad_request,
              "this idempotency key was used for another request: use a new one"};
    case Idempotency::Found::full:
      return {503, ErrorKind::overloaded, "too many requests with idempotency keys are under way"};
    case Idempotency::Found::nothing:
    case Idempotency::Found::answered: break;
  }
  return {};
}

// The caller's key, until it is known how its request ended.
class Held {
 public:
  Held(Idempotency& table, const OnceKey& key) : table_(table), key_(key) {}
  ~Held() {
    if (!told_) table_.broken_off(key_);  // an exception: better not twice
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void end(OnceNote& note) {
    told_ = true;
    if (note.good)
      table_.answered(key_, note.over ? std::string() : std::move(note.bytes));
    else if (note.spent.v != 0)
      table_.broken_off(key_);
    else
      table_.forget(key_);
  }

 private:
  Idempotency& table_;
  OnceKey key_;
  bool told_ = false;
};

// Lets the worker go on for some milliseconds.
struct Nap {
  net::IoSlot slot;
  net::Deadline deadline{over, this};
  explicit Nap(Worker& worker) {
    slot.arm();
    worker.set_deadline(deadline, nap_ms);
  }
  static void over(void* self) { static_cast<Nap*>(self)->slot.complete({}); }
};

// The key's last answer may have gone out a moment ago, and its request not have ended yet: who
// asks again at once is not sent away for that.
net::Task<Idempotency::Claim> claim_soon(Session& session, const OnceKey& key) {
  Worker& worker = session.worker();
  Idempotency& table = *worker.seams().once;
  const bool again = is_retry(session.head());
  Idempotency::Claim claim = table.claim(key, again, worker.now());
  for (int naps = 0; claim.found == Idempotency::Found::under_way && naps < naps_max; ++naps) {
    if (session.client_gone()) break;
    Nap nap(worker);
    (void)co_await nap.slot;
    (void)worker.tick_now();
    claim = table.claim(key, again, worker.now());
  }
  co_return claim;
}

// The stored answer with a line that says so, and without what was said of the other connection.
std::string replayed(const std::string& stored) {
  constexpr std::string_view close = "connection: close\r\n";
  std::string out = stored;
  const std::size_t head = out.find("\r\n\r\n");
  const std::size_t said = out.find(close);
  if (said < head) out.erase(said, close.size());
  out.insert(out.find("\r\n") + 2, "idempotent-replayed: true\r\n");
  return out;
}

}  // namespace

bool asks_once(Session& session) {
  if (!session.head().fields.has(net::RequestField::idempotency_key)) return false;
  const Route route = session.route();
  const bool costs = is_chat(route) || route == Route::completions || route == Route::embeddings ||
                     route == Route::embed_content || route == Route::batch_embed;
  return costs && session.worker().seams().once != nullptr;
}

net::Task<void> serve_once(Session& session) {
  Worker& worker = session.worker();
  Idempotency& table = *worker.seams().once;
  const std::string_view text = session.head().value(net::RequestField::idempotency_key);
  if (!usable(text)) {
    const GateRefusal bad{400, ErrorKind::bad_request,
                          "an idempotency key is 1 to 255 printable ASCII characters"};
    co_await reply_refused(session, bad);
    co_return;
  }
  const OnceKey key =
      once_key(session.principal()->key_hash, text, session.head().target(), session.body());
  const Idempotency::Claim claim = co_await claim_soon(session, key);
  if (claim.found == Idempotency::Found::answered) {
    record_replayed(session);
    const std::string bytes = replayed(*claim.answer);
    const net::ConstBytes part(bytes);
    const std::span<const net::ConstBytes> parts(&part, 1);
    (void)co_await session.send(parts);
    co_return;
  }
  if (claim.found != Idempotency::Found::nothing) {
    const bool wait = claim.found == Idempotency::Found::under_way;
    const char* const lines =
        wait ? "retry-after: 1\r\nx-should-retry: true\r\n" : "x-should-retry: false\r\n";
    const GateRefusal refusal = refusal_of(claim.found);
    co_await reply_refused(session, refusal, lines);
    co_return;
  }
  Held held(table, key);
  OnceNote note;
  note.id = worker.new_request_id();
  note.bytes_max = static_cast<std::size_t>(table.answer_bytes_max());
  worker.seams().books.note_key({key.hi, key.lo, key.request, note.id, {}}, worker.now());
  session.note_once(&note);
  if (is_chat(session.route()))
    co_await serve_chat(session);
  else if (session.route() == Route::completions)
    co_await serve_completions(session);
  else
    co_await serve_embeddings(session);
  session.note_once(nullptr);
  held.end(note);
}

}  // namespace steelyard
