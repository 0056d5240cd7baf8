#include "ui/pages/model_page.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/layer_tree_model.h"
#include "ui/models/texts.h"
#include "ui/pages/weights_box.h"
#include "ui/widgets/backbone_cards.h"
#include "ui/widgets/empty_panel.h"
#include "ui/widgets/option_editors.h"

#include <QComboBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QScrollArea>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedLayout>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

ModelPage::ModelPage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_stack(new QStackedLayout(this)),
      m_empty(new EmptyPanel),
      m_cards(new BackboneCards),
      m_weights(new WeightsBox),
      m_imageSize(new QSpinBox),
      m_dropout(new QDoubleSpinBox),
      m_padding(new QComboBox),
      m_layers(new LayerTreeModel(this)),
      m_tree(new QTreeView),
      m_total(new QLabel),
      m_hint(new QLabel),
      m_headOnly(new QPushButton(tr("Train only the new part"))),
      m_everything(new QPushButton(tr("Train everything"))) {
    setObjectName(QStringLiteral("modelPage"));
    m_empty->setText(tr("Add pictures first; then choose the network that learns from them."),
                     tr("Go to Data"));
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(buildChoice());
    splitter->addWidget(buildLayers());
    splitter->setStretchFactor(0, 1);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({620, 580});
    auto* body = new QWidget;
    auto* margin = new QVBoxLayout(body);
    margin->setContentsMargins(10, 8, 10, 6);
    margin->addWidget(splitter);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(body);
    connectParts();
    reload();
}

ModelPage::~ModelPage() = default;

QWidget* ModelPage::buildChoice() {
    m_cards->setObjectName(QStringLiteral("backboneCards"));
    m_cards->setBackbones(backboneCatalog());
    m_weights->setObjectName(QStringLiteral("weightsBox"));

    m_imageSize->setObjectName(QStringLiteral("imageSizeEdit"));
    m_imageSize->setRange(0, 1024);
    m_imageSize->setSingleStep(32);
    m_imageSize->setSuffix(tr(" px"));
    m_imageSize->setSpecialValueText(tr("As the network asks"));
    m_imageSize->setKeyboardTracking(false);
    m_imageSize->setAccessibleName(tr("Picture size"));
    m_imageSize->setToolTip(
        tr("Side of the square that the network sees (input size). Half the "
           "size is about four times as fast and sees less."));
    m_dropout->setObjectName(QStringLiteral("dropoutEdit"));
    m_dropout->setRange(0, 0.95);
    m_dropout->setSingleStep(0.05);
    m_dropout->setDecimals(2);
    m_dropout->setKeyboardTracking(false);
    m_dropout->setAccessibleName(tr("Dropout"));
    m_dropout->setToolTip(
        tr("Share of the features left out at random while training, before the "
           "last layer (dropout). More fights learning by heart."));
    m_padding->setObjectName(QStringLiteral("paddingBox"));
    m_padding->addItem(tr("As the weight file says"), QStringLiteral("auto"));
    m_padding->addItem(tr("Symmetric (PyTorch)"), QStringLiteral("symmetric"));
    m_padding->addItem(tr("TensorFlow \"same\""), QStringLiteral("tf-same"));
    m_padding->setAccessibleName(tr("Padding"));
    m_padding->setToolTip(
        tr("How convolutions treat the border (padding). Must match how the "
           "weights were trained."));
    for (QWidget* edit : {static_cast<QWidget*>(m_imageSize), static_cast<QWidget*>(m_dropout),
                          static_cast<QWidget*>(m_padding)}) {
        keepWheelForFocus(edit);
    }

    auto* form = new QFormLayout;
    form->setRowWrapPolicy(QFormLayout::WrapLongRows);
    form->setFieldGrowthPolicy(QFormLayout::FieldsStayAtSizeHint);
    form->addRow(tr("Picture si&ze"), m_imageSize);
    form->addRow(tr("&Dropout"), m_dropout);
    form->addRow(tr("&Padding"), m_padding);
    auto* weightsGroup = new QGroupBox(tr("Trained weights to start from"));
    auto* weightsLayout = new QVBoxLayout(weightsGroup);
    weightsLayout->addWidget(m_weights);

    auto* left = new QWidget;
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(0, 0, 4, 0);
    column->addWidget(m_cards);
    column->addWidget(weightsGroup);
    column->addLayout(form);
    column->addStretch();
    auto* scroll = new QScrollArea;
    scroll->setFocusPolicy(Qt::NoFocus);  // it follows what has the focus inside
    scroll->setWidget(left);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setMinimumWidth(left->minimumSizeHint().width() +
                            scroll->verticalScrollBar()->sizeHint().width());
    return scroll;
}

