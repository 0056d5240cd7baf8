// AugmentPage: sixteen random versions of one picture, drawn by the code that training uses, and
// the sliders that change them. Thread: GUI; the drawing itself happens in a job.
#pragma once

#include "core/base/image.h"
#include "core/data/augment_spec.h"
#include "core/data/preprocess.h"
#include "core/nn/model_spec.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

#include <QImage>
#include <QTimer>

class QLabel;
class QPushButton;
class QScrollArea;
class QStackedLayout;

namespace graft::ui {

class AugmentSliders;
class ImageWall;

class AugmentPage : public Page {
    Q_OBJECT
 public:
    AugmentPage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~AugmentPage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;

    /// Pictures drawn so far; for tests that wait for a redraw.
    int wallCount() const { return m_wallCount; }

 Q_SIGNALS:
    void wallDrawn();

 protected:
    void hideEvent(QHideEvent* event) override;

 private:
    struct Source {
        SampleId sample = 0;
        ModelSpec model;
        Preprocess preprocess;
        Image image;
    };
    struct Wall {
        std::shared_ptr<const Source> source;
        std::vector<QImage> images;
    };
    QWidget* buildControls();
    void takeFromDocument();
    void edited(const AugmentSpec& spec);
    void store();
    void redraw();
    void step(int by);
    void random();
    void usePreset(const std::string& name);
    void showWarning();
    const Sample* sample() const;
    static Result<Wall> draw(std::shared_ptr<const Source> source, const ImageRef& ref, SampleId id,
                             const ModelSpec& model, const AugmentSpec& spec);

    ProjectDocument* m_document;
    RunBridge* m_run;
    QStackedLayout* m_stack;
    ImageWall* m_wall;
    AugmentSliders* m_sliders = nullptr;
    QLabel* m_pictureName = nullptr;
    QWidget* m_warning = nullptr;
    QLabel* m_runNote = nullptr;
    std::vector<QPushButton*> m_presets;
    JobBridge m_drawer;
    QTimer m_storeTimer;
    std::shared_ptr<const Source> m_source;
    SampleId m_sample = 0;
    int m_wallCount = 0;
    bool m_storing = false;
};

}  // namespace graft::ui
