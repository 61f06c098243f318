#pragma once
// The paths that are not chat: /mock/*, /healthz, /v1/models. Internal to gateway/mock.
#include <string>

#include "gateway/mock/bill.h"
#include "gateway/mock/request_log.h"
#include "gateway/mock/settings.h"

namespace steelyard::mock {

// What all threads of one mock share.
struct Shared {
  Shared(std::unique_ptr<SettingsStore> store, const MockOptions& options)
      : settings(std::move(store)), bill(options.charges_kept), log(options.requests_kept) {}

  void reset() {
    settings->reset();
    bill.reset();
    log.reset();
  }

  std::unique_ptr<SettingsStore> settings;
  Bill bill;
  RequestLog log;
};

struct ControlReply {
  int status = 200;
  std::string body;
};

// The target without its query.
std::string_view path_of(std::string_view target);
// Whether the path is the mock's own, so neither recorded nor authorised.
bool is_control(std::string_view path);
// Answers everything but chat; unknown paths get 404.
ControlReply control(Shared& shared, const RequestView& request);

}  // namespace steelyard::mock
