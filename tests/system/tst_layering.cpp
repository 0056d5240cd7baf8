// Reads the sources and fails, with file and line, where the plan of the house is broken.
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

namespace {

using Sources = QMap<QString, QStringList>;  // path from the root -> lines

const QStringList kCoreLayers{"base",  "data",   "nn",      "analysis",
                              "train", "deploy", "project", "engine"};
const QStringList kUiLayers{"bridge", "models", "widgets", "pages"};
constexpr int kMostLines = 600;

struct Include {
    int line = 0;  // 1-based
    QString target;
};

QVector<Include> includesOf(const QStringList& lines) {
    static const QRegularExpression pattern("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
    QVector<Include> found;
    for (int i = 0; i < lines.size(); ++i) {
        const auto match = pattern.match(lines[i]);
        if (match.hasMatch()) {
            found.push_back({i + 1, match.captured(1)});
        }
    }
    return found;
}

bool isTorch(const QString& include) {
    static const QRegularExpression pattern("^(torch|ATen|c10|caffe2)/");
    return pattern.match(include).hasMatch();
}

bool isOpenCv(const QString& include) {
    return include.startsWith("opencv2/");
}

bool isQt(const QString& include) {
    static const QRegularExpression pattern(
        "^(Qt[A-Z]\\w*/.+|Q[A-Z]\\w*|q[a-z0-9_]+\\.h|qcustomplot\\.h)$");
    return pattern.match(include).hasMatch();
}

// What a header pulls in that does not belong in the window; empty if it is public.
QString foreignInclude(const QString& header, const Sources& sources, QSet<QString>& seen) {
    if (seen.contains(header)) {
        return {};
    }
    seen.insert(header);
    for (const Include& include : includesOf(sources.value(header))) {
        if (isTorch(include.target) || isOpenCv(include.target) || isQt(include.target)) {
            return header + " includes " + include.target;
        }
        const QString below = foreignInclude(include.target, sources, seen);
        if (!below.isEmpty()) {
            return below;
        }
    }
    return {};
}

class Checker {
 public:
    explicit Checker(const Sources& sources) : m_sources(sources) {
        for (auto file = sources.begin(); file != sources.end(); ++file) {
            check(file.key(), file.value());
        }
    }
    QStringList violations;

 private:
    void add(const QString& path, int line, const QString& what) {
        violations.push_back(QString("%1:%2: %3").arg(path).arg(line).arg(what));
    }

    void check(const QString& path, const QStringList& lines) {
        if (lines.size() > kMostLines) {
            add(path, kMostLines + 1,
                QString("%1 lines; at most %2 fit in a head").arg(lines.size()).arg(kMostLines));
        }
        const QVector<Include> includes = includesOf(lines);
        if (path.startsWith("core/")) {
            checkCore(path, includes);
        } else if (path.startsWith("ui/")) {
            checkUi(path, includes);
        } else if (path.startsWith("app/cli")) {
            checkCli(path, includes);
        }
        if (!path.startsWith("tests/")) {
            checkMix(path, includes);
        }
    }

    void checkMix(const QString& path, const QVector<Include>& includes) {
        bool torch = false;
        for (const Include& include : includes) {
            torch = torch || isTorch(include.target);
        }
        for (const Include& include : includes) {
            if (torch && isQt(include.target)) {
                add(path, include.line, "Qt and torch in one file");
            }
        }
    }

    void checkOrder(const QString& path, const Include& include, const QString& root,
                    const QStringList& layers) {
        const int here = int(layers.indexOf(path.section('/', 1, 1)));
        const int there = int(layers.indexOf(include.target.section('/', 1, 1)));
        if (include.target.startsWith(root + "/") && here >= 0 && there > here) {
            add(path, include.line, "looks right, to " + include.target);
        }
    }

    void checkCore(const QString& path, const QVector<Include>& includes) {
        for (const Include& include : includes) {
            checkOrder(path, include, "core", kCoreLayers);
            if (isQt(include.target)) {
                add(path, include.line, "Qt in core");
            }
            if (include.target.startsWith("ui/") || include.target.startsWith("app/")) {
                add(path, include.line, "looks right, to " + include.target);
            }
        }
    }

    void checkUi(const QString& path, const QVector<Include>& includes) {
        for (const Include& include : includes) {
            checkOrder(path, include, "ui", kUiLayers);
            if (isTorch(include.target) || isOpenCv(include.target)) {
                add(path, include.line, "torch or OpenCV in ui");
            }
            if (include.target.startsWith("app/")) {
                add(path, include.line, "looks right, to " + include.target);
            }
            if (include.target.startsWith("core/")) {
                QSet<QString> seen;
                const QString foreign = foreignInclude(include.target, m_sources, seen);
                if (!foreign.isEmpty()) {
                    add(path, include.line, include.target + " is not public in core: " + foreign);
                }
            }
        }
    }

    // The command line builds on a machine without Qt.
    void checkCli(const QString& path, const QVector<Include>& includes) {
        for (const Include& include : includes) {
            if (isQt(include.target) || include.target.startsWith("ui/")) {
                add(path, include.line, "the window in the command line");
            }
        }
    }

    const Sources& m_sources;
};

Sources readSources() {
    Sources sources;
    const QDir root(GRAFT_SOURCE_DIR);
    for (const QString folder : {"core", "ui", "app", "tests"}) {
        QDirIterator files(root.filePath(folder), {"*.h", "*.cpp"}, QDir::Files,
                           QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            if (file.open(QIODevice::ReadOnly)) {
                QStringList lines = QString::fromUtf8(file.readAll()).split('\n');
                if (lines.last().isEmpty()) {
                    lines.removeLast();
                }
                sources.insert(root.relativeFilePath(file.fileName()), lines);
            }
        }
    }
    return sources;
}

}  // namespace

class TestLayering : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void theHouseStandsAsPlanned() {
        const Sources sources = readSources();
        QVERIFY2(sources.size() > 100, "the sources were not found");
        const Checker checker(sources);
        QVERIFY2(checker.violations.isEmpty(), qPrintable("\n" + checker.violations.join('\n')));
    }

