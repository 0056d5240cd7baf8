// The command line's pure parts: tables, CSV, progress, exit codes, picture lists, flags.
#include "app/cli_app.h"
#include "app/cli_exit.h"
#include "app/cli_pictures.h"
#include "app/cli_progress.h"
#include "app/cli_table.h"
#include "app/cli_train_flags.h"
#include "app/cli_train_printer.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <set>
#include <sstream>

using namespace graft;
using namespace graft::cli;

namespace {

void touch(const QString& path) {
    QDir().mkpath(QFileInfo(path).path());
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
}

}  // namespace

class TestCliText : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void tablesAlignByCharacters() {
        const std::string table = textTable({{"név", "n"}, {"a", "10"}, {"hangya", "5"}}, "lr");
        QCOMPARE(QString::fromStdString(table), QString("név      n\na       10\nhangya   5\n"));
    }

    void csvQuotesAndHasTheMark() {
        const std::string csv = csvText({{"a", "b,c"}, {"say \"x\"", "two\nlines"}});
        QCOMPARE(QByteArray::fromStdString(csv),
                 QByteArray("\xEF\xBB\xBF"
                            "a,\"b,c\"\r\n\"say \"\"x\"\"\",\"two\nlines\"\r\n"));
    }

    void durations() {
        QCOMPARE(durationText(8.4), std::string("8 s"));
        QCOMPARE(durationText(59.7), std::string("1:00 min"));
        QCOMPARE(durationText(83), std::string("1:23 min"));
        QCOMPARE(durationText(7500), std::string("2:05 h"));
        QCOMPARE(durationText(-5), std::string("0 s"));
    }

    void bars() {
        QCOMPARE(barText(0, 4), std::string("[....]"));
        QCOMPARE(barText(0.5, 4), std::string("[##..]"));
        QCOMPARE(barText(1.5, 4), std::string("[####]"));
        QCOMPARE(barText(std::nan(""), 4), std::string("[....]"));
    }

    void etaFollowsThePaceOfEachPart() {
        EtaEstimate eta;
        QCOMPARE(eta.secondsLeft(0, 100, 0), -1.0);
        QCOMPARE(eta.secondsLeft(0, 100, 2), -1.0);
        QCOMPARE(eta.secondsLeft(50, 100, 10), 10.0);
        QCOMPARE(eta.secondsLeft(0, 10, 20), -1.0);  // another part begins
        QCOMPARE(eta.secondsLeft(5, 10, 25), 5.0);
        QCOMPARE(eta.secondsLeft(10, 10, 30), 0.0);
    }

    void linesAreCutBetweenCharacters() {
        QCOMPARE(QString::fromStdString(cutToColumns("hangyák", 6)), QString("hangyá"));
        QCOMPARE(QString::fromStdString(cutToColumns("abc", 3)), QString("abc"));
        QVERIFY(displayColumns(jobLine({5, 10, false, "Checking pictures"}, 61, 40)) <= 40);
    }

    void bytesAreToldInUnits() {
        const std::string line = jobLine({5'000'000, 20'000'000, true, "Downloading"}, -1, 79);
        QCOMPARE(QString::fromStdString(line),
                 QString("Downloading [#####...............] 25 %  5.0 MB of 20.0 MB"));
    }

    void everyErrorHasAnExitCode() {
        QCOMPARE(exitCodeFor(ErrorCode::Internal), 1);
        QCOMPARE(exitCodeFor(ErrorCode::BadFormat), 2);
        QCOMPARE(exitCodeFor(ErrorCode::NewerVersion), 2);
        QCOMPARE(exitCodeFor(ErrorCode::NotFound), 3);
        QCOMPARE(exitCodeFor(ErrorCode::PermissionDenied), 4);
        QCOMPARE(exitCodeFor(ErrorCode::DiskFull), 5);
        QCOMPARE(exitCodeFor(ErrorCode::Diverged), 6);
        QCOMPARE(exitCodeFor(ErrorCode::Network), 9);
        QCOMPARE(exitCodeFor(ErrorCode::Cancelled), 130);
        for (int code = 0; code <= int(ErrorCode::Internal); ++code) {
            const int exit = exitCodeFor(ErrorCode(code));
            QVERIFY(exit != 0);
            QVERIFY(exitCodeHelp().find("  " + std::to_string(exit) + " ") != std::string::npos);
        }
    }

    void picturesAreFound() {
        const QTemporaryDir folder;
        for (const char* name : {"b.PNG", "a.jpg", "sub/c.webp", "notes.txt", ".hidden.jpg",
                                 ".thumbs/d.jpg", "é t é.tif"}) {
            touch(folder.filePath(name));
        }
        const std::string root = folder.path().toStdString();
        const auto all = collectPictures({root});
        QVERIFY(all.ok());
        QCOMPARE(all->files, (std::vector<std::string>{root + "/a.jpg", root + "/b.PNG",
                                                       root + "/sub/c.webp", root + "/é t é.tif"}));
        QCOMPARE(all->passedBy, std::size_t(1));
        QVERIFY(!all->named.at(0));

        const auto mixed = collectPictures({root + "/notes.txt", root + "/*.jpg"});
        QVERIFY(mixed.ok());
        QCOMPARE(mixed->files, (std::vector<std::string>{root + "/notes.txt", root + "/a.jpg"}));
        QCOMPARE(mixed->named, (std::vector<bool>{true, false}));

        QCOMPARE(collectPictures({root + "/no.jpg"}).error().code, ErrorCode::NotFound);
        QCOMPARE(collectPictures({root + "/*.gif"}).error().code, ErrorCode::NotFound);
        QCOMPARE(collectPictures({root + "/.thumbs/none"}).error().code, ErrorCode::NotFound);
    }

    void everyOptionOfTrainingHasAFlag() {
        std::ostringstream out;
        std::ostringstream err;
        QCOMPARE(runCli({"train", "--help"}, out, err, false), 0);
        const QString help = QString::fromStdString(out.str());
        QVERIFY(trainFields().rows().size() > 10);
        for (const auto& row : trainFields().rows()) {
            QString flag = "--" + QString::fromStdString(row.info.key).replace('_', '-');
            QVERIFY2(help.contains(flag + " "), qPrintable(flag));
        }
    }

    void flagsChangeWhatIsStored() {
        TrainFlags flags;
        flags.options = {{"epochs", "3"}, {"learning_rate", "0.5"}, {"schedule", "step"}};
        TrainOptions stored;
        stored.batchSize = 7;
        const auto options = changedOptions(stored, flags);
        QVERIFY(options.ok());
        QCOMPARE(options->epochs, 3);
        QCOMPARE(options->learningRate, 0.5);
        QCOMPARE(options->schedule, std::string("step"));
        QCOMPARE(options->batchSize, 7);

        flags.options = {{"learning_rate", "fast"}};
        const auto refused = changedOptions(stored, flags);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QVERIFY(refused.error().message.find("--learning-rate") == 0);
    }

    void augmentationFlags() {
        TrainFlags flags;
        flags.augment = "medium";
        flags.augmentSet = {"rotate-degrees=33"};
        const auto key = augmentFields().rows().at(0).info.key;
        QVERIFY(!key.empty());
        const auto changed = changedAugment({}, flags);
        const auto preset = augmentPreset("medium");
        QVERIFY(changed.ok());
        QCOMPARE(changed->rotateDegrees, 33.0);
        QCOMPARE(changed->flipHorizontal, preset->flipHorizontal);
        flags.augmentSet = {"rotate"};
        QCOMPARE(changedAugment({}, flags).error().code, ErrorCode::InvalidArgument);
        flags.augmentSet = {"nothing=1"};
        QCOMPARE(changedAugment({}, flags).error().code, ErrorCode::InvalidArgument);
        flags.augment = "wild";
        QCOMPARE(changedAugment({}, flags).error().code, ErrorCode::InvalidArgument);
    }

    void modelFlags() {
        TrainFlags flags;
        std::vector<std::string> notices;
        flags.backbone = "resnet18";
        flags.freeze = {"layer1", "layer2.0"};
        flags.rateFactors = {"layer3=0.5"};
        ModelSpec stored;
        stored.frozen = {"backbone"};
        stored.weightsPath = "of/another/network.safetensors";
        const auto model = changedModel(stored, flags, 2, notices);
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
        QCOMPARE(model->backbone, std::string("resnet18"));
        QVERIFY(model->weightsPath.empty());
        QCOMPARE(model->frozen, (std::vector<std::string>{"layer1", "layer2.0"}));
        QCOMPARE(model->rateFactors.at("layer3"), 0.5);

        flags.freeze = {"none"};
        QVERIFY(changedModel(*model, flags, 2, notices)->frozen.empty());
        flags.freeze = {"layer9"};
        const auto unknown = changedModel(stored, flags, 2, notices);
        QCOMPARE(unknown.error().code, ErrorCode::InvalidArgument);
        QVERIFY(unknown.error().hint.find("layer4") != std::string::npos);
        flags.freeze.clear();
        flags.rateFactors = {"layer3=fast"};
        QCOMPARE(changedModel(stored, flags, 2, notices).error().code, ErrorCode::InvalidArgument);
        flags.rateFactors.clear();
        flags.backbone = "resnet19";
        QCOMPARE(changedModel(stored, flags, 2, notices).error().code, ErrorCode::InvalidArgument);
    }

    void epochLines() {
        MetricRow row;
        row.kind = MetricRow::Kind::Epoch;
        row.epoch = 3;
        row.trainLoss = 0.25;
        row.trainAccuracy = 0.5;
        row.validationAccuracy = 0.75;
        row.validationLoss = 0.125;
        row.validationCount = 8;
        row.imagesPerSecond = 31.6;
        row.best = true;
        QCOMPARE(QString::fromStdString(epochLine(row, 10)),
                 QString("Epoch  3/10  loss 0.2500  accuracy 50.0 %  validation loss 0.1250  "
                         "accuracy 75.0 %  32 pictures/s  best so far"));
    }
};

QTEST_GUILESS_MAIN(TestCliText)
#include "tst_cli_text.moc"
