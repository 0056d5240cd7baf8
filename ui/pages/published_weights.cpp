#include "ui/pages/published_weights.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/option_editors.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>

namespace graft::ui {

namespace {

constexpr int kProgressSteps = 1000;

QString line(const WeightEntry& entry) {
    QString text = PublishedWeights::tr("%1: %2 right on %3, %4, %5")
                       .arg(CoreTexts::tr(entry.title), Texts::percent(entry.top1 / 100),
                            Texts::from(entry.data), Texts::bytes(double(entry.bytes)),
                            Texts::from(entry.license));
    return findByName(entry) ? text + PublishedWeights::tr(", here") : text;
}

QString question(const WeightEntry& entry) {
    return PublishedWeights::tr(
               "Download the weights %1?\n\nSize: %2\nFrom: %3\nLicence: %4\n\n%5\n\nNothing else "
               "is sent or fetched; the file is checked before it is used.")
        .arg(Texts::from(entry.id), Texts::bytes(double(entry.bytes)), Texts::from(entry.url),
             Texts::from(entry.license), CoreTexts::tr(entry.dataTerms));
}

}  // namespace

PublishedWeights::PublishedWeights(QWidget* parent)
    : QWidget(parent),
      m_list(new QComboBox(this)),
      m_download(new QPushButton(this)),
      m_progress(new QProgressBar(this)),
      m_cancel(new QPushButton(tr("Cancel"), this)) {
    m_list->setObjectName(QStringLiteral("publishedWeights"));
    m_list->setAccessibleName(tr("Published weights"));
    m_list->setToolTip(
        tr("Weights that the makers of this network publish. Those that are here are "
           "taken at once; others only after you agree to the download."));
    m_list->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_list->setMinimumContentsLength(20);
    keepWheelForFocus(m_list);
    m_download->setObjectName(QStringLiteral("downloadWeightsButton"));
    m_progress->setObjectName(QStringLiteral("downloadProgress"));
    m_progress->setAccessibleName(tr("Progress of the download"));
    m_progress->setRange(0, kProgressSteps);
    m_cancel->setObjectName(QStringLiteral("cancelDownloadButton"));
    m_cancel->setToolTip(tr("Stops the download; what has come is kept for the next attempt"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_list, 1);
    row->addWidget(m_download);
    row->addWidget(m_progress, 1);
    row->addWidget(m_cancel);
    connect(m_list, &QComboBox::activated, this, &PublishedWeights::choose);
    connect(m_download, &QPushButton::clicked, this, &PublishedWeights::download);
    connect(m_cancel, &QPushButton::clicked, &m_jobs, &JobBridge::cancel);
    connect(&m_jobs, &JobBridge::progressChanged, this, &PublishedWeights::showProgress);
    showBusy(false);
    hide();
}

void PublishedWeights::setBackbone(const std::string& backbone) {
    if (backbone == m_backbone) {
        return;
    }
    m_backbone = backbone;
    if (!isBusy()) {
        fill();
    }
}

void PublishedWeights::fill() {
    const Result<WeightCatalogue> catalogue = WeightCatalogue::open();
    m_entries = catalogue ? catalogue->forBackbone(m_backbone) : std::vector<WeightEntry>();
    m_list->clear();
    m_list->addItem(tr("Published weights…"));
    for (const WeightEntry& entry : m_entries) {
        m_list->addItem(line(entry));
    }
    setVisible(!m_entries.empty());
    offer();
    if (!catalogue) {
        Q_EMIT failed(catalogue.error());
    }
}

const WeightEntry* PublishedWeights::chosen() const {
    const int index = m_list->currentIndex() - 1;
    return index >= 0 && index < int(m_entries.size()) ? &m_entries[std::size_t(index)] : nullptr;
}

void PublishedWeights::offer() {
    const WeightEntry* entry = chosen();
    m_download->setVisible(entry && !entry->bundled && !findByName(*entry));
    if (entry) {
        m_download->setText(tr("Download (%1)…").arg(Texts::bytes(double(entry->bytes))));
    }
}

void PublishedWeights::choose() {
    const WeightEntry* entry = chosen();
    offer();
    if (!entry || !findByName(*entry)) {
        return;
    }
    showBusy(true);
    m_jobs.run<std::string>([entry = *entry] { return engine::startWeightSearch(entry); },
                            [this, entry = *entry](Result<std::string> file) {
                                const bool damaged = !file;
                                finish(entry.backbone, std::move(file));
                                // One of that name with other content: a download mends it.
                                m_download->setVisible(damaged && chosen());
                            });
}

void PublishedWeights::download() {
    const WeightEntry* entry = chosen();
    if (!entry) {
        return;
    }
    const QString size = Texts::bytes(double(entry->bytes));
    if (Dialogs::ask(this, question(*entry), {tr("Download (%1)").arg(size), tr("Cancel")}) != 0) {
        return;
    }
    showBusy(true);
    m_jobs.run<std::string>(
        [entry = *entry] { return engine::startWeightDownload(entry); },
        [this, backbone = entry->backbone](Result<std::string> file) {
            if (!file && file.error().code == ErrorCode::Cancelled) {
                file = Error{ErrorCode::Cancelled,
                             tr("The download was stopped; what has come is kept, and the next "
                                "attempt goes on from there.")
                                 .toStdString(),
                             {},
                             {}};
            }
            finish(backbone, std::move(file));
        });
}

void PublishedWeights::finish(const std::string& backbone, Result<std::string> file) {
    showBusy(false);
    const int index = m_list->currentIndex();
    fill();
    if (backbone == m_backbone) {
        m_list->setCurrentIndex(index);
        offer();
    }
    if (!file) {
        Q_EMIT failed(file.error());
    } else if (backbone == m_backbone) {
        Q_EMIT fileReady(Texts::from(*file));
    }
}

void PublishedWeights::showProgress(const Progress::State& state) {
    const bool known = state.total > 0;
    m_progress->setRange(0, known ? kProgressSteps : 0);
    m_progress->setValue(known ? int(kProgressSteps * state.done / state.total) : 0);
    m_progress->setFormat(known ? tr("%1 of %2")
                                      .arg(Texts::bytes(double(state.done)),
                                           Texts::bytes(double(state.total)))
                                : QString());
}

void PublishedWeights::showBusy(bool busy) {
    m_list->setEnabled(!busy);
    m_download->setVisible(!busy && chosen());
    m_progress->setVisible(busy);
    m_cancel->setVisible(busy);
    if (busy) {
        showProgress({});
    }
}

}  // namespace graft::ui
