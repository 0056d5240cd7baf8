#include "core/project/database.h"

#include "core/base/atomic_file.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace graft {
namespace {

constexpr int kBusyMs = 10'000;  // a data set of 100,000 pictures is written in a tenth of that

// SQLite loses the reason when a file beside the project cannot be made; asking again tells it.
Error sideFileError(const std::string& path) {
    const auto probe = AtomicFile::create(path);
    return probe ? fileError(EIO, path, "open") : probe.error();
}

Error damaged(const std::string& path, std::string detail) {
    return Error{ErrorCode::BadFormat,
                 path + " is damaged and cannot be used. It was left as it is.", std::move(detail),
                 "Take a copy from a backup, or import the pictures into a new project."};
}

}  // namespace

// --- Statement ---------------------------------------------------------------------------------

Statement::Statement(const Database& database, std::string_view sql) : m_database(&database) {
    keep(sqlite3_prepare_v2(database.m_handle, sql.data(), int(sql.size()), &m_handle, nullptr));
}

Statement::Statement(Statement&& other) noexcept
    : m_database(other.m_database),
      m_handle(std::exchange(other.m_handle, nullptr)),
      m_parameter(other.m_parameter),
      m_code(other.m_code) {}

Statement::~Statement() {
    sqlite3_finalize(m_handle);
}

void Statement::keep(int code) {
    if (m_code == SQLITE_OK) {
        m_code = code;
    }
}

Statement& Statement::bind(std::int64_t value) {
    keep(sqlite3_bind_int64(m_handle, ++m_parameter, value));
    return *this;
}

Statement& Statement::bind(double value) {
    keep(sqlite3_bind_double(m_handle, ++m_parameter, value));
    return *this;
}

Statement& Statement::bind(std::string_view value) {
    // An empty view may have no data, which SQLite would take for NULL.
    keep(sqlite3_bind_text64(m_handle, ++m_parameter, value.empty() ? "" : value.data(),
                             value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Status Statement::run() {
    while (true) {
        GRAFT_TRY(const bool row, next());
        if (!row) {
            return {};
        }
    }
}

Result<bool> Statement::next() {
    int code = m_code;
    if (code == SQLITE_OK) {
        errno = 0;  // see Database::error
        code = sqlite3_step(m_handle);
        if (code == SQLITE_ROW) {
            return true;
        }
    }
    if (code == SQLITE_DONE) {
        sqlite3_reset(m_handle);
        m_parameter = 0;
        return false;
    }
    const Error error = m_database->error(code);
    sqlite3_reset(m_handle);
    m_parameter = 0;
    return error;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(m_handle, column);
}

double Statement::real(int column) const {
    return sqlite3_column_type(m_handle, column) == SQLITE_NULL
               ? std::numeric_limits<double>::quiet_NaN()
               : sqlite3_column_double(m_handle, column);
}

std::string Statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(m_handle, column));
    return bytes ? std::string(bytes, std::size_t(sqlite3_column_bytes(m_handle, column)))
                 : std::string();
}

// --- Database ----------------------------------------------------------------------------------

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
    // A URI, because only it can say "immutable"; everything but plain characters is escaped.
    std::string uri = "file:";
    for (const char c : path) {
        constexpr const char* kHex = "0123456789ABCDEF";
        const auto byte = std::uint8_t(c);
        if (std::strchr("%?#", c) || byte < 0x20) {
            uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
        } else {
            uri += c;
        }
    }
    uri += access == Access::ReadOnlyMedium ? "?immutable=1" : "";
    const int flags = access == Access::ReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(uri.c_str(), &handle,
                                     flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                                     nullptr);
    std::unique_ptr<Database> database(new Database(handle, path));
    if (code != SQLITE_OK) {
        return database->error(code);
    }
    if (access == Access::ReadWrite && sqlite3_db_readonly(handle, "main") == 1) {
        // SQLite goes back to reading whatever the reason was.
        const int reason = ::access(path.c_str(), W_OK) != 0 ? errno : EIO;
        return fileError(reason, path, "open for writing");
    }
    database->configure();
    return database;
}

