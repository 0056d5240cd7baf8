// BackboneCards: the networks to choose from, each a card with what a person needs to choose:
// what it is good for, how large, how slow. The usual ones at first, all on demand or by name. Arrow
// keys move the choice. Thread: GUI.
#pragma once

#include "core/nn/model_spec.h"

#include <QAbstractButton>
#include <QWidget>

#include <vector>

class QButtonGroup;
class QCheckBox;
class QGridLayout;
class QLabel;
class QLineEdit;

namespace graft::ui {

class BackboneCard : public QAbstractButton {
    Q_OBJECT
 public:
    BackboneCard(const BackboneInfo& info, double leastCost, QWidget* parent = nullptr);
    const std::string& backbone() const { return m_id; }
    /// Title or name contains `text`.
    bool matches(const QString& text) const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
    void paintEvent(QPaintEvent* event) override;

 private:
    std::string m_id;
    QString m_title;
    QString m_summary;
    QString m_facts;
};

class BackboneCards : public QWidget {
    Q_OBJECT
 public:
    explicit BackboneCards(QWidget* parent = nullptr);
    void setBackbones(const std::vector<BackboneInfo>& backbones);
    void setCurrent(const std::string& backbone);  ///< no signal

 Q_SIGNALS:
    void chosen(const QString& backbone);

 protected:
    void resizeEvent(QResizeEvent* event) override;

 private:
    bool wanted(const BackboneCard& card) const;
    void arrange();

    QLineEdit* m_find;
    QCheckBox* m_all;
    QLabel* m_none;
    QButtonGroup* m_group;
    QGridLayout* m_grid;
    std::vector<BackboneCard*> m_cards;
    std::vector<BackboneCard*> m_shown;
    int m_columns = 0;
};

}  // namespace graft::ui
