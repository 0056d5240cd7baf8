// Editors of single options: the widget that suits an option's kind and range. Used by
// OptionsForm and wherever a page edits one number. Thread: GUI.
#pragma once

#include "core/base/fields.h"

#include <QDoubleSpinBox>
#include <QWidget>

#include <functional>

class QSlider;

namespace graft::ui {

/// A number that spans decades: steps go 1, 2, 5, 10, the text is as short as it can be (0.01,
/// 3e-05).
class DecadeSpinBox : public QDoubleSpinBox {
    Q_OBJECT
 public:
    explicit DecadeSpinBox(QWidget* parent = nullptr);
    void stepBy(int steps) override;
    QString textFromValue(double value) const override;
    double valueFromText(const QString& text) const override;
    QValidator::State validate(QString& text, int& position) const override;
};

/// A slider with the number beside it.
class SliderSpin : public QWidget {
    Q_OBJECT
 public:
    SliderSpin(double min, double max, double step, QWidget* parent = nullptr);
    double value() const;
    void setValue(double value);  ///< does not emit
    QDoubleSpinBox* spin() const { return m_spin; }
    QSlider* slider() const { return m_slider; }
    void setAccessibleText(const QString& name, const QString& description);

 Q_SIGNALS:
    void valueChanged(double value);  ///< by the person

 private:
    void followSlider(int position);
    void moveSlider(double value);

    double m_min;
    double m_max;
    QSlider* m_slider;
    QDoubleSpinBox* m_spin;
};

struct OptionEditor {
    QWidget* widget = nullptr;
    QWidget* focus = nullptr;  ///< what the label's shortcut leads to
    std::function<FieldValue()> value;
    std::function<void(const FieldValue&)> setValue;  ///< does not call `edited`
};

/// `like` gives the kind; `edited` is called when the person changes the value.
OptionEditor makeOptionEditor(const FieldInfo& info, const FieldValue& like,
                              std::function<void()> edited, QWidget* parent);

/// Label, help and key in one tooltip.
QString optionToolTip(const FieldInfo& info);

/// The wheel scrolls the page instead of changing `widget`, unless it has the focus.
void keepWheelForFocus(QWidget* widget);

}  // namespace graft::ui
