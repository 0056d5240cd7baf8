#include "ui/widgets/class_panel.h"

#include "ui/widgets/class_delegate.h"
#include "ui/widgets/icons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

ClassPanel::ClassPanel(ProjectDocument* document, QWidget* parent)
    : QWidget(parent), m_document(document), m_model(new ClassModel(document, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    auto* title = new QLabel(tr("&Classes"), this);
    m_list = new QListView(this);
    m_list->setObjectName(QStringLiteral("classList"));
    m_list->setAccessibleName(tr("Classes"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(new ClassDelegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::DoubleClicked);
    m_list->setMinimumWidth(fontMetrics().averageCharWidth() * 18);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    title->setBuddy(m_list);
    column->addWidget(title);
    column->addWidget(m_list, 1);

    auto* buttons = new QHBoxLayout;
    const auto make = [&](const char* name, IconId sign, const QString& text, const QString& tip) {
        auto* button = new QToolButton(this);
        button->setObjectName(QLatin1String(name));
        button->setIcon(icon(sign));
        button->setAccessibleName(text);
        button->setToolTip(tip);
        buttons->addWidget(button);
        return button;
    };
    m_add = make("addClassButton", IconId::Add, tr("Add a class"), tr("Add a class"));
    m_rename = make("renameClassButton", IconId::Edit, tr("Rename the class"),
                    tr("Rename the class (F2)"));
    m_remove = make("removeClassButton", IconId::Remove, tr("Remove the class"),
                    tr("Remove the class; its pictures stay, without a class"));
    buttons->addStretch(1);
    column->addLayout(buttons);

    connect(m_add, &QToolButton::clicked, this, &ClassPanel::addClass);
    connect(m_rename, &QToolButton::clicked, this, &ClassPanel::renameClass);
    connect(m_remove, &QToolButton::clicked, this, &ClassPanel::removeClass);
    connect(m_model, &QAbstractItemModel::modelReset, this, [this] { choose(m_kept); });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this](const QModelIndex& current) {
                updateButtons();
                if (current.isValid()) {
                    m_kept = currentClass();
                    Q_EMIT chosen(m_kept);
                }
            });
    connect(document, &ProjectDocument::opened, this, [this] { choose(-1); });
    choose(-1);
}

qlonglong ClassPanel::currentClass() const {
    const QModelIndex index = m_list->currentIndex();
    return index.isValid() ? index.data(ClassModel::ClassIdRole).toLongLong() : -1;
}

void ClassPanel::choose(qlonglong classId) {
    const int row = std::max(0, m_model->rowOf(classId));
    m_list->setCurrentIndex(m_model->index(row));
    updateButtons();
}

QString ClassPanel::freeName() const {
    const auto taken = [this](const QString& name) {
        for (const ClassInfo& info : m_document->dataset().classes) {
            if (QString::fromStdString(info.name) == name) {
                return true;
            }
        }
        return false;
    };
    QString name = tr("New class");
    for (int number = 2; taken(name); ++number) {
        name = tr("New class %1").arg(number);
    }
    return name;
}

void ClassPanel::addClass() {
    if (!m_document->addClass(freeName())) {
        return;
    }
    choose(m_document->dataset().classes.back().id);
    renameClass();
}

void ClassPanel::renameClass() {
    if (currentClass() > 0) {
        m_list->setFocus();
        m_list->edit(m_list->currentIndex());
    }
}

void ClassPanel::removeClass() {
    if (currentClass() > 0) {
        m_document->removeClass(currentClass());
    }
}

void ClassPanel::updateButtons() {
    const bool writable = m_document->isWritable();
    m_add->setEnabled(writable);
    m_rename->setEnabled(writable && currentClass() > 0);
    m_remove->setEnabled(writable && currentClass() > 0);
}

}  // namespace graft::ui
