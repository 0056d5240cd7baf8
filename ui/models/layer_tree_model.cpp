#include "ui/models/layer_tree_model.h"

#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"

#include <QLocale>

#include <algorithm>
#include <functional>

namespace graft::ui {

namespace {
constexpr double kMaxFactor = 100;
}

struct LayerTreeModel::Node {
    std::string path;
    QString label;
    QString kind;
    std::int64_t parameters = 0;
    bool frozen = false;  ///< of a leaf
    Node* parent = nullptr;
    int row = 0;
    std::vector<std::unique_ptr<Node>> children;

    bool isHead() const { return path == "head"; }

    static std::unique_ptr<Node> make(const LayerNode& from, Node* parent, int row) {
        auto node = std::make_unique<Node>();
        node->path = from.path;
        node->label = CoreTexts::tr(from.label);
        node->kind = QString::fromStdString(from.kind);
        node->parameters = from.parameters;
        node->parent = parent;
        node->row = row;
        for (const LayerNode& child : from.children) {
            node->children.push_back(make(child, node.get(), int(node->children.size())));
        }
        return node;
    }
    void forLeaves(const std::function<void(Node&)>& act) {
        if (children.empty()) {
            act(*this);
        }
        for (const auto& child : children) {
            child->forLeaves(act);
        }
    }
};

LayerTreeModel::LayerTreeModel(QObject* parent)
    : QAbstractItemModel(parent), m_root(std::make_unique<Node>()) {}

LayerTreeModel::~LayerTreeModel() = default;

void LayerTreeModel::setTree(const LayerNode& tree) {
    beginResetModel();
    m_root = Node::make(tree, nullptr, 0);
    endResetModel();
}

void LayerTreeModel::clear() {
    setTree({});
}

void LayerTreeModel::setChoice(const std::vector<std::string>& frozen,
                               const std::map<std::string, double>& rateFactors) {
    m_rateFactors = rateFactors;
    m_root->forLeaves([&](Node& leaf) {
        leaf.frozen = std::any_of(frozen.begin(), frozen.end(), [&](const std::string& group) {
            return layerIsInside(leaf.path, group);
        });
    });
    refresh();
}

void LayerTreeModel::refresh() {
    const std::function<void(const QModelIndex&)> tell = [&](const QModelIndex& parent) {
        const int rows = rowCount(parent);
        if (rows == 0) {
            return;
        }
        Q_EMIT dataChanged(index(0, 0, parent), index(rows - 1, ColumnCount - 1, parent));
        for (int row = 0; row < rows; ++row) {
            tell(index(row, 0, parent));
        }
    };
    tell({});
}

std::vector<std::string> LayerTreeModel::frozen() const {
    std::vector<std::string> paths;
    const bool headIsFrozen =
        std::any_of(m_root->children.begin(), m_root->children.end(), [this](const auto& child) {
            return child->isHead() && frozenState(*child) == Qt::Checked;
        });
    if (backboneIsFrozen()) {
        paths.emplace_back("backbone");
        if (headIsFrozen) {
            paths.emplace_back("head");
        }
        return paths;
    }
    for (const auto& child : m_root->children) {
        collectFrozen(*child, paths);
    }
    return paths;
}

// A node stands for its leaves only where its path is the prefix of just them.
void LayerTreeModel::collectFrozen(const Node& node, std::vector<std::string>& paths) const {
    const Qt::CheckState state = frozenState(node);
    if (state == Qt::Unchecked) {
        return;
    }
    if (state == Qt::Checked) {
        bool covers = true;
        m_root->forLeaves([&](Node& leaf) {
            covers = covers &&
                     (leaf.frozen || leaf.parameters == 0 || !layerIsInside(leaf.path, node.path));
        });
        const_cast<Node&>(node).forLeaves(
            [&](Node& leaf) { covers = covers && layerIsInside(leaf.path, node.path); });
        if (covers) {
            paths.push_back(node.path);
            return;
        }
    }
    for (const auto& child : node.children) {
        collectFrozen(*child, paths);
    }
}

std::int64_t LayerTreeModel::parameterCount() const {
    return m_root->parameters;
}

std::int64_t LayerTreeModel::trainableCount() const {
    std::int64_t count = 0;
    m_root->forLeaves([&](Node& leaf) { count += leaf.frozen ? 0 : leaf.parameters; });
    return count;
}

bool LayerTreeModel::backboneIsFrozen() const {
    bool any = false;
    bool all = true;
    for (const auto& child : m_root->children) {
        if (!child->isHead()) {
            any = true;
            all = all && frozenState(*child) == Qt::Checked;
        }
    }
    return any && all;
}

QModelIndex LayerTreeModel::indexOf(const QString& path) const {
    const std::string wanted = path.toStdString();
    QModelIndex found;
    const std::function<void(Node&)> look = [&](Node& node) {
        if (!found.isValid() && node.parent && node.path == wanted) {
            found = createIndex(node.row, 0, &node);
        }
        for (const auto& child : node.children) {
            look(*child);
        }
    };
    look(*m_root);
    return found;
}

QStringList LayerTreeModel::pathsOfDepth(int depth) const {
    QStringList paths;
    const std::function<void(const Node&, int)> walk = [&](const Node& node, int level) {
        if (level == depth) {
            paths << QString::fromStdString(node.path);
            return;
        }
        for (const auto& child : node.children) {
            walk(*child, level + 1);
        }
    };
    walk(*m_root, 0);
    return paths;
}

void LayerTreeModel::setEditable(bool editable) {
    m_editable = editable;
    refresh();
}

LayerTreeModel::Node* LayerTreeModel::nodeOf(const QModelIndex& index) const {
    return index.isValid() ? static_cast<Node*>(index.internalPointer()) : m_root.get();
}

QModelIndex LayerTreeModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) {
        return {};
    }
    return createIndex(row, column, nodeOf(parent)->children[std::size_t(row)].get());
}

