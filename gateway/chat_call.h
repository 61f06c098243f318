#pragma once
// One chat completions request, from its parsed body to its receipt: the path of design 3, each
// step one function. Steps up to the hold are pure and shared with `explain` (decide.h).
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/answer_stream.h"
#include "gateway/chat_cold.h"
#include "gateway/chat_foreign.h"
#include "gateway/decide.h"
#include "gateway/dialect/chat.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/splice.h"
#include "gateway/net/chunk_decoder.h"
#include "gateway/net/head_writer.h"
#include "gateway/net/response_head.h"
#include "gateway/net/task.h"
#include "gateway/net/upstream_pool.h"
#include "gateway/net/wheel.h"
#include "gateway/quota_hold.h"
#include "gateway/rate_hold.h"
#include "gateway/session.h"
#include "gateway/store/books.h"
#include "gateway/stream_guard.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/unwritten.h"
#include "router/failure_class.h"
#include "router/meter.h"
#include "router/plan.h"

namespace steelyard {

// Serves POST /v1/chat/completions: exactly one receipt, whatever happens.
net::Task<void> serve_chat(Session& session);

struct ProviderRuntime;

class ChatCall final : public DepartureListener {
 public:
  explicit ChatCall(Session& session);
  ~ChatCall() override;

  // In this order; serve_chat() is the caller.
  bool begin();  // false: there is nothing to forward
  net::Task<void> forward();
  bool end();  // false: the client must still be told that it failed
  net::Task<void> answer_error();
  void finish();  // writes the receipt

  void client_left() override;
  void must_end() override;

 private:
  enum class AttemptEnd : std::uint8_t {
    going_on,  // not over yet
    stream,    // the head of a stream has come: relay() follows
    answered,  // the client got its answer, or an error after the first byte
    try_next,  // another attempt may help; fault_ says what happened
    give_up,   // error_ (or the provider's own error) goes to the client
    escalate,  // the answer was paid for and is not good enough
  };

  // chat_call.cpp: the story
  bool prepare();
  bool take_rate();
  RequestHints hints() const;
  void take_plan();
  void append_error_headers();
  bool may_continue() const;
  const router::PlannedAttempt* next_attempt();
  net::Task<bool> pause();
  void arm(std::int64_t from_now_ms);
  static void on_deadline(void* self);
  void interrupt(net::IoError why);
  void give_error(ErrorKind kind, ErrorSource source, std::string text);
  void prefer_asked();
  void choose_error();
  void note_estimate(const router::PlannedAttempt& planned);
  router::CountQuality quality_at(std::int32_t model) const;
  void learn_count(std::int64_t billed);
  std::size_t rule_index() const;  // of the policy that decided; rules().size(): none
  const ProviderRuntime& provider_of(std::int32_t target) const;
  dialect::hub::Wire wire() const { return session_.wire(); }  // the client's

  // chat_attempt.cpp: one request to one provider
  net::Task<AttemptEnd> exchange();
  AttemptEnd begin_attempt(const router::PlannedAttempt& planned);
  net::Task<AttemptEnd> begin_with_room(const router::PlannedAttempt& planned);
  bool build_body();
  bool loses_too_much();
  void end_unsent();
  Result<void> build_foreign_body(bool bounded);
  void prepare_foreign();
  bool bridged() const { return foreign_ != nullptr && foreign_->bridged; }
  net::UpstreamPool& pool() const;
  bool take_idle();
  net::Task<net::IoResult> connect();
  bool dispatch();
  bool must_be_durable() const;
  net::Task<bool> until_durable();
  void took_in(net::IoResult& result);
  bool whole_head(net::ResponseHead& head, net::IoResult& got);
  AttemptEnd transport_failed(net::IoResult result, bool sent);

  // chat_state.cpp: signed conversations
  bool choose_key();
  std::optional<std::size_t> own_key() const;
  bool wait_for_key(std::int64_t ns);
  void settle_home();
  bool leaves_home() const;
  dialect::ForeignState foreign_state() const;
  void remember_states(std::vector<std::uint64_t>& states);
  bool refuses_state();
  bool mark_refused(bool known);

  // chat_body.cpp: what its row wants changed in a body
  void fit_body(const ProviderRuntime& provider);
  void host_body(const ProviderRuntime& provider);
  template <class Change>
  void change_body(Change change);

