#include "gateway/fleet/sharing.h"

#include <algorithm>
#include <charconv>

namespace steelyard::fleet {
namespace {

constexpr std::size_t lines_max = 512;  // of one call
constexpr std::size_t fields_of_window = 6;

Error store_error(std::string what) {
  return Error(ErrorKind::storage, ErrorSource::gateway, Retry::never, std::move(what));
}

bool number_of(const std::string& text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string text_of(NanoUsd amount) {
  return std::to_string(amount.v);
}

bool same_figures(const store::FleetSlice& a, const store::FleetSlice& b) {
  const router::FleetWindow &x = a.window, &y = b.window;
  return x.start == y.start && x.limit == y.limit && x.posted == y.posted && x.held == y.held &&
         x.credit == y.credit && x.share.room == y.share.room;
}

}  // namespace

Sharing::Sharing(store::Books& books, Server& server, SharingOptions options)
    : books_(books), server_(server), options_(std::move(options)) {}

// "acme/search|0|Europe/Berlin@1764460800000000000"; `{}`: all keys of a fleet in one hash slot.
std::string Sharing::key_of(const store::FleetSlice& slice) const {
  std::string identity = books_.identity(slice.shard, slice.window.account);
  std::replace(identity.begin(), identity.end(), '\0', '|');
  return "steelyard:{" + options_.fleet + "}:w:" + identity + "@" +
         std::to_string(slice.window.start.ns);
}

Result<void> Sharing::join() {
  if (superseded_)
    return fail(store_error("a newer process is `" + options_.replica +
                            "` in the fleet now: this one may not spend any more"));
  const Result<std::string> run = server_.run_name();
  if (!run) return fail(run.error());
  if (joined_ && *run == run_) return {};
  const std::string keys[] = {"steelyard:{" + options_.fleet + "}:fleet"};
  const std::string arguments[] = {options_.replica,
                                   options_.id,
                                   options_.nonce,
                                   std::to_string(options_.lease_ms),
                                   std::to_string(options_.generation),
                                   std::to_string(++number_),
                                   options_.known ? "1" : "0"};
  const Result<std::vector<std::string>> reply = server_.run(join_script, keys, arguments);
  if (!reply) return fail(reply.error());
  const std::string said = reply->size() == 1 ? reply->front() : "";
  taken_ = said == "taken";
  superseded_ = said == "newer";
  if (taken_)
    return fail(store_error("the name `" + options_.replica +
                            "` belongs to another ledger directory: choose another `replica`"));
  if (superseded_) return join();
  if (said != "ok") return fail(store_error("the fleet's store gave no answer that makes sense"));
  run_ = *run;
  joined_ = options_.known = true;
  seen_ms_ = 0;
  ++status_.joins;
  // It may have forgotten anything: it hears of everything again.
  for (auto& [account, tracked] : tracked_) tracked.heard = never;
  return {};
}

Result<void> Sharing::sync(Tick tick, std::span<const Need> needs) {
  const Result<void> done = call(tick, needs, false);
  look_at(needs);
  return done;
}

Result<void> Sharing::leave(Tick tick) {
  Result<void> done = call(tick, {}, true);
  // What did not fit into one call.
  for (int calls = 0; done && lines_.size() == lines_max && calls < 1'000; ++calls)
    done = call(tick, {}, true);
  joined_ = false;
  return done;
}

Result<void> Sharing::call(Tick tick, std::span<const Need> needs, bool leaving) {
  ++status_.calls;
  again_ = false;
  states_.clear();
  const auto failed = [this](Error error) {
    ++status_.failures;
    status_.reachable = false;
    status_.error = error.context;
    return fail(std::move(error));
  };
  if (const Result<void> in = join(); !in) return failed(in.error());
  collect(tick, needs, leaving);
  const std::string prefix = "steelyard:{" + options_.fleet + "}:";
  keys_ = {prefix + "fleet", prefix + "wanted"};
  arguments_ = {options_.replica,
                std::to_string(options_.generation),
                std::to_string(++number_),
                run_,
                std::to_string(options_.lease_ms),
                std::to_string(seen_ms_),
                leaving && lines_.size() < lines_max ? "1" : "0",
                options_.nonce};
  for (const Line& line : lines_) {
    const router::FleetWindow& window = line.slice.window;
    constexpr std::int64_t week_ms = 7 * 86'400'000ll;
    const bool ends = window.end.ns != INT64_MAX;
    keys_.push_back(line.tracked->key);
    arguments_.push_back(window.limit.v == INT64_MAX ? "-1" : text_of(window.limit));
    for (const NanoUsd amount : {line.keep, window.posted, window.held, window.credit,
                                 line.tracked->total, line.ask, line.want})
      arguments_.push_back(text_of(amount));
    arguments_.push_back(ends ? std::to_string(window.end.ns / 1'000'000 + week_ms) : "0");
  }
  const Result<std::vector<std::string>> reply = server_.run(sync_script, keys_, arguments_);
  const Result<void> taken = reply ? take(*reply, tick) : fail(reply.error());
  if (!taken) {
    // It may have done it or not: each of these windows is said again.
    for (const Line& line : lines_) line.tracked->heard = never;
    return failed(taken.error());
  }
  status_.reachable = true;
  status_.error.clear();
  return {};
}

void Sharing::collect(Tick tick, std::span<const Need> needs, bool leaving) {
  lines_.clear();
  needed_.clear();
  for (const Need& need : needs)
    for (const router::AccountId account : need.chain.span())
      needed_[{need.chain.shard, account.v}].push_back(need.amount);
  books_.visit_fleet([&](const store::FleetSlice& slice) { consider(slice, tick, leaving); });
}

// What is to be said of one window, if anything.
void Sharing::consider(const store::FleetSlice& slice, Tick tick, bool leaving) {
  const router::FleetWindow& window = slice.window;
  const bool hard = window.limit.v != INT64_MAX;
  Tracked& tracked = tracked_[{slice.shard, window.account.v}];
  if (tracked.key.empty() || tracked.told.window.start != window.start) {
    tracked = Tracked{};
    tracked.key = key_of(slice);
    tracked.told.window.start = window.start;
  }
  NanoUsd rest = window.share.room - window.used();  // below zero after an overrun
  NanoUsd smallest{INT64_MAX}, sum;
  const auto needed = needed_.find({slice.shard, window.account.v});
  if (hard && needed != needed_.end()) {
    for (const NanoUsd amount : needed->second) {
      if (amount <= rest) {
        rest = rest - amount;  // promised
        continue;
      }
      smallest = std::min(smallest, amount);
      sum = sum + amount;
    }
  }
  rest = std::max(rest, NanoUsd{0});
  Line line{slice, hard ? window.share.room : window.used(), {}, {}, &tracked};
  const bool lacks = smallest.v != INT64_MAX;
  const bool over = hard && tracked.total > window.limit + window.credit + window.share.credit;
  // A piece that is too small for those who wait here may be what others wait for.
  const bool gives = leaving || over || wanted_.count(tracked.key) != 0;
  if (hard && gives) {
    line.keep = window.share.room - rest;
    rest = {0};
  }
  if (lacks) {
    line.ask = smallest - rest;
    line.want = sum - rest;
  }
  const NanoUsd used = window.used();
  const bool runs_low = used > tracked.used_before && rest.v < tracked.granted.v / 2;
  tracked.used_before = used;
  if (hard && !lacks && !gives && runs_low) line.want = {1};
  const bool changed = !same_figures(slice, tracked.told) || line.keep != window.share.room;
  const bool anything = used.v != 0 || window.credit.v != 0 || window.share != router::FleetShare{};
  const bool stale = tick >= tracked.heard.plus_ms(options_.refresh_ms);
  const bool due =
      lacks || line.want.v != 0 || tracked.heard == never || (anything && (changed || stale));
  if (!due || lines_.size() == lines_max) return;
  if (hard) line.keep = books_.limit_share(slice, line.keep);
  if (line.keep.v < 0) return;  // a window has ended since it was looked at
  lines_.push_back(line);
}

Result<void> Sharing::take(const std::vector<std::string>& reply, Tick tick) {
  const std::string said = reply.size() == 1 ? reply[0] : "";
  if (said == "unknown" || said == "newer") {
    joined_ = false;  // forgotten by an operator, or by the store: it joins again
    superseded_ = said == "newer";
    if (superseded_) good_until_ = tick;
    return fail(store_error("the fleet's store does not know this process (any more)"));
  }
  std::int64_t learning = 0;
  const std::size_t windows = lines_.size() * fields_of_window;
  if (reply.size() < 4 + windows || reply[0] != "ok" || !number_of(reply[1], seen_ms_) ||
      !number_of(reply[2], learning) || !number_of(reply[3], status_.live))
    return fail(store_error("the fleet's store gave no answer that makes sense"));
  status_.learning = learning != 0;
  good_until_ = tick.plus_ms(options_.lease_ms);
  again_ = lines_.size() == lines_max;
  std::set<std::string> wanted;
  for (std::size_t i = 4 + windows; i < reply.size(); ++i) {
    again_ = again_ || wanted_.count(reply[i]) == 0;  // it is told at once that this was seen
    wanted.insert(reply[i]);
  }
  wanted_ = std::move(wanted);
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::string* const field = &reply[4 + i * fields_of_window];
    const Line& line = lines_[i];
    router::FleetShare share;
    NanoUsd total;
    if (!number_of(field[0], share.room.v) || !number_of(field[1], total.v) ||
        !number_of(field[2], share.posted.v) || !number_of(field[3], share.held.v) ||
        !number_of(field[4], share.credit.v))
      return fail(store_error("the fleet's store gave no answer that makes sense"));
    books_.give_share(line.slice, share);
    Tracked& tracked = *line.tracked;
    if (share.room > line.keep) tracked.granted = share.room - line.keep;
    tracked.total = total;
    tracked.told = line.slice;
    tracked.told.window.share.room = share.room;
    tracked.heard = tick;
    states_[{line.slice.shard, line.slice.window.account.v}] = field[5];
    const bool spare = share.room > line.slice.window.used();
    if (spare && wanted_.count(tracked.key) != 0) again_ = true;
  }
  return {};
}

// What became of each need: its own call's answer, and whether those before it leave it room.
void Sharing::look_at(std::span<const Need> needs) {
  prospects_.clear();
  std::map<AccountKey, NanoUsd> promised;
  for (const Need& need : needs) {
    NanoUsd before;
    bool none = false;
    for (const router::AccountId account : need.chain.span()) {
      const AccountKey key{need.chain.shard, account.v};
      before = std::max(before, promised[key]);
      const auto state = states_.find(key);
      none = none || (state != states_.end() && state->second == "none");
    }
    const store::FleetRoom room = books_.fleet_room(need.chain, need.amount + before);
    if (room == store::FleetRoom::here) {
      prospects_.push_back(Prospect::ready);
      for (const router::AccountId account : need.chain.span())
        promised[{need.chain.shard, account.v}] += need.amount;
      continue;
    }
    const bool gone = books_.fleet_room(need.chain, need.amount) == store::FleetRoom::nowhere;
    prospects_.push_back(none || gone ? Prospect::none : Prospect::open);
  }
}

Result<NanoUsd> Sharing::forget(const std::string& name) {
  const std::string prefix = "steelyard:{" + options_.fleet + "}:";
  Result<std::vector<std::string>> windows = server_.keys(prefix + "w:");
  if (!windows) return fail(windows.error());
  windows->insert(windows->begin(), prefix + "fleet");
  const std::string arguments[] = {name};
  const Result<std::vector<std::string>> reply = server_.run(forget_script, *windows, arguments);
  if (!reply) return fail(reply.error());
  if (reply->size() == 1 && reply->front() == "unknown")
    return fail(ErrorKind::not_found, ErrorSource::gateway, Retry::never,
                "there is no replica `" + name + "` in the fleet `" + options_.fleet + "`");
  NanoUsd spent;
  if (reply->size() != 2 || !number_of((*reply)[1], spent.v))
    return fail(store_error("the fleet's store gave no answer that makes sense"));
  return spent;
}

void Sharing::lapse(Tick tick) {
  if (!silent(tick)) return;
  if (!options_.lapses && !superseded_) return;
  books_.visit_fleet([&](const store::FleetSlice& slice) {
    if (slice.window.limit.v != INT64_MAX) books_.limit_share(slice, {0});
  });
}

}  // namespace steelyard::fleet
