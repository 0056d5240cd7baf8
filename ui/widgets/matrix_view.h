// MatrixView: a confusion matrix as a table of numbers on a scale of one hue. Keys move, Enter or
// a click chooses a cell, a second time lets it go; every cell says in words what it counts.
// Thread: GUI.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>
#include <QTableView>

#include <cstdint>
#include <vector>

namespace graft::ui {

class MatrixModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Role { ShareRole = Qt::UserRole + 1 };  ///< double, of the row's total
    using QAbstractTableModel::QAbstractTableModel;

    /// counts[truth][predicted], square, as many names.
    void setMatrix(const std::vector<std::vector<std::int64_t>>& counts, const QStringList& names);
    const QStringList& names() const { return m_names; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<std::vector<std::int64_t>> m_counts;
    std::vector<std::int64_t> m_rowTotals;
    QStringList m_names;
};

class MatrixView : public QTableView {
    Q_OBJECT
 public:
    explicit MatrixView(QWidget* parent = nullptr);
    void setMatrix(const std::vector<std::vector<std::int64_t>>& counts, const QStringList& names);
    void clearChoice();  ///< no signal

 Q_SIGNALS:
    void cellChosen(int truth, int predicted);
    void choiceCleared();

 protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    QSize sizeHint() const override;

 private:
    void choose(const QModelIndex& index);
    void fitCells();

    MatrixModel m_matrix;
    QPersistentModelIndex m_chosen;
};

}  // namespace graft::ui
