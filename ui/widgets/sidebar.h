// Sidebar: the six places in free order, each with icon, name and a mark of its state.
// Thread: GUI.
#pragma once

#include "ui/widgets/icons.h"

#include <QAbstractButton>
#include <QWidget>

#include <vector>

namespace graft::ui {

enum class PlaceState { Empty, Ready, Running, Attention };

class PlaceButton : public QAbstractButton {
    Q_OBJECT
 public:
    PlaceButton(IconId icon, const QString& name, QWidget* parent);
    void setState(PlaceState state);
    PlaceState state() const { return m_state; }
    QSize sizeHint() const override;

 protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

 private:
    void describe();
    IconId m_icon;
    PlaceState m_state = PlaceState::Empty;
};

class Sidebar : public QWidget {
    Q_OBJECT
 public:
    explicit Sidebar(QWidget* parent = nullptr);

    /// -1: none is current.
    void setCurrent(int place);
    void setState(int place, PlaceState state);
    PlaceButton* button(int place) const { return m_buttons[std::size_t(place)]; }
    int count() const { return int(m_buttons.size()); }
    static QString placeName(int place);

 Q_SIGNALS:
    void chosen(int place);

 protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;  ///< up and down move the focus

 private:
    std::vector<PlaceButton*> m_buttons;
};

}  // namespace graft::ui
