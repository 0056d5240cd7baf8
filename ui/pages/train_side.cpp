#include "ui/pages/train_side.h"

#include "core/train/train_options.h"
#include "ui/pages/cost_line.h"
#include "ui/pages/feature_cache_row.h"
#include "ui/pages/run_controls.h"
#include "ui/pages/settings_line.h"
#include "ui/widgets/fold_panel.h"
#include "ui/widgets/options_form.h"

#include <QVBoxLayout>

namespace graft::ui {

TrainSide::TrainSide(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : QScrollArea(parent),
      m_document(document),
      m_livePanel(new FoldPanel(tr("While it runs"))),
      m_controls(new RunControls(document, run)),
      m_optionsPanel(new FoldPanel(tr("Training options"))),
      m_form(new OptionsForm),
      m_settings(new SettingsLine(document, run)),
      m_cost(new CostLine(document, run)),
      m_cacheRow(new FeatureCacheRow(document)) {
    build();
    m_form->build(trainFields(), TrainOptions());
    connect(m_document, &ProjectDocument::trainOptionsChanged, this, &TrainSide::loadOptions);
    connect(m_form, &OptionsForm::changed, this, &TrainSide::storeOptions);
    connect(m_cacheRow, &FeatureCacheRow::failed, this, &TrainSide::failed);
    connect(m_settings, &SettingsLine::failed, this, &TrainSide::failed);
    connect(m_settings, &SettingsLine::goTo, this, &TrainSide::goTo);
    connect(m_settings, &SettingsLine::optionWanted, this, &TrainSide::showOption);
}

TrainSide::~TrainSide() = default;

void TrainSide::build() {
    m_form->setObjectName(QStringLiteral("trainOptionsForm"));
    m_livePanel->setObjectName(QStringLiteral("livePanel"));
    m_optionsPanel->setObjectName(QStringLiteral("optionsPanel"));
    m_livePanel->setContent(m_controls);
    auto* options = new QWidget;
    auto* optionRows = new QVBoxLayout(options);
    optionRows->setContentsMargins(0, 0, 0, 0);
    optionRows->addWidget(m_form);
    optionRows->addWidget(m_cacheRow);
    m_optionsPanel->setContent(options);
    auto* inside = new QWidget;
    auto* column = new QVBoxLayout(inside);
    column->setContentsMargins(4, 0, 8, 0);
    column->addWidget(m_settings);
    column->addWidget(m_livePanel);
    column->addWidget(m_optionsPanel);
    column->addWidget(m_cost);
    column->addStretch();
    setFocusPolicy(Qt::NoFocus);  // it follows what has the focus inside
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWidget(inside);
    setMinimumWidth(fontMetrics().averageCharWidth() * 46);
}

void TrainSide::documentOpened() {
    m_livePanel->setOpen(false);
    m_optionsPanel->setOpen(true);
    loadOptions();
    m_settings->search();
    refreshCache();
}

void TrainSide::runStarted() {
    m_livePanel->setOpen(true);
    m_optionsPanel->setOpen(false);
}

void TrainSide::runFinished(RunState state) {
    refreshCache();
    m_livePanel->setOpen(false);
    if (state != RunState::Finished) {
        m_optionsPanel->setOpen(true);
    }
}

void TrainSide::refreshCache() {
    m_cacheRow->refresh();
}

void TrainSide::loadOptions() {
    if (!m_document->isOpen()) {
        return;
    }
    m_loading = true;
    m_form->load(trainFields(), m_document->project().trainOptions());
    m_loading = false;
    m_form->setEnabled(m_document->isWritable());
    showRowsThatMatter();
}

void TrainSide::storeOptions() {
    if (m_loading || !m_document->isOpen()) {
        return;
    }
    m_document->setTrainOptions(m_form->read(trainFields(), m_document->project().trainOptions()));
    showRowsThatMatter();
}

void TrainSide::showRowsThatMatter() {
    const TrainOptions now = m_form->read(trainFields(), TrainOptions());
    m_form->setRowVisible("momentum", now.optimizer == "sgd");
    m_form->setRowVisible("step_epochs", now.schedule == "step");
    m_form->setRowVisible("step_factor", now.schedule == "step");
    m_form->setRowVisible("feature_disk_mb", now.featureCache == "auto");
}

void TrainSide::showOption(const QString& key) {
    m_optionsPanel->setOpen(true);
    if (auto* editor = m_form->findChild<QWidget*>(key)) {
        editor->setFocus(Qt::OtherFocusReason);
        ensureWidgetVisible(editor);
    }
}

}  // namespace graft::ui
