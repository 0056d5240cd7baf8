// AugmentSliders: one row with name, slider and number per option of the augmentation, a check box
// where it is on or off, built from augmentFields(); the rarer ones fold away under "More".
// Thread: GUI.
#pragma once

#include "core/data/augment_spec.h"

#include <QWidget>

#include <string>
#include <utility>
#include <vector>

class QCheckBox;
class QDoubleSpinBox;
class QGridLayout;
class QSlider;
class QToolButton;

namespace graft::ui {

class AugmentSliders : public QWidget {
    Q_OBJECT
 public:
    explicit AugmentSliders(QWidget* parent = nullptr);

    const AugmentSpec& spec() const { return m_spec; }
    void setSpec(const AugmentSpec& spec);  ///< edited() is not emitted
    void setWritable(bool on);

 Q_SIGNALS:
    void edited(const graft::AugmentSpec& spec);

 private:
    struct Row {
        std::string key;
        QSlider* slider;
        QDoubleSpinBox* box;
        double min;
        double max;
    };
    void addRow(QGridLayout* grid, const FieldInfo& info);
    void addSwitch(QGridLayout* grid, const FieldInfo& info);
    void take(const std::string& key, const FieldValue& value);

    AugmentSpec m_spec;
    std::vector<Row> m_rows;
    std::vector<std::pair<std::string, QCheckBox*>> m_switches;
    QWidget* m_more;
    bool m_setting = false;
};

}  // namespace graft::ui