    void violationsAreSeen_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("line");
        QTest::addColumn<QString>("said");
        QTest::newRow("right in core") << "core/data/x.cpp"
                                       << "#include \"core/nn/catalog.h\""
                                       << "core/data/x.cpp:2: looks right, to core/nn/catalog.h";
        QTest::newRow("window in core") << "core/engine/x.cpp"
                                        << "#include \"ui/pages/page.h\""
                                        << "looks right";
        QTest::newRow("Qt class") << "core/base/x.h"
                                  << "#include <QString>"
                                  << "Qt in core";
        QTest::newRow("Qt module") << "core/base/x.h"
                                   << "#include <QtCore/QString>"
                                   << "Qt in core";
        QTest::newRow("Qt old header") << "core/base/x.h"
                                       << "#  include <qglobal.h>"
                                       << "Qt in core";
        QTest::newRow("torch in ui") << "ui/pages/x.cpp"
                                     << "#include <torch/torch.h>"
                                     << "torch or OpenCV in ui";
        QTest::newRow("ATen in ui") << "ui/pages/x.cpp"
                                    << "#include <ATen/Parallel.h>"
                                    << "torch or OpenCV in ui";
        QTest::newRow("OpenCV in ui") << "ui/pages/x.cpp"
                                      << "#include <opencv2/core.hpp>"
                                      << "torch or OpenCV in ui";
        QTest::newRow("right in ui") << "ui/bridge/x.cpp"
                                     << "#include \"ui/pages/page.h\""
                                     << "looks right";
        QTest::newRow("private header") << "ui/pages/x.cpp"
                                        << "#include \"core/nn/deep.h\""
                                        << "core/nn/deep.h is not public in core: "
                                           "core/nn/deeper.h includes torch/torch.h";
        QTest::newRow("Qt in the command line") << "app/cli_x.cpp"
                                                << "#include <QFile>"
                                                << "the window in the command line";
    }
    void violationsAreSeen() {
        QFETCH(QString, path);
        QFETCH(QString, line);
        QFETCH(QString, said);
        Sources sources;
        sources.insert("core/nn/deep.h", {"#include \"core/nn/deeper.h\""});
        sources.insert("core/nn/deeper.h", {"#include <torch/torch.h>"});
        sources.insert(path, {"// a comment", line});
        const Checker checker(sources);
        QCOMPARE(checker.violations.size(), 1);
        QVERIFY2(checker.violations.first().contains(said), qPrintable(checker.violations.first()));
    }

    void qtAndTorchInOneFileIsSeen() {
        Sources sources;
        sources.insert("app/gui_x.cpp", {"#include <QFile>", "#include <torch/torch.h>"});
        const Checker checker(sources);
        QCOMPARE(checker.violations, QStringList{"app/gui_x.cpp:1: Qt and torch in one file"});
    }

    void longFilesAreSeen() {
        Sources sources;
        sources.insert("ui/pages/fits.cpp", QStringList(kMostLines, "x"));
        QVERIFY(Checker(sources).violations.isEmpty());
        sources.insert("ui/pages/long.cpp", QStringList(kMostLines + 1, "x"));
        QCOMPARE(Checker(sources).violations.size(), 1);
    }

    void whatIsAllowedIsNotBlamed() {
        Sources sources;
        sources.insert("core/train/x.cpp", {"#include \"core/nn/catalog.h\"",
                                            "#include <torch/torch.h>", "#include <queue>"});
        sources.insert("core/nn/catalog.h", {"#include <string>"});
        sources.insert("ui/pages/x.cpp", {"#include \"ui/bridge/run_bridge.h\"",
                                          "#include \"core/nn/catalog.h\"", "#include <QWidget>"});
        QVERIFY(Checker(sources).violations.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestLayering)
#include "tst_layering.moc"
