#include "ui/widgets/message_bar.h"

#include "ui/bridge/core_texts.h"
#include "ui/widgets/icons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

constexpr int kMostMessages = 3;
constexpr int kNoticeMs = 8000;

/// One message: a stripe in its colour, icon, text, buttons, close.
class MessageRow : public QWidget {
 public:
    MessageRow(Theme::Tone tone, const QString& text,
               const std::vector<MessageBar::Action>& actions, const QString& detail,
               MessageBar* bar)
        : QWidget(bar), m_tone(tone) {
        auto* line = new QHBoxLayout(this);
        line->setContentsMargins(40, 6, 8, 6);
        m_label = new QLabel(text, this);
        m_label->setObjectName(QStringLiteral("messageText"));
        m_label->setWordWrap(true);
        m_label->setTextFormat(Qt::PlainText);
        m_label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        m_label->setToolTip(detail);
        line->addWidget(m_label, 1);
        for (const MessageBar::Action& action : actions) {
            auto* button = new QPushButton(action.text, this);
            button->setObjectName(QStringLiteral("messageAction"));
            QObject::connect(button, &QPushButton::clicked, this, [this, run = action.run] {
                close();
                run();
            });
            line->addWidget(button);
        }
        auto* closer = new QToolButton(this);
        closer->setIcon(icon(IconId::Close));
        closer->setAutoRaise(true);
        closer->setToolTip(MessageBar::tr("Close this message"));
        closer->setAccessibleName(MessageBar::tr("Close this message"));
        closer->setObjectName(QStringLiteral("messageClose"));
        QObject::connect(closer, &QToolButton::clicked, this, [this] { close(); });
        line->addWidget(closer);
        setAttribute(Qt::WA_DeleteOnClose);
        setAccessibleName(text);
    }

 protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        const QColor color = Theme::tone(m_tone, palette());
        QColor fill = color;
        fill.setAlphaF(0.14F);
        painter.fillRect(rect(), palette().color(QPalette::Base));
        painter.fillRect(rect(), fill);
        painter.fillRect(QRect(0, 0, 4, height()), color);
        const IconId sign = m_tone == Theme::Tone::Bad       ? IconId::Error
                            : m_tone == Theme::Tone::Warning ? IconId::Warning
                            : m_tone == Theme::Tone::Good    ? IconId::Check
                                                             : IconId::Info;
        paintIcon(&painter, sign, QRectF(12, height() / 2.0 - 10, 20, 20), color);
    }

 private:
    Theme::Tone m_tone;
    QLabel* m_label;
};

}  // namespace

MessageBar::MessageBar(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this)) {
    setObjectName(QStringLiteral("messageBar"));
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(1);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
}

void MessageBar::show(const QString& topic, Theme::Tone tone, const QString& text,
                      const std::vector<Action>& actions, const QString& detail) {
    hide(topic);
    while (m_column->count() >= kMostMessages) {
        retire(m_column->itemAt(0)->widget());
    }
    auto* row = new MessageRow(tone, text, actions, detail, this);
    row->setObjectName(topic);
    m_column->addWidget(row);
}

void MessageBar::showError(const Error& error) {
    const QString text =
        CoreTexts::joined(CoreTexts::tr(error.message), CoreTexts::tr(error.hint));
    show(QStringLiteral("errorMessage"), Theme::Tone::Bad, text, {},
         QString::fromStdString(error.detail));
}

void MessageBar::showNotice(const QString& text) {
    const QString topic = QStringLiteral("noticeMessage");
    show(topic, Theme::Tone::Neutral, text);
    QTimer::singleShot(kNoticeMs, m_column->itemAt(m_column->count() - 1)->widget(),
                       &QWidget::close);
}

void MessageBar::hide(const QString& topic) {
    if (auto* row = findChild<QWidget*>(topic, Qt::FindDirectChildrenOnly)) {
        retire(row);
    }
}

void MessageBar::retire(QWidget* row) {
    // Later: the click that led here may come from a button inside it.
    m_column->removeWidget(row);
    row->setObjectName(QString());
    row->hide();
    row->deleteLater();
}

void MessageBar::clear() {
    while (m_column->count() > 0) {
        retire(m_column->itemAt(0)->widget());
    }
}

QStringList MessageBar::texts() const {
    QStringList all;
    for (int i = 0; i < m_column->count(); ++i) {
        const QWidget* row = m_column->itemAt(i)->widget();
        if (!row->isHidden()) {
            all << row->accessibleName();
        }
    }
    return all;
}

}  // namespace graft::ui
