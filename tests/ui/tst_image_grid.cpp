// The grid of pictures: selection, keys, sizes, and what it asks the thumbnail service for.
#include "many_pictures_model.h"
#include "ui_fixtures.h"

#include "ui/bridge/thumbnail_service.h"
#include "ui/widgets/image_grid.h"

#include <QScrollBar>
#include <QSignalSpy>
#include <QStringListModel>

using namespace graft;
using graft::ui::ImageGrid;

class TestImageGrid : public QObject {
    Q_OBJECT

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:

    void selection() {
        test::ManyPictures model(1000);
        ImageGrid grid;
        grid.setModel(&model);
        grid.resize(600, 400);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QSignalSpy count(&grid, &ImageGrid::selectionCountChanged);
        QSignalSpy current(&grid, &ImageGrid::currentSampleChanged);
        grid.setCurrentIndex(model.index(4));
        QCOMPARE(grid.currentSample(), SampleId(5));
        QCOMPARE(grid.selectedSamples(), std::vector<SampleId>{5});
        QCOMPARE(current.count(), 1);
        QTest::keyClick(&grid, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(grid.selectedSamples(), (std::vector<SampleId>{5, 6}));
        grid.selectAll();
        QCOMPARE(grid.selectedSamples().size(), std::size_t(1000));
        QCOMPARE(count.last().first().toInt(), 1000);
        model.reset(10);
        QVERIFY(grid.selectedSamples().empty());
        QCOMPARE(count.last().first().toInt(), 0);
    }
    void arrowsMoveByRows() {
        test::ManyPictures model(1000);
        ImageGrid grid;
        grid.setModel(&model);
        grid.resize(600, 400);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        grid.setCurrentIndex(model.index(0));
        QTest::keyClick(&grid, Qt::Key_Down);
        const int columns = grid.viewport()->width() / grid.gridSize().width();
        QCOMPARE(grid.currentIndex().row(), columns);
        QTest::keyClick(&grid, Qt::Key_End);
        QCOMPARE(grid.currentIndex().row(), 999);
        QVERIFY(grid.verticalScrollBar()->value() > 0);
    }
    void lettersAreLeftToThePage() {
        test::ManyPictures model(100);
        ImageGrid grid;
        grid.setModel(&model);
        grid.setCurrentIndex(model.index(0));
        QTest::keyClick(&grid, Qt::Key_C);  // captions start with "class"
        QCOMPARE(grid.currentIndex().row(), 0);
    }
    void pictureSide() {
        test::ManyPictures model(100);
        ImageGrid grid;
        grid.setModel(&model);
        QSignalSpy changed(&grid, &ImageGrid::pictureSideChanged);
        grid.setPictureSide(200);
        QCOMPARE(grid.pictureSide(), 200);
        QVERIFY(grid.gridSize().width() > 200);
        grid.setPictureSide(5000);
        QCOMPARE(grid.pictureSide(), int(ImageGrid::kMaxPictureSide));
        QCOMPARE(changed.count(), 2);
    }
    void showsThumbnails() {
        QTemporaryDir folder;
        test::writeFolder(folder.path(), {QStringLiteral("a")}, 12);
        class Real : public test::ManyPictures {
         public:
            Real(QString folder, int count) : ManyPictures(count), m_folder(std::move(folder)) {}
            QVariant data(const QModelIndex& index, int role) const override {
                if (role == ui::ImageRoles::PathRole) {
                    return m_folder +
                           QStringLiteral("/a/%1.png").arg(index.row(), 3, 10, QLatin1Char('0'));
                }
                return ManyPictures::data(index, role);
            }
            QString m_folder;
        } model(folder.path(), 12);
        ImageGrid grid;
        grid.setModel(&model);
        grid.resize(700, 500);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        const ImageRef first{model.index(0).data(ui::ImageRoles::PathRole).toString().toStdString(),
                             -1};
        QTRY_VERIFY(!ui::ThumbnailService::shared()->find(first, 128).isNull());
        // The class colour of the fixture appears in the first cell.
        const auto cellHasColour = [&] {
            const QImage shot = grid.grab().toImage();
            const QPoint middle = grid.visualRect(model.index(0)).center();
            const QColor seen = shot.pixelColor(middle * shot.devicePixelRatio());
            return seen.hsvSaturation() > 100;
        };
        QTRY_VERIFY(cellHasColour());
    }
    void emptyText() {
        test::ManyPictures model(0);
        ImageGrid grid;
        grid.setModel(&model);
        grid.resize(300, 200);
        const QImage before = grid.grab().toImage();
        grid.setEmptyText(QStringLiteral("Nothing here"));
        QVERIFY(grid.grab().toImage() != before);
    }
};

QTEST_MAIN(TestImageGrid)
#include "tst_image_grid.moc"