QWidget* ModelPage::buildLayers() {
    m_tree->setObjectName(QStringLiteral("layerTree"));
    m_tree->setAccessibleName(tr("Stages, blocks and layers of the network"));
    m_tree->setModel(m_layers);
    m_tree->setUniformRowHeights(true);
    m_tree->setAlternatingRowColors(true);
    m_tree->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_tree->setMinimumHeight(160);
    m_tree->header()->setStretchLastSection(false);
    m_tree->header()->setSectionResizeMode(LayerTreeModel::NameColumn, QHeaderView::Stretch);
    for (int column = LayerTreeModel::FrozenColumn; column < LayerTreeModel::ColumnCount;
         ++column) {
        m_tree->header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    }
    m_total->setObjectName(QStringLiteral("trainableLabel"));
    m_total->setWordWrap(true);
    m_hint->setObjectName(QStringLiteral("modelHint"));
    m_hint->setWordWrap(true);
    m_headOnly->setObjectName(QStringLiteral("headOnlyButton"));
    m_headOnly->setToolTip(
        tr("Freezes the whole backbone; only the head learns. Fast, and often "
           "enough with trained weights."));
    m_everything->setObjectName(QStringLiteral("trainAllButton"));
    m_everything->setToolTip(tr("Thaws all layers (fine-tuning). Slower, usually more accurate."));
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_headOnly);
    buttons->addWidget(m_everything);
    buttons->addStretch();
    auto* right = new QWidget;
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(4, 0, 0, 0);
    column->addLayout(buttons);
    column->addWidget(m_tree, 1);
    column->addWidget(m_total);
    column->addWidget(m_hint);
    return right;
}

void ModelPage::connectParts() {
    connect(m_empty, &EmptyPanel::buttonClicked, this, [this] { Q_EMIT goTo(PageId::Data); });
    connect(m_document, &ProjectDocument::opened, this, &ModelPage::reload);
    connect(m_document, &ProjectDocument::modelChanged, this, &ModelPage::reload);
    connect(m_document, &ProjectDocument::dataChanged, this, &ModelPage::reload);
    connect(m_run, &RunBridge::started, this, &Page::primaryChanged);
    connect(m_run, &RunBridge::started, this, &ModelPage::showTotals);
    connect(m_run, &RunBridge::finished, this, &Page::primaryChanged);
    connect(m_run, &RunBridge::finished, this, &ModelPage::showTotals);
    connect(m_cards, &BackboneCards::chosen, this, &ModelPage::chooseBackbone);
    connect(m_weights, &WeightsBox::weightsChosen, this, &ModelPage::chooseWeights);
    connect(m_weights, &WeightsBox::failed, this, [this](const Error& error) {
        if (error.code == ErrorCode::Cancelled) {
            Q_EMIT showNotice(CoreTexts::tr(error.message));
        } else {
            Q_EMIT showError(error);
        }
    });
    connect(m_imageSize, &QSpinBox::valueChanged, this,
            [this](int size) { change([&](ModelSpec& spec) { spec.imageSize = size; }); });
    connect(m_dropout, &QDoubleSpinBox::valueChanged, this,
            [this](double share) { change([&](ModelSpec& spec) { spec.dropout = share; }); });
    connect(m_padding, &QComboBox::activated, this, [this] {
        change([&](ModelSpec& spec) {
            spec.padding = m_padding->currentData().toString().toStdString();
        });
    });
    connect(m_layers, &LayerTreeModel::frozenEdited, this, [this](const QString& path, bool on) {
        storeChoice();
        m_run->setFrozen(path, on);
    });
    connect(m_layers, &LayerTreeModel::rateFactorEdited, this,
            [this](const QString& path, double factor) {
                storeChoice();
                m_run->setRateFactor(path, factor);
            });
    connect(m_headOnly, &QPushButton::clicked, this, [this] { freezeAllBut(true); });
    connect(m_everything, &QPushButton::clicked, this, [this] { freezeAllBut(false); });
}

bool ModelPage::hasData() const {
    return m_document->isOpen() && !m_document->dataset().samples.empty();
}

QString ModelPage::primaryText() const {
    return m_run->isActive() ? tr("Watch the training") : tr("Train");
}

bool ModelPage::primaryEnabled() const {
    return hasData();
}

void ModelPage::primaryAction() {
    if (!m_run->isActive()) {
        m_run->start();
    }
    Q_EMIT goTo(PageId::Train);
}

void ModelPage::activated() {
    reload();
}

void ModelPage::reload() {
    m_stack->setCurrentIndex(hasData() ? 1 : 0);
    Q_EMIT primaryChanged();
    if (!m_document->isOpen()) {
        return;
    }
    m_loading = true;
    const ModelSpec& spec = m_document->project().model();
    m_cards->setCurrent(spec.backbone);
    m_weights->setSpec(spec);
    m_imageSize->setValue(spec.imageSize);
    m_dropout->setValue(spec.dropout);
    m_padding->setCurrentIndex(std::max(0, m_padding->findData(Texts::from(spec.padding))));
    m_layers->setEditable(m_document->isWritable());
    m_loading = false;
    loadTree();
}

