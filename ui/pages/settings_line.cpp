#include "ui/pages/settings_line.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"

namespace graft::ui {
namespace {

QString link(const char* target, const QString& text) {
    return QStringLiteral("<a href=\"%1\">%2</a>")
        .arg(QLatin1String(target), text.toHtmlEscaped());
}

}  // namespace

SettingsLine::SettingsLine(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : QLabel(parent), m_document(document), m_run(run) {
    setObjectName(QStringLiteral("settingsLine"));
    setWordWrap(true);
    setTextFormat(Qt::RichText);
    setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    connect(document, &ProjectDocument::opened, this, [this] {
        m_job.cancelQuietly();
        m_searched = false;
    });
    connect(document, &ProjectDocument::dataChanged, this, &SettingsLine::search);
    for (const auto changed : {&ProjectDocument::modelChanged, &ProjectDocument::augmentChanged,
                               &ProjectDocument::trainOptionsChanged}) {
        connect(document, changed, this, &SettingsLine::takeAdvice);
    }
    connect(this, &QLabel::linkActivated, this, [this](const QString& target) {
        if (target == QLatin1String("model")) {
            Q_EMIT goTo(PageId::Model);
        } else if (target == QLatin1String("augment")) {
            Q_EMIT goTo(PageId::Augment);
        } else {
            Q_EMIT optionWanted(QStringLiteral("epochs"));
        }
    });
    hide();  // until there is something to say, and a window to say it in
}

bool SettingsLine::mayChange() const {
    return m_document->isWritable() && !m_run->isActive() && !m_document->dataset().samples.empty();
}

void SettingsLine::search() {
    if (m_searched || !mayChange()) {
        takeAdvice();
        return;
    }
    refresh();
    m_job.run<std::vector<AvailableNetwork>>(
        [] { return engine::startNetworkSearch(); },
        [this](Result<std::vector<AvailableNetwork>> found) {
            if (found) {
                m_networks = std::move(*found);
                m_searched = true;
                takeAdvice();
            }
        });
}

void SettingsLine::takeAdvice() {
    if (m_taking) {
        return;
    }
    if (m_searched && mayChange()) {
        m_taking = true;  // the changes below are heard here, too
        Project& project = m_document->project();
        const Settings now = engine::settingsOf(project);
        if (const auto advice = engine::advise(project, m_networks, now)) {
            if (advice->settings.model != now.model) {
                m_document->setModel(advice->settings.model);
            }
            if (advice->settings.augment != now.augment) {
                m_document->setAugment(advice->settings.augment);
            }
            if (advice->settings.options != now.options) {
                m_document->setTrainOptions(advice->settings.options);
            }
            if (const Status noted = engine::rememberSuggestion(project, advice->suggested);
                !noted) {
                Q_EMIT failed(noted.error());
            }
            QStringList reasons;
            for (const std::string& reason : advice->reasons) {
                reasons << CoreTexts::tr(reason);
            }
            setToolTip(tr("Chosen for this data:") + QStringLiteral("\n• ") +
                       reasons.join(QStringLiteral("\n• ")));
        }
        m_taking = false;
    }
    refresh();
}

QString SettingsLine::sentence(const SettingsWords& words) {
    QString network =
        words.pretrained
            ? tr("%1 at %2 px").arg(Texts::from(words.backbone)).arg(words.imageSize)
            : tr("%1 from scratch at %2 px").arg(Texts::from(words.backbone)).arg(words.imageSize);
    if (words.partsFrozen) {
        network = tr("%1, partly frozen").arg(network);
    }
    const QString changes = words.mirrored && words.cropped ? tr("mirrored and cropped")
                            : words.mirrored                ? tr("mirrored")
                            : words.cropped                 ? tr("cropped")
                            : words.otherwiseChanged        ? tr("randomly changed")
                                                            : tr("pictures as they are");
    const QString rounds = words.rounds == 1 ? tr("1 round") : tr("%1 rounds").arg(words.rounds);
    QString text = tr("%1 pictures in %2 classes: %3, %4, %5.")
                       .arg(Texts::count(words.pictures), Texts::count(words.classes),
                            link("model", network), link("augment", changes),
                            link("rounds", rounds));
    if (!words.warning.empty()) {
        text += QLatin1Char(' ') + tr("Careful with mirroring: %1")
                                       .arg(CoreTexts::tr(words.warning).toHtmlEscaped());
    }
    return text;
}

// Links keep the colour that the palette had when they were laid out.
void SettingsLine::changeEvent(QEvent* event) {
    QLabel::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        const QString sentence = text();
        clear();
        setText(sentence);
    }
}

void SettingsLine::refresh() {
    const bool any = m_document->isOpen() && !m_document->dataset().samples.empty();
    setVisible(any);
    if (any) {
        setText(sentence(settingsWords(datasetFacts(m_document->dataset()),
                                       engine::settingsOf(m_document->project()))));
    }
}

}  // namespace graft::ui
