#include "ui/pages/data_page.h"

#include "core/data/image_reader.h"
#include "ui/bridge/core_texts.h"
#include "ui/bridge/image_convert.h"
#include "ui/models/problem_model.h"
#include "ui/pages/data_header.h"
#include "ui/pages/sample_actions.h"
#include "ui/widgets/class_panel.h"
#include "ui/widgets/empty_panel.h"
#include "ui/widgets/image_grid.h"
#include "ui/widgets/sample_details.h"
#include "ui/widgets/split_dialog.h"

#include <QHeaderView>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedWidget>
#include <QTreeView>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

constexpr int kLargeSide = 1400;  ///< px, the shorter side a large view is decoded to at least
constexpr int kLoadDelayMs = 40;
enum View { GridView, LargeView, ProblemView, EmptyView };
const QString kFilterNote = QStringLiteral("dataFilter");

}  // namespace

DataPage::DataPage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_header(new DataHeader(document, this)),
      m_model(new SampleModel(document, this)),
      m_problemModel(new ProblemModel(document, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 8, 10, 4);
    column->addWidget(m_header);
    m_splitter = new QSplitter(this);
    m_splitter->setChildrenCollapsible(false);
    buildMiddle(m_splitter);
    column->addWidget(m_splitter, 1);
    m_loadTimer.setSingleShot(true);
    m_loadTimer.setInterval(kLoadDelayMs);
    connectAll();
    showSummary();
}

DataPage::~DataPage() = default;

void DataPage::buildMiddle(QSplitter* splitter) {
    m_classes = new ClassPanel(m_document, splitter);
    m_views = new QStackedWidget(splitter);
    m_grid = new ImageGrid(m_views);
    m_grid->setObjectName(QStringLiteral("sampleGrid"));
    m_grid->setAccessibleName(tr("Pictures"));
    m_grid->setModel(m_model);
    m_grid->setMinimumSize(180, 120);
    m_header->setPictureSide(m_grid->pictureSide());
    m_large = new ImageView(m_views);
    m_large->setObjectName(QStringLiteral("largeView"));
    m_large->setAccessibleName(tr("The picture, large"));
    m_large->setFocusPolicy(Qt::StrongFocus);
    m_problems = new QTreeView(m_views);
    m_problems->setObjectName(QStringLiteral("problemList"));
    m_problems->setAccessibleName(tr("Problems"));
    m_problems->setModel(m_problemModel);
    m_problems->setRootIsDecorated(false);
    m_problems->setUniformRowHeights(true);
    m_problems->setAlternatingRowColors(true);
    m_problems->header()->resizeSection(0, fontMetrics().averageCharWidth() * 36);
    m_actions = new SampleActions(m_document, m_grid, m_large, this);
    m_views->addWidget(m_grid);
    m_views->addWidget(m_large);
    m_views->addWidget(m_problems);
    auto* empty = new EmptyPanel(m_views);
    empty->setText(tr("No picture passes the filter."), tr("Show all pictures"));
    m_views->addWidget(empty);
    connect(empty, &EmptyPanel::buttonClicked, this, [this] {
        m_header->setFilter({});
        m_classes->choose(-1);
        applyFilter();
    });
    m_details = new SampleDetails(m_document, splitter);
    splitter->addWidget(m_classes);
    splitter->addWidget(m_views);
    splitter->addWidget(m_details);
    splitter->setStretchFactor(1, 1);
    const int unit = fontMetrics().averageCharWidth();
    splitter->setSizes({unit * 28, unit * 90, unit * 38});
}

