#include "ui/widgets/sidebar.h"

#include "ui/widgets/theme.h"

#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include <array>

namespace graft::ui {

namespace {

struct Place {
    const char* name;
    const char* objectName;
    IconId icon;
};
constexpr std::array<Place, 6> kPlaces = {{
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Data"), "placeData", IconId::Data},
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Augment"), "placeAugment", IconId::Augment},
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Model"), "placeModel", IconId::Model},
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Train"), "placeTrain", IconId::Train},
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Evaluate"), "placeEvaluate", IconId::Evaluate},
    {QT_TRANSLATE_NOOP("graft::ui::Sidebar", "Export"), "placeExport", IconId::Export},
}};

constexpr int kIconSide = 24;

QString stateText(PlaceState state) {
    switch (state) {
        case PlaceState::Ready:
            return Sidebar::tr("ready");
        case PlaceState::Running:
            return Sidebar::tr("running");
        case PlaceState::Attention:
            return Sidebar::tr("needs a look");
        case PlaceState::Empty:
            break;
    }
    return Sidebar::tr("nothing here yet");
}

}  // namespace

PlaceButton::PlaceButton(IconId icon, const QString& name, QWidget* parent)
    : QAbstractButton(parent), m_icon(icon) {
    setText(name);
    setCheckable(true);
    setAutoExclusive(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    describe();
}

void PlaceButton::setState(PlaceState state) {
    if (state != m_state) {
        m_state = state;
        describe();
        update();
    }
}

void PlaceButton::describe() {
    setAccessibleName(text());
    setAccessibleDescription(stateText(m_state));
}

QSize PlaceButton::sizeHint() const {
    const QFontMetrics metrics = fontMetrics();
    return {std::max(kIconSide + 34, metrics.horizontalAdvance(text()) + 26),
            kIconSide + metrics.height() + 20};
}

void PlaceButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const QPalette& colors = palette();
    const QRect box = rect().adjusted(4, 2, -4, -2);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor ink = colors.color(QPalette::WindowText);
    if (isChecked()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(colors.color(QPalette::Highlight));
        painter.drawRoundedRect(box, 6, 6);
        ink = colors.color(QPalette::HighlightedText);
    } else if (underMouse()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(Theme::mix(colors, 0.1));
        painter.drawRoundedRect(box, 6, 6);
    }
    const QRectF iconBox(box.center().x() - kIconSide / 2.0, box.top() + 6, kIconSide, kIconSide);
    paintIcon(&painter, m_icon, iconBox, ink);
    painter.setPen(ink);
    painter.drawText(QRect(box.left(), int(iconBox.bottom()) + 2, box.width(),
                           box.bottom() - int(iconBox.bottom()) - 2),
                     Qt::AlignHCenter | Qt::AlignTop, text());

    // The mark: shape and colour together.
    const QRectF mark(iconBox.right() + 2, iconBox.top() - 1, 9, 9);
    const auto tone = [&](Theme::Tone wanted) {
        return isChecked() ? ink : Theme::tone(wanted, colors);
    };
    if (m_state == PlaceState::Ready) {
        paintIcon(&painter, IconId::Check, mark.adjusted(-1, -1, 2, 2), tone(Theme::Tone::Good));
    } else if (m_state == PlaceState::Running) {
        paintIcon(&painter, IconId::Play, mark, tone(Theme::Tone::Neutral));
    } else if (m_state == PlaceState::Attention) {
        paintIcon(&painter, IconId::Warning, mark.adjusted(-1, -1, 2, 2),
                  tone(Theme::Tone::Warning));
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(ink, 1, Qt::DotLine));
        painter.drawRoundedRect(box.adjusted(2, 2, -2, -2), 5, 5);
    }
}

void PlaceButton::enterEvent(QEnterEvent*) {
    update();
}

void PlaceButton::leaveEvent(QEvent*) {
    update();
}

Sidebar::Sidebar(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("sidebar"));
    setAccessibleName(tr("Places"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(2, 6, 2, 6);
    column->setSpacing(2);
    for (int i = 0; i < int(kPlaces.size()); ++i) {
        const Place& place = kPlaces[std::size_t(i)];
        auto* button = new PlaceButton(place.icon, tr(place.name), this);
        button->setObjectName(QLatin1String(place.objectName));
        button->setToolTip(tr("%1 (Ctrl+%2)").arg(tr(place.name)).arg(i + 1));
        connect(button, &QAbstractButton::clicked, this, [this, i] { Q_EMIT chosen(i); });
        column->addWidget(button);
        m_buttons.push_back(button);
    }
    column->addStretch(1);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
}

QString Sidebar::placeName(int place) {
    return tr(kPlaces.at(std::size_t(place)).name);
}

void Sidebar::setCurrent(int place) {
    for (int i = 0; i < count(); ++i) {
        // Exclusive buttons cannot all be off otherwise.
        m_buttons[std::size_t(i)]->setAutoExclusive(place >= 0);
        m_buttons[std::size_t(i)]->setChecked(i == place);
    }
}

void Sidebar::setState(int place, PlaceState state) {
    m_buttons[std::size_t(place)]->setState(state);
}

void Sidebar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::mix(palette(), 0.04));
    painter.fillRect(QRect(width() - 1, 0, 1, height()), Theme::mix(palette(), 0.18));
}

void Sidebar::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Down) {
        focusNextChild();
    } else if (event->key() == Qt::Key_Up) {
        focusPreviousChild();
    } else {
        QWidget::keyPressEvent(event);
    }
}

}  // namespace graft::ui
