// Undo and redo as a property: whatever is edited, undoing all of it gives the start back, redoing
// all of it the end, across closing and opening.
#include "core/project/project.h"

#include "tests/support/datasets.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::testing;

namespace {

std::vector<SampleId> someSamples(const Dataset& dataset, Rng& rng) {
    std::vector<SampleId> ids;
    const std::uint64_t count = 1 + rng.below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
        ids.push_back(dataset.samples[rng.below(dataset.samples.size())].id);
    }
    return ids;
}

ClassId someClass(const Dataset& dataset, Rng& rng) {
    return dataset.classes.empty() ? 0 : dataset.classes[rng.below(dataset.classes.size())].id;
}

Status randomEdit(Project& project, Rng& rng, int number) {
    const Dataset& dataset = project.dataset();
    const std::string fresh = "new " + std::to_string(number);
    const ClassId id = someClass(dataset, rng);
    switch (id == 0 ? 5 : rng.below(8)) {
        case 0:
        case 1:
            return project.setLabel(someSamples(dataset, rng), rng.chance(0.1) ? 0 : id);
        case 2:
            return project.setExcluded(someSamples(dataset, rng), rng.chance(0.5));
        case 3:
            return project.setSplit(someSamples(dataset, rng), Split(rng.below(4)));
        case 4: {
            SplitOptions options;
            options.validation = 0.3;
            options.test = 0.1;
            options.seed = rng.next();
            return project.resplit(options);
        }
        case 5:
            return project.addClass(fresh, nullptr);
        case 6:
            return project.renameClass(id, fresh);
        default:
            return project.removeClass(id);
    }
}

}  // namespace

class TestProjectUndo : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->filePath("undo.graft").toStdString();
        m_project = std::move(Project::create(m_path).value());
        VERIFY_OK(m_project->setDataset(madeUpDataset(60, 3)));
    }
    void cleanup() { m_project.reset(); }

    void undoAllIsStartRedoAllIsEnd_data();
    void undoAllIsStartRedoAllIsEnd();
    void eachStepBackIsTheStateBefore();
    void newEditDropsTheRedoTail();
    void newDataClearsTheHistory();
    void keepsTheNewestThousandSteps();

 private:
    void reopen() {
        m_project.reset();
        auto opened = Project::open(m_path, Project::Mode::ReadWrite);
        VERIFY_OK(opened);
        m_project = std::move(*opened);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::string m_path;
    std::unique_ptr<Project> m_project;
};

void TestProjectUndo::undoAllIsStartRedoAllIsEnd_data() {
    QTest::addColumn<quint64>("seed");
    for (quint64 seed = 1; seed <= 12; ++seed) {
        QTest::addRow("seed %llu", seed) << seed;
    }
}

void TestProjectUndo::undoAllIsStartRedoAllIsEnd() {
    QFETCH(const quint64, seed);
    Rng rng(seed);
    const Dataset start = m_project->dataset();
    for (int i = 0; i < 60; ++i) {
        if (rng.chance(0.2) && m_project->canUndo()) {
            VERIFY_OK(m_project->undo());
        } else if (rng.chance(0.2) && m_project->canRedo()) {
            VERIFY_OK(m_project->redo());
        } else {
            VERIFY_OK(randomEdit(*m_project, rng, i));
        }
        if (rng.chance(0.05)) {
            const Dataset before = m_project->dataset();
            const std::string undoText = m_project->undoText();
            reopen();
            COMPARE_DATASETS(m_project->dataset(), before);
            QCOMPARE(text(m_project->undoText()), text(undoText));
        }
    }
    while (m_project->canRedo()) {
        VERIFY_OK(m_project->redo());
    }
    const Dataset end = m_project->dataset();
    int undone = 0;
    while (m_project->canUndo()) {
        VERIFY_OK(m_project->undo());
        if (++undone % 7 == 0) {
            reopen();
        }
    }
    QVERIFY(undone > 5);
    COMPARE_DATASETS(m_project->dataset(), start);
    reopen();
    COMPARE_DATASETS(m_project->dataset(), start);
    for (int redone = 0; m_project->canRedo(); ++redone) {
        VERIFY_OK(m_project->redo());
        if (redone % 7 == 0) {
            reopen();
        }
    }
    COMPARE_DATASETS(m_project->dataset(), end);
    reopen();
    COMPARE_DATASETS(m_project->dataset(), end);
}

void TestProjectUndo::eachStepBackIsTheStateBefore() {
    Rng rng(99);
    std::vector<std::pair<Dataset, std::string>> states;
    for (int i = 0; i < 30; ++i) {
        const Dataset before = m_project->dataset();
        VERIFY_OK(randomEdit(*m_project, rng, i));
        if (!difference(before, m_project->dataset()).empty()) {
            states.emplace_back(before, m_project->undoText());
        }
    }
    QVERIFY(states.size() > 15);
    for (; !states.empty(); states.pop_back()) {
        QCOMPARE(text(m_project->undoText()), text(states.back().second));
        VERIFY_OK(m_project->undo());
        QCOMPARE(text(m_project->redoText()), text(states.back().second));
        COMPARE_DATASETS(m_project->dataset(), states.back().first);
    }
    QVERIFY(!m_project->canUndo());
}

void TestProjectUndo::newEditDropsTheRedoTail() {
    VERIFY_OK(m_project->addClass("one", nullptr));
    VERIFY_OK(m_project->addClass("two", nullptr));
    VERIFY_OK(m_project->undo());
    VERIFY_OK(m_project->undo());
    QVERIFY(m_project->canRedo());
    VERIFY_OK(m_project->addClass("three", nullptr));
    QVERIFY(!m_project->canRedo());
    QVERIFY(!m_project->redo());
    reopen();
    QVERIFY(!m_project->canRedo());
    QCOMPARE(text(m_project->undoText()), QString("Add class three"));
    VERIFY_OK(m_project->undo());
    QVERIFY(!m_project->canUndo());
}

void TestProjectUndo::newDataClearsTheHistory() {
    VERIFY_OK(m_project->addClass("one", nullptr));
    VERIFY_OK(m_project->setDataset(madeUpDataset(5, 1)));
    QVERIFY(!m_project->canUndo() && !m_project->canRedo());
    reopen();
    QVERIFY(!m_project->canUndo() && !m_project->canRedo());
}

void TestProjectUndo::keepsTheNewestThousandSteps() {
    const SampleId id = m_project->dataset().samples[0].id;
    VERIFY_OK(m_project->setExcluded({id}, false));
    for (int i = 0; i < 1010; ++i) {
        VERIFY_OK(m_project->setExcluded({id}, i % 2 == 0));
    }
    reopen();
    int undone = 0;
    while (m_project->canUndo()) {
        VERIFY_OK(m_project->undo());
        ++undone;
    }
    QCOMPARE(undone, 1000);
}

QTEST_GUILESS_MAIN(TestProjectUndo)
#include "tst_project_undo.moc"
