#include "ui/widgets/backbone_cards.h"

#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace graft::ui {

namespace {
constexpr int kPad = 8;
constexpr int kLeastWidthChars = 33;
constexpr int kSummaryLines = 3;

// What most people want, from the smallest to the most exact; the rest is found by name.
const std::array kUsual = {"small_cnn",       "graft_nano",         "squeezenet1_1",
                           "mobilenet_v2",    "mobilenet_v3_large", "resnet18",
                           "efficientnet_b0", "resnet50",           "convnext_tiny"};

bool isUsual(const std::string& backbone) {
    return std::find(kUsual.begin(), kUsual.end(), backbone) != kUsual.end();
}

}  // namespace

BackboneCard::BackboneCard(const BackboneInfo& info, double leastCost, QWidget* parent)
    : QAbstractButton(parent),
      m_id(info.id),
      m_title(CoreTexts::tr(info.title)),
      m_summary(CoreTexts::tr(info.summary)) {
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

bool BackboneCard::matches(const QString& text) const {
    return m_title.contains(text, Qt::CaseInsensitive) ||
           Texts::from(m_id).contains(text, Qt::CaseInsensitive);
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
    : QWidget(parent),
      m_find(new QLineEdit),
      m_all(new QCheckBox),
      m_none(new QLabel(tr("No network has such a name."))),
      m_group(new QButtonGroup(this)),
      m_grid(new QGridLayout) {
    setAccessibleName(tr("Network to start from (backbone)"));
    m_find->setObjectName(QStringLiteral("findBackbone"));
    m_find->setPlaceholderText(tr("Find a network by name"));
    m_find->setAccessibleName(m_find->placeholderText());
    m_find->setClearButtonEnabled(true);
    m_all->setObjectName(QStringLiteral("allBackbones"));
    m_none->setVisible(false);
    auto* tools = new QHBoxLayout;
    tools->addWidget(m_find, 1);
    tools->addWidget(m_all);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addLayout(tools);
    column->addWidget(m_none);
    column->addLayout(m_grid);
    m_grid->setSpacing(6);
    m_group->setExclusive(true);
    connect(m_group, &QButtonGroup::buttonClicked, this, [this](QAbstractButton* button) {
        Q_EMIT chosen(Texts::from(static_cast<BackboneCard*>(button)->backbone()));
    });
    connect(m_find, &QLineEdit::textChanged, this, &BackboneCards::arrange);
    connect(m_all, &QCheckBox::toggled, this, &BackboneCards::arrange);
}

void BackboneCards::setBackbones(const std::vector<BackboneInfo>& backbones) {
    qDeleteAll(m_cards);
    m_cards.clear();
    m_shown.clear();
    // Costs are of the default picture sizes' multiply-adds; the first, small network is the
    // yardstick.
    const double least = backbones.empty() ? 1 : backbones.front().relativeCost;
    for (const BackboneInfo& info : backbones) {
        auto* card = new BackboneCard(info, least, this);
        m_group->addButton(card);
        m_cards.push_back(card);
    }
    m_all->setText(tr("All %1").arg(backbones.size()));
    m_all->setToolTip(tr("Show all networks, not only the usual ones"));
    arrange();
}

void BackboneCards::setCurrent(const std::string& backbone) {
    for (BackboneCard* card : m_cards) {
        const bool chosen = card->backbone() == backbone;
        if (chosen) {
            card->setChecked(true);
        }
        // Tab comes to the chosen one, from either side; arrow keys go to the others.
        card->setFocusPolicy(chosen ? Qt::StrongFocus : Qt::ClickFocus);
    }
    arrange();
}

void BackboneCards::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrange();
}

bool BackboneCards::wanted(const BackboneCard& card) const {
    const QString text = m_find->text().trimmed();
    if (!text.isEmpty()) {
        return card.matches(text);
    }
    return m_all->isChecked() || card.isChecked() || isUsual(card.backbone());
}

void BackboneCards::arrange() {
    if (m_cards.empty()) {
        return;
    }
    const int least = m_cards.front()->sizeHint().width() + m_grid->spacing();
    const int columns = std::clamp(width() / least, 1, int(m_cards.size()));
    std::vector<BackboneCard*> shown;
    for (BackboneCard* card : m_cards) {
        if (wanted(*card)) {
            shown.push_back(card);
        }
    }
    if (columns == m_columns && shown == m_shown) {
        return;
    }
    m_columns = columns;
    m_shown = std::move(shown);
    for (BackboneCard* card : m_cards) {
        m_grid->removeWidget(card);
        card->setVisible(false);
    }
    for (std::size_t i = 0; i < m_shown.size(); ++i) {
        m_grid->addWidget(m_shown[i], int(i) / columns, int(i) % columns);
        m_shown[i]->setVisible(true);
    }
    m_none->setVisible(m_shown.empty());
}

}  // namespace graft::ui
