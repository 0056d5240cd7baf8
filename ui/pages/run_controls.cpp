#include "ui/pages/run_controls.h"

#include "core/engine/engine.h"
#include "ui/models/layer_tree_model.h"
#include "ui/models/texts.h"
#include "ui/widgets/option_editors.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace graft::ui {

namespace {
constexpr double kMostStrength = 2;
constexpr int kTreeRows = 6;
}  // namespace

RunControls::RunControls(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_run(run),
      m_rate(new DecadeSpinBox),
      m_applyRate(new QPushButton(tr("A&pply"))),
      m_rateNow(new QLabel),
      m_layers(new LayerTreeModel(this)),
      m_tree(new QTreeView),
      m_strength(new SliderSpin(0, kMostStrength, 0.05)),
      m_evaluate(new QPushButton(tr("&Check now"))),
      m_save(new QPushButton(tr("Save n&ow"))) {
    build();
    connect(run, &RunBridge::started, this, &RunControls::runStarted);
    connect(run, &RunBridge::finished, this, [this] { setEnabled(false); });
    connect(run, &RunBridge::eventArrived, this, &RunControls::eventArrived);
    connect(run, &RunBridge::snapshotChanged, this, [this](const TrainSnapshot& now) {
        m_rateNow->setText(tr("now %1").arg(Texts::rate(now.learningRate)));
    });
    connect(document, &ProjectDocument::opened, this, [this] { setEnabled(m_run->isActive()); });
    connect(document, &ProjectDocument::modelChanged, this, [this] {
        if (m_document->isOpen() && m_document->project().model().backbone == m_backbone) {
            const ModelSpec& spec = m_document->project().model();
            m_layers->setChoice(spec.frozen, spec.rateFactors);
        }
    });
    connect(m_applyRate, &QPushButton::clicked, this, &RunControls::applyRate);
    m_rate->installEventFilter(this);
    connect(m_layers, &LayerTreeModel::frozenEdited, this, &RunControls::editFrozen);
    connect(m_strength, &SliderSpin::valueChanged, run, &RunBridge::setAugmentStrength);
    connect(m_evaluate, &QPushButton::clicked, run, &RunBridge::evaluateNow);
    connect(m_save, &QPushButton::clicked, run, &RunBridge::saveNow);
    setEnabled(run->isActive());
}

RunControls::~RunControls() = default;

void RunControls::build() {
    m_rate->setObjectName(QStringLiteral("rateEdit"));
    m_rate->setRange(0, 100);
    m_rate->setKeyboardTracking(false);
    m_rate->setAccessibleName(tr("Learning rate"));
    m_rate->setToolTip(
        tr("Base learning rate; the schedule goes on from it. Enter applies it at "
           "the next step."));
    keepWheelForFocus(m_rate);
    m_applyRate->setObjectName(QStringLiteral("applyRateButton"));
    m_applyRate->setToolTip(tr("Use this learning rate from the next step on"));
    m_tree->setObjectName(QStringLiteral("liveLayerTree"));
    m_tree->setAccessibleName(tr("Parts of the network that are kept frozen"));
    m_tree->setModel(m_layers);
    m_tree->setUniformRowHeights(true);
    m_tree->setIndentation(12);
    m_tree->hideColumn(LayerTreeModel::RateColumn);
    m_tree->hideColumn(LayerTreeModel::SizeColumn);
    m_tree->header()->setStretchLastSection(false);
    m_tree->header()->setSectionResizeMode(LayerTreeModel::NameColumn, QHeaderView::Stretch);
    m_tree->header()->setSectionResizeMode(LayerTreeModel::FrozenColumn,
                                           QHeaderView::ResizeToContents);
    m_tree->setMinimumHeight(fontMetrics().height() * kTreeRows);
    m_strength->setObjectName(QStringLiteral("strengthEdit"));
    m_strength->spin()->setObjectName(QStringLiteral("strengthSpin"));
    m_strength->slider()->setObjectName(QStringLiteral("strengthSlider"));
    m_strength->setAccessibleText(tr("Augmentation strength"),
                                  tr("0 switches the random changes of pictures off"));
    m_strength->setToolTip(
        tr("Scales all random changes of the training pictures "
           "(augmentation); 0 switches them off."));
    // The run hears of a value once the slider rests, not of each on the way.
    m_strength->slider()->setTracking(false);
    m_evaluate->setObjectName(QStringLiteral("evaluateNowButton"));
    m_evaluate->setToolTip(tr("Measure the accuracy on the validation pictures now"));
    m_save->setObjectName(QStringLiteral("saveNowButton"));
    m_save->setToolTip(tr("Write a checkpoint now"));

    auto* rateRow = new QHBoxLayout;
    rateRow->addWidget(m_rate, 1);
    rateRow->addWidget(m_applyRate);
    auto* nowRow = new QHBoxLayout;
    nowRow->addWidget(m_evaluate);
    nowRow->addWidget(m_save);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    auto* rateHead = new QHBoxLayout;
    auto* rateLabel = new QLabel(tr("Learning &rate"));
    rateLabel->setBuddy(m_rate);
    rateHead->addWidget(rateLabel);
    rateHead->addStretch();
    rateHead->addWidget(m_rateNow);
    column->addLayout(rateHead);
    column->addLayout(rateRow);
    auto* strengthLabel = new QLabel(tr("Au&gmentation strength"));
    strengthLabel->setBuddy(m_strength->spin());
    column->addWidget(strengthLabel);
    column->addWidget(m_strength);
    column->addWidget(m_tree);
    column->addLayout(nowRow);
}

void RunControls::runStarted(RunId run) {
    setEnabled(true);
    const Result<RunRecord> record = m_document->project().run(run);
    if (!record) {
        return;
    }
    const QSignalBlocker quiet(m_rate);
    m_rate->setValue(record->options.learningRate);
    m_strength->setValue(record->augment.strength);
    loadTree(*record);
}

void RunControls::loadTree(const RunRecord& record) {
    m_backbone = record.model.backbone;
    m_layers->clear();
    const int classes = std::max(1, int(record.classes.size()));
    const std::string backbone = m_backbone;
    m_treeJob.run<LayerNode>(
        [backbone, classes] { return engine::startLayerTree(backbone, classes); },
        [this, model = record.model](Result<LayerNode> tree) {
            if (tree) {
                m_layers->setTree(*tree);
                m_layers->setChoice(model.frozen, model.rateFactors);
            }
        });
}

// What the run says was applied counts, also when it came from another page.
void RunControls::eventArrived(const TrainEvent& event) {
    if (event.kind != TrainEvent::Kind::EditApplied) {
        return;
    }
    const RunCommand& command = event.edit.command;
    if (command.kind == RunCommand::Kind::SetLearningRate && !m_rate->hasFocus()) {
        const QSignalBlocker quiet(m_rate);
        m_rate->setValue(command.value);
    } else if (command.kind == RunCommand::Kind::SetAugmentStrength) {
        m_strength->setValue(command.value);
    }
}

void RunControls::editFrozen(const QString& path, bool frozen) {
    m_run->setFrozen(path, frozen);
    if (m_document->project().model().backbone == m_backbone) {
        ModelSpec spec = m_document->project().model();
        spec.frozen = m_layers->frozen();
        m_document->setModel(spec);
    }
}

bool RunControls::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_rate && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            applyRate();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void RunControls::applyRate() {
    m_rate->interpretText();
    m_run->setLearningRate(m_rate->value());
}

}  // namespace graft::ui
