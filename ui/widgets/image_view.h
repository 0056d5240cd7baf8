// ImageView: one picture as large as there is room. Thread: GUI.
#pragma once

#include <QImage>
#include <QWidget>

namespace graft::ui {

class ImageView : public QWidget {
    Q_OBJECT
 public:
    explicit ImageView(QWidget* parent = nullptr);

    void setImage(const QImage& image);
    /// Shown where there is no picture ("Cannot be read").
    void setText(const QString& text);
    bool hasImage() const { return !m_image.isNull(); }
    QSize sizeHint() const override { return {240, 200}; }

 Q_SIGNALS:
    void closeRequested();       ///< Esc, Space or a double click
    void stepRequested(int by);  ///< left or right arrow

 protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;

 private:
    QImage m_image;
    QString m_text;
};

}  // namespace graft::ui
