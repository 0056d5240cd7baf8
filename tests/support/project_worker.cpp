// Works on projects in a process of its own, for tests that kill it or make its writes fail.
//
//   project_worker open PROJECT             opens for writing; on failure "CODE MESSAGE" to stderr
//   project_worker edit PROJECT             edits until killed; "ack N" after each finished action
//   project_worker create FOLDER            makes projects until killed; "ack N" after each
//   project_worker atomic FOLDER ERRNO STICKY   } walk through every writing call of a save with
//   project_worker project FOLDER ERRNO STICKY  } fail_io preloaded; "tried N" at the end
//   project_worker create-faults FOLDER ERRNO STICKY
// Exit code 0: all as promised; 1: the operation failed; 3: a promise was broken (see stderr).
#include "tests/support/fail_io.h"
#include "tests/support/project_actions.h"

#include "core/base/atomic_file.h"
#include "core/project/project.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace fs = std::filesystem;
using namespace graft;
using namespace graft::testing;

namespace {

constexpr int kBroken = 3;

struct Fault {
    int errnoValue = ENOSPC;
    bool sticky = false;
};

// One unbuffered write: what the test has read, has happened.
void say(const std::string& line) {
    if (::write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1) < 0) {
        std::_Exit(1);
    }
}

[[noreturn]] void broken(const std::string& what) {
    std::fprintf(stderr, "BROKEN: %s\n", what.c_str());
    std::_Exit(kBroken);
}

int fail(const Error& error) {
    std::fprintf(stderr, "%s %s\n", errorCodeName(error.code), error.text().c_str());
    return 1;
}

/// The sentence for a failed write: the right kind, names the file, and tells the space left.
void checkError(const Error& error, const Fault& fault, const std::string& file, long call) {
    const bool full = fault.errnoValue == ENOSPC;
    // SQLite does not pass on why a file that is there could not be opened for writing.
    const bool asPromised =
        full && error.code == ErrorCode::DiskFull
            ? error.message.find(" free") != std::string::npos ||
                  error.message.find("did not confirm") != std::string::npos
            : error.code == ErrorCode::Io && (!full || lastFailedCall() == "open" ||
                                              error.detail.find("open") != std::string::npos);
    if (!asPromised || error.message.find(file) == std::string::npos || error.hint.empty()) {
        broken("call " + std::to_string(call) + " gave " + errorCodeName(error.code) + ": " +
               error.text());
    }
}

int editForever(const std::string& path) {
    auto project = Project::open(path, Project::Mode::ReadWrite);
    if (!project) {
        return fail(project.error());
    }
    const auto runs = (*project)->runs();
    auto store = (*project)->runStore(runs->at(0).id);
    for (std::int64_t number = 0;; ++number) {
        MetricRow row;
        row.step = number;
        const Status edited = ActionModel::perform(**project, number);
        const Status appended = edited ? store->appendMetrics({row}) : edited;
        if (!appended) {
            return fail(appended.error());
        }
        say("ack " + std::to_string(number));
    }
}

int createForever(const std::string& folder) {
    for (int number = 0;; ++number) {
        const auto project = Project::create(folder + "/" + std::to_string(number) + ".graft");
        const Status filled = project ? (*project)->setDataset(actionsStart()) : project.error();
        if (!filled) {
            return fail(filled.error());
        }
        say("ack " + std::to_string(number));
    }
}

