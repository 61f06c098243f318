#include "gateway/mock/chat_job.h"

#include <ctime>

#include "config/types/json_writer.h"
#include "gateway/mock/chance.h"

namespace steelyard::mock {

void ChatJob::refuse(int code_status, std::string_view code, std::string_view message) {
  static const Behaviour kPlain;
  status = code_status;
  error_text.assign(message);
  error = usual_error(code_status, kPlain);
  error.message = error_text;
  error.code = code;
}

// False: the request is refused.
bool ChatJob::choose_model(SettingsStore& store) {
  model = settings->find(request.model);
  if (model == nullptr) {
    behaviour = &settings->global;
    refuse(404, "model_not_found", "the model `" + request.model + "` does not exist");
    return false;
  }
  behaviour = &model->behaviour;
  if (!request.directive.empty()) {
    own = *behaviour;
    const auto applied = apply_behaviour(own, request.directive);
    if (!applied) {
      refuse(400, "invalid_mock_directive", applied.error().context);
      return false;
    }
    behaviour = &own;
  }
  number = model->requests->fetch_add(1, std::memory_order_relaxed) + 1;
  if (!behaviour->counter.empty()) number = store.count(behaviour->counter);
  return true;
}

void ChatJob::decide_failure() {
  if (!fails(*behaviour, number)) return;
  fault = behaviour->fault;
  if (fault == Fault::no_finish) plan.finish = {};
  if (behaviour->status == 0) return;
  status = static_cast<int>(behaviour->status);
  error = usual_error(status, *behaviour);
}

void ChatJob::prepare(std::shared_ptr<const Settings> current, SettingsStore& store,
                      ChatParser& parser, std::string_view body) {
  settings = std::move(current);
  behaviour = &settings->global;
  model = nullptr;
  status = 200;
  fault = Fault::none;
  latency_us = 0;
  open = generating = false;
  if (const char* wrong = read(parser, body)) return refuse(400, "invalid_value", wrong);
  if (!choose_model(store)) return;
  names.created = static_cast<std::int64_t>(std::time(nullptr));
  names.model.clear();
  append_json_escaped(names.model, request.model);
  plan = plan_answer(request, *behaviour, made_text);
  latency_us = mock::latency_us(*behaviour, number);
  if (behaviour->context_limit != 0 && plan.input > behaviour->context_limit) {
    return refuse(400, "context_length_exceeded",
                  "the messages have " + std::to_string(plan.input) +
                      " tokens; this model's maximum context length is " +
                      std::to_string(behaviour->context_limit));
  }
  decide_failure();
  open = status == 200;
}

// The body, and what the path says of it.
const char* ChatJob::read(ChatParser& parser, std::string_view body) {
  const Dialect* const dialect = operation.dialect;
  if (dialect == nullptr) return parser.parse(body, settings->directives, request);
  const std::string suffix = names.id.substr(names.id.find('-') + 1);
  names.id = std::string(dialect->id_prefix) + suffix;
  const char* const wrong = parser.parse(*dialect, body, settings->directives, request);
  if (!operation.model.empty()) request.model = percent_decoded(operation.model);
  request.stream = request.stream || operation.stream;
  request.include_usage = true;
  return wrong;
}

void ChatJob::start_script() {
  generating = true;
  if (operation.dialect != nullptr)
    return script.start(*operation.dialect, names, plan, *behaviour, fault);
  script.start(names, plan, *behaviour, fault, request.include_usage);
}

bool ChatJob::fill_charge(Charge& charge, End end) const {
  const BillOnAbort rule = behaviour->bill_on_abort;
  if (end == End::aborted && rule == BillOnAbort::none) return false;
  const bool whole = end == End::completed || (end == End::aborted && rule == BillOnAbort::all);
  charge.id = names.id;
  charge.model = request.model;
  charge.input_tokens = plan.input;
  charge.cached_tokens = plan.cached;
  charge.output_tokens = 0;
  if (whole || (generating && !request.stream)) {
    charge.output_tokens = plan.output();
  } else if (generating) {
    charge.output_tokens = script.output();
  }
  charge.web_searches = plan.searches;
  charge.web_search_price = {behaviour->web_search_nano_usd};
  charge.stream = request.stream;
  charge.end = end;
  charge.cost = cost_of(charge, model->prices);
  return true;
}

}  // namespace steelyard::mock
