#include "core/project/project_store.h"

#include "core/base/atomic_file.h"
#include "core/project/migrations.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace graft {
namespace fs = std::filesystem;
namespace {

Error notAProject(const std::string& path, std::string detail) {
    return Error{ErrorCode::BadFormat, path + " is not a Graft project. It was left as it is.",
                 std::move(detail), "Choose a .graft file that Graft has made."};
}

Error newerVersion(const std::string& path, std::int64_t version) {
    return Error{ErrorCode::NewerVersion,
                 path + " was made by a newer version of Graft. It was left as it is.",
                 "schema " + std::to_string(version) + ", this Graft knows up to " +
                     std::to_string(newestSchema()),
                 "Open it with a newer Graft."};
}

std::uint32_t bigEndian(const std::string& bytes, std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8 | std::uint8_t(bytes[offset + i]);
    }
    return value;
}

// Looks at the first 100 bytes only (SQLite's documented header), so that a file that is not ours
// or comes from the future stays untouched and gets no side files.
Status checkHeader(const std::string& path) {
    GRAFT_TRY(const auto database, Database::open(path, Database::Access::ReadOnly));
    constexpr int kHeaderBytes = 100;
    constexpr std::string_view kMagic("SQLite format 3\0", 16);
    GRAFT_TRY(const std::string header, database->header(kHeaderBytes));
    if (header.size() < kHeaderBytes || header.substr(0, kMagic.size()) != kMagic) {
        return notAProject(path, "not an SQLite file");
    }
    if (bigEndian(header, 68) != kApplicationId) {
        return notAProject(path, "another program's database");
    }
    const auto version = std::int32_t(bigEndian(header, 60));
    if (version > newestSchema()) {
        return newerVersion(path, version);
    }
    return {};
}

Status tune(const Database& database, bool readOnly) {
    // WAL: a run that writes its curves and the window that writes labels do not wait for each
    // other's reading, and a commit is one sequential write. With NORMAL a commit does not wait
    // for the drive; LogSyncer brings the log to the drive right afterwards. A killed program
    // loses nothing, a power cut at most the last moments, and neither damages the file.
    if (!readOnly) {
        GRAFT_CHECK(database.text("PRAGMA journal_mode=WAL"));
    }
    constexpr const char* kSettings =
        "PRAGMA synchronous=NORMAL; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; "
        "PRAGMA journal_size_limit=16777216; PRAGMA foreign_keys=OFF";
    GRAFT_CHECK(database.execute(kSettings));
    return database.execute(readOnly ? "PRAGMA query_only=ON" : "PRAGMA query_only=OFF");
}

// The header may lag behind the log beside the file, so the version is asked for once more here.
Status checkContent(const Database& database) {
    GRAFT_TRY(const std::int64_t version, database.integer("PRAGMA user_version"));
    if (version > newestSchema()) {
        return newerVersion(database.path(), version);
    }
    if (version < 1) {
        return notAProject(database.path(), "schema " + std::to_string(version));
    }
    GRAFT_TRY(const std::string verdict, database.text("PRAGMA quick_check(1)"));
    if (verdict != "ok") {
        return Error{ErrorCode::BadFormat,
                     database.path() + " is damaged and cannot be used. It was left as it is.",
                     verdict,
                     "Take a copy from a backup, or import the pictures into a new project."};
    }
    return {};
}

bool hasPendingLog(const std::string& path) {
    std::error_code failed;
    const std::uintmax_t bytes = fs::file_size(path + "-wal", failed);
    return !failed && bytes > 0;
}

// Until the content is known to be good, nothing is moved from the log into the file.
Result<std::unique_ptr<Database>> openChecked(const std::string& path, Database::Access access) {
    const bool pending = hasPendingLog(path);
    GRAFT_TRY(auto database, Database::open(path, access));
    database->keepLogOnClose(pending);
    GRAFT_CHECK(checkContent(*database));
    database->keepLogOnClose(false);
    return database;
}

// A reader that may write the file lets SQLite do so, for tidying up behind itself; what it must
// not do is kept from it by query_only.
Database::Access readerAccess(const std::string& path) {
    return ::access(path.c_str(), W_OK) == 0 ? Database::Access::ReadWrite
                                             : Database::Access::ReadOnly;
}

// `path` has passed openForReading before.
Result<std::unique_ptr<Database>> connectForReading(const std::string& path) {
    auto database = Database::open(path, readerAccess(path));
    if (database && (*database)->integer("PRAGMA user_version")) {
        return database;
    }
    return Database::open(path, Database::Access::ReadOnlyMedium);
}