void DataPage::connectAll() {
    connect(m_classes, &ClassPanel::chosen, this, &DataPage::applyFilter);
    connect(m_header, &DataHeader::filterChanged, this, &DataPage::applyFilter);
    connect(m_header, &DataHeader::pictureSideChanged, m_grid, &ImageGrid::setPictureSide);
    connect(m_grid, &ImageGrid::pictureSideChanged, m_header, &DataHeader::setPictureSide);
    connect(m_header, &DataHeader::problemsToggled, this, &DataPage::showProblems);
    connect(m_header, &DataHeader::splitRequested, this, &DataPage::chooseSplit);
    connect(m_header, &DataHeader::detailsToggled, this, [this](bool on) {
        m_details->setVisible(on);
        showCurrent();
    });
    connect(m_actions, &SampleActions::largeToggled, this,
            [this] { showLarge(m_views->currentIndex() != LargeView); });
    connect(m_grid, &ImageGrid::currentSampleChanged, this, &DataPage::showCurrent);
    connect(m_grid, &ImageGrid::selectionCountChanged, m_header,
            &DataHeader::setSelectionCount);
    connect(m_grid, &QAbstractItemView::activated, this, [this] { showLarge(true); });
    connect(m_large, &ImageView::closeRequested, this, [this] { showLarge(false); });
    connect(m_large, &ImageView::stepRequested, this, [this](int by) {
        const QModelIndex next = m_model->index(m_grid->currentIndex().row() + by);
        if (next.isValid()) {
            m_grid->setCurrentIndex(next);
        }
    });
    connect(m_problems, &QAbstractItemView::activated, this, [this](const QModelIndex& index) {
        const SampleId id = index.data(ProblemModel::kSampleIdRole).toLongLong();
        const int row = m_model->rowOf(id);
        if (row >= 0) {
            m_header->setProblemsShown(false);
            m_grid->setCurrentIndex(m_model->index(row));
        }
    });
    connect(&m_loadTimer, &QTimer::timeout, this, &DataPage::loadCurrent);
    connect(m_model, &QAbstractItemModel::modelAboutToBeReset, this, &DataPage::keepPlace);
    connect(m_model, &QAbstractItemModel::modelReset, this, &DataPage::restorePlace);
    connect(m_document, &ProjectDocument::dataChanged, this, [this] {
        if (m_filterOf != projectPath()) {
            restoreFilter();  // the list of classes is that of the project by now
        }
        showSummary();
        showCurrent();
        Q_EMIT primaryChanged();
    });
    connect(m_document, &ProjectDocument::opened, this, [this] {
        m_filterOf.clear();
        m_header->setProblemsShown(false);
        showLarge(false);
        m_loaded = 0;
    });
    connect(m_run, &RunBridge::started, this, &Page::primaryChanged);
    connect(m_run, &RunBridge::finished, this, &Page::primaryChanged);
}

QString DataPage::primaryText() const {
    return m_run->isActive() ? tr("Watch the training") : tr("&Train");
}

bool DataPage::primaryEnabled() const {
    return m_run->isActive() ||
           (m_document->isWritable() && m_document->dataset().classes.size() >= 2);
}

void DataPage::primaryAction() {
    if (!m_run->isActive()) {
        m_run->start();
    }
    Q_EMIT goTo(PageId::Train);
}

void DataPage::activated() {
    m_grid->setFocus();
    showCurrent();
}

void DataPage::applyFilter() {
    SampleFilter filter = m_header->filter();
    if (const qlonglong id = m_classes->currentClass(); id >= 0) {
        filter.label = id;
    }
    m_filterChanging = true;
    m_model->setFilter(filter);
    m_filterChanging = false;
    const QString note = filter.toText();
    if (m_filterOf == projectPath() && m_document->note(kFilterNote) != note) {
        m_document->setNote(kFilterNote, note);
    }
}

QString DataPage::projectPath() const {
    return m_document->isOpen() ? QString::fromStdString(m_document->project().path()) : QString();
}

void DataPage::restoreFilter() {
    const SampleFilter filter = SampleFilter::fromText(m_document->note(kFilterNote));
    m_header->setFilter(filter);
    m_classes->choose(filter.label.value_or(-1));
    m_filterOf = projectPath();
    applyFilter();
}

