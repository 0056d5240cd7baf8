// ModelPage: which network, from which weights, and what of it learns. What is changed here while
// a run is under way is stored and also told to the run. Thread: GUI.
#pragma once

#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

#include <functional>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QStackedLayout;
class QTreeView;

namespace graft::ui {

class BackboneCards;
class EmptyPanel;
class LayerTreeModel;
class WeightsBox;

class ModelPage : public Page {
    Q_OBJECT
 public:
    ModelPage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~ModelPage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;

 private:
    QWidget* buildChoice();
    QWidget* buildLayers();
    void connectParts();
    void reload();
    void loadTree();
    void showTotals();
    void chooseBackbone(const QString& backbone);
    void chooseWeights(const QString& path, const QString& sha256);
    void freezeAllBut(bool headOnly);
    void storeChoice();
    bool change(const std::function<void(ModelSpec&)>& edit);
    bool hasData() const;
    QString weightsNote(const std::string& backbone) const;

    ProjectDocument* m_document;
    RunBridge* m_run;
    QStackedLayout* m_stack;
    EmptyPanel* m_empty;
    BackboneCards* m_cards;
    WeightsBox* m_weights;
    QSpinBox* m_imageSize;
    QDoubleSpinBox* m_dropout;
    QComboBox* m_padding;
    LayerTreeModel* m_layers;
    QTreeView* m_tree;
    QLabel* m_total;
    QLabel* m_hint;
    QPushButton* m_headOnly;
    QPushButton* m_everything;
    JobBridge m_treeJob;
    QString m_treeKey;
    bool m_loading = false;
};

}  // namespace graft::ui
