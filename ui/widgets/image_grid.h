// ImageGrid: a grid of pictures over any list model, made for 100,000 of them: uniform items,
// pictures from the ThumbnailService only for what is visible. Thread: GUI.
//
// The model gives Qt::DisplayRole as the caption and the roles of ImageRoles.
#pragma once

#include "core/data/dataset.h"
#include "ui/models/image_roles.h"

#include <QListView>
#include <QTimer>

#include <vector>

namespace graft::ui {

class ImageGrid : public QListView, public ImageRoles {
    Q_OBJECT
 public:
    static constexpr int kMinPictureSide = 64;  ///< logical px
    static constexpr int kMaxPictureSide = 256;

    explicit ImageGrid(QWidget* parent = nullptr);
    ~ImageGrid() override;

    void setModel(QAbstractItemModel* model) override;
    int pictureSide() const { return m_side; }
    void setPictureSide(int side);
    /// How many lines a caption has room for (1 at first); each is shortened by itself.
    void setCaptionLines(int lines);
    /// In row order.
    std::vector<SampleId> selectedSamples() const;
    SampleId currentSample() const;  ///< 0: none
    /// Text drawn in the middle while the model is empty.
    void setEmptyText(const QString& text);

 Q_SIGNALS:
    void currentSampleChanged(graft::SampleId sample);
    void selectionCountChanged(int count);
    void pictureSideChanged(int side);

 protected:
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void selectionChanged(const QItemSelection& selected,
                          const QItemSelection& deselected) override;
    void paintEvent(QPaintEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;  ///< Ctrl+wheel changes the size
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyboardSearch(const QString& search) override;  ///< off: keys are shortcuts here
    void hideEvent(QHideEvent* event) override;

 private:
    void updateGeometryOfItems();
    void wantVisible();

    int m_side = 128;
    int m_captionLines = 1;
    int m_lastSelectionCount = 0;
    QString m_emptyText;
    QTimer m_wantTimer;
};

}  // namespace graft::ui
