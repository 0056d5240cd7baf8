// Database: one SQLite connection with its statements and transactions as values that cannot be
// forgotten, and the only place where SQLite's result codes become sentences. Private to
// core/project. Thread: one owner per connection.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace graft {

class Database;

/// A prepared statement. A failure to prepare or bind is kept and comes back from run() or next().
class Statement {
 public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    /// The next parameter, in order.
    Statement& bind(std::int64_t value);
    Statement& bind(int value) { return bind(std::int64_t(value)); }
    Statement& bind(bool value) { return bind(std::int64_t(value ? 1 : 0)); }
    Statement& bind(double value);  ///< NaN is stored as NULL and read back as NaN
    Statement& bind(std::string_view value);
    Statement& bind(const char* value) { return bind(std::string_view(value)); }

    /// Runs to the end and makes ready for the next set of parameters.
    Status run();
    /// The next row; false after the last one.
    Result<bool> next();

    std::int64_t integer(int column) const;
    bool flag(int column) const { return integer(column) != 0; }
    double real(int column) const;
    std::string text(int column) const;

 private:
    friend class Database;
    Statement(const Database& database, std::string_view sql);

    void keep(int code);

    const Database* m_database;
    sqlite3_stmt* m_handle = nullptr;
    int m_parameter = 0;
    int m_code = 0;
};

class Database {
 public:
    enum class Access {
        ReadWrite,
        ReadOnly,        ///< the file itself cannot be written, or must not be
        ReadOnlyMedium,  ///< the folder cannot be written, so nobody else writes: no side files
    };

    /// Opens an existing file; nothing is read or changed yet.
    static Result<std::unique_ptr<Database>> open(const std::string& path, Access access);
    /// An empty database in memory that errors call `path`.
    static Result<std::unique_ptr<Database>> inMemory(const std::string& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    const std::string& path() const { return m_path; }

    /// The first `byteCount` bytes of the file, fewer if it is shorter, without locks or side
    /// files: what a file claims to be is looked at before SQLite may touch it.
    Result<std::string> header(int byteCount) const;
    /// Without this, the last connection to close moves the log of recent changes into the file.
    void keepLogOnClose(bool keep);

    Statement prepare(std::string_view sql) const { return Statement(*this, sql); }
    Status execute(const std::string& sql) const;  ///< one or more statements without results
    Result<std::int64_t> integer(std::string_view sql) const;  ///< first column of the first row
    Result<std::string> text(std::string_view sql) const;
    /// The whole database as the bytes of a file.
    Result<std::string> serialize() const;

    bool inTransaction() const;
    /// For the sentence on a full disk: what the present transaction is going to write.
    void setBytesNeeded(std::uint64_t bytes) { m_bytesNeeded = bytes; }
    Error error(int code) const;

 private:
    friend class Statement;
    Database(sqlite3* handle, std::string path) : m_handle(handle), m_path(std::move(path)) {}
    void configure() const;

    sqlite3* m_handle;
    std::string m_path;
    std::uint64_t m_bytesNeeded = 0;
};

/// All or nothing: without commit() the destructor rolls back.
class Transaction {
 public:
    static Result<Transaction> begin(Database& database, std::uint64_t bytesNeeded = 1 << 16);
    /// Several reads that see the same state, whatever others write meanwhile.
    static Result<Transaction> beginReading(Database& database);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Status commit();

 private:
    explicit Transaction(Database& database) : m_database(&database) {}
    Database* m_database;
};

}  // namespace graft
