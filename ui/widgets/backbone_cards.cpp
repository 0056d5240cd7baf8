#include "ui/widgets/backbone_cards.h"

#include "ui/models/texts.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QButtonGroup>
#include <QGridLayout>
#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace graft::ui {

namespace {
constexpr int kPad = 8;
constexpr int kLeastWidthChars = 33;
constexpr int kSummaryLines = 3;
}  // namespace

BackboneCard::BackboneCard(const BackboneInfo& info, double leastCost, QWidget* parent)
    : QAbstractButton(parent),
      m_id(info.id),
      m_title(Texts::from(info.title)),
      m_summary(Texts::from(info.summary)) {
    setCheckable(true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    const double slower = info.relativeCost / std::max(leastCost, 1e-9);
    const QString speed =
        slower < 1.15 ? tr("fastest")
                      : tr("%1 × work").arg(QLocale().toString(slower, 'f', slower < 9.5 ? 1 : 0));
    m_facts = tr("%1 M numbers, %2, %3 px")
                  .arg(QLocale().toString(double(info.parameters) / 1e6, 'f', 1), speed)
                  .arg(info.defaultImageSize);
    setObjectName(QStringLiteral("backbone:") + Texts::from(info.id));
    setAccessibleName(m_title);
    setAccessibleDescription(m_summary + QLatin1Char(' ') + m_facts);
    setToolTip(tr("<p><b>%1</b></p><p>%2</p><p>%3 parameters without the head, %4 times the "
                  "multiply-adds of the smallest, pictures of %5 px.</p><p><code>%6</code></p>")
                   .arg(m_title.toHtmlEscaped(), m_summary.toHtmlEscaped(),
                        Texts::count(info.parameters), QLocale().toString(slower, 'g', 3))
                   .arg(info.defaultImageSize)
                   .arg(Texts::from(info.id)));
}

QSize BackboneCard::sizeHint() const {
    const QFontMetrics metrics = fontMetrics();
    return {metrics.averageCharWidth() * kLeastWidthChars + 2 * kPad,
            metrics.lineSpacing() * (kSummaryLines + 2) + 2 * kPad + 4};
}

void BackboneCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QPalette& colors = palette();
    const QColor accent = colors.color(QPalette::Highlight);
    const bool strong = isChecked() || hasFocus();
    const QRectF box = QRectF(rect()).adjusted(1, 1, -1, -1);
    painter.setPen(QPen(strong ? accent : Theme::mix(colors, underMouse() ? 0.5 : 0.25),
                        isChecked() ? 2 : 1,
                        hasFocus() && !isChecked() ? Qt::DashLine : Qt::SolidLine));
    painter.setBrush(colors.color(QPalette::Base));
    painter.drawRoundedRect(box, 5, 5);

    QFont bold = font();
    bold.setBold(true);
    const QFontMetrics metrics = fontMetrics();
    QRect area = rect().adjusted(kPad, kPad, -kPad, -kPad);
    painter.setFont(bold);
    painter.setPen(colors.color(QPalette::Text));
    painter.drawText(area, Qt::AlignLeft | Qt::AlignTop, m_title);
    if (isChecked()) {
        const int side = metrics.height();
        paintIcon(&painter, IconId::Check, QRectF(area.right() - side, area.top(), side, side),
                  accent);
    }
    if (hasFocus() && isChecked()) {
        painter.setPen(QPen(accent, 1, Qt::DotLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(box.adjusted(3, 3, -3, -3), 3, 3);
    }
    painter.setFont(font());
    painter.setPen(colors.color(QPalette::Text));
    area.setTop(area.top() + metrics.lineSpacing() + 1);
    QRect middle = area;
    middle.setHeight(metrics.lineSpacing() * kSummaryLines);
    painter.drawText(middle, Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_summary);
    painter.setPen(colors.color(QPalette::PlaceholderText));
    painter.drawText(area, Qt::AlignLeft | Qt::AlignBottom,
                     metrics.elidedText(m_facts, Qt::ElideRight, area.width()));
}

BackboneCards::BackboneCards(QWidget* parent)
    : QWidget(parent), m_group(new QButtonGroup(this)), m_grid(new QGridLayout(this)) {
    setAccessibleName(tr("Network to start from (backbone)"));
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(6);
    m_group->setExclusive(true);
    connect(m_group, &QButtonGroup::buttonClicked, this, [this](QAbstractButton* button) {
        Q_EMIT chosen(Texts::from(static_cast<BackboneCard*>(button)->backbone()));
    });
}

void BackboneCards::setBackbones(const std::vector<BackboneInfo>& backbones) {
    qDeleteAll(m_cards);
    m_cards.clear();
    // Costs are of the default picture sizes' multiply-adds, so the smallest is the yardstick.
    double least = 1e300;
    for (const BackboneInfo& info : backbones) {
        least = std::min(least, info.relativeCost);
    }
    for (const BackboneInfo& info : backbones) {
        auto* card = new BackboneCard(info, least, this);
        m_group->addButton(card);
        m_cards.push_back(card);
    }
    m_columns = 0;
    arrange();
}

void BackboneCards::setCurrent(const std::string& backbone) {
    for (BackboneCard* card : m_cards) {
        if (card->backbone() == backbone) {
            card->setChecked(true);
        }
    }
}

void BackboneCards::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrange();
}

void BackboneCards::arrange() {
    if (m_cards.empty()) {
        return;
    }
    const int least = m_cards.front()->sizeHint().width() + m_grid->spacing();
    const int columns = std::clamp(width() / least, 1, int(m_cards.size()));
    if (columns == m_columns) {
        return;
    }
    m_columns = columns;
    for (std::size_t i = 0; i < m_cards.size(); ++i) {
        m_grid->addWidget(m_cards[i], int(i) / columns, int(i) % columns);
    }
}

}  // namespace graft::ui