QModelIndex LayerTreeModel::parent(const QModelIndex& child) const {
    if (!child.isValid()) {
        return {};
    }
    Node* above = nodeOf(child)->parent;
    return above && above->parent ? createIndex(above->row, 0, above) : QModelIndex();
}

int LayerTreeModel::rowCount(const QModelIndex& parent) const {
    return parent.column() > 0 ? 0 : int(nodeOf(parent)->children.size());
}

int LayerTreeModel::columnCount(const QModelIndex&) const {
    return ColumnCount;
}

Qt::CheckState LayerTreeModel::frozenState(const Node& node) const {
    bool any = false;
    bool all = true;
    const_cast<Node&>(node).forLeaves([&](Node& leaf) {
        if (leaf.parameters > 0) {
            any = any || leaf.frozen;
            all = all && leaf.frozen;
        }
    });
    return any && all ? Qt::Checked : any ? Qt::PartiallyChecked : Qt::Unchecked;
}

// As the run takes it: the factor of the deepest group that holds the layer.
double LayerTreeModel::factorOf(const Node& node) const {
    for (const Node* at = &node; at->parent; at = at->parent) {
        if (const auto found = m_rateFactors.find(at->path); found != m_rateFactors.end()) {
            return found->second;
        }
    }
    const auto whole = m_rateFactors.find("backbone");
    return whole != m_rateFactors.end() && !node.isHead() ? whole->second : 1;
}

QVariant LayerTreeModel::textOf(const Node& node, int column) const {
    switch (column) {
        case NameColumn:
            return node.label;
        case RateColumn:
            return tr("× %1").arg(QLocale().toString(factorOf(node), 'g', 4));
        case SizeColumn:
            return Texts::count(node.parameters);
        default:
            return {};
    }
}

QVariant LayerTreeModel::helpOf(const Node& node, int column) const {
    switch (column) {
        case FrozenColumn:
            return tr(
                "Frozen layers keep what they know: no gradient, batch-norm statistics do "
                "not move, dropout is off.");
        case RateColumn:
            return tr(
                "Learning-rate multiplier of this part. 0.1: it changes ten times slower "
                "than the rest. Double-click to change.");
        case SizeColumn:
            return tr("Numbers (parameters) in this part.");
        default:
            return QString::fromStdString(node.path);
    }
}

QVariant LayerTreeModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) {
        return {};
    }
    const Node& node = *nodeOf(index);
    switch (role) {
        case Qt::DisplayRole:
            return textOf(node, index.column());
        case Qt::EditRole:
            return index.column() == RateColumn ? QVariant(factorOf(node))
                                                : textOf(node, index.column());
        case Qt::CheckStateRole:
            if (index.column() == FrozenColumn && node.parameters > 0) {
                return int(frozenState(node));
            }
            return {};
        case Qt::ToolTipRole:
            return helpOf(node, index.column());
        case Qt::TextAlignmentRole:
            return index.column() >= RateColumn ? QVariant(int(Qt::AlignRight | Qt::AlignVCenter))
                                                : QVariant();
        case Qt::AccessibleTextRole:
            if (index.column() == FrozenColumn) {
                const Qt::CheckState state = frozenState(node);
                return state == Qt::Checked     ? tr("%1: frozen").arg(node.label)
                       : state == Qt::Unchecked ? tr("%1: learns").arg(node.label)
                                                : tr("%1: partly frozen").arg(node.label);
            }
            return textOf(node, index.column());
        case PathRole:
            return QString::fromStdString(node.path);
        case KindRole:
            return node.kind;
        default:
            return {};
    }
}

bool LayerTreeModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (!index.isValid() || !m_editable) {
        return false;
    }
    Node& node = *nodeOf(index);
    const QString path = QString::fromStdString(node.path);
    if (index.column() == FrozenColumn && role == Qt::CheckStateRole) {
        const bool frozen = value.toInt() != Qt::Unchecked;
        setFrozen(node, frozen);
        Q_EMIT frozenEdited(path, frozen);
        return true;
    }
    if (index.column() == RateColumn && role == Qt::EditRole) {
        bool ok = false;
        const double factor = value.toDouble(&ok);
        if (!ok || factor < 0 || factor > kMaxFactor) {
            return false;
        }
        m_rateFactors[node.path] = factor;
        refresh();
        Q_EMIT rateFactorEdited(path, factor);
        return true;
    }
    return false;
}

void LayerTreeModel::setFrozen(Node& node, bool frozen) {
    node.forLeaves([frozen](Node& leaf) { leaf.frozen = frozen; });
    refresh();
}

Qt::ItemFlags LayerTreeModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractItemModel::flags(index);
    if (!index.isValid() || !m_editable) {
        return flags;
    }
    if (index.column() == FrozenColumn && nodeOf(index)->parameters > 0) {
        flags |= Qt::ItemIsUserCheckable;
    }
    if (index.column() == RateColumn) {
        flags |= Qt::ItemIsEditable;
    }
    return flags;
}

QVariant LayerTreeModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case NameColumn:
            return tr("Part of the network");
        case FrozenColumn:
            return tr("Keep frozen");
        case RateColumn:
            return tr("Learning speed");
        case SizeColumn:
            return tr("Numbers");
        default:
            return {};
    }
}

}  // namespace graft::ui
