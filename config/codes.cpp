#include "config/codes.h"

#include <algorithm>
#include <iterator>

namespace steelyard {
namespace {

// C00 files, C01 structure, C02 values, C03 references, C04 what must fit together, C05 planned.
constexpr CodeStory stories[] = {
    {"C0001", "a file cannot be read",
     "The file is missing, is a folder, or its permissions keep the gateway out. Paths are "
     "relative to the file they are written in."},
    {"C0002", "not valid YAML",
     "The text breaks a rule of YAML. Most often: a tab, wrong indentation, or a value with `: ` "
     "or a leading `*`, `&`, `@`, `%` that needs quotes."},
    {"C0003", "too large",
     "A file may have 4 MiB, 200,000 values with aliases expanded, and 32 levels; a configuration "
     "256 files. Larger ones are accidents or attacks."},
    {"C0004", "a second document",
     "One file holds one document: what stands after `---` would silently be ignored elsewhere, so "
     "it is refused here."},
    {"C0008", "bytes that are no text",
     "Files are UTF-8 without control characters: the gateway prints lines of them to terminals "
     "and logs."},
    {"C0101", "written twice",
     "YAML parsers disagree about which of two equal keys counts. Keep one."},
    {"C0102", "unknown key",
     "A misspelt key would be a setting that silently does nothing. config/REFERENCE.md lists all "
     "keys."},
    {"C0103", "wrong kind of value",
     "A map, a list or a plain value stands where another of the three belongs. Indentation is the "
     "usual cause."},
    {"C0104", "missing key",
     "The thing cannot work without this key, and there is no default that would be right for "
     "everybody."},
    {"C0105", "empty list",
     "A key with nothing behind it is usually an unfinished edit. Write the values or remove the "
     "key."},
    {"C0201", "not a number",
     "Whole numbers may be written `16384`, `16_384`, `16,384`, `600k` or `2M`; no leading zeros "
     "(YAML 1.1 takes `010` for 8)."},
    {"C0202", "out of range", "The value would switch a protection off, or can never hold."},
    {"C0203", "not one of the choices", "Only the listed words mean something here."},
    {"C0204", "not a duration",
     "Durations carry a unit: `250ms`, `10s`, `2m`, `1h`, `7d`, or `1m30s`. A bare number could be "
     "seconds or milliseconds."},
    {"C0205", "not money",
     "Money carries its currency: `$2,000`, `$0.05`, `150 USD`. Figures are read exactly, down to "
     "a nano-dollar."},
    {"C0206", "not an address",
     "Addresses are `host:port`: `127.0.0.1:8080`, `[::1]:8080`, or `:8080` for every address of "
     "the machine."},
    {"C0207", "not a base URL",
     "A base URL is `https://host[:port][/path]`. No user name, query or fragment: keys go where "
     "this line says, and nowhere else."},
    {"C0208", "not a price",
     "Prices are US dollars per million tokens as decimal text, exact to $0.000001."},
    {"C0209", "not a date", "Dates are `2026-11-30` or `2026-11-30T16:00:00Z`, always UTC."},
    {"C0210", "not a time zone",
     "Time zones are IANA names: `Europe/Berlin`, not `CEST`, because summer time must be known."},
    {"C0211", "not hours or weekdays",
     "Hours are `08:00-18:00`, weekdays `mon` to `sun` or a range `mon-fri`."},
    {"C0212", "not a percentage", "Percentages are whole and carry the sign: `80%`."},
    {"C0213", "not a key or its hash",
     "Client keys are given by SHA-256 (64 hexadecimal digits) or as a reference to a secret of at "
     "least 16 characters."},
    {"C0214", "not a name",
     "Names go into logs, metrics and headers: letters, digits and `.-_`, at most 64, starting "
     "with a letter or digit."},
    {"C0215", "not a pattern",
     "Patterns are names with `*` and `?`, at most 128 bytes, without blanks."},
    {"C0216", "not a truth value",
     "Only `true` and `false`: YAML versions disagree about `yes`, `on` and `NO` (which is also "
     "Norway)."},
    {"C0217", "not a head field",
     "`headers` names what goes with every request to a provider; what frames the request or "
     "carries its key is written by the gateway."},
    {"C0218", "not for the body",
     "`body` adds to every request what only this provider knows. What the gateway decides on or "
     "counts, and what an answer costs, is said by clients and policies."},
    {"C0230", "not a part of a path",
     "This becomes part of the address of every request: only lower-case letters, digits and "
     "hyphens."},
    {"C0301", "environment variable not set",
     "The file asks for a variable that the process does not have. `${env:NAME:-text}` gives a "
     "fallback."},
    {"C0302", "referenced file cannot be read",
     "`${file:path}` names a file that is missing, unreadable or larger than 64 KiB."},
    {"C0303", "not a reference",
     "References are `${env:NAME}`, `${env:NAME:-fallback}` and `${file:path}`; `$${` is a plain "
     "`${`."},
    {"C0304", "a secret in the file",
     "Configuration is committed, copied and shown. Keep secrets in the environment or in files of "
     "their own."},
    {"C0305", "an empty secret",
     "The variable or file exists, but holds nothing: requests would fail later with 401."},
    {"C0310", "no such files",
     "The pattern matches nothing. Wildcards work in the file name, not in folders."},
    {"C0401", "two of one name",
     "Names identify things in receipts, reports and metrics, so they are unique."},
    {"C0402", "no such tier",
     "Tiers are declared under `tiers:`; a misspelt one would promise nothing."},
    {"C0403", "no such model",
     "The name or pattern matches no model of the catalogue files listed under `catalog:`."},
    {"C0404", "a provider without models",
     "A provider serves the models its `models:` names; without it, those of the vendor it is "
     "named after. This one would serve none."},
    {"C0405", "nobody inside", "An organisation without teams has nobody who could use it."},
    {"C0406", "a public door without keys",
     "Whoever reaches the address could spend the providers' money. Add client keys or listen on "
     "loopback."},
    {"C0407", "a public admin door",
     "The admin listener reloads configuration and shows budgets: off loopback it needs a token."},
    {"C0408", "keys in clear text",
     "The provider is reached over plain `http` outside this machine: everybody on the way can "
     "read its keys."},
    {"C0409", "nobody of that name",
     "A condition names an organisation, team or key that does not exist, so it never holds."},
    {"C0410", "overlapping prices",
     "At every instant exactly one price must hold, or two replicas would book different amounts."},
    {"C0412", "an empty promise",
     "No served model has evidence for this tier: requests for it would be refused."},
    {"C0414", "one port, two listeners",
     "Clients and administration are separate doors; they cannot share a port."},
    {"C0415", "block before the limit",
     "A budget blocks at its limit, 100 %. To block earlier, lower the limit."},
    {"C0416", "more than there is",
     "A budget is larger than the one above it, which will always end first."},
    {"C0417", "two budgets, one window",
     "Two budgets for the same window in one place: only the smaller one ever matters."},
    {"C0418", "a rename without effect",
     "`rename` names a catalogue model that this provider does not serve."},
    {"C0419", "a window that cannot start so",
     "`starts` is a weekday for weeks, a day for months, a month for quarters and years."},
    {"C0420", "a team without keys", "Teams are recognised by keys; this one has none."},
    {"C0421", "a policy that decides nothing, or twice",
     "A policy either says what to `use` or why it would `deny`."},
    {"C0422", "no such preset",
     "`like` names a provider of a file that `presets` lists. Without such a file there are none."},
    {"C0423", "a lease that ends in a wait",
     "A hold is renewed when something happens, at the latest after a third of its lease. If "
     "nothing "
     "happens for longer than the rest, it expires: its worst case is booked as suspense although "
     "the request still runs."},
    {"C0424", "a budget by two things",
     "A budget counts by one of `user`, `tag`, `model` and `each`. A request needs room in every "
     "budget that counts it, so two budgets say what one with two conditions would."},
    {"C0425", "users without names",
     "A budget by user needs a name: the key's `user`, or the request's own, if the team trusts "
     "it."},
    {"C0426", "no such project", "A key's `project` is one of its team's `projects`."},
    {"C0430", "credentials that do not fit",
     "A provider is known by `keys` or by `credentials`, and each cloud takes its own kind: "
     "Bedrock "
     "signs with AWS keys (or takes a Bedrock API key in `keys`), Vertex and Azure take tokens."},
    {"C0440", "a pass-through to nobody",
     "`pass_through` names a provider that is not in this file: nothing would ever match."},
    {"C0441", "a price and a bound",
     "A pass-through call either has a price, or is settled from its usage within `hold`."},
    {"C0450", "a quota of a tier",
     "`uses` can be counted of one tier: \"50 premium requests a day\". Money and tokens are "
     "counted "
     "of all requests."},
    {"C0451", "fees that nobody pays",
     "A fee is `seats` times `seat_fee`: one without the other is none."},
    {"C0453", "a pace without an end",
     "A pace compares what is used with the time that has passed of a window. A lifetime and a "
     "rolling window do not end."},
    {"C0452", "two quotas that count the same",
     "A request needs room in every quota that counts it: of two alike the smaller one decides, "
     "and "
     "they would have one name."},
    {"C0460", "a fleet without memory",
     "What a replica has spent must outlive its process: a fleet needs `ledger: { directory }`, "
     "one "
     "for each process."},
    {"C0461", "not shared over a fleet",
     "Rolling budgets, thresholds that require approval and plans (seats, quotas, packs) are kept "
     "by "
     "each process for itself. In a fleet they would allow as many times what they say, so they "
     "are "
     "refused."},
    {"C0462", "more than the store can count",
     "Scripts of the store compute with doubles, which are exact up to 2^53 nano-dollars: a budget "
     "of "
     "a fleet is at most $9,007,199.25."},
    {"C0463", "a rate of each process",
     "Limits of requests and tokens in a stretch of time are counted by each process of a fleet "
     "for "
     "itself: divide them by the number of replicas."},
    {"C0464", "times that do not fit",
     "Others of a fleet see at their next beat that money is wanted, and a call to the store must "
     "be "
     "over before a request stops waiting: two beats are within `wait`, which is within `lease`."},
    {"C0501", "planned, not there yet",
     "The key belongs to a planned feature. It is accepted so that shared files stay loadable, and "
     "does nothing."},
};

}  // namespace

std::span<const CodeStory> code_stories() {
  return stories;
}

const CodeStory* find_code(std::string_view code) {
  const auto* found = std::find_if(std::begin(stories), std::end(stories),
                                   [&](const CodeStory& s) { return s.code == code; });
  return found == std::end(stories) ? nullptr : found;
}

}  // namespace steelyard
