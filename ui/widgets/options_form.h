// OptionsForm: a form made from a FieldTable, so that a new option appears in the window without
// a line of window code. Groups become headings, expert options fold away under "More options".
// Thread: GUI.
#pragma once

#include "core/base/fields.h"
#include "ui/widgets/option_editors.h"

#include <QWidget>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

class QFormLayout;
class QVBoxLayout;

namespace graft::ui {

class FoldPanel;

class OptionsForm : public QWidget {
    Q_OBJECT
 public:
    explicit OptionsForm(QWidget* parent = nullptr);

    /// Builds the form anew and shows `values`. `only`: just these keys, in table order.
    template <class S>
    void build(const FieldTable<S>& table, const S& values,
               const std::vector<std::string>& only = {}) {
        std::vector<Row> rows;
        for (const auto& row : table.rows()) {
            if (only.empty() || std::find(only.begin(), only.end(), row.info.key) != only.end()) {
                rows.push_back({row.info, row.get(values)});
            }
        }
        setRows(rows);
    }
    /// Shows other values in the form that is there; changed() is not emitted.
    template <class S>
    void load(const FieldTable<S>& table, const S& values) {
        for (const auto& row : table.rows()) {
            setValue(row.info.key, row.get(values));
        }
    }
    /// `target` with what the form holds; values that nobody touched come back exactly.
    template <class S>
    S read(const FieldTable<S>& table, S target) const {
        for (const auto& row : table.rows()) {
            if (const auto found = m_values.find(row.info.key); found != m_values.end()) {
                row.put(target, found->second);
            }
        }
        return target;
    }

    bool has(const std::string& key) const { return m_values.contains(key); }
    FieldValue value(const std::string& key) const { return m_values.at(key); }
    void setValue(const std::string& key, const FieldValue& value);
    void setRowVisible(const std::string& key, bool visible);

 Q_SIGNALS:
    void changed(const QString& key);  ///< by the person

 private:
    struct Row {
        FieldInfo info;
        FieldValue value;
    };
    struct Line {
        OptionEditor editor;
        QFormLayout* form = nullptr;
    };
    void setRows(const std::vector<Row>& rows);
    void addRows(const std::vector<Row>& rows, bool expert, QVBoxLayout* into);
    void addRow(const Row& row, QFormLayout* form);

    std::map<std::string, FieldValue> m_values;
    std::map<std::string, Line> m_lines;
    QWidget* m_body = nullptr;
};

}  // namespace graft::ui
