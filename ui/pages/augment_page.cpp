#include "ui/pages/augment_page.h"

#include "core/data/augment_pipeline.h"
#include "core/data/image_reader.h"
#include "core/nn/catalog.h"
#include "core/train/suggest_settings.h"
#include "ui/bridge/core_texts.h"
#include "ui/bridge/image_convert.h"
#include "ui/widgets/augment_sliders.h"
#include "ui/widgets/empty_panel.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/image_wall.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QRandomGenerator>
#include <QScrollArea>
#include <QStackedLayout>
#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

constexpr int kColumns = 4;
constexpr int kPictures = kColumns * kColumns;
constexpr int kStoreDelayMs = 400;

bool namesAreSigns(const Dataset& data) {
    return !mirrorWarning(datasetFacts(data).classes).empty();
}

bool flips(const AugmentSpec& spec) {
    return spec.strength > 0 && (spec.flipHorizontal > 0 || spec.flipVertical > 0);
}

}  // namespace

AugmentPage::AugmentPage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent), m_document(document), m_run(run), m_stack(new QStackedLayout(this)) {
    auto* body = new QWidget(this);
    auto* row = new QHBoxLayout(body);
    row->setContentsMargins(10, 8, 10, 4);
    auto* left = new QVBoxLayout;
    m_wall = new ImageWall(kColumns, this);
    m_wall->setObjectName(QStringLiteral("augmentWall"));
    m_wall->setAccessibleName(tr("Sixteen random versions of one picture, as training sees them"));
    left->addWidget(m_wall, 1);

    auto* choice = new QHBoxLayout;
    const auto button = [&](const char* name, IconId sign, const QString& text, auto&& action) {
        auto* made = new QToolButton(this);
        made->setObjectName(QLatin1String(name));
        made->setIcon(icon(sign));
        made->setToolTip(text);
        made->setAccessibleName(text);
        connect(made, &QToolButton::clicked, this, action);
        choice->addWidget(made);
    };
    choice->addStretch(1);
    button("previousPictureButton", IconId::Previous, tr("Previous picture"), [this] { step(-1); });
    m_pictureName = new QLabel(this);
    m_pictureName->setObjectName(QStringLiteral("pictureName"));
    choice->addWidget(m_pictureName);
    button("nextPictureButton", IconId::Next, tr("Next picture"), [this] { step(1); });
    button("randomPictureButton", IconId::Random, tr("Any picture"), [this] { random(); });
    choice->addStretch(1);
    left->addLayout(choice);
    row->addLayout(left, 1);
    row->addWidget(buildControls());
    auto* empty = new EmptyPanel(this);
    empty->setText(tr("There are no pictures to show variants of. Add some, or take back what was "
                      "left out."),
                   tr("Go to Data"));
    connect(empty, &EmptyPanel::buttonClicked, this, [this] { Q_EMIT goTo(PageId::Data); });
    m_stack->addWidget(body);
    m_stack->addWidget(empty);

    m_storeTimer.setSingleShot(true);
    m_storeTimer.setInterval(kStoreDelayMs);
    connect(&m_storeTimer, &QTimer::timeout, this, &AugmentPage::store);
    connect(document, &ProjectDocument::opened, this, [this] {
        m_storeTimer.stop();
        m_sample = 0;
        m_source.reset();
    });
    connect(document, &ProjectDocument::augmentChanged, this, &AugmentPage::takeFromDocument);
    connect(document, &ProjectDocument::dataChanged, this, [this] {
        showWarning();
        redraw();
    });
    connect(document, &ProjectDocument::modelChanged, this, &AugmentPage::redraw);
    for (auto signal : {&RunBridge::started}) {
        connect(run, signal, this, [this] { m_runNote->setVisible(m_run->isActive()); });
    }
    connect(run, &RunBridge::finished, this, [this] { m_runNote->hide(); });
    takeFromDocument();
}

AugmentPage::~AugmentPage() = default;

