#include "core/project/journal.h"

#include "core/project/dataset_tables.h"

#include <cstdlib>

namespace graft {
namespace {

constexpr const char* kDoneKey = "undo_done";  // number of the newest step that is in effect

Result<Change> loadChange(const Database& database, std::int64_t number) {
    Statement select = database.prepare("SELECT change FROM undo_steps WHERE number = ?");
    GRAFT_TRY(const bool found, select.bind(number).next());
    return changeFromText(found ? select.text(0) : std::string());
}

}  // namespace

Result<Journal> Journal::load(const Database& database) {
    GRAFT_TRY(const std::string done, loadFact(database, kDoneKey));
    const std::int64_t newest = std::atoll(done.c_str());
    Journal journal;
    Statement select = database.prepare(
        "SELECT number, text, length(CAST(change AS BLOB)) FROM undo_steps ORDER BY number");
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return journal;
        }
        journal.m_steps.push_back({select.integer(0), select.text(1), select.integer(2)});
        journal.m_done += select.integer(0) <= newest ? 1 : 0;
    }
}

Result<Change> Journal::changeToUndo(const Database& database) const {
    return loadChange(database, m_steps[m_done - 1].number);
}

Result<Change> Journal::changeToRedo(const Database& database) const {
    return loadChange(database, m_steps[m_done].number);
}

Result<Journal> Journal::afterEdit(const Database& database, const std::string& text,
                                   const Change& change) const {
    Journal after;
    after.m_steps.assign(m_steps.begin(), m_steps.begin() + std::ptrdiff_t(m_done));
    const std::int64_t number = after.m_steps.empty() ? 1 : after.m_steps.back().number + 1;
    GRAFT_CHECK(database.prepare("DELETE FROM undo_steps WHERE number >= ?").bind(number).run());
    const std::string stored = changeText(change);
    after.m_steps.push_back({number, text, std::int64_t(stored.size())});
    GRAFT_CHECK(database.prepare("INSERT INTO undo_steps (number, text, change) VALUES (?, ?, ?)")
                    .bind(number)
                    .bind(text)
                    .bind(stored)
                    .run());
    GRAFT_CHECK(after.trim(database));
    after.m_done = after.m_steps.size();
    GRAFT_CHECK(after.storeDone(database));
    return after;
}

Status Journal::trim(const Database& database) {
    std::int64_t bytes = 0;
    std::size_t kept = 0;
    while (kept < m_steps.size() && kept < kMaxSteps) {
        bytes += m_steps[m_steps.size() - 1 - kept].bytes;
        if (kept > 0 && bytes > kMaxBytes) {
            break;
        }
        ++kept;
    }
    if (kept == m_steps.size()) {
        return {};
    }
    m_steps.erase(m_steps.begin(), m_steps.end() - std::ptrdiff_t(kept));
    return database.prepare("DELETE FROM undo_steps WHERE number < ?")
        .bind(m_steps.front().number)
        .run();
}

Status Journal::storeDone(const Database& database) const {
    return storeFact(database, kDoneKey,
                     std::to_string(m_done > 0 ? m_steps[m_done - 1].number : 0));
}

Result<Journal> Journal::afterUndo(const Database& database) const {
    Journal after = *this;
    --after.m_done;
    GRAFT_CHECK(after.storeDone(database));
    return after;
}

Result<Journal> Journal::afterRedo(const Database& database) const {
    Journal after = *this;
    ++after.m_done;
    GRAFT_CHECK(after.storeDone(database));
    return after;
}

Result<Journal> Journal::cleared(const Database& database) const {
    GRAFT_CHECK(database.execute("DELETE FROM undo_steps"));
    Journal after;
    GRAFT_CHECK(after.storeDone(database));
    return after;
}

}  // namespace graft
