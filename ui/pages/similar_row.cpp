#include "ui/pages/similar_row.h"

#include "core/engine/engine.h"
#include "ui/bridge/thumbnail_service.h"
#include "ui/models/texts.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

namespace graft::ui {
namespace {

constexpr int kPlaces = 5;
constexpr int kSide = 64;  // px

}  // namespace

SimilarRow::SimilarRow(ProjectDocument* document, QWidget* parent)
    : QWidget(parent), m_document(document), m_title(new QLabel(this)) {
    setObjectName(QStringLiteral("similarRow"));
    m_title->setObjectName(QStringLiteral("similarTitle"));
    m_title->setWordWrap(true);
    m_title->setToolTip(
        tr("Nearest neighbours: the cosine between what the network makes of two pictures "
           "(features), 1 for the same. Neighbours of another class hint at a wrong label or at "
           "what the network mistakes for each other."));
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    for (int i = 0; i < kPlaces; ++i) {
        Place place{new QLabel(this), new QLabel(this), {}};
        place.picture->setObjectName(QStringLiteral("similarPicture%1").arg(i + 1));
        place.picture->setFixedSize(kSide, kSide);
        place.picture->setAlignment(Qt::AlignCenter);
        place.caption->setObjectName(QStringLiteral("similarCaption%1").arg(i + 1));
        place.caption->setTextFormat(Qt::PlainText);
        place.caption->setAlignment(Qt::AlignHCenter);
        auto* column = new QVBoxLayout;
        column->setSpacing(1);
        column->addWidget(place.picture, 0, Qt::AlignHCenter);
        column->addWidget(place.caption);
        row->addLayout(column);
        m_places.push_back(place);
    }
    row->addStretch();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addWidget(m_title);
    column->addLayout(row);
    connect(ThumbnailService::shared(), &ThumbnailService::arrived, this,
            &SimilarRow::showPictures);
    connect(document, &ProjectDocument::opened, this, &SimilarRow::clear);
    clear();
}

SimilarRow::~SimilarRow() {
    ThumbnailService::shared()->forget(this);
}

void SimilarRow::clear() {
    m_job.cancelQuietly();
    m_count = 0;
    m_title->clear();
    showPictures();
    setVisible(false);
}

void SimilarRow::showFor(RunId run, const ImageRef& picture) {
    if (!m_document->isOpen()) {
        return;
    }
    m_count = 0;
    showPictures();
    m_title->setText(tr("Looking for similar training pictures…"));
    setVisible(true);
    auto job = engine::startSimilar(m_document->project(), run, picture, kPlaces);
    if (!job) {
        take(job.error());
        return;
    }
    auto holder =
        std::make_shared<std::unique_ptr<Job<std::vector<SimilarPicture>>>>(std::move(*job));
    m_job.run<std::vector<SimilarPicture>>(
        [holder] { return std::move(*holder); },
        [this](const Result<std::vector<SimilarPicture>>& similar) { take(similar); });
}

void SimilarRow::take(const Result<std::vector<SimilarPicture>>& similar) {
    if (!similar) {
        m_title->setText(Texts::error(similar.error()));
        return;
    }
    const Dataset& data = m_document->dataset();
    for (const SimilarPicture& found : *similar) {
        const Sample* sample = data.findSample(found.sample);
        if (!sample || m_count == kPlaces) {
            continue;
        }
        Place& place = m_places[std::size_t(m_count++)];
        place.ref = data.imageRef(*sample);
        const int at = data.classIndex(sample->label);
        const QString name =
            at < 0 ? tr("no class") : Texts::from(data.classes[std::size_t(at)].name);
        place.caption->setText(
            fontMetrics().elidedText(name, Qt::ElideRight, kSide + fontMetrics().height()));
        const QString similarity = QLocale().toString(found.similarity, 'f', 2);
        const QString tip = tr("%1, class %2, similarity %3")
                                .arg(QFileInfo(Texts::from(sample->path)).fileName(), name,
                                     similarity);
        place.picture->setToolTip(tip);
        place.picture->setAccessibleName(tip);
    }
    m_title->setText(m_count > 0 ? tr("The most similar training pictures:")
                                 : tr("There are no training pictures to compare with."));
    showPictures();
}

void SimilarRow::showPictures() {
    std::vector<ImageRef> wanted;
    for (int i = 0; i < kPlaces; ++i) {
        Place& place = m_places[std::size_t(i)];
        const bool used = i < m_count;
        place.picture->setVisible(used);
        place.caption->setVisible(used);
        if (!used) {
            place.picture->setPixmap({});
            continue;
        }
        wanted.push_back(place.ref);
        const QImage image = ThumbnailService::shared()->find(place.ref, kSide);
        if (!image.isNull()) {
            place.picture->setPixmap(QPixmap::fromImage(
                image.scaled(kSide, kSide, Qt::KeepAspectRatio, Qt::SmoothTransformation)));
        }
    }
    ThumbnailService::shared()->want(this, wanted, kSide);
}

}  // namespace graft::ui