  // chat_hold.cpp: money before it is spent
  bool hold();
  bool cheaper_left() const;

  // chat_plan.cpp: what the quotas of the team's plan count
  bool hold_quotas();
  std::int64_t tokens_at_most() const;

  // chat_send.cpp
  Unwritten request_parts() const;
  net::IoResult send_now();
  net::Task<net::IoResult> send_rest(std::size_t done);

  // chat_credentials.cpp
  bool take_credentials();
  net::Task<bool> credentials_come();
  AttemptEnd no_credentials();
  bool renewed_credentials(int status);

  // chat_fault.cpp: answers that are errors
  net::Task<AttemptEnd> provider_error(net::ResponseHead& head);
  void keep_fault_headers(const net::ResponseHead& head);
  void keep_fault_inside(const dialect::UpstreamFault& fault);
  std::int64_t hint_in_body();
  void heed_rate(const net::ResponseHead& head);
  bool other_key_left(dialect::FaultClass cls, std::int64_t hint);

  // chat_collect.cpp: whole answers
  net::Task<net::IoResult> collect(net::ResponseHead& head, std::size_t limit);
  net::Task<net::IoResult> collect_some();
  bool collect_now(net::ResponseHead& head);
  std::string_view as_stream();
  void write_whole_head(net::HeadWriter& out, const net::ResponseHead& head,
                        std::size_t body_bytes);
  AttemptEnd answer_whole(net::ResponseHead& head);
  void note_pairs(const net::ResponseHead& head);
  void delivered();
  std::string_view collected() const;
  bool unsatisfying();
  bool disappointing() const;
  bool calls_declared() const;

  // chat_relay.cpp: streams
  void begin_relay(const net::ResponseHead& head);
  net::Task<AttemptEnd> relay();
  net::IoResult read_some(std::span<char>& bytes);
  net::Task<AttemptEnd> end_stream(Result<void> finished);
  AttemptEnd lost_before_commit(const Error& error);
  void tell_failure(const Error& error);
  void end_told_error();
  void decode(std::span<char> bytes);
  bool sign_of_life();
  bool ends_event() const;
  bool send_pieces(bool last);
  void note_first_content();
  std::string_view stream_head(std::span<char> room);

  // chat_guard.cpp: answers that money is short for
  bool lower_output(const router::Denial& denial);
  void begin_guard();
  void look_at_room();
  bool more_room();
  bool cut_here();
  bool must_cut() {
    if (guard_.due(tap_.facts()) && !cutting_) look_at_room();
    if (!cutting_) return false;
    wake();
    return cut_here();
  }
  net::Task<AttemptEnd> end_cut();

  // chat_settle.cpp: money, health, the attempt's line in the receipt
  bool complete_chain();
  void settle(const dialect::ReportedUsage& usage, std::int64_t output_bytes, bool whole);
  void settle_unknown();
  void release();
  void book(NanoUsd cost, router::UsageSource source, std::int64_t tokens);
  void succeeded(int status);
  void failed(router::FailureClass failure, ErrorKind kind, int status, Tick until = {});
  void end_line(int status);
  void remember_kept(std::string_view answer_id, std::string_view item_ids);
  void remember_turn();
  void note_lost(dialect::hub::Dropped lost);
  router::Usage usage_of(const dialect::ReportedUsage& reported) const;
  router::Usage estimated_usage(std::int64_t output_bytes, bool whole) const;
  router::Tariff tariff() const;
  std::int32_t searches_held() const;
  void count_searches(router::Usage& usage, bool reported) const;
  void waited();
  void drop_upstream();
  void keep_upstream();
  void append_common_headers(net::HeadWriter& head) const;
  static void append_money(net::HeadWriter& head, std::string_view name, NanoUsd amount);

  // chat_rest.cpp: a stream that waits
  void arm_stream();
  bool goes_on_waiting();
  void rest();
  void wake() { cold_.thaw(); }