void DataPage::keepPlace() {
    m_keptSample = m_grid->currentSample();
    m_keptRow = m_grid->currentIndex().row();
    m_keptScroll = m_grid->verticalScrollBar()->value();
}

void DataPage::restorePlace() {
    const bool empty = m_model->rowCount() == 0 && m_document->isOpen();
    if (empty != (m_views->currentIndex() == EmptyView) && m_views->currentIndex() != ProblemView) {
        m_views->setCurrentIndex(empty ? EmptyView : GridView);
    }
    if (m_keptRow < 0 || m_model->rowCount() == 0) {
        return;
    }
    // The same picture where it still is; after an edit took it away, the one in its place.
    int row = m_model->rowOf(m_keptSample);
    const bool same = row >= 0;
    if (!same && m_filterChanging) {
        m_grid->scrollToTop();
        return;
    }
    row = same ? row : std::min(m_keptRow, m_model->rowCount() - 1);
    const QModelIndex index = m_model->index(row);
    m_grid->setCurrentIndex(index);
    if (!m_filterChanging) {
        m_grid->visualRect(index);  // lays the items out, so that the scroll bar has its range
        m_grid->verticalScrollBar()->setValue(m_keptScroll);
    }
    m_grid->scrollTo(index);
}

void DataPage::showSummary() {
    m_header->refresh();
    m_actions->refresh();
}

void DataPage::showProblems(bool on) {
    m_header->setProblemsShown(on);
    m_views->setCurrentIndex(on ? ProblemView : GridView);
    (on ? static_cast<QWidget*>(m_problems) : m_grid)->setFocus();
}

void DataPage::showLarge(bool on) {
    if (on && m_grid->currentSample() == 0) {
        return;
    }
    const bool hadFocus = m_large->hasFocus() || m_grid->hasFocus();
    m_views->setCurrentIndex(on                          ? LargeView
                             : m_header->problemsShown() ? ProblemView
                                                         : GridView);
    if (hadFocus || on) {
        m_views->currentWidget()->setFocus();
    }
    showCurrent();
}

void DataPage::showCurrent() {
    const SampleId id = m_grid->currentSample();
    m_details->showSample(id);
    const bool seen = m_details->isVisible() || m_views->currentIndex() == LargeView;
    if (id != m_loaded && seen) {
        m_loadTimer.start();
    }
}

void DataPage::loadCurrent() {
    const Sample* sample = m_document->dataset().findSample(m_grid->currentSample());
    if (!sample) {
        return;
    }
    m_loaded = sample->id;
    m_loader.runLatest<QImage>(
        [ref = m_document->dataset().imageRef(*sample)] {
            return Job<QImage>::start([ref](Progress&) -> Result<QImage> {
                ReadOptions options;
                options.minShorterSide = kLargeSide;
                GRAFT_TRY(const Image image, readImage(ref, options));
                return toQImage(image);
            });
        },
        [this, id = sample->id](const Result<QImage>& image) {
            if (id != m_grid->currentSample()) {
                return;
            }
            for (ImageView* view : {m_large, m_details->view()}) {
                if (image) {
                    view->setImage(*image);
                } else {
                    view->setText(CoreTexts::tr(image.error().message));
                }
            }
        });
}

void DataPage::chooseSplit() {
    const Dataset& data = m_document->dataset();
    const double all = double(std::max<std::int64_t>(1, data.countInSplit(Split::Train) +
                                                            data.countInSplit(Split::Validation) +
                                                            data.countInSplit(Split::Test)));
    SplitOptions now;
    now.validation = double(data.countInSplit(Split::Validation)) / all;
    now.test = double(data.countInSplit(Split::Test)) / all;
    auto* dialog = new SplitDialog(now, data.splitFromSource, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this,
            [this, dialog] { m_document->resplit(dialog->options()); });
    dialog->open();
}

QByteArray DataPage::layoutState() const {
    return m_splitter->saveState();
}

void DataPage::restoreLayoutState(const QByteArray& state) {
    m_splitter->restoreState(state);
}

}  // namespace graft::ui
