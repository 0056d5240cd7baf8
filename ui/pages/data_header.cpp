#include "ui/pages/data_header.h"

#include "ui/widgets/icons.h"
#include "ui/widgets/image_grid.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

DataHeader::DataHeader(ProjectDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_summary(new QLabel(this)),
      m_shares(new QLabel(this)),
      m_problems(new QToolButton(this)),
      m_split(new QToolButton(this)),
      m_details(new QToolButton(this)),
      m_splitFilter(new QComboBox(this)),
      m_showFilter(new QComboBox(this)),
      m_size(new QSlider(Qt::Horizontal, this)),
      m_selection(new QLabel(this)) {
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    auto* counts = new QHBoxLayout;
    buildCounts(counts);
    rows->addLayout(counts);
    auto* filters = new QHBoxLayout;
    buildFilters(filters);
    rows->addLayout(filters);
    connect(m_splitFilter, &QComboBox::currentIndexChanged, this, &DataHeader::filterChanged);
    connect(m_showFilter, &QComboBox::currentIndexChanged, this, &DataHeader::filterChanged);
    connect(m_problems, &QToolButton::toggled, this, &DataHeader::problemsToggled);
    connect(m_details, &QToolButton::toggled, this, &DataHeader::detailsToggled);
    connect(m_split, &QToolButton::clicked, this, &DataHeader::splitRequested);
    connect(m_size, &QSlider::valueChanged, this, &DataHeader::pictureSideChanged);
}

void DataHeader::buildCounts(QHBoxLayout* row) {
    m_summary->setObjectName(QStringLiteral("summaryLabel"));
    m_problems->setObjectName(QStringLiteral("problemsButton"));
    m_problems->setCheckable(true);
    m_problems->setIcon(icon(IconId::Warning));
    m_problems->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_problems->setToolTip(tr("Show files that were left out or are odd, and why"));
    m_shares->setObjectName(QStringLiteral("sharesLabel"));
    m_split->setObjectName(QStringLiteral("changeSplitButton"));
    m_split->setText(tr("Change split…"));
    m_split->setToolTip(tr("How many pictures are kept for checking"));
    row->addWidget(m_summary);
    row->addWidget(m_problems);
    row->addStretch(1);
    row->addWidget(m_shares);
    row->addWidget(m_split);
}

void DataHeader::buildFilters(QHBoxLayout* row) {
    m_splitFilter->setObjectName(QStringLiteral("splitFilter"));
    m_splitFilter->setAccessibleName(tr("Filter by split"));
    m_splitFilter->addItem(tr("All splits"), -1);
    m_splitFilter->addItem(tr("Training"), int(Split::Train));
    m_splitFilter->addItem(tr("Validation"), int(Split::Validation));
    m_splitFilter->addItem(tr("Test"), int(Split::Test));
    m_splitFilter->addItem(tr("No split"), int(Split::None));
    m_showFilter->setObjectName(QStringLiteral("showFilter"));
    m_showFilter->setAccessibleName(tr("Filter by state"));
    using Show = SampleFilter::Show;
    m_showFilter->addItem(tr("Everything"), int(Show::All));
    m_showFilter->addItem(tr("Used pictures"), int(Show::Usable));
    m_showFilter->addItem(tr("Left out"), int(Show::LeftOut));
    m_showFilter->addItem(tr("Damaged"), int(Show::Damaged));
    m_showFilter->addItem(tr("Duplicates"), int(Show::Duplicates));
    m_showFilter->addItem(tr("Without a class"), int(Show::Unlabelled));
    m_selection->setObjectName(QStringLiteral("selectionLabel"));
    m_size->setObjectName(QStringLiteral("sizeSlider"));
    m_size->setAccessibleName(tr("Size of the pictures"));
    m_size->setToolTip(tr("Size of the pictures (Ctrl + mouse wheel)"));
    m_size->setRange(ImageGrid::kMinPictureSide, ImageGrid::kMaxPictureSide);
    m_size->setPageStep(32);
    m_size->setFixedWidth(fontMetrics().averageCharWidth() * 20);
    m_details->setObjectName(QStringLiteral("detailsButton"));
    m_details->setIcon(icon(IconId::Panel));
    m_details->setCheckable(true);
    m_details->setChecked(true);
    m_details->setShortcut(QKeySequence(Qt::Key_F9));
    m_details->setAccessibleName(tr("Show the selected picture at the side"));
    m_details->setToolTip(tr("Show the selected picture at the side (F9)"));
    row->addWidget(m_splitFilter);
    row->addWidget(m_showFilter);
    row->addWidget(m_selection, 1);
    row->addWidget(m_size);
    row->addWidget(m_details);
}

SampleFilter DataHeader::filter() const {
    SampleFilter filter;
    if (const int split = m_splitFilter->currentData().toInt(); split >= 0) {
        filter.split = Split(split);
    }
    filter.show = SampleFilter::Show(m_showFilter->currentData().toInt());
    return filter;
}

void DataHeader::setFilter(const SampleFilter& filter) {
    const QSignalBlocker quiet(this);
    const int split = filter.split ? int(*filter.split) : -1;
    m_splitFilter->setCurrentIndex(std::max(0, m_splitFilter->findData(split)));
    m_showFilter->setCurrentIndex(std::max(0, m_showFilter->findData(int(filter.show))));
}

bool DataHeader::problemsShown() const {
    return m_problems->isChecked();
}

void DataHeader::setProblemsShown(bool on) {
    m_problems->setChecked(on);
}

void DataHeader::setPictureSide(int side) {
    m_size->setValue(side);
}

void DataHeader::setSelectionCount(int count) {
    m_selection->setText(count > 1 ? tr("%1 selected").arg(count) : QString());
}

void DataHeader::refresh() {
    const Dataset& data = m_document->dataset();
    m_summary->setText(
        tr("%1 classes, %2 pictures").arg(data.classes.size()).arg(data.samples.size()));
    const auto problems = int(data.problems.size());
    m_problems->setVisible(problems > 0);
    m_problems->setText(problems == 1 ? tr("1 problem") : tr("%1 problems").arg(problems));
    if (problems == 0) {
        m_problems->setChecked(false);
    }
    QStringList shares{tr("Training %1").arg(data.countInSplit(Split::Train)),
                       tr("Validation %1").arg(data.countInSplit(Split::Validation))};
    if (const auto test = data.countInSplit(Split::Test); test > 0) {
        shares << tr("Test %1").arg(test);
    }
    m_shares->setText(shares.join(QStringLiteral(" · ")));
    m_split->setEnabled(m_document->isWritable());
}

}  // namespace graft::ui
