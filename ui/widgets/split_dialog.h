// SplitDialog: how the pictures are divided between training, validation and test.
// Thread: GUI.
#pragma once

#include "core/data/split.h"

#include <QDialog>

class QLabel;
class QSpinBox;

namespace graft::ui {

class SplitDialog : public QDialog {
    Q_OBJECT
 public:
    /// `fromSource`: the folders named the splits so far.
    SplitDialog(const SplitOptions& options, bool fromSource, QWidget* parent = nullptr);

    SplitOptions options() const;

 private:
    void update();

    QSpinBox* m_validation;
    QSpinBox* m_test;
    QSpinBox* m_seed;
    QLabel* m_rest;
};

}  // namespace graft::ui
