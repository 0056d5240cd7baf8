// Journal: the undo steps of a project, kept in its file so that they survive closing. A Journal
// is a value: each operation writes within the caller's transaction and returns the journal as it
// is once that commits, so that a failed transaction changes nothing here. Private to core/project.
// Thread: the project's owner.
#pragma once

#include "core/project/change.h"
#include "core/project/database.h"

#include <string>
#include <vector>

namespace graft {

class Journal {
 public:
    static constexpr std::size_t kMaxSteps = 1000;
    static constexpr std::int64_t kMaxBytes = 64 << 20;  ///< of stored changes

    static Result<Journal> load(const Database& database);

    bool canUndo() const { return m_done > 0; }
    bool canRedo() const { return m_done < m_steps.size(); }
    std::string undoText() const { return canUndo() ? m_steps[m_done - 1].text : std::string(); }
    std::string redoText() const { return canRedo() ? m_steps[m_done].text : std::string(); }
    /// Requires canUndo() or canRedo().
    Result<Change> changeToUndo(const Database& database) const;
    Result<Change> changeToRedo(const Database& database) const;

    /// Drops what could be redone and the oldest steps over the limits.
    Result<Journal> afterEdit(const Database& database, const std::string& text,
                              const Change& change) const;
    Result<Journal> afterUndo(const Database& database) const;
    Result<Journal> afterRedo(const Database& database) const;
    Result<Journal> cleared(const Database& database) const;

 private:
    struct Step {
        std::int64_t number = 0;
        std::string text;
        std::int64_t bytes = 0;
    };
    Status trim(const Database& database);
    Status storeDone(const Database& database) const;

    std::vector<Step> m_steps;  ///< ascending number
    std::size_t m_done = 0;     ///< the first so many are in effect
};

}  // namespace graft
