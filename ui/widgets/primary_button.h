// PrimaryButton: the one button at the bottom right that names the next step, in the colour of the
// selection. Painted here because styles lighten the button's colour below the contrast that its
// text needs. Thread: GUI.
#pragma once

#include <QPushButton>

namespace graft::ui {

class PrimaryButton : public QPushButton {
    Q_OBJECT
 public:
    explicit PrimaryButton(QWidget* parent = nullptr);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
    void paintEvent(QPaintEvent* event) override;
};

}  // namespace graft::ui
