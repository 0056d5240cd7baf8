#include "ui/pages/start_page.h"

#include "ui/bridge/core_texts.h"
#include "ui/bridge/thumbnail_service.h"
#include "ui/models/texts.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

constexpr int kPictureRole = Qt::UserRole + 1;

/// The sign in the middle of the drop zone.
class DropSign : public QWidget {
 public:
    explicit DropSign(QWidget* parent) : QWidget(parent) { setFixedHeight(72); }

 protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        paintIcon(&painter, IconId::Drop, QRectF(rect()).adjusted(0, 4, 0, -4),
                  Theme::tone(Theme::Tone::Neutral, palette()));
    }
};

}  // namespace

StartPage::StartPage(ProjectOpener* opener, AppSettings* settings, QWidget* parent)
    : Page(parent), m_opener(opener), m_settings(settings), m_stack(new QStackedWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 24, 24, 24);
    m_stack->addWidget(buildChoice());
    m_stack->addWidget(buildProgress());
    column->addWidget(m_stack);

    connect(opener, &ProjectOpener::busyChanged, this, [this] {
        m_progress->setRange(0, 0);
        m_progressText->setText(tr("Opening…"));
        m_stack->setCurrentIndex(m_opener->busy() ? 1 : 0);
    });
    connect(opener, &ProjectOpener::progressChanged, this, [this](const Progress::State& state) {
        // In shares of a thousand: counts may be beyond an int.
        m_progress->setRange(0, state.total > 0 ? 1000 : 0);
        m_progress->setValue(state.total > 0 ? int(state.done * 1000 / state.total) : 0);
        QString text = state.text.empty() ? tr("Opening…") : CoreTexts::tr(state.text);
        if (state.total > 0) {
            text += tr(" – %1 of %2").arg(state.done).arg(state.total);
        }
        m_progressText->setText(text);
    });
    connect(settings, &AppSettings::recentChanged, this, &StartPage::fillRecent);
    fillRecent();
}

QWidget* StartPage::buildChoice() {
    auto* choice = new QWidget(this);
    auto* column = new QVBoxLayout(choice);
    column->setSpacing(10);
    column->addStretch(2);
    column->addWidget(new DropSign(choice));
    auto* title = new QLabel(tr("Drop a folder of images here"), choice);
    QFont large(title->font());
    large.setPointSizeF(large.pointSizeF() * 1.8);
    title->setFont(large);
    title->setAlignment(Qt::AlignCenter);
    column->addWidget(title);
    auto* about = new QLabel(tr("Each folder inside it becomes a class. Your pictures are only "
                                "looked at, never copied or changed."),
                             choice);
    about->setAlignment(Qt::AlignCenter);
    about->setWordWrap(true);
    column->addWidget(about);

    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    const auto button = [&](const char* name, IconId sign, const QString& text, const QString& tip,
                            auto signal) {
        auto* made = new QPushButton(icon(sign), text, choice);
        made->setObjectName(QLatin1String(name));
        made->setToolTip(tip);
        made->setMinimumHeight(fontMetrics().height() * 2 + 4);
        connect(made, &QPushButton::clicked, this, signal);
        buttons->addWidget(made);
        return made;
    };
    button("openFolderButton", IconId::Folder, tr("&Open folder…"),
           tr("Choose a folder of images (Ctrl+O)"), &StartPage::openFolderClicked)
        ->setDefault(true);
    button("trySampleButton", IconId::Sample, tr("&Try a sample"),
           tr("300 small pictures that Graft draws itself; works offline"),
           &StartPage::trySampleClicked);
    button("openProjectButton", IconId::Data, tr("Open &project…"),
           tr("Choose a .graft file (Ctrl+Shift+O)"), &StartPage::openProjectClicked);
    buttons->addStretch(1);
    column->addLayout(buttons);
    column->addStretch(2);

    m_recentTitle = new QLabel(tr("&Go on with"), choice);
    m_recent = new QListWidget(choice);
    m_recent->setObjectName(QStringLiteral("recentList"));
    m_recent->setAccessibleName(tr("Recent projects"));
    m_recent->setMaximumHeight(fontMetrics().height() * 14);
    m_recent->setAlternatingRowColors(true);
    const int side = fontMetrics().height() * 2 + 8;
    m_recent->setIconSize(QSize(side, side));
    connect(ThumbnailService::shared(), &ThumbnailService::arrived, this, [this] {
        if (isVisible()) {
            showThumbnails();
        }
    });
    m_recentTitle->setBuddy(m_recent);
    column->addWidget(m_recentTitle);
    column->addWidget(m_recent, 3);
    const auto open = [this](QListWidgetItem* item) {
        Q_EMIT projectChosen(item->data(Qt::UserRole).toString());
    };
    connect(m_recent, &QListWidget::itemClicked, this, open);
    connect(m_recent, &QListWidget::itemActivated, this, [this, open](QListWidgetItem* item) {
        // A click may activate as well, by the desktop's habit: once is enough.
        if (!m_opener->busy()) {
            open(item);
        }
    });
    return choice;
}

