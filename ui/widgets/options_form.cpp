#include "ui/widgets/options_form.h"

#include "ui/bridge/core_texts.h"
#include "ui/widgets/fold_panel.h"

#include <QFormLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

OptionsForm::OptionsForm(QWidget* parent) : QWidget(parent) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
}

void OptionsForm::setRows(const std::vector<Row>& rows) {
    delete m_body;
    m_values.clear();
    m_lines.clear();
    m_body = new QWidget(this);
    auto* column = new QVBoxLayout(m_body);
    column->setContentsMargins(0, 0, 0, 0);
    addRows(rows, false, column);
    if (std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.info.expert; })) {
        auto* more = new FoldPanel(tr("More options"), m_body);
        more->setObjectName(QStringLiteral("moreOptions"));
        auto* inside = new QWidget;
        auto* insideColumn = new QVBoxLayout(inside);
        insideColumn->setContentsMargins(0, 0, 0, 0);
        addRows(rows, true, insideColumn);
        more->setContent(inside);
        column->addWidget(more);
    }
    layout()->addWidget(m_body);
}

void OptionsForm::addRows(const std::vector<Row>& rows, bool expert, QVBoxLayout* into) {
    // Groups in the order of their first option, each once, however the table is sorted.
    std::vector<std::string> groups;
    for (const Row& row : rows) {
        if (row.info.expert == expert &&
            std::find(groups.begin(), groups.end(), row.info.group) == groups.end()) {
            groups.push_back(row.info.group);
        }
    }
    for (const std::string& group : groups) {
        if (!group.empty()) {
            auto* heading = new QLabel(CoreTexts::tr(group));
            QFont font = heading->font();
            font.setBold(true);
            heading->setFont(font);
            heading->setContentsMargins(0, 6, 0, 0);
            into->addWidget(heading);
        }
        auto* form = new QFormLayout;
        form->setRowWrapPolicy(QFormLayout::WrapLongRows);
        form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
        form->setContentsMargins(0, 0, 0, 0);
        form->setVerticalSpacing(4);
        for (const Row& row : rows) {
            if (row.info.expert == expert && row.info.group == group) {
                addRow(row, form);
            }
        }
        into->addLayout(form);
    }
}

void OptionsForm::addRow(const Row& row, QFormLayout* form) {
    const std::string key = row.info.key;
    m_values[key] = row.value;
    const auto edited = [this, key] {
        const FieldValue now = m_lines.at(key).editor.value();
        if (now != m_values.at(key)) {
            m_values[key] = now;
            Q_EMIT changed(QString::fromStdString(key));
        }
    };
    OptionEditor editor = makeOptionEditor(row.info, row.value, edited, m_body);
    auto* label = new QLabel(CoreTexts::tr(row.info.label));
    label->setToolTip(optionToolTip(row.info));
    label->setBuddy(editor.focus);
    form->addRow(label, editor.widget);
    m_lines[key] = {std::move(editor), form};
}

void OptionsForm::setValue(const std::string& key, const FieldValue& value) {
    const auto line = m_lines.find(key);
    if (line == m_lines.end() || m_values.at(key) == value) {
        return;
    }
    m_values[key] = value;
    line->second.editor.setValue(value);
}

void OptionsForm::setRowVisible(const std::string& key, bool visible) {
    const auto line = m_lines.find(key);
    if (line == m_lines.end()) {
        return;
    }
    // Qt 6.4 has QFormLayout::setRowVisible, which also gives the space back.
    line->second.form->setRowVisible(line->second.editor.widget, visible);
}

}  // namespace graft::ui