void ModelPage::loadTree() {
    const ModelSpec& spec = m_document->project().model();
    const int classes = int(m_document->dataset().classes.size());
    const QString key = QStringLiteral("%1/%2").arg(Texts::from(spec.backbone)).arg(classes);
    if (key == m_treeKey) {
        if (m_layers->rowCount() > 0) {
            m_layers->setChoice(spec.frozen, spec.rateFactors);
        }
        showTotals();
        return;
    }
    m_treeKey = key;
    m_layers->clear();
    m_total->setText(tr("Building the network …"));
    const std::string backbone = spec.backbone;
    m_treeJob.run<LayerNode>(
        [backbone, classes] { return engine::startLayerTree(backbone, std::max(1, classes)); },
        [this](Result<LayerNode> tree) {
            if (!tree) {
                m_treeKey.clear();
                m_total->clear();
                Q_EMIT showError(tree.error());
                return;
            }
            m_layers->setTree(*tree);
            if (m_document->isOpen()) {
                const ModelSpec& now = m_document->project().model();
                m_layers->setChoice(now.frozen, now.rateFactors);
            }
            showTotals();
        });
}

void ModelPage::showTotals() {
    const std::int64_t all = m_layers->parameterCount();
    if (all <= 0) {
        return;
    }
    const std::int64_t trainable = m_layers->trainableCount();
    m_total->setText(tr("Trainable: %1 of %2 numbers (%3)")
                         .arg(Texts::count(trainable), Texts::count(all),
                              Texts::percent(double(trainable) / double(all))));
    QString hint;
    if (trainable == 0) {
        hint = tr("Everything is frozen, so nothing can learn. Thaw at least the new part (head).");
    } else if (m_document->isOpen() && m_document->project().model().weightsPath.empty() &&
               trainable < all) {
        hint =
            tr("Frozen parts without trained weights stay random. Choose weights, or train "
               "everything.");
    } else if (m_run->isActive()) {
        hint =
            tr("A training is under way: changes of frozen parts and learning speed take "
               "effect at its next step; another network or size counts for the next run.");
    }
    m_hint->setText(hint);
    m_hint->setVisible(!hint.isEmpty());
}

QString ModelPage::weightsNote(const std::string& backbone) const {
    return QStringLiteral("weights/") + Texts::from(backbone);
}

bool ModelPage::change(const std::function<void(ModelSpec&)>& edit) {
    if (m_loading || !m_document->isOpen()) {
        return false;
    }
    ModelSpec spec = m_document->project().model();
    const ModelSpec before = spec;
    edit(spec);
    return spec == before || m_document->setModel(spec);
}

// Layer names differ between networks, so the choice of layers starts over; a weight file that
// was chosen for this network before comes back.
void ModelPage::chooseBackbone(const QString& backbone) {
    const std::string id = backbone.toStdString();
    const QStringList stored = m_document->note(weightsNote(id)).split(QLatin1Char('\n'));
    const bool known = stored.size() == 2 && !stored[0].isEmpty();
    change([&](ModelSpec& spec) {
        if (spec.backbone == id) {
            return;
        }
        spec.backbone = id;
        spec.frozen.clear();
        spec.rateFactors.clear();
        spec.imageSize = 0;
        spec.padding = "auto";
        spec.weightsPath = known ? stored[0].toStdString() : std::string();
        spec.weightsSha256 = known ? stored[1].toStdString() : std::string();
        fitToData(datasetFacts(m_document->dataset()), spec);
    });
    reload();
}

void ModelPage::chooseWeights(const QString& path, const QString& sha256) {
    const bool stored = change([&](ModelSpec& spec) {
        spec.weightsPath = path.toStdString();
        spec.weightsSha256 = sha256.toStdString();
        fitToData(datasetFacts(m_document->dataset()), spec);
    });
    if (stored) {
        m_document->setNote(weightsNote(m_document->project().model().backbone),
                            path.isEmpty() ? QString() : path + QLatin1Char('\n') + sha256);
    }
}

void ModelPage::freezeAllBut(bool headOnly) {
    const bool stored = change([&](ModelSpec& spec) {
        spec.frozen = headOnly ? std::vector<std::string>{"backbone"} : std::vector<std::string>{};
    });
    if (stored && m_run->isActive()) {
        m_run->setFrozen(QStringLiteral("backbone"), headOnly);
        m_run->setFrozen(QStringLiteral("head"), false);
    }
}

void ModelPage::storeChoice() {
    change([&](ModelSpec& spec) {
        spec.frozen = m_layers->frozen();
        spec.rateFactors = m_layers->rateFactors();
    });
    showTotals();
}

}  // namespace graft::ui
