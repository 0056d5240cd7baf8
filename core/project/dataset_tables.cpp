#include "core/project/dataset_tables.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace graft {
namespace fs = std::filesystem;
namespace {

bool isThere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

Status storeSamples(const Database& database, const std::vector<Sample>& samples) {
    Statement insert = database.prepare(
        "INSERT INTO samples (id, path, picture, label, split, excluded, damaged, content_hash, "
        "file_size, modified_ns, width, height, group_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (const Sample& sample : samples) {
        insert.bind(sample.id).bind(sample.path).bind(sample.index).bind(sample.label);
        insert.bind(int(sample.split)).bind(sample.excluded).bind(sample.damaged);
        insert.bind(sample.contentHash).bind(sample.fileSize).bind(sample.modifiedNs);
        insert.bind(sample.width).bind(sample.height).bind(sample.group);
        GRAFT_CHECK(insert.run());
    }
    return {};
}

Result<std::vector<Sample>> loadSamples(const Database& database) {
    GRAFT_TRY(const std::int64_t count, database.integer("SELECT count(*) FROM samples"));
    std::vector<Sample> samples;
    samples.reserve(std::size_t(count));
    Statement select = database.prepare(
        "SELECT id, path, picture, label, split, excluded, damaged, content_hash, file_size, "
        "modified_ns, width, height, group_id FROM samples ORDER BY id");
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return samples;
        }
        Sample& sample = samples.emplace_back();
        sample.id = select.integer(0);
        sample.path = select.text(1);
        sample.index = int(select.integer(2));
        sample.label = select.integer(3);
        sample.split = splitFromNumber(select.integer(4));
        sample.excluded = select.flag(5);
        sample.damaged = select.flag(6);
        sample.contentHash = select.text(7);
        sample.fileSize = select.integer(8);
        sample.modifiedNs = select.integer(9);
        sample.width = int(select.integer(10));
        sample.height = int(select.integer(11));
        sample.group = select.integer(12);
    }
}

Result<std::vector<ClassInfo>> loadClasses(const Database& database) {
    std::vector<ClassInfo> classes;
    Statement select = database.prepare("SELECT id, name FROM classes ORDER BY position");
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return classes;
        }
        classes.push_back({select.integer(0), select.text(1)});
    }
}

Result<std::vector<Problem>> loadProblems(const Database& database) {
    std::vector<Problem> problems;
    Statement select =
        database.prepare("SELECT kind, path, message, sample FROM problems ORDER BY id");
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return problems;
        }
        problems.push_back({problemKindFromName(select.text(0)), select.text(1), select.text(2),
                            select.integer(3)});
    }
}

}  // namespace

ProblemKind problemKindFromName(const std::string& name) {
    constexpr int kCount = int(ProblemKind::BadRow) + 1;
    for (int kind = 0; kind < kCount; ++kind) {
        if (name == problemKindName(ProblemKind(kind))) {
            return ProblemKind(kind);
        }
    }
    return ProblemKind::Unreadable;
}

Split splitFromNumber(std::int64_t number) {
    return number >= int(Split::None) && number <= int(Split::Test) ? Split(number) : Split::None;
}

Status storeFact(const Database& database, std::string_view key, std::string_view value) {
    return database.prepare("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)")
        .bind(key)
        .bind(value)
        .run();
}

Result<std::string> loadFact(const Database& database, std::string_view key) {
    Statement select = database.prepare("SELECT value FROM facts WHERE key = ?");
    GRAFT_TRY(const bool found, select.bind(key).next());
    return found ? select.text(0) : std::string();
}

Status storePath(const Database& database, const std::string& key, const std::string& path) {
    std::string relative;
    if (fs::path(path).is_absolute()) {
        const fs::path folder = fs::path(database.path()).parent_path();
        relative = fs::path(path).lexically_relative(folder).generic_string();
    }
    GRAFT_CHECK(storeFact(database, key, path));
    return storeFact(database, key + "_relative", relative);
}

