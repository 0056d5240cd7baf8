// ImageWall: a square wall of pictures of one size, for the preview of the augmentation.
// Thread: GUI.
#pragma once

#include <QImage>
#include <QWidget>

#include <vector>

namespace graft::ui {

class ImageWall : public QWidget {
    Q_OBJECT
 public:
    explicit ImageWall(int columns, QWidget* parent = nullptr);

    void setImages(std::vector<QImage> images);
    const std::vector<QImage>& images() const { return m_images; }
    void setText(const QString& text);  ///< instead of pictures
    bool hasHeightForWidth() const override { return false; }
    QSize sizeHint() const override { return {520, 520}; }
    QSize minimumSizeHint() const override { return {200, 200}; }

 protected:
    void paintEvent(QPaintEvent* event) override;

 private:
    int m_columns;
    std::vector<QImage> m_images;
    QString m_text;
};

}  // namespace graft::ui
