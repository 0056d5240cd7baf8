// Help: the list of keys (F1) and what this program is. Both are windows beside the main one, not
// modal. Thread: GUI.
#pragma once

class QWidget;

namespace graft::ui {

void showShortcuts(QWidget* parent);
void showAbout(QWidget* parent);

}  // namespace graft::ui