Result<std::string> loadPath(const Database& database, const std::string& key) {
    GRAFT_TRY(std::string absolute, loadFact(database, key));
    GRAFT_TRY(const std::string relative, loadFact(database, key + "_relative"));
    if (!relative.empty()) {
        const fs::path folder = fs::path(database.path()).parent_path();
        const fs::path moved = (folder / relative).lexically_normal();
        if (moved != absolute && isThere(moved)) {
            // "folder/." normalises to "folder/"; paths of folders carry no slash at the end.
            return moved.has_filename() ? moved.string() : moved.parent_path().string();
        }
    }
    return absolute;
}

Status checkDataset(const Dataset& dataset) {
    const auto wrong = [](const std::string& what) {
        return Error{
            ErrorCode::InvalidArgument, "The data set cannot be stored: " + what + ".", {}, {}};
    };
    std::set<ClassId> classes{0};
    std::set<std::string> names;
    for (const ClassInfo& info : dataset.classes) {
        if (info.id <= 0 || !classes.insert(info.id).second) {
            return wrong("the number of class \"" + info.name + "\" is used twice or not positive");
        }
        if (!names.insert(info.name).second) {
            return wrong("there are two classes \"" + info.name + "\"");
        }
    }
    SampleId last = 0;
    for (const Sample& sample : dataset.samples) {
        if (sample.id <= last) {
            return wrong("the pictures are not in ascending order");
        }
        if (!classes.contains(sample.label)) {
            return wrong("picture \"" + sample.path + "\" has an unknown class");
        }
        last = sample.id;
    }
    return {};
}

Status storeClasses(const Database& database, const std::vector<ClassInfo>& classes) {
    GRAFT_CHECK(database.execute("DELETE FROM classes"));
    Statement insert =
        database.prepare("INSERT INTO classes (id, position, name) VALUES (?, ?, ?)");
    int position = 0;
    for (const ClassInfo& info : classes) {
        GRAFT_CHECK(insert.bind(info.id).bind(position++).bind(info.name).run());
    }
    return {};
}

Status storeProblems(const Database& database, const std::vector<Problem>& problems) {
    GRAFT_CHECK(database.execute("DELETE FROM problems"));
    Statement insert =
        database.prepare("INSERT INTO problems (kind, path, message, sample) VALUES (?, ?, ?, ?)");
    for (const Problem& problem : problems) {
        insert.bind(problemKindName(problem.kind)).bind(problem.path).bind(problem.message);
        GRAFT_CHECK(insert.bind(problem.sample).run());
    }
    return {};
}

Status storeDataset(const Database& database, const Dataset& dataset) {
    GRAFT_CHECK(storePath(database, "root", dataset.root));
    GRAFT_CHECK(storePath(database, "source", dataset.source));
    GRAFT_CHECK(storeFact(database, "format", dataset.format));
    GRAFT_CHECK(storeFact(database, "split_from_source", dataset.splitFromSource ? "1" : "0"));
    GRAFT_CHECK(storeClasses(database, dataset.classes));
    GRAFT_CHECK(storeProblems(database, dataset.problems));
    GRAFT_CHECK(database.execute("DELETE FROM samples"));
    return storeSamples(database, dataset.samples);
}

Result<Dataset> loadDataset(const Database& database) {
    Dataset dataset;
    GRAFT_TRY(dataset.root, loadPath(database, "root"));
    GRAFT_TRY(dataset.source, loadPath(database, "source"));
    GRAFT_TRY(dataset.format, loadFact(database, "format"));
    const Result<std::string> fromSource = loadFact(database, "split_from_source");
    if (!fromSource) {
        return fromSource.error();
    }
    dataset.splitFromSource = *fromSource == "1";
    GRAFT_TRY(dataset.classes, loadClasses(database));
    GRAFT_TRY(dataset.samples, loadSamples(database));
    GRAFT_TRY(dataset.problems, loadProblems(database));
    return dataset;
}

}  // namespace graft
