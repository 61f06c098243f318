// Balances as the payload of a snapshot: little-endian, packed, counts before lists.
#include "router/ledger/balances.h"
#include "router/ledger/packed.h"

namespace steelyard::router {

namespace {

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

void put_account(std::string& out, const Balances::Account& account) {
  put_text(out, account.scope);
  put_text(out, account.zone);
  put(out, account.per);
  put(out, account.starts);
  put(out, account.rolling_s);
  put(out, account.limit.v);
  put(out, account.set_limit.v);
  put(out, static_cast<std::uint32_t>(account.windows.size()));
  for (const Balances::Window& window : account.windows) {
    const WindowBalance& b = window.balance;
    for (const std::int64_t v :
         {b.start.ns, b.end.ns, b.posted.v, b.held.v, b.overrun.v, b.credit.v})
      put(out, v);
    put(out, b.fired);
    put(out, b.approved);
    put(out, b.asked);
    put(out, window.holds);
  }
}

// `as`: Balances::format of the writer; 1 knew no starts, no set limits and no credit, 2 nothing
// that rolls, no approvals and no keys.
Balances::Account get_account(PackedReader& in, std::uint32_t as) {
  Balances::Account account;
  account.scope = in.get_text();
  account.zone = in.get_text();
  account.per = in.get<WindowKind>();
  if (as >= 2) account.starts = in.get<std::uint8_t>();
  if (as >= 3) account.rolling_s = in.get<std::int64_t>();
  account.limit.v = in.get<std::int64_t>();
  if (as >= 2) account.set_limit.v = in.get<std::int64_t>();
  for (std::uint32_t n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    Balances::Window window;
    WindowBalance& b = window.balance;
    for (std::int64_t* v : {&b.start.ns, &b.end.ns, &b.posted.v, &b.held.v, &b.overrun.v})
      *v = in.get<std::int64_t>();
    if (as >= 2) b.credit.v = in.get<std::int64_t>();
    b.fired = in.get<std::int32_t>();
    if (as >= 3) b.approved = in.get<std::int32_t>();
    if (as >= 3) b.asked = in.get<std::int32_t>();
    window.holds = in.get<std::uint32_t>();
    account.windows.push_back(window);
  }
  return account;
}

}  // namespace

std::string Balances::encode() const {
  std::string out;
  put(out, static_cast<std::uint32_t>(accounts_.size()));
  for (const Account& account : accounts_) put_account(out, account);
  put(out, static_cast<std::uint32_t>(holds_.size()));
  for (const auto& [key, hold] : holds_) {
    put(out, key.request.hi);
    put(out, key.request.lo);
    put(out, key.attempt);
    put(out, hold.amount.v);
    put(out, static_cast<std::uint8_t>(hold.windows.size()));
    for (const WindowId& id : hold.windows) {
      put(out, id.account);
      put(out, id.start.ns);
    }
  }
  put(out, static_cast<std::uint32_t>(key_order_.size()));
  for (const RequestId& request : key_order_) {
    const Keyed& keyed = keyed_.at(request);
    put(out, keyed.key.hi);
    put(out, keyed.key.lo);
    put(out, keyed.key.body);
    put(out, request.hi);
    put(out, request.lo);
    put(out, keyed.key.time.ns);
    put(out, keyed.charges);
  }
  return out;
}

void Balances::get_keys(PackedReader& in) {
  for (std::uint32_t n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    Keyed keyed;
    keyed.key.hi = in.get<std::uint64_t>();
    keyed.key.lo = in.get<std::uint64_t>();
    keyed.key.body = in.get<std::uint64_t>();
    keyed.key.request.hi = in.get<std::uint64_t>();
    keyed.key.request.lo = in.get<std::uint64_t>();
    keyed.key.time.ns = in.get<std::int64_t>();
    keyed.charges = in.get<std::int32_t>();
    if (keyed_.try_emplace(keyed.key.request, keyed).second)
      key_order_.push_back(keyed.key.request);
  }
}

Result<Balances> Balances::decode(std::string_view bytes, std::uint32_t written_as) {
  Balances out;
  PackedReader in(bytes);
  for (std::uint32_t n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    out.accounts_.push_back(get_account(in, written_as));
  for (std::uint32_t n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    Hold& hold = out.holds_[in.get_key()];
    hold.amount.v = in.get<std::int64_t>();
    for (std::uint8_t k = in.get<std::uint8_t>(); k > 0 && in.ok(); --k) {
      WindowId id;
      id.account = in.get<std::uint32_t>();
      id.start.ns = in.get<std::int64_t>();
      if (out.find(id) == nullptr)
        return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                    "snapshot: a hold without its window");
      hold.windows.push_back(id);
    }
  }
  if (written_as >= 3) out.get_keys(in);
  if (!in.done())
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, "snapshot: wrong length");
  return out;
}

}  // namespace steelyard::router
