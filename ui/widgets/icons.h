// Icons: the program's simple line icons, drawn as vectors in the colour of the palette, so that
// they need no icon theme and are sharp at every scale. Thread: GUI.
#pragma once

#include <QColor>
#include <QIcon>
#include <QRectF>

class QPainter;

namespace graft::ui {

enum class IconId {
    Data,
    Augment,
    Model,
    Train,
    Evaluate,
    Export,
    Play,
    Pause,
    Stop,
    Close,
    Folder,
    Sample,
    Drop,
    Info,
    Warning,
    Error,
    Check,
    Previous,
    Next,
    Random,
    Panel,
    Add,
    Remove,
    Edit,
};

/// Follows the application's palette, disabled state included.
QIcon icon(IconId id);
/// Draws it into `box` in one colour.
void paintIcon(QPainter* painter, IconId id, const QRectF& box, const QColor& color);

}  // namespace graft::ui