  Session& session_;
  Worker& worker_;
  Serving& serving_;
  const Runtime& runtime_;
  // Not to be touched by a stream between rest() and wake(): the loop of relay() does without.
  Cold<ChatCold> cold_;
  Decision& decision_ = cold_->decision;
  telemetry::Receipt& receipt_ = cold_->receipt;
  Error& error_ = cold_->error;
  dialect::ErrorExtras& extras_ = cold_->extras;
  dialect::BudgetDetails& budget_details_ = cold_->budget_details;
  std::array<router::PlannedAttempt, limits::attempts_max>& attempts_ = cold_->attempts;
  router::PlannedAttempt &escalation_ = cold_->escalation, &lowered_ = cold_->lowered;
  net::HeadLines& response_lines_ = cold_->response_lines;
  dialect::SplicedBody& body_ = cold_->body;
  std::array<char, 32>& length_room_ = cold_->length_room;
  std::string &fault_body_ = cold_->fault_body, &fault_headers_ = cold_->fault_headers,
              &fault_type_ = cold_->fault_type;
  dialect::UpstreamFault& fault_ = cold_->fault;
  std::optional<RateHold>& rated_ = cold_->rated;
  std::optional<store::Chain>& own_chain_ = cold_->own_chain;
  std::string texts_;  // of the request, once rest() has let it go
  bool has_error_ = false, answered_ = false, client_left_ = false, must_end_ = false;

  std::int32_t baseline_model_ = policies::no_model;
  std::size_t rule_ = 0;
  std::uint8_t attempt_count_ = 0, next_ = 0;
  std::uint8_t sent_count_ = 0;  // attempts that were reserved: numbers them in the books
  bool escalated_ = false, retry_same_ = false, budgets_are_final_ = false;
  bool renewed_ = false;        // credentials, once a request
  bool room_wanted_ = false;    // refused here; others of the fleet may have room
  bool other_key_ = false;      // the last attempt again, at once: its provider has another key
  bool state_refused_ = false;  // what others signed is left out, whoever it was
  bool own_key_waits_ = false;  // a limited key that a signed conversation is bound to

  // The attempt under way.
  const router::PlannedAttempt* planned_ = nullptr;
  telemetry::ReceiptAttempt* line_ = nullptr;
  std::unique_ptr<net::UpstreamConnection> upstream_;
  store::BookHold hold_;
  const store::Chain* chain_;  // the budgets that count the attempt
  bool holding_ = false, dispatched_ = false;
  std::unique_ptr<QuotaHold> quotas_;  // null: its team has no plan
  NanoUsd held_amount_;  // of hold_: the attempt's worst case, and what it was extended by
  Tick attempt_started_, first_byte_at_;
  std::unique_ptr<ForeignCall> foreign_;  // of the attempt under way; null: nothing is
  net::Deadline deadline_;
  net::IoSlot writable_;
  std::uint64_t dispatch_seq_ = 0;
  std::size_t key_used_ = 0;
  int interim_heads_ = 0;
  Tick total_due_;
  std::int64_t pause_ms_ = 0;
  std::int64_t waited_ns_ = 0;  // for peers
  bool pausing_ = false;
  const char* bad_answer_ = nullptr;  // why a provider's head was refused
  bool reusable_ = false;             // the answer is whole and nothing is left over

  int fault_status_ = 0;
  dialect::hub::Wire fault_wire_ = dialect::hub::Wire::openai_chat;  // what fault_body_ is in

  // The stream under way; guard_ is as new where it is none.
  AnswerStream tap_;
  dialect::openai::TapOutput& tap_out_;  // the worker's: empty at every wait
  net::ChunkDecoder chunks_{net::ChunkSource::provider};
  net::BodyFraming framing_ = net::BodyFraming::none;
  std::uint64_t body_left_ = 0;
  Tick idle_due_;          // while the provider is waited for in a stream: when that is too long
  Tick ping_due_;          // and when the client wants a sign of life
  Tick commit_due_;        // and when it gets its head, although no content has come
  bool rest_due_ = false;  // deadline_ is when the stream shall rest
  bool between_events_ = false;  // what the client got last ended an event
  bool no_pings_ = false;        // the client takes nothing between two events
  bool content_late_ = false;    // the commit did not wait for it
  bool stream_over_ = false, committed_ = false, decode_failed_ = false, keep_alive_ = false;
  StreamGuard guard_;
  bool cutting_ = false;  // the guard ends it, as soon as an event ends
  bool cut_ = false;      // its end is in held_
  std::string held_;      // bytes before the commit point
  // What body_ is of, where change_body() had something to do.
  std::unique_ptr<std::string> widened_;
  std::string head_text_;
};

}  // namespace steelyard
