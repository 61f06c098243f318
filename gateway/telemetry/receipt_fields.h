#pragma once
// The pieces of a receipt's line; receipt_json.h is the whole. Each writes at `p` and returns one
// past its end.
#include <cstddef>
#include <cstdint>

#include "config/types/limits.h"
#include "gateway/telemetry/budget_pieces.h"
#include "gateway/telemetry/fragments.h"
#include "gateway/telemetry/timestamp.h"

namespace steelyard::telemetry {

struct Receipt;
struct TokenUsage;
enum class UsageSource : std::uint8_t;

// Output bytes a text may take, escapes included.
inline constexpr std::size_t name_text_max = 64, model_text_max = limits::model_name_bytes_max;

// What is remembered between lines: one per formatter.
struct ReceiptPieces {
  Timestamps times;
  Fragments<64, 320> who;       // organisation, team, key
  Fragments<64, 320> answered;  // model and provider, at the top
  Fragments<32, 256> decided;   // policy, tier
  Fragments<16, 384> config;    // where prices come from, and configuration
  Fragments<64, 288> attempt;   // an attempt's provider and model
  Fragments<64, 288> candidate;
  Fragments<16, 320> outcome;  // of requests that did not fail
  BudgetPieces budgets;
};

// Where in the line some figures stand, for the attempt that made them.
struct PrintedFigures {
  const char *usage = nullptr, *spend = nullptr, *held = nullptr;
  std::uint32_t usage_size = 0, spend_size = 0, held_size = 0;
};

// All fields but the lists, from the opening brace on, at most receipt_fields_bytes_max bytes.
inline constexpr std::size_t receipt_fields_bytes_max = 4096 - 192;
char* put_receipt_fields(char* p, const Receipt& receipt, ReceiptPieces& pieces,
                         PrintedFigures& figures);
// "prompt_tokens":…,"completion_tokens":…, … without braces: at most usage_bytes_max bytes
inline constexpr std::size_t usage_bytes_max = 256;
char* put_usage(char* p, const TokenUsage& usage);
// `,"usage_source":"provider"`
char* put_usage_source(char* p, UsageSource source);

}  // namespace steelyard::telemetry