int atomicFaults(const std::string& folder, const Fault& fault) {
    const std::string path = folder + "/file.bin";
    const std::string before(100'000, 'a');
    const std::string after(300'000, 'b');
    for (long call = 1;; ++call) {
        if (!writeFileAtomically(path, before)) {
            broken("the file could not be prepared");
        }
        armFailIo(folder, call, fault.errnoValue, fault.sticky);
        Status written;
        {
            auto file = AtomicFile::create(path);
            for (std::size_t at = 0; file && written && at < after.size(); at += 100'000) {
                written = file->write(std::string_view(after).substr(at, 100'000));
            }
            written = !file ? file.error() : written ? file->commit() : written;
        }
        const long failures = disarmFailIo();
        const auto content = readWholeFile(path, 1 << 30);
        // The very last call syncs the folder after the new file is in place whole.
        const bool isNew = content && *content == after;
        if (written ? !isNew : !(isNew || (content && *content == before))) {
            broken("call " + std::to_string(call) + " left another content");
        }
        if (!written) {
            checkError(written.error(), fault, folder, call);
        } else if (failures > 0) {
            broken("call " + std::to_string(call) + " failed unnoticed");
        }
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.path() != path) {
                broken("call " + std::to_string(call) + " left " + entry.path().string());
            }
        }
        if (failures == 0) {
            say("tried " + std::to_string(call - 1));
            return 0;
        }
    }
}

/// Carries out edits while faults happen and keeps a model of those that were acknowledged.
class FaultyEdits {
 public:
    FaultyEdits(const std::string& path, const Fault& fault, long call)
        : m_path(path), m_fault(fault), m_call(call) {}

    void perform() {
        auto opened = Project::open(m_path, Project::Mode::ReadWrite);
        if (!opened) {
            checkError(opened.error(), m_fault, m_path, m_call);
            return;
        }
        m_project = std::move(*opened);
        editData();
        editRun();
        m_project.reset();
    }

    void check() const {
        const auto reopened = Project::open(m_path, Project::Mode::ReadWrite);
        if (!reopened) {
            broken("call " + std::to_string(m_call) +
                   " left a project that does not open: " + reopened.error().text());
        }
        Project& project = **reopened;
        same(project.dataset(), "the file");
        if (project.note("page") != m_note || project.trainOptions().epochs != m_epochs) {
            broken("call " + std::to_string(m_call) + ": notes or options differ");
        }
        const auto store = project.runStore(1);
        if (std::int64_t(store->metrics()->size()) != m_rows ||
            std::int64_t(store->checkpoints()->size()) != m_checkpoints) {
            broken("call " + std::to_string(m_call) + ": the run's rows differ");
        }
    }

 private:
    /// True when the action was acknowledged; then the model follows.
    bool done(const Status& status) const {
        if (!status) {
            checkError(status.error(), m_fault, m_path, m_call);
        }
        return status.ok();
    }
    void same(const Dataset& dataset, const std::string& where) const {
        const std::string found = difference(dataset, m_expected);
        if (!found.empty()) {
            broken("call " + std::to_string(m_call) + ": " + where + " differs in " + found);
        }
    }

    void editData() {
        std::vector<SampleId> ids;
        for (std::size_t i = 0; i < 15; ++i) {
            ids.push_back(m_expected.samples[i].id);
        }
        const Dataset start = m_expected;
        const bool labelled = done(m_project->setLabel(ids, 5));
        for (std::size_t i = 0; labelled && i < ids.size(); ++i) {
            m_expected.samples[i].label = 5;
        }
        same(m_project->dataset(), "memory after labelling");
        ClassId id = 0;
        if (done(m_project->addClass("new", &id))) {
            m_expected.classes.push_back({id, "new"});
            same(m_project->dataset(), "memory after adding a class");
            if (done(m_project->undo())) {
                m_expected.classes.pop_back();
            }
        }
        same(m_project->dataset(), "memory after undoing");
        const Dataset other = madeUpDataset(300, 4, 11);
        if (done(m_project->setDataset(other))) {
            m_expected = other;
        }
        same(m_project->dataset(), "memory after new data");
        m_note = done(m_project->setNote("page", "train")) ? "train" : "";
        TrainOptions options;
        options.epochs = 3;
        m_epochs = done(m_project->setTrainOptions(options)) ? 3 : m_epochs;
        if (m_project->note("page") != m_note || m_project->trainOptions().epochs != m_epochs) {
            broken("call " + std::to_string(m_call) + ": notes or options differ in memory");
        }
    }

    void editRun() {
        auto store = m_project->runStore(1);
        if (!store) {
            checkError(store.error(), m_fault, m_path, m_call);
            return;
        }
        const std::vector<MetricRow> rows(50);
        for (int i = 0; i < 3; ++i) {
            m_rows += done(store->appendMetrics(rows)) ? 50 : 0;
        }
        m_checkpoints += done(store->setCheckpoint({"run-1/a", "a", "00", 1})) ? 1 : 0;
        (void)done(store->setState(RunState::Finished, "done"));
    }

    std::string m_path;
    Fault m_fault;
    long m_call;
    std::unique_ptr<Project> m_project;
    Dataset m_expected = actionsStart();
    std::string m_note;
    int m_epochs = TrainOptions().epochs;
    std::int64_t m_rows = 0;
    std::int64_t m_checkpoints = 0;
};

void startAfresh(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        fs::remove_all(entry.path());
    }
}

int projectFaults(const std::string& folder, const Fault& fault) {
    const std::string path = folder + "/p.graft";
    for (long call = 1;; ++call) {
        startAfresh(folder);
        {
            const auto project = Project::create(path);
            if (!project || !(*project)->setDataset(actionsStart()) || !(*project)->addRun("")) {
                broken("the project could not be prepared");
            }
        }
        FaultyEdits edits(path, fault, call);
        armFailIo(folder, call, fault.errnoValue, fault.sticky);
        edits.perform();
        const long failures = disarmFailIo();
        edits.check();
        if (failures == 0) {
            say("tried " + std::to_string(call - 1));
            return 0;
        }
    }
}

int createFaults(const std::string& folder, const Fault& fault) {
    const std::string path = folder + "/p.graft";
    for (long call = 1;; ++call) {
        startAfresh(folder);
        armFailIo(folder, call, fault.errnoValue, fault.sticky);
        const bool made = [&] {
            const auto project = Project::create(path);
            if (!project) {
                checkError(project.error(), fault, folder, call);
            }
            return project.ok();
        }();
        const long failures = disarmFailIo();
        if (fs::exists(path) && !Project::open(path, Project::Mode::ReadWrite)) {
            broken("call " + std::to_string(call) + " left a project that does not open");
        }
        if (made != fs::exists(path)) {
            broken("call " + std::to_string(call) + ": said and done differ");
        }
        if (!made && !fs::is_empty(folder)) {
            broken("call " + std::to_string(call) + " left something behind");
        }
        if (failures == 0) {
            say("tried " + std::to_string(call - 1));
            return 0;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 2 ? argv[1] : "";
    const std::string target = argc > 2 ? argv[2] : "";
    if (mode == "open") {
        const auto project = Project::open(target, Project::Mode::ReadWrite);
        return project ? 0 : fail(project.error());
    }
    if (mode == "edit") {
        return editForever(target);
    }
    if (mode == "create") {
        return createForever(target);
    }
    if (argc != 5 || !failIoLoaded()) {
        std::fprintf(stderr, "wrong use, or fail_io is not preloaded\n");
        return 2;
    }
    const Fault fault{std::atoi(argv[3]), std::string(argv[4]) == "1"};
    if (mode == "atomic") {
        return atomicFaults(target, fault);
    }
    return mode == "project" ? projectFaults(target, fault) : createFaults(target, fault);
}
