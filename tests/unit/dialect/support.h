#pragma once
// Shared by the dialect tests: recorded traffic, golden files, values as JSON text.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"

namespace steelyard::dialect::testing {

struct Recorded {  // one line of the recorded traffic
  std::string id, provider, path, request, response;
  int status = 200;
  bool stream = false;
};

// All recorded OpenAI chat exchanges with a text answer; empty (with a MESSAGE) if they are not
// here.
const std::vector<Recorded>& recorded_chat();
// The same of Anthropic's dialect, and of OpenAI Responses.
const std::vector<Recorded>& recorded_messages();
const std::vector<Recorded>& recorded_responses();

// The same of Gemini's.
const std::vector<Recorded>& recorded_contents();
// The same of Bedrock: Converse, with streams as Amazon's frames; and what went through
// InvokeModel.
const std::vector<Recorded>& recorded_converse();
const std::vector<Recorded>& recorded_invoke();

std::string to_json(const ChatRequest& request);
std::string to_json(const openai::StreamFacts& facts, openai::StreamPhase phase);
std::string to_json(const openai::ChatAnswer& answer);

std::string text_of(const openai::TapOutput& out);
std::string read_file(const std::string& path);

// Runs `check` in every folder tests/golden/dialect/<of>/<prefix>*.
void each_golden(std::string_view prefix,
                 const std::function<void(const std::string& folder)>& check,
                 std::string_view of = "openai");
// CHECKs that folder/name holds `actual`; with UPDATE_GOLDEN=1 writes it.
void check_golden(const std::string& folder, const std::string& name, const std::string& actual);

}  // namespace steelyard::dialect::testing