QWidget* StartPage::buildProgress() {
    auto* busy = new QWidget(this);
    auto* column = new QVBoxLayout(busy);
    column->addStretch(1);
    m_progressText = new QLabel(busy);
    m_progressText->setObjectName(QStringLiteral("importText"));
    m_progressText->setAlignment(Qt::AlignCenter);
    m_progress = new QProgressBar(busy);
    m_progress->setObjectName(QStringLiteral("importProgress"));
    m_progress->setAccessibleName(tr("Progress of opening"));
    m_progress->setTextVisible(false);
    m_progress->setFixedWidth(fontMetrics().averageCharWidth() * 60);
    auto* cancel = new QPushButton(tr("&Cancel"), busy);
    cancel->setObjectName(QStringLiteral("cancelImportButton"));
    connect(cancel, &QPushButton::clicked, m_opener, &ProjectOpener::cancel);
    for (QWidget* widget : {static_cast<QWidget*>(m_progressText),
                            static_cast<QWidget*>(m_progress), static_cast<QWidget*>(cancel)}) {
        column->addWidget(widget, 0, Qt::AlignHCenter);
    }
    column->addStretch(1);
    return busy;
}

void StartPage::fillRecent() {
    m_recent->clear();
    for (const RecentProject& project : m_settings->recent()) {
        const QString name = QFileInfo(project.path).completeBaseName();
        const QString text =
            QStringLiteral("%1 – %2\n%3").arg(name, Texts::recent(project), project.source);
        auto* item = new QListWidgetItem(text, m_recent);
        item->setIcon(QIcon(thumbnail({})));
        item->setData(kPictureRole, project.picture);
        item->setData(Qt::UserRole, project.path);
        item->setToolTip(project.path);
    }
    const bool any = m_recent->count() > 0;
    m_recent->setVisible(any);
    m_recentTitle->setVisible(any);
    if (isVisible()) {
        wantThumbnails();
    }
}

QPixmap StartPage::thumbnail(const QImage& picture) const {
    // Square and of one size, so that the texts stand below each other.
    const int side = m_recent->iconSize().width();
    QPixmap square(QSize(side, side) * devicePixelRatioF());
    square.setDevicePixelRatio(devicePixelRatioF());
    square.fill(Theme::mix(palette(), 0.08));
    if (!picture.isNull()) {
        const QSize size = picture.size().scaled(side, side, Qt::KeepAspectRatio);
        QPainter painter(&square);
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        painter.drawImage(QRect(QPoint((side - size.width()) / 2, (side - size.height()) / 2), size),
                          picture);
    }
    return square;
}

void StartPage::wantThumbnails() {
    std::vector<ImageRef> refs;
    for (int i = 0; i < m_recent->count(); ++i) {
        const QString path = m_recent->item(i)->data(kPictureRole).toString();
        if (!path.isEmpty()) {
            refs.push_back({path.toStdString(), -1});
        }
    }
    ThumbnailService::shared()->want(this, refs, pixelSide());
    showThumbnails();
}

int StartPage::pixelSide() const {
    return int(m_recent->iconSize().width() * devicePixelRatioF());
}

void StartPage::showThumbnails() {
    for (int i = 0; i < m_recent->count(); ++i) {
        QListWidgetItem* item = m_recent->item(i);
        const QString path = item->data(kPictureRole).toString();
        const QImage image =
            ThumbnailService::shared()->find({path.toStdString(), -1}, pixelSide());
        if (!path.isEmpty() && !image.isNull()) {
            item->setIcon(QIcon(thumbnail(image)));
        }
    }
}

void StartPage::hideEvent(QHideEvent* event) {
    ThumbnailService::shared()->forget(this);
    Page::hideEvent(event);
}

void StartPage::activated() {
    fillRecent();
    wantThumbnails();
    if (auto* button = findChild<QPushButton*>(QStringLiteral("openFolderButton"))) {
        button->setFocus();
    }
}

void StartPage::paintEvent(QPaintEvent*) {
    // The whole page is the drop zone: a dashed frame says so.
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::mix(palette(), 0.35), 1.5, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(10, 10, -10, -10), 10, 10);
}

}  // namespace graft::ui