Result<std::unique_ptr<Database>> openForReading(const std::string& path) {
    auto database = openChecked(path, readerAccess(path));
    std::error_code ignored;
    if (!database && database.error().code != ErrorCode::NewerVersion &&
        !fs::exists(path + "-wal", ignored) &&
        ::access(fs::path(path).parent_path().c_str(), W_OK) != 0) {
        // A folder that cannot be written has no room for SQLite's side files.
        database = openChecked(path, Database::Access::ReadOnlyMedium);
    }
    if (!database) {
        return database.error();
    }
    GRAFT_TRY(const std::int64_t version, (*database)->integer("PRAGMA user_version"));
    if (version < newestSchema()) {
        return Error{ErrorCode::Unsupported,
                     path +
                         " was made by an older version of Graft and has to be brought up to "
                         "date before it can be read.",
                     {},
                     "Open it once for changes, from a folder that can be written."};
    }
    GRAFT_CHECK(tune(**database, true));
    return database;
}

void removeLog(const std::string& path) {
    std::error_code ignored;
    fs::remove(path + "-wal", ignored);
    fs::remove(path + "-shm", ignored);
}

}  // namespace

std::string absoluteProjectPath(const std::string& path) {
    std::error_code failed;
    fs::path absolute = fs::weakly_canonical(fs::absolute(path, failed), failed);
    if (failed) {
        absolute = fs::path(path);
    }
    return absolute.string();
}

Result<ProjectStore> createStore(const std::string& path) {
    std::error_code failed;
    const fs::path folder = fs::path(path).parent_path();
    const auto refuse = [&path] {
        return Error{ErrorCode::InvalidArgument,
                     path + " exists already. It was left as it is.",
                     {},
                     "Open it, or choose another name."};
    };
    if (fs::symlink_status(path, failed).type() != fs::file_type::not_found) {
        return refuse();
    }
    if (!fs::is_directory(folder, failed)) {
        return Error{ErrorCode::NotFound,
                     "The folder " + folder.string() + " was not found.",
                     {},
                     "Make the folder first, or choose another one."};
    }
    GRAFT_TRY(const std::shared_ptr<ProjectLock> lock, ProjectLock::acquire(path));
    if (fs::exists(path, failed)) {
        return refuse();
    }
    // Built in memory and put in place whole: there is never a project file that is half made.
    const auto build = [&path]() -> Status {
        GRAFT_TRY(const auto database, Database::inMemory(path));
        GRAFT_CHECK(database->execute("PRAGMA application_id=" + std::to_string(kApplicationId)));
        GRAFT_CHECK(migrate(*database, migrationSteps()));
        GRAFT_TRY(const std::string bytes, database->serialize());
        // A log that a deleted project of this name has left would be taken for the new one's.
        removeLog(path);
        return writeFileAtomically(path, bytes);
    };
    const Status built = build();
    auto database =
        built ? connectAgain(path, false) : Result<std::unique_ptr<Database>>(built.error());
    if (!database) {
        removeLog(path);
        fs::remove(path, failed);
        lock->removeTraces();
        return database.error();
    }
    return ProjectStore{std::move(*database), lock};
}

Result<ProjectStore> openStore(const std::string& path, bool readOnly) {
    std::error_code failed;
    const fs::file_status status = fs::status(path, failed);
    if (status.type() == fs::file_type::not_found) {
        return fileError(ENOENT, path, "open");
    }
    if (failed) {
        return fileError(failed.value(), path, "open");
    }
    if (!fs::is_regular_file(status)) {
        return notAProject(path, "not a file");
    }
    GRAFT_CHECK(checkHeader(path));
    if (readOnly) {
        GRAFT_TRY(auto database, openForReading(path));
        return ProjectStore{std::move(database), nullptr};
    }
    if (::access(path.c_str(), W_OK) != 0) {
        return fileError(errno, path, "open for writing");
    }
    GRAFT_TRY(const std::shared_ptr<ProjectLock> lock, ProjectLock::acquire(path));
    GRAFT_TRY(auto database, openChecked(path, Database::Access::ReadWrite));
    GRAFT_CHECK(tune(*database, false));
    GRAFT_CHECK(migrate(*database, migrationSteps()));
    return ProjectStore{std::move(database), lock};
}

Result<std::unique_ptr<Database>> connectAgain(const std::string& path, bool readOnly) {
    GRAFT_TRY(auto database, readOnly ? connectForReading(path)
                                      : Database::open(path, Database::Access::ReadWrite));
    GRAFT_CHECK(tune(*database, readOnly));
    return database;
}

}  // namespace graft
