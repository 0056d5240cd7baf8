// A document with a project, the bridge, and one page on the screen. Thread: GUI.
#pragma once

#include "fake_run.h"
#include "ui_fixtures.h"

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include <QAbstractButton>
#include <QLabel>

namespace graft::test {

template <class P>
struct Shown {
    ui::ProjectDocument document;
    ui::RunBridge run{&document};
    P page{&document, &run};
    std::shared_ptr<FakeRunState> fake = std::make_shared<FakeRunState>();

    explicit Shown(std::unique_ptr<Project> project = nullptr) {
        page.resize(1200, 640);
        page.show();
        if (project) {
            document.setProject(std::move(project));
        }
        page.activated();
    }
    ~Shown() { fake->finished = true; }
    template <class T>
    T* find(const char* name) {
        T* found = page.template findChild<T*>(QLatin1String(name));
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    void click(const char* name) {
        auto* button = find<QAbstractButton>(name);
        QVERIFY2(button->isVisible() && button->isEnabled(), name);
        QTest::mouseClick(button, Qt::LeftButton);
    }
    QString text(const char* label) { return find<QLabel>(label)->text(); }
    void play(RunId id) {
        fake->id = id;
        run.adopt(std::unique_ptr<RunHandle>(std::make_unique<FakeRun>(fake)));
    }
};

}  // namespace graft::test
