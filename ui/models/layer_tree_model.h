// LayerTreeModel: stages, blocks and layers of a network with what is kept frozen and how fast
// each learns. Edits the model's own copy of that choice; the page stores it and tells a run.
// Thread: GUI.
#pragma once

#include "core/nn/model_spec.h"

#include <QAbstractItemModel>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graft::ui {

class LayerTreeModel : public QAbstractItemModel {
    Q_OBJECT
 public:
    enum Column { NameColumn, FrozenColumn, RateColumn, SizeColumn, ColumnCount };
    enum Role { PathRole = Qt::UserRole + 1, KindRole };

    explicit LayerTreeModel(QObject* parent = nullptr);
    ~LayerTreeModel() override;

    void setTree(const LayerNode& tree);
    void clear();
    /// Shows another choice; emits no edit signal.
    void setChoice(const std::vector<std::string>& frozen,
                   const std::map<std::string, double>& rateFactors);

    /// The shortest list of paths that says what is frozen: "backbone" where that is all but the
    /// head.
    std::vector<std::string> frozen() const;
    const std::map<std::string, double>& rateFactors() const { return m_rateFactors; }
    std::int64_t parameterCount() const;
    std::int64_t trainableCount() const;
    bool backboneIsFrozen() const;                   ///< all of it
    QModelIndex indexOf(const QString& path) const;  ///< column 0; invalid if there is none
    QStringList pathsOfDepth(int depth) const;       ///< 1: stages and head
    void setEditable(bool editable);

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
    void frozenEdited(const QString& path, bool frozen);
    void rateFactorEdited(const QString& path, double factor);

 private:
    struct Node;
    Node* nodeOf(const QModelIndex& index) const;
    Qt::CheckState frozenState(const Node& node) const;
    void setFrozen(Node& node, bool frozen);
    double factorOf(const Node& node) const;
    void collectFrozen(const Node& node, std::vector<std::string>& paths) const;
    QVariant textOf(const Node& node, int column) const;
    QVariant helpOf(const Node& node, int column) const;
    void refresh();

    std::unique_ptr<Node> m_root;
    std::map<std::string, double> m_rateFactors;
    bool m_editable = true;
};

}  // namespace graft::ui
