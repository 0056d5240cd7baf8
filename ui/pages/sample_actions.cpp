#include "ui/pages/sample_actions.h"

#include "ui/widgets/image_grid.h"
#include "ui/widgets/image_view.h"

#include <QAction>
#include <QMenu>

#include <algorithm>

namespace graft::ui {

SampleActions::SampleActions(ProjectDocument* document, ImageGrid* grid, ImageView* large,
                             QObject* parent)
    : QObject(parent), m_document(document), m_grid(grid), m_large(large) {
    for (int number = 1; number <= 9; ++number) {
        const auto moveThere = [this, number] {
            const auto& classes = m_document->dataset().classes;
            if (number <= int(classes.size())) {
                move(classes[std::size_t(number - 1)].id);
            }
        };
        m_editing.push_back(addKey(QKeySequence(Qt::Key_0 + number),
                                   tr("Move to class %1").arg(number), moveThere));
    }
    m_editing.push_back(
        addKey(QKeySequence(Qt::Key_X), tr("Leave out"), [this] { toggleExcluded(); }));
    addKey(QKeySequence(Qt::Key_Space), tr("Show large"), [this] { Q_EMIT largeToggled(); });
    m_grid->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_grid, &QWidget::customContextMenuRequested, this, &SampleActions::showMenu);
}

QAction* SampleActions::addKey(const QKeySequence& keys, const QString& text,
                               const std::function<void()>& run) {
    // On the pictures only: elsewhere a digit is a digit.
    auto* action = new QAction(text, this);
    action->setShortcut(keys);
    action->setShortcutContext(Qt::WidgetShortcut);
    connect(action, &QAction::triggered, this, run);
    m_grid->addAction(action);
    m_large->addAction(action);
    return action;
}

void SampleActions::refresh() {
    for (QAction* action : m_editing) {
        action->setEnabled(m_document->isWritable());
    }
}

std::vector<SampleId> SampleActions::targets() const {
    std::vector<SampleId> ids = m_grid->selectedSamples();
    if (!m_large->isHidden() || ids.empty()) {
        ids.clear();
        if (const SampleId id = m_grid->currentSample(); id != 0) {
            ids.push_back(id);
        }
    }
    return ids;
}

void SampleActions::move(ClassId label) {
    if (const auto ids = targets(); !ids.empty()) {
        m_document->setLabel(ids, label);
    }
}

void SampleActions::toggleExcluded() {
    const auto ids = targets();
    const bool allOut = std::all_of(ids.begin(), ids.end(), [this](SampleId id) {
        const Sample* sample = m_document->dataset().findSample(id);
        return sample && sample->excluded;
    });
    if (!ids.empty()) {
        m_document->setExcluded(ids, !allOut);
    }
}

void SampleActions::use(Split split) {
    if (const auto ids = targets(); !ids.empty()) {
        m_document->setSplit(ids, split);
    }
}

void SampleActions::showMenu(const QPoint& at) {
    if (targets().empty()) {
        return;
    }
    auto* menu = new QMenu(m_grid);
    menu->setObjectName(QStringLiteral("sampleMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QMenu* classes = menu->addMenu(tr("&Move to class"));
    int number = 0;
    for (const ClassInfo& info : m_document->dataset().classes) {
        QString text =
            QString::fromStdString(info.name).replace(QLatin1Char('&'), QLatin1String("&&"));
        if (++number <= 9) {
            text += QLatin1Char('\t') + QString::number(number);
        }
        classes->addAction(text, this, [this, id = info.id] { move(id); });
    }
    QAction* leave =
        menu->addAction(tr("&Leave out or take back\tX"), this, &SampleActions::toggleExcluded);
    QMenu* parts = menu->addMenu(tr("&Use for"));
    parts->addAction(tr("&Training"), this, [this] { use(Split::Train); });
    parts->addAction(tr("&Validation"), this, [this] { use(Split::Validation); });
    parts->addAction(tr("T&est"), this, [this] { use(Split::Test); });
    for (QAction* action : {classes->menuAction(), leave, parts->menuAction()}) {
        action->setEnabled(m_document->isWritable());
    }
    menu->addSeparator();
    menu->addAction(tr("&Show large\tSpace"), this, &SampleActions::largeToggled);
    menu->addAction(tr("Select &all\tCtrl+A"), m_grid, &QAbstractItemView::selectAll);
    menu->popup(m_grid->viewport()->mapToGlobal(at));
}

}  // namespace graft::ui
