// PredictionModel: the pictures of an evaluation as rows for an ImageGrid: those that a filter
// lets through, the surest mistakes first. Thread: GUI.
#pragma once

#include "core/analysis/evaluation.h"

#include <QAbstractListModel>

#include <optional>
#include <vector>

namespace graft::ui {

class ProjectDocument;

struct PredictionFilter {
    enum class Show { Mistakes, All, Right };
    Show show = Show::Mistakes;
    std::optional<int> truth;      ///< class position, of a cell of the confusion matrix
    std::optional<int> predicted;  ///< class position
    bool operator==(const PredictionFilter&) const = default;
};

class PredictionModel : public QAbstractListModel {
    Q_OBJECT
 public:
    explicit PredictionModel(ProjectDocument* document, QObject* parent = nullptr);

    void setEvaluation(const Evaluation& evaluation);
    void clear();
    const Evaluation& evaluation() const { return m_evaluation; }
    const PredictionFilter& filter() const { return m_filter; }
    /// A cell of the matrix is shown whole, right or wrong, whatever `show` says.
    void setFilter(const PredictionFilter& filter);
    const SamplePrediction* predictionAt(int row) const;
    QString className(int position) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

 private:
    void rebuild();
    QString caption(const SamplePrediction& prediction) const;
    QString describe(const SamplePrediction& prediction) const;

    ProjectDocument* m_document;
    Evaluation m_evaluation;
    PredictionFilter m_filter;
    std::vector<std::size_t> m_rows;  ///< positions in m_evaluation.predictions
};

/// Probability that the network gave its answer; 0 where there is none.
float confidenceOf(const SamplePrediction& prediction);

}  // namespace graft::ui