QWidget* AugmentPage::buildControls() {
    auto* side = new QWidget(this);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(8, 0, 0, 0);
    auto* about = new QLabel(tr("Training never sees the same picture twice: each time it is "
                                "changed a little, at random. Keep what still looks like the "
                                "class."),
                             side);
    about->setWordWrap(true);
    about->setToolTip(tr("Data augmentation"));
    column->addWidget(about);

    auto* presets = new QHBoxLayout;
    const auto titleOf = [](const std::string& name) {
        return name == "none"     ? tr("&None")
               : name == "light"  ? tr("&Light")
               : name == "medium" ? tr("Me&dium")
               : name == "strong" ? tr("&Strong")
                                  : QString::fromStdString(name);
    };
    for (const std::string& name : augmentPresetNames()) {
        auto* button = new QPushButton(titleOf(name), side);
        button->setObjectName(QStringLiteral("preset_") + QString::fromStdString(name));
        button->setCheckable(true);
        connect(button, &QPushButton::clicked, this, [this, name] { usePreset(name); });
        presets->addWidget(button);
        m_presets.push_back(button);
    }
    column->addLayout(presets);

    m_warning = new QWidget(side);
    m_warning->setObjectName(QStringLiteral("flipWarning"));
    auto* warning = new QVBoxLayout(m_warning);
    warning->setContentsMargins(0, 0, 0, 0);
    auto* text = new QLabel(tr("By their names the classes are digits, letters or sides. Mirrored "
                               "ones mean something else or nothing at all."),
                            m_warning);
    text->setWordWrap(true);
    auto* off = new QPushButton(icon(IconId::Warning), tr("Switch &mirroring off"), m_warning);
    off->setObjectName(QStringLiteral("flipOffButton"));
    connect(off, &QPushButton::clicked, this, [this] {
        AugmentSpec spec = m_sliders->spec();
        spec.flipHorizontal = 0;
        spec.flipVertical = 0;
        edited(spec);
        store();
    });
    warning->addWidget(text);
    warning->addWidget(off, 0, Qt::AlignLeft);
    column->addWidget(m_warning);
    m_runNote =
        new QLabel(tr("A training is under way; what you change here is for the next one."), side);
    m_runNote->setWordWrap(true);
    m_runNote->setVisible(m_run->isActive());
    column->addWidget(m_runNote);

    auto* scroll = new QScrollArea(side);
    scroll->setFocusPolicy(Qt::NoFocus);  // it follows what has the focus inside
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_sliders = new AugmentSliders;
    scroll->setWidget(m_sliders);
    scroll->setMinimumWidth(m_sliders->minimumSizeHint().width() +
                            fontMetrics().averageCharWidth() * 4);
    column->addWidget(scroll, 1);
    connect(m_sliders, &AugmentSliders::edited, this, &AugmentPage::edited);
    side->setFixedWidth(side->fontMetrics().averageCharWidth() * 62);
    return side;
}

QString AugmentPage::primaryText() const {
    return tr("Next: Model");
}

bool AugmentPage::primaryEnabled() const {
    return m_document->isOpen();
}

void AugmentPage::primaryAction() {
    Q_EMIT goTo(PageId::Model);
}

void AugmentPage::activated() {
    redraw();
}

void AugmentPage::hideEvent(QHideEvent* event) {
    if (m_storeTimer.isActive()) {
        store();
    }
    Page::hideEvent(event);
}

void AugmentPage::takeFromDocument() {
    if (m_storing || !m_document->isOpen()) {
        return;
    }
    m_sliders->setSpec(m_document->project().augment());
    m_sliders->setWritable(m_document->isWritable());
    for (QPushButton* button : m_presets) {
        button->setEnabled(m_document->isWritable());
    }
    showWarning();
    redraw();
}

void AugmentPage::edited(const AugmentSpec& spec) {
    m_sliders->setSpec(spec);
    showWarning();
    redraw();
    m_storeTimer.start();
}

void AugmentPage::store() {
    m_storeTimer.stop();
    if (m_document->isOpen() && !(m_document->project().augment() == m_sliders->spec())) {
        m_storing = true;
        m_document->setAugment(m_sliders->spec());
        m_storing = false;
    }
}

