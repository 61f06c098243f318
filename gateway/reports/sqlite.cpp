#include "gateway/reports/sqlite.h"

#include <sqlite3.h>

namespace steelyard::reports {
namespace {

auto bad(sqlite3* handle, const std::string& what) {
  const char* const why = handle != nullptr ? sqlite3_errmsg(handle) : "out of memory";
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, what + ": " + why);
}

}  // namespace

void Statement::Finalise::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
  return *this;
}

Statement& Statement::bind(int at, std::string_view value) {
  // An empty view may have no address; that would be null.
  const char* const bytes = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text(statement_.get(), at, bytes, static_cast<int>(value.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null(int at) {
  sqlite3_bind_null(statement_.get(), at);
  return *this;
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  sqlite3* const handle = sqlite3_db_handle(statement_.get());
  if (status != SQLITE_DONE) {
    auto error = bad(handle, "the read store");
    sqlite3_reset(statement_.get());
    return error;
  }
  sqlite3_reset(statement_.get());
  return false;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* const bytes = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags =
      mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (status != SQLITE_OK) return bad(handle, "cannot open `" + path + "`");
  sqlite3_busy_timeout(handle, 5'000);
  return database;
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return bad(handle_.get(), "the read store");
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int status = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
  if (status != SQLITE_OK) return bad(handle_.get(), "the read store");
  return Statement(statement);
}

namespace {

using TextFunction = std::function<std::string(std::int64_t)>;

void call(sqlite3_context* context, int, sqlite3_value** values) {
  const auto& function = *static_cast<TextFunction*>(sqlite3_user_data(context));
  const std::string text = function(sqlite3_value_int64(values[0]));
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

void forget(void* function) {
  delete static_cast<TextFunction*>(function);
}

}  // namespace

Result<void> Database::add_function(const char* name, TextFunction function) {
  auto owned = std::make_unique<TextFunction>(std::move(function));
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  // SQLite calls `forget` also when it fails.
  const int status = sqlite3_create_function_v2(handle_.get(), name, 1, flags, owned.release(),
                                                call, nullptr, nullptr, forget);
  if (status == SQLITE_OK) return {};
  return bad(handle_.get(), "the read store");
}

}  // namespace steelyard::reports
