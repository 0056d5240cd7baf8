// Compares `graft-cli predict` with an exported model.pt that Python runs.
#pragma once

#include "tests/support/cli_process.h"

#include <QTest>

#include <cmath>

namespace graft::testing {

/// Why Python cannot be asked; "" if it can.
inline QString missingPython() {
    if (!QFileInfo::exists("/usr/bin/python3")) {
        return "there is no /usr/bin/python3";
    }
    CliProcess python({"-c", "import torch, numpy, PIL"}, "/usr/bin/python3");
    const CliResult result = python.result();
    return result.code == 0 ? QString()
                            : "Python lacks a package: " + QString(result.err).trimmed();
}

/// QVERIFYs that the answers `predicted` (of predict --json) are those of the package in `folder`:
/// the same class, probabilities within 1e-4.
inline void compareWithPython(const QString& folder, const QJsonArray& predicted) {
    QStringList arguments{GRAFT_SOURCE_DIR "/tests/oracle/predict_package.py", folder};
    for (const QJsonValue& answer : predicted) {
        arguments.push_back(answer["file"].toString());
    }
    const CliResult oracle = CliProcess(arguments, "/usr/bin/python3").result();
    QVERIFY2(oracle.code == 0, oracle.all().constData());
    const QJsonArray expected = oracle.list();
    QCOMPARE(predicted.size(), expected.size());
    double largest = 0;
    for (int i = 0; i < expected.size(); ++i) {
        const QString file = expected[i]["file"].toString();
        QVERIFY2(predicted[i]["label"] == expected[i]["label"], qPrintable(file));
        const QJsonObject wanted = expected[i]["probabilities"].toObject();
        const QJsonObject given = predicted[i]["probabilities"].toObject();
        QCOMPARE(given.keys(), wanted.keys());
        for (const QString& label : wanted.keys()) {
            const double difference =
                std::abs(given[label].toDouble(-1) - wanted[label].toDouble());
            largest = std::max(largest, difference);
            QVERIFY2(difference <= 1e-4, qPrintable(QString("%1, %2: %3 instead of %4")
                                                        .arg(file, label)
                                                        .arg(given[label].toDouble(-1))
                                                        .arg(wanted[label].toDouble())));
        }
    }
    qInfo("%d pictures, largest difference of a probability %.2g", int(expected.size()), largest);
}

}  // namespace graft::testing