void AugmentPage::usePreset(const std::string& name) {
    auto preset = augmentPreset(name);
    if (preset) {
        if (namesAreSigns(m_document->dataset())) {
            preset->flipHorizontal = 0;
            preset->flipVertical = 0;
        }
        edited(*preset);
        store();
    }
}

void AugmentPage::showWarning() {
    m_warning->setVisible(flips(m_sliders->spec()) && namesAreSigns(m_document->dataset()));
    const auto& names = augmentPresetNames();
    for (std::size_t i = 0; i < m_presets.size(); ++i) {
        auto preset = augmentPreset(names[i]);
        if (preset && namesAreSigns(m_document->dataset())) {
            preset->flipHorizontal = 0;
            preset->flipVertical = 0;
        }
        m_presets[i]->setChecked(preset && *preset == m_sliders->spec());
    }
}

const Sample* AugmentPage::sample() const {
    const Dataset& data = m_document->dataset();
    if (const Sample* chosen = data.findSample(m_sample); chosen && !chosen->damaged) {
        return chosen;
    }
    for (const Sample& candidate : data.samples) {
        if (candidate.usable()) {
            return &candidate;
        }
    }
    return nullptr;
}

void AugmentPage::step(int by) {
    const auto& samples = m_document->dataset().samples;
    const Sample* now = sample();
    if (!now) {
        return;
    }
    const auto count = std::ptrdiff_t(samples.size());
    std::ptrdiff_t at = now - samples.data();
    for (std::ptrdiff_t tried = 0; tried < count; ++tried) {
        at = (at + by + count) % count;
        if (samples[std::size_t(at)].usable()) {
            m_sample = samples[std::size_t(at)].id;
            break;
        }
    }
    redraw();
}

void AugmentPage::random() {
    const auto& samples = m_document->dataset().samples;
    if (!samples.empty()) {
        m_sample = samples[QRandomGenerator::global()->bounded(quint32(samples.size()))].id;
        step(1);
    }
}

void AugmentPage::redraw() {
    if (!isVisible()) {
        return;  // activated() draws
    }
    const Sample* chosen = sample();
    m_stack->setCurrentIndex(chosen ? 0 : 1);
    if (!chosen) {
        return;
    }
    m_sample = chosen->id;
    m_pictureName->setText(
        fontMetrics().elidedText(QFileInfo(QString::fromStdString(chosen->path)).fileName(),
                                 Qt::ElideMiddle, fontMetrics().averageCharWidth() * 30));
    m_drawer.runLatest<Wall>(
        [source = m_source, ref = m_document->dataset().imageRef(*chosen), id = m_sample,
         model = m_document->project().model(), spec = m_sliders->spec()] {
            return Job<Wall>::start([=](Progress&) { return draw(source, ref, id, model, spec); });
        },
        [this](Result<Wall> wall) {
            if (!wall) {
                m_wall->setText(CoreTexts::tr(wall.error().message));
                return;
            }
            m_source = wall->source;
            m_wall->setToolTip(
                tr("As the network sees it: %1 × %1 pixels").arg(m_source->preprocess.inputSize));
            m_wall->setImages(std::move(wall->images));
            ++m_wallCount;
            Q_EMIT wallDrawn();
        });
}

Result<AugmentPage::Wall> AugmentPage::draw(std::shared_ptr<const Source> source,
                                            const ImageRef& ref, SampleId id,
                                            const ModelSpec& model, const AugmentSpec& spec) {
    if (!source || source->sample != id || !(source->model == model)) {
        auto fresh = std::make_shared<Source>();
        fresh->sample = id;
        fresh->model = model;
        GRAFT_TRY(fresh->preprocess, resolvePreprocess(model));
        ReadOptions options;
        options.minShorterSide = fresh->preprocess.resizeSize;
        GRAFT_TRY(fresh->image, readImage(ref, options));
        source = fresh;
    }
    Wall wall{source, {}};
    for (int seed = 0; seed < kPictures; ++seed) {
        wall.images.push_back(
            toQImage(augmentImage(source->image, spec, source->preprocess, std::uint64_t(seed))));
    }
    return wall;
}

}  // namespace graft::ui
