// The head solver against scikit-learn's LogisticRegression on the same numbers.
#include "core/train/head_solver.h"
#include "tests/support/python_oracle.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

using namespace graft;

namespace {

HeadProblem problemOf(int rows, int columns, int classes, double spread) {
    torch::manual_seed(std::uint64_t(rows + columns + classes));
    const torch::Tensor centres = torch::randn({classes, columns}) * spread;
    HeadProblem problem;
    problem.targets = torch::randint(classes, {rows}, torch::kInt64);
    problem.features = centres.index_select(0, problem.targets) + torch::randn({rows, columns});
    problem.classCount = classes;
    return problem;
}

}  // namespace

class TestHeadSolverOracle : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void sameAsScikitLearn_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("columns");
        QTest::addColumn<int>("classes");
        QTest::addColumn<double>("spread");
        QTest::addColumn<double>("c");
        QTest::addColumn<bool>("weighted");
        QTest::newRow("two classes") << 244 << 64 << 2 << 0.1 << 1.0 << false;
        QTest::newRow("more features than pictures") << 100 << 512 << 3 << 0.05 << 1.0 << false;
        QTest::newRow("weak") << 400 << 20 << 5 << 0.4 << 100.0 << false;
        QTest::newRow("strong") << 400 << 20 << 5 << 0.4 << 0.01 << false;
        QTest::newRow("weighted classes") << 600 << 30 << 4 << 0.2 << 1.0 << true;
        QTest::newRow("ten classes") << 1000 << 128 << 10 << 0.15 << 0.1 << false;
    }

    void sameAsScikitLearn() {
        QFETCH(int, rows);
        QFETCH(int, columns);
        QFETCH(int, classes);
        QFETCH(double, spread);
        QFETCH(double, c);
        QFETCH(bool, weighted);
        HeadProblem problem = problemOf(rows, columns, classes, spread);
        problem.inverseStrength = c;
        if (weighted) {
            problem.classWeights = torch::arange(1, classes + 1, torch::kFloat32);
        }
        QTemporaryDir folder;
        const QString path = folder.filePath("data");
        {
            std::ofstream out(path.toStdString(), std::ios::binary);
            out.write(static_cast<const char*>(problem.features.data_ptr()),
                      std::streamsize(problem.features.nbytes()));
            out.write(static_cast<const char*>(problem.targets.data_ptr()),
                      std::streamsize(problem.targets.nbytes()));
        }
        const testing::OracleRun oracle = testing::runOracle(
            "logistic.py", {path, QString::number(rows), QString::number(columns),
                            QString::number(classes), QString::number(c), weighted ? "1" : "0"});
        if (oracle.missing) {
            QSKIP(qPrintable(oracle.reason));
        }
        QVERIFY2(oracle.ok, qPrintable(oracle.reason));
        QList<QByteArray> lines = oracle.output.trimmed().split('\n');
        const double objective = lines.takeFirst().toDouble();
        QCOMPARE(lines.size(), rows);

        const Progress progress;
        const auto solved = solveHead(problem, progress);
        QVERIFY(solved.ok());
        QVERIFY(solved->converged);
        QVERIFY2(std::abs(solved->objective - objective) <= 1e-4 * objective,
                 qPrintable(QString("%1 and %2").arg(solved->objective, 0, 'g', 10)
                                .arg(objective, 0, 'g', 10)));
        const torch::Tensor answers =
            torch::addmm(solved->bias, problem.features, solved->weight.t()).argmax(1);
        int same = 0;
        for (int i = 0; i < rows; ++i) {
            same += answers[i].item<int>() == lines[i].toInt();
        }
        QVERIFY2(same >= 0.995 * rows, qPrintable(QString("%1 of %2").arg(same).arg(rows)));
    }

    void badProblemsAreErrors() {
        const Progress progress;
        const HeadProblem good = problemOf(20, 4, 3, 1);
        QVERIFY(solveHead(good, progress).ok());
        HeadProblem bad = good;
        bad.classCount = 2;  // a target is 2
        QVERIFY(solveHead(bad, progress).error().code == ErrorCode::InvalidArgument);
        bad = good;
        bad.inverseStrength = 0;
        QVERIFY(solveHead(bad, progress).error().code == ErrorCode::InvalidArgument);
        bad = good;
        bad.features = good.features.clone();
        bad.features[0][0] = std::nan("");
        QVERIFY(solveHead(bad, progress).error().code == ErrorCode::InvalidArgument);
        bad = good;
        bad.targets = good.targets.slice(0, 0, 5);
        QVERIFY(solveHead(bad, progress).error().code == ErrorCode::InvalidArgument);
        Progress cancelled;
        cancelled.cancel();
        QVERIFY(solveHead(good, cancelled).error().code == ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestHeadSolverOracle)
#include "tst_head_solver_oracle.moc"
