// The confusion matrix: choosing cells by mouse and keys, words for those who cannot see it.
#include "ui/widgets/matrix_view.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QtTest>

using namespace graft::ui;

class TestMatrixView : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void modelIsSound() {
        MatrixModel model;
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        model.setMatrix({{8, 2}, {0, 0}}, {"ants", "bees"});
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(0, 1).data().toString(), QString("2"));
        QCOMPARE(model.index(0, 1).data(MatrixModel::ShareRole).toDouble(), 0.2);
        QCOMPARE(model.index(1, 1).data(MatrixModel::ShareRole).toDouble(), 0.0);
        const QString words = model.index(0, 1).data(Qt::AccessibleTextRole).toString();
        QVERIFY2(words.contains("ants") && words.contains("bees") && words.contains("2"),
                 qPrintable(words));
        model.setMatrix({}, {});
        QCOMPARE(model.rowCount(), 0);
    }

    void cellsAreChosenByMouseAndKeys() {
        MatrixView view;
        view.resize(400, 300);
        view.setMatrix({{8, 2, 0}, {1, 9, 0}, {0, 3, 7}}, {"a", "b", "c"});
        view.show();
        QSignalSpy chosen(&view, &MatrixView::cellChosen);
        QSignalSpy cleared(&view, &MatrixView::choiceCleared);
        const auto at = [&](int row, int column) {
            return view.visualRect(view.model()->index(row, column)).center();
        };
        QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, at(2, 1));
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(chosen[0], (QVariantList{2, 1}));
        QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, at(2, 1));
        QCOMPARE(cleared.count(), 1);
        view.setCurrentIndex(view.model()->index(0, 0));
        QTest::keyClick(&view, Qt::Key_Right);
        QCOMPARE(view.currentIndex().column(), 1);
        QCOMPARE(chosen.count(), 1);  // moving is not choosing
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(chosen.count(), 2);
        QCOMPARE(chosen[1], (QVariantList{0, 1}));
        QTest::keyClick(&view, Qt::Key_Escape);
        QCOMPARE(cleared.count(), 2);
    }

    void numbersStayReadable() {
        MatrixView view;
        view.resize(300, 200);
        std::vector<std::vector<std::int64_t>> many(60, std::vector<std::int64_t>(60, 12'345));
        QStringList names;
        for (int i = 0; i < 60; ++i) {
            names << QString("class %1").arg(i);
        }
        view.setMatrix(many, names);
        view.show();
        QVERIFY(view.columnWidth(0) >= view.fontMetrics().horizontalAdvance("12,345"));
        QVERIFY(view.rowHeight(0) >= view.fontMetrics().height());
    }
};

QTEST_MAIN(TestMatrixView)
#include "tst_matrix_view.moc"
