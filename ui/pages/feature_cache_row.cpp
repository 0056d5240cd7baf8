#include "ui/pages/feature_cache_row.h"

#include "ui/models/texts.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace graft::ui {

FeatureCacheRow::FeatureCacheRow(ProjectDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_text(new QLabel),
      m_clear(new QPushButton(tr("&Clear cache"))) {
    m_text->setObjectName(QStringLiteral("featureCacheText"));
    m_text->setWordWrap(true);
    m_text->setToolTip(
        tr("What frozen parts of a network make of the pictures is computed once and kept on the "
           "disk (feature cache), so that training again is quick. It only saves time."));
    m_clear->setObjectName(QStringLiteral("clearCacheButton"));
    m_clear->setToolTip(tr("Delete it; what is needed again is computed again"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 0);
    row->addWidget(m_text, 1);
    row->addWidget(m_clear);
    connect(m_clear, &QPushButton::clicked, this, [this] { look(true); });
    refresh();
}

void FeatureCacheRow::refresh() {
    look(false);
}

void FeatureCacheRow::look(bool clear) {
    if (!m_document->isOpen()) {
        setVisible(false);
        return;
    }
    m_clear->setEnabled(false);
    const std::string files = m_document->project().filesFolder();
    const int diskMb = m_document->project().trainOptions().featureDiskMb;
    m_job.run<engine::FeatureCacheState>(
        [files, diskMb, clear] { return engine::startFeatureCache(files, diskMb, clear); },
        [this](Result<engine::FeatureCacheState> state) {
            if (state && m_document->isOpen()) {
                show(*state);
            } else if (!state) {
                m_clear->setEnabled(true);
                Q_EMIT failed(state.error());
            }
        });
}

void FeatureCacheRow::show(const engine::FeatureCacheState& state) {
    setVisible(true);
    m_clear->setEnabled(state.files > 0 && m_document->isWritable());
    m_text->setText(state.files == 0
                        ? tr("Feature cache: empty")
                        : tr("Feature cache: %1 on the disk, at most %2")
                              .arg(Texts::bytes(double(state.bytes)),
                                   Texts::bytes(double(state.limit))));
}

}  // namespace graft::ui
