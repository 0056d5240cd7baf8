#include "ui/widgets/empty_panel.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace graft::ui {

EmptyPanel::EmptyPanel(QWidget* parent)
    : QWidget(parent), m_sentence(new QLabel(this)), m_button(new QPushButton(this)) {
    m_sentence->setObjectName(QStringLiteral("emptySentence"));
    m_sentence->setWordWrap(true);
    m_sentence->setAlignment(Qt::AlignCenter);
    m_sentence->setMaximumWidth(520);
    QFont font = m_sentence->font();
    font.setPointSizeF(font.pointSizeF() * 1.15);
    m_sentence->setFont(font);
    m_button->setObjectName(QStringLiteral("emptyButton"));
    auto* layout = new QVBoxLayout(this);
    layout->addStretch(2);
    // Without the row a wrapped label collapses to its narrowest form in a centred column.
    auto* row = new QHBoxLayout;
    row->addStretch();
    row->addWidget(m_sentence, 10);
    row->addStretch();
    layout->addLayout(row);
    layout->addSpacing(12);
    layout->addWidget(m_button, 0, Qt::AlignHCenter);
    layout->addStretch(3);
    connect(m_button, &QPushButton::clicked, this, &EmptyPanel::buttonClicked);
}

void EmptyPanel::setText(const QString& sentence, const QString& button) {
    m_sentence->setText(sentence);
    m_button->setText(button);
}

}  // namespace graft::ui
