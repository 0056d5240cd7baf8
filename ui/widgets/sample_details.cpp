#include "ui/widgets/sample_details.h"

#include "ui/bridge/core_texts.h"

#include <QFileInfo>
#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

namespace graft::ui {

SampleDetails::SampleDetails(ProjectDocument* document, QWidget* parent)
    : QWidget(parent), m_document(document) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    m_view = new ImageView(this);
    m_view->setObjectName(QStringLiteral("detailsView"));
    m_view->setAccessibleName(tr("The selected picture"));
    m_facts = new QLabel(this);
    m_facts->setObjectName(QStringLiteral("sampleFacts"));
    m_facts->setWordWrap(true);
    m_facts->setTextFormat(Qt::RichText);
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_facts->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    column->addWidget(m_view, 3);
    column->addWidget(m_facts, 0);
    setMinimumWidth(fontMetrics().averageCharWidth() * 24);
    showSample(0);
}

void SampleDetails::showSample(SampleId id) {
    const Dataset& data = m_document->dataset();
    const Sample* sample = data.findSample(id);
    if (!sample) {
        m_view->setText(tr("Click a picture to see it large."));
        m_facts->clear();
        return;
    }
    const int at = data.classIndex(sample->label);
    QStringList rows;
    const auto row = [&rows](const QString& name, const QString& value) {
        rows << QStringLiteral(
                    "<tr><td style='padding-right:8px; white-space:nowrap'>%1</td><td>%2</td></tr>")
                    .arg(name.toHtmlEscaped(), value.toHtmlEscaped());
    };
    row(tr("File"),
        fontMetrics().elidedText(QFileInfo(QString::fromStdString(sample->path)).fileName(),
                                 Qt::ElideMiddle, fontMetrics().averageCharWidth() * 22));
    row(tr("Class"),
        at < 0 ? tr("none") : QString::fromStdString(data.classes[std::size_t(at)].name));
    row(tr("Used for"), sample->excluded                     ? tr("nothing (left out)")
                        : sample->damaged                    ? tr("nothing (damaged)")
                        : sample->split == Split::Train      ? tr("training")
                        : sample->split == Split::Validation ? tr("validation")
                        : sample->split == Split::Test       ? tr("test")
                                                             : tr("nothing yet"));
    if (sample->width > 0) {
        row(tr("Size"), tr("%1 × %2 pixels").arg(sample->width).arg(sample->height));
    }
    if (sample->fileSize > 0) {
        row(tr("On disk"), QLocale().formattedDataSize(sample->fileSize));
    }
    if (sample->group != 0) {
        row(tr("Note"), tr("the same picture exists more than once"));
    }
    for (const Problem& problem : data.problems) {
        if (problem.sample == sample->id) {
            row(tr("Problem"), CoreTexts::tr(problem.message));
        }
    }
    m_facts->setText(QStringLiteral("<table>%1</table>").arg(rows.join(QString())));
    m_facts->setToolTip(QString::fromStdString(data.absolutePath(*sample)));
}

}  // namespace graft::ui
