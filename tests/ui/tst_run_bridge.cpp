// The bridge between a run and the window: nothing is lost, nothing is waited for, the timer rests
// when nothing runs.
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include "fake_run.h"

#include <QSignalSpy>
#include <QtTest>

using namespace graft;
using namespace graft::ui;
using namespace graft::test;

namespace {

MetricRow stepRow(std::int64_t step) {
    MetricRow row;
    row.step = step;
    return row;
}

}  // namespace

class TestRunBridge : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void init() {
        m_state = std::make_shared<FakeRunState>();
        m_state->id = 42;
    }

    void passesEverythingOnInOrder() {
        ProjectDocument document;
        RunBridge bridge(&document);
        QSignalSpy started(&bridge, &RunBridge::started);
        QSignalSpy finished(&bridge, &RunBridge::finished);
        QSignalSpy runsChanged(&document, &ProjectDocument::runsChanged);
        std::vector<std::int64_t> steps;
        std::vector<TrainEvent::Kind> kinds;
        connect(&bridge, &RunBridge::metricsAdded, this, [&](const std::vector<MetricRow>& rows) {
            for (const MetricRow& row : rows) {
                steps.push_back(row.step);
            }
        });
        connect(&bridge, &RunBridge::eventArrived, this,
                [&](const TrainEvent& event) { kinds.push_back(event.kind); });
        QVERIFY(!bridge.isActive());
        bridge.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(m_state)));
        QVERIFY(bridge.isActive());
        QCOMPARE(bridge.runId(), RunId(42));
        QCOMPARE(started.count(), 1);

        m_state->history.append(stepRow(1));
        m_state->history.append(stepRow(2));
        m_state->say(TrainEvent::Kind::Started);
        TrainSnapshot now;
        now.step = 2;
        m_state->show(now);
        QTRY_COMPARE(bridge.snapshot().step, 2);
        m_state->history.append(stepRow(3));
        m_state->say(TrainEvent::Kind::EpochFinished);
        QTRY_COMPARE(steps.size(), 3u);
        QCOMPARE(finished.count(), 0);

        m_state->history.append(stepRow(4));
        m_state->say(TrainEvent::Kind::Finished, "All rounds done");
        m_state->finished = true;
        QTRY_COMPARE(finished.count(), 1);
        QCOMPARE(steps, (std::vector<std::int64_t>{1, 2, 3, 4}));
        QCOMPARE(kinds, (std::vector<TrainEvent::Kind>{TrainEvent::Kind::Started,
                                                       TrainEvent::Kind::EpochFinished,
                                                       TrainEvent::Kind::Finished}));
        QVERIFY(!bridge.isActive());
        QCOMPARE(bridge.runId(), RunId(42));
        QCOMPARE(finished[0][1].value<RunState>(), RunState::Finished);
        QVERIFY(m_state->destroyed);
        QVERIFY(!m_state->destroyedWhileRunning);
        QVERIFY(runsChanged.count() >= 4);
    }

    void restsWhenNothingRuns() {
        ProjectDocument document;
        RunBridge bridge(&document);
        bridge.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(m_state)));
        m_state->say(TrainEvent::Kind::Stopped);
        m_state->finished = true;
        QSignalSpy snapshots(&bridge, &RunBridge::snapshotChanged);
        QTRY_VERIFY(!bridge.isActive());
        snapshots.clear();
        // Nothing is looked at any more: a new snapshot in the old state reaches nobody.
        m_state->show(TrainSnapshot{});
        QVERIFY(!snapshots.wait(300));
    }

    void passesCommandsOn() {
        ProjectDocument document;
        RunBridge bridge(&document);
        bridge.setLearningRate(1);  // nobody there: nothing happens
        bridge.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(m_state)));
        bridge.pause();
        bridge.resume();
        bridge.setLearningRate(0.003);
        bridge.setFrozen("layer1", true);
        bridge.setFrozen("layer2", false);
        bridge.setRateFactor("layer3", 0.1);
        bridge.setAugmentStrength(1.5);
        bridge.evaluateNow();
        bridge.saveNow();
        bridge.stop();
        using Kind = RunCommand::Kind;
        const std::vector<RunCommand> expected = {{Kind::SetLearningRate, "", 0.003},
                                                  {Kind::Freeze, "layer1", 0},
                                                  {Kind::Thaw, "layer2", 0},
                                                  {Kind::SetRateFactor, "layer3", 0.1},
                                                  {Kind::SetAugmentStrength, "", 1.5},
                                                  {Kind::EvaluateNow, "", 0},
                                                  {Kind::SaveNow, "", 0}};
        QVERIFY(m_state->commands == expected);
        QCOMPARE(m_state->pauses, 1);
        QCOMPARE(m_state->resumes, 1);
        QCOMPARE(m_state->stops, 1);
        m_state->finished = true;
    }

    void tellsOfErrorsAndOfRunsThatEndWithoutAWord() {
        ProjectDocument document;
        RunBridge bridge(&document);
        QSignalSpy failed(&bridge, &RunBridge::failed);
        QSignalSpy finished(&bridge, &RunBridge::finished);
        bridge.adopt(Error{ErrorCode::InvalidArgument, "No pictures.", {}, {}});
        QCOMPARE(failed.count(), 1);
        QVERIFY(!bridge.isActive());
        bridge.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(m_state)));
        m_state->finished = true;
        QTRY_COMPARE(finished.count(), 1);
        QCOMPARE(finished[0][1].value<RunState>(), RunState::Failed);
    }

    void aClosedProjectsRunIsStoppedAndLetGoWhenDone() {
        ProjectDocument document;
        RunBridge bridge(&document);
        QSignalSpy finished(&bridge, &RunBridge::finished);
        bridge.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(m_state)));
        document.setProject(nullptr);
        QVERIFY(!bridge.isActive());
        QCOMPARE(bridge.runId(), RunId(0));
        QCOMPARE(m_state->stops, 1);
        QVERIFY(!m_state->destroyed);
        m_state->finished = true;
        QTRY_VERIFY(m_state->destroyed);
        QVERIFY(!m_state->destroyedWhileRunning);
        QCOMPARE(finished.count(), 0);
    }

 private:
    std::shared_ptr<FakeRunState> m_state;
};

QTEST_GUILESS_MAIN(TestRunBridge)
#include "tst_run_bridge.moc"
