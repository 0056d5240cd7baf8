#include "ui/widgets/fold_panel.h"

#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

FoldPanel::FoldPanel(const QString& title, QWidget* parent)
    : QWidget(parent), m_heading(new QToolButton(this)) {
    m_heading->setObjectName(QStringLiteral("foldHeading"));
    m_heading->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_heading->setAutoRaise(true);
    m_heading->setCheckable(true);
    m_heading->setArrowType(Qt::RightArrow);
    m_heading->setFocusPolicy(Qt::StrongFocus);
    m_heading->setMinimumHeight(24);
    QFont font = m_heading->font();
    font.setBold(true);
    m_heading->setFont(font);
    setTitle(title);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(m_heading);
    connect(m_heading, &QToolButton::toggled, this, [this](bool open) {
        m_heading->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        if (m_content) {
            m_content->setVisible(open);
        }
        Q_EMIT openChanged(open);
    });
}

void FoldPanel::setContent(QWidget* content) {
    m_content = content;
    content->setParent(this);
    layout()->addWidget(content);
    content->setVisible(isOpen());
}

void FoldPanel::setTitle(const QString& title) {
    m_heading->setText(title);
    m_heading->setAccessibleName(title);
}

bool FoldPanel::isOpen() const {
    return m_heading->isChecked();
}

void FoldPanel::setOpen(bool open) {
    m_heading->setChecked(open);
}

}  // namespace graft::ui