Result<std::unique_ptr<Database>> Database::inMemory(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(
        ":memory:", &handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    std::unique_ptr<Database> database(new Database(handle, path));
    if (code != SQLITE_OK) {
        return database->error(code);
    }
    return database;
}

Database::~Database() {
    sqlite3_close_v2(m_handle);
}

// A project file may come from anyone: its schema is data, not program.
void Database::configure() const {
    sqlite3_busy_timeout(m_handle, kBusyMs);
    for (const auto& [option, on] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                     {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                     {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                     {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                     {SQLITE_DBCONFIG_DQS_DDL, 0},
                                     {SQLITE_DBCONFIG_DQS_DML, 0}}) {
        sqlite3_db_config(m_handle, option, on, nullptr);
    }
}

Result<std::string> Database::header(int byteCount) const {
    sqlite3_file* file = nullptr;
    int code = sqlite3_file_control(m_handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    sqlite3_int64 size = 0;
    if (code == SQLITE_OK) {
        code = file->pMethods->xFileSize(file, &size);
    }
    std::string bytes(std::size_t(std::min<sqlite3_int64>(size, byteCount)), '\0');
    if (code == SQLITE_OK && !bytes.empty()) {
        code = file->pMethods->xRead(file, bytes.data(), int(bytes.size()), 0);
    }
    if (code != SQLITE_OK) {
        return fileError(EIO, m_path, "read");
    }
    return bytes;
}

void Database::keepLogOnClose(bool keep) {
    sqlite3_db_config(m_handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

Status Database::execute(const std::string& sql) const {
    errno = 0;  // see error()
    const int code = sqlite3_exec(m_handle, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return error(code);
    }
    return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) const {
    Statement statement = prepare(sql);
    GRAFT_TRY(const bool row, statement.next());
    return row ? statement.integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) const {
    Statement statement = prepare(sql);
    GRAFT_TRY(const bool row, statement.next());
    return row ? statement.text(0) : std::string();
}

Result<std::string> Database::serialize() const {
    sqlite3_int64 size = 0;
    unsigned char* bytes = sqlite3_serialize(m_handle, "main", &size, 0);
    if (!bytes) {
        return error(SQLITE_NOMEM);
    }
    std::string all(reinterpret_cast<const char*>(bytes), std::size_t(size));
    sqlite3_free(bytes);
    return all;
}

bool Database::inTransaction() const {
    return sqlite3_get_autocommit(m_handle) == 0;
}

Error Database::error(int code) const {
    const std::string detail = "SQLite " + std::to_string(code) + ": " +
                               (m_handle ? sqlite3_errmsg(m_handle) : sqlite3_errstr(code));
    // SQLite keeps the reason of a failed statement but not that of a failed commit.
    const int lastError = errno;
    const int kept = m_handle ? sqlite3_system_errno(m_handle) : 0;
    const int reason = kept != 0 ? kept : lastError != 0 ? lastError : EIO;
    const bool mayWrite = ::access(m_path.c_str(), W_OK) == 0;
    switch (code & 0xff) {
        case SQLITE_FULL: {
            Error error = fileError(ENOSPC, m_path, "write", m_bytesNeeded);
            error.detail = detail;
            return error;
        }
        case SQLITE_NOTADB:
            return Error{ErrorCode::BadFormat,
                         m_path + " is not a Graft project. It was left as it is.", detail,
                         "Choose a .graft file that Graft has made."};
        case SQLITE_CORRUPT:
            return damaged(m_path, detail);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error{ErrorCode::Busy,
                         m_path + " is being used by another program, so nothing was changed.",
                         detail, "Wait until the other program is done, then try again."};
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return mayWrite ? sideFileError(m_path) : fileError(EACCES, m_path, "write");
        case SQLITE_NOMEM:
            return Error{
                ErrorCode::OutOfMemory,
                "There was not enough memory to work on " + m_path + "; nothing was changed.",
                detail, "Close other programs, then try again."};
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN: {
            Error error = reason == ENOENT && mayWrite
                              ? sideFileError(m_path)
                              : fileError(reason, m_path, "read or write", m_bytesNeeded);
            error.detail += "; " + detail;
            return error;
        }
        default:
            return Error{ErrorCode::Internal,
                         "The last change could not be stored in " + m_path +
                             "; what was there before is safe.",
                         detail,
                         {}};
    }
}

// --- Transaction -------------------------------------------------------------------------------

Result<Transaction> Transaction::begin(Database& database, std::uint64_t bytesNeeded) {
    database.setBytesNeeded(bytesNeeded);
    // IMMEDIATE: waits for another writer here, so that no later step can meet one.
    GRAFT_CHECK(database.execute("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Result<Transaction> Transaction::beginReading(Database& database) {
    GRAFT_CHECK(database.execute("BEGIN"));
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : m_database(std::exchange(other.m_database, nullptr)) {}

Transaction::~Transaction() {
    // SQLite has rolled back by itself after some failures (full disk, I/O).
    if (m_database && m_database->inTransaction()) {
        (void)m_database->execute("ROLLBACK");
    }
}

Status Transaction::commit() {
    GRAFT_CHECK(m_database->execute("COMMIT"));
    m_database = nullptr;
    return {};
}

}  // namespace graft
