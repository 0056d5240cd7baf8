// Edits of the data set: each is one transaction and one undo step.
#include "core/project/dataset_tables.h"
#include "core/project/project.h"
#include "core/project/project_state.h"

#include <algorithm>
#include <cstdlib>

namespace graft {
namespace {

using Field = SampleChange::Field;

constexpr const char* kNextClassKey = "next_class_id";
constexpr std::uint64_t kBytesPerSample = 250;  // a row, for the sentence on a full disk
constexpr std::uint64_t kBytesPerEdit = 1 << 16;

std::string pictures(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " picture" : " pictures");
}

std::string splitText(Split split) {
    switch (split) {
        case Split::Train:
            return "training";
        case Split::Validation:
            return "validation";
        case Split::Test:
            return "test";
        case Split::None:
            break;
    }
    return "no split";
}

std::string trimmed(const std::string& text) {
    constexpr const char* kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    return first == std::string::npos
               ? std::string()
               : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Status checkClassName(const Dataset& dataset, ClassId self, const std::string& name) {
    if (name.empty()) {
        return Error{ErrorCode::InvalidArgument, "A class needs a name.", {}, {}};
    }
    for (const ClassInfo& info : dataset.classes) {
        if (info.id != self && info.name == name) {
            return Error{ErrorCode::InvalidArgument,
                         "There is a class \"" + name + "\" already.",
                         {},
                         "Choose another name."};
        }
    }
    return {};
}

// A number that was given once is never given again: old runs and undo steps still mean it.
Result<ClassId> nextClassId(const Database& database, const Dataset& dataset) {
    GRAFT_TRY(const std::string stored, loadFact(database, kNextClassKey));
    ClassId next = std::max<ClassId>(1, std::atoll(stored.c_str()));
    for (const ClassInfo& info : dataset.classes) {
        next = std::max(next, info.id + 1);
    }
    return next;
}

// The picture that an id stands for: the same place or, after a move, the same content.
bool samePicture(const Sample& one, const Sample& other) {
    return (one.path == other.path && one.index == other.index) ||
           (!one.contentHash.empty() && one.contentHash == other.contentHash);
}

// Old runs must not take another picture for theirs when an id is used anew.
Status forgetInRuns(const Database& database, const Dataset& before, const Dataset& after) {
    // Naming the runs lets each deletion use the primary key (run, sample).
    Statement remove = database.prepare(
        "DELETE FROM run_samples WHERE sample = ? AND run IN (SELECT id FROM runs)");
    for (const Sample& old : before.samples) {
        const Sample* now = after.findSample(old.id);
        if (!now || !samePicture(old, *now)) {
            GRAFT_CHECK(remove.bind(old.id).run());
        }
    }
    return {};
}

}  // namespace

Status Project::State::edit(const std::string& text, const Change& change) {
    GRAFT_CHECK(checkWritable());
    if (change.empty()) {
        return {};
    }
    Journal next;
    const auto work = [&](const Database& database) -> Status {
        GRAFT_CHECK(storeChange(database, change, Direction::Forward));
        GRAFT_TRY(next, journal.afterEdit(database, text, change));
        return {};
    };
    GRAFT_CHECK(write(work, kBytesPerEdit + std::uint64_t(change.sampleCount()) * kBytesPerSample));
    applyChange(dataset, change, Direction::Forward);
    journal = std::move(next);
    return {};
}

Result<const ClassInfo*> Project::State::findClass(ClassId id) const {
    const int index = dataset.classIndex(id);
    if (index < 0) {
        return Error{ErrorCode::InvalidArgument,
                     "There is no class number " + std::to_string(id) + " in this project.",
                     {},
                     {}};
    }
    return &dataset.classes[std::size_t(index)];
}

Status Project::setDataset(Dataset dataset) {
    GRAFT_CHECK(checkDataset(dataset));
    Journal cleared;
    const auto work = [&](const Database& database) -> Status {
        // Numbers of classes that go away with the old data set stay taken.
        GRAFT_TRY(const ClassId next, nextClassId(database, m_state->dataset));
        GRAFT_CHECK(storeFact(database, kNextClassKey, std::to_string(next)));
        GRAFT_CHECK(forgetInRuns(database, m_state->dataset, dataset));
        GRAFT_CHECK(storeDataset(database, dataset));
        GRAFT_TRY(cleared, m_state->journal.cleared(database));
        return {};
    };
    GRAFT_CHECK(m_state->write(work, kBytesPerEdit + dataset.samples.size() * kBytesPerSample));
    m_state->dataset = std::move(dataset);
    m_state->journal = std::move(cleared);
    return {};
}

Status Project::setLabel(const std::vector<SampleId>& samples, ClassId label) {
    std::string target;
    if (label != 0) {
        GRAFT_TRY(const ClassInfo* info, m_state->findClass(label));
        target = info->name;
    }
    GRAFT_TRY(const Change change, changeOf(m_state->dataset, samples, Field::Label, label));
    const std::string count = pictures(change.sampleCount());
    return m_state->edit(
        label == 0 ? "Take the label off " + count : "Move " + count + " to " + target, change);
}

Status Project::setExcluded(const std::vector<SampleId>& samples, bool excluded) {
    GRAFT_TRY(const Change change,
              changeOf(m_state->dataset, samples, Field::Excluded, excluded ? 1 : 0));
    const std::string count = pictures(change.sampleCount());
    return m_state->edit(excluded ? "Leave out " + count : "Take back " + count, change);
}

Status Project::setSplit(const std::vector<SampleId>& samples, Split split) {
    GRAFT_TRY(const Change change, changeOf(m_state->dataset, samples, Field::Split, int(split)));
    return m_state->edit("Move " + pictures(change.sampleCount()) + " to " + splitText(split),
                         change);
}

Status Project::resplit(const SplitOptions& options) {
    Dataset after = m_state->dataset;
    GRAFT_CHECK(assignSplits(after, options));
    return m_state->edit("Split the pictures anew", changeBetween(m_state->dataset, after));
}

Status Project::addClass(const std::string& name, ClassId* id) {
    const std::string clean = trimmed(name);
    GRAFT_CHECK(m_state->checkWritable());
    GRAFT_CHECK(checkClassName(m_state->dataset, 0, clean));
    GRAFT_TRY(const ClassId fresh, nextClassId(*m_state->store.database, m_state->dataset));
    Change change;
    change.classes = {m_state->dataset.classes, m_state->dataset.classes};
    change.classes->second.push_back({fresh, clean});
    Journal next;
    const auto work = [&](const Database& database) -> Status {
        GRAFT_CHECK(storeFact(database, kNextClassKey, std::to_string(fresh + 1)));
        GRAFT_CHECK(storeChange(database, change, Direction::Forward));
        GRAFT_TRY(next, m_state->journal.afterEdit(database, "Add class " + clean, change));
        return {};
    };
    GRAFT_CHECK(m_state->write(work));
    applyChange(m_state->dataset, change, Direction::Forward);
    m_state->journal = std::move(next);
    if (id) {
        *id = fresh;
    }
    return {};
}

Status Project::renameClass(ClassId id, const std::string& name) {
    const std::string clean = trimmed(name);
    GRAFT_TRY(const ClassInfo* info, m_state->findClass(id));
    GRAFT_CHECK(checkClassName(m_state->dataset, id, clean));
    Dataset after;
    after.classes = m_state->dataset.classes;
    after.classes[std::size_t(m_state->dataset.classIndex(id))].name = clean;
    Change change;
    if (after.classes != m_state->dataset.classes) {
        change.classes = {m_state->dataset.classes, std::move(after.classes)};
    }
    return m_state->edit("Rename class " + info->name + " to " + clean, change);
}

Status Project::removeClass(ClassId id) {
    GRAFT_TRY(const ClassInfo* info, m_state->findClass(id));
    SampleChange labels{Field::Label, id, 0, {}};
    for (const Sample& sample : m_state->dataset.samples) {
        if (sample.label == id) {
            labels.samples.push_back(sample.id);
        }
    }
    Change change;
    if (!labels.samples.empty()) {
        change.samples.push_back(std::move(labels));
    }
    change.classes = {m_state->dataset.classes, m_state->dataset.classes};
    std::erase_if(change.classes->second, [id](const ClassInfo& one) { return one.id == id; });
    return m_state->edit("Remove class " + info->name, change);
}

bool Project::canUndo() const {
    return !readOnly() && m_state->journal.canUndo();
}

bool Project::canRedo() const {
    return !readOnly() && m_state->journal.canRedo();
}

std::string Project::undoText() const {
    return m_state->journal.undoText();
}

std::string Project::redoText() const {
    return m_state->journal.redoText();
}

Status Project::undo() {
    if (!m_state->journal.canUndo()) {
        return Error{ErrorCode::InvalidArgument, "There is nothing to undo.", {}, {}};
    }
    return m_state->step(Direction::Back);
}

Status Project::redo() {
    if (!m_state->journal.canRedo()) {
        return Error{ErrorCode::InvalidArgument, "There is nothing to redo.", {}, {}};
    }
    return m_state->step(Direction::Forward);
}

Status Project::State::step(Direction direction) {
    const Database& database = *store.database;
    const bool back = direction == Direction::Back;
    GRAFT_TRY(const Change change,
              back ? journal.changeToUndo(database) : journal.changeToRedo(database));
    Journal next;
    const auto work = [&](const Database& writing) -> Status {
        GRAFT_CHECK(storeChange(writing, change, direction));
        GRAFT_TRY(next, back ? journal.afterUndo(writing) : journal.afterRedo(writing));
        return {};
    };
    GRAFT_CHECK(write(work, kBytesPerEdit + std::uint64_t(change.sampleCount()) * kBytesPerSample));
    applyChange(dataset, change, direction);
    journal = std::move(next);
    return {};
}

}  // namespace graft
