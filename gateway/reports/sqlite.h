#pragma once
// The little of SQLite that the read store needs: errors as values, statements that are finalised.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/types/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace steelyard::reports {

class Statement {
 public:
  // Parameters count from 1. Text is copied.
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::string_view value);
  Statement& bind_null(int at);
  // True: a row is there. After false it is ready for the next parameters.
  Result<bool> step();
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  // until the next step; "" for null
  bool is_null(int column) const;
  int columns() const;

 private:
  friend class Database;
  struct Finalise {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalise> statement_;
};

class Database {
 public:
  enum class Mode : std::uint8_t { read, write };  // write: made when absent
  static Result<Database> open(const std::string& path, Mode mode);
  // Several statements without parameters or rows.
  Result<void> run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  // name(integer) as text, from now on.
  Result<void> add_function(const char* name, std::function<std::string(std::int64_t)> function);

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace steelyard::reports
