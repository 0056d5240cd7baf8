// graft-cli weights: what is published, bringing it here over a bad line, and training by name.
#include "core/base/hash.h"
#include "core/nn/weights/safetensors.h"
#include "tests/support/cli_process.h"
#include "tests/support/flaky_server.h"
#include "tests/support/picture_folder.h"
#include "tests/support/small_networks.h"

#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace graft;
using namespace graft::testing;

class TestCliWeights : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void init();

    void listNeedsNoNetwork();
    void documentIsUpToDate();
    void getAsksFirst();
    void getAsksOnATerminal();
    void getBringsItOnce();
    void ctrlCKeepsThePart();
    void wrongContentIsRefused();
    void answersHaveExitCodes_data();
    void answersHaveExitCodes();
    void fullDiskIsSaid();
    void unknownNames();
    void checkTellsWhatFits();
    void trainingTakesThemByName();

 private:
    // A catalogue of one entry for small_cnn, whose address is the server's in this mode.
    void useCatalogue(const QString& mode, double mib = 0, const QString& name = "net-1") {
        const QJsonObject entry{{"id", "small_cnn.TEST"},
                                {"backbone", "small_cnn"},
                                {"title", "A test"},
                                {"url", QString::fromStdString(m_server->url(mode + "/" + name))},
                                {"sha256", m_hash.left(12)},
                                {"mib", mib > 0 ? mib : double(m_content.size()) / (1 << 20)},
                                {"parameters", 1000},
                                {"top1", 50},
                                {"top5", 80},
                                {"resize", 64},
                                {"crop", 64},
                                {"interpolation", "bilinear"},
                                {"mean", QJsonArray{0.5, 0.5, 0.5}},
                                {"std", QJsonArray{0.5, 0.5, 0.5}},
                                {"container", "safetensors"},
                                {"license", "CC0-1.0"},
                                {"data", "Noise"},
                                {"default", true}};
        const QJsonObject all{{"data_terms", QJsonObject{{"Noise", "Nobody owns noise."}}},
                              {"weights", QJsonArray{entry}}};
        QFile file(path("catalogue.json"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QJsonDocument(all).toJson());
        qputenv("GRAFT_WEIGHT_CATALOGUE", file.fileName().toUtf8());
    }
    QString path(const QString& name) const { return m_folder->filePath(name); }
    QString ownFile(const QString& suffix = {}) const {
        return path("data/graft/weights/net-1" + suffix);
    }
    static QByteArray content(const QString& path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    // On a terminal, with something typed.
    static CliResult runOnTerminal(const QString& command, const QString& typed) {
        return CliProcess({"-c", QString("echo %1 | script -qec '%2 %3' /dev/null")
                                     .arg(typed, cliProgram(), command)},
                          "sh")
            .result();
    }

    QByteArray m_content;
    QString m_hash;
    std::unique_ptr<FlakyServer> m_server;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestCliWeights::initTestCase() {
    for (const char* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
        qunsetenv(name);
    }
    // Weights that fit the small network, as anyone might publish them.
    const QTemporaryDir folder;
    const auto classifier = make(specOf("small_cnn"), 5);
    QVERIFY(classifier);
    std::vector<NamedTensor> kept;
    std::vector<TensorToWrite> tensors;
    for (const auto& list : {classifier->parameters(), classifier->buffers()}) {
        for (const NamedTensor& entry : list) {
            if (!layerIsInside(entry.name, "head")) {
                kept.push_back({entry.name, entry.tensor.detach().contiguous()});
                const torch::Tensor& tensor = kept.back().tensor;
                tensors.push_back({entry.name, tensor.is_floating_point() ? "F32" : "I64",
                                   tensor.sizes().vec(), tensor.data_ptr(), tensor.nbytes()});
            }
        }
    }
    const QString file = folder.filePath("net.safetensors");
    const auto hash = writeSafetensors(file.toStdString(), std::move(tensors), {});
    QVERIFY(hash.ok());
    m_hash = QString::fromStdString(*hash);
    m_content = content(file);
    QVERIFY(m_content.size() > 100'000);
}

void TestCliWeights::init() {
    m_server = std::make_unique<FlakyServer>(m_content);
    if (!m_server->running()) {
        QSKIP("/usr/bin/python3 is not there to be the server");
    }
    m_folder = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", path("data").toUtf8());
    qputenv("XDG_CACHE_HOME", path("cache").toUtf8());
    qputenv("TORCH_HOME", path("torch").toUtf8());
    qunsetenv("GRAFT_WEIGHT_CATALOGUE");
}

void TestCliWeights::listNeedsNoNetwork() {
    const CliResult all = runCli({"weights", "list", "--json"});
    QVERIFY2(all.code == 0, all.all().constData());
    QVERIFY(all.list().size() >= 6);
    const QJsonArray two = runCli({"weights", "list", "--backbone", "resnet50", "--json"}).list();
    QCOMPARE(two.size(), 2);
    QCOMPARE(part(two, "0/id").toString(), "resnet50.IMAGENET1K_V2");
    QCOMPARE(part(two, "0/default").toBool(), true);
    QVERIFY(part(two, "0/file").isNull());
    for (const char* key : {"url", "license", "data_terms", "interpolation", "sha256_prefix"}) {
        QVERIFY2(!part(two, QString("0/") + key).toString().isEmpty(), key);
    }
    QVERIFY(QDir().mkpath(path("torch/hub/checkpoints")));
    QFile file(path("torch/hub/checkpoints/resnet50-11ad3fa6.pth"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    const CliResult text = runCli({"weights", "list", "--backbone", "resnet50"});
    QCOMPARE(text.out.count("  here\n"), 1);
    QVERIFY(runCli({"weights", "list", "--backbone", "small_cnn"}).out.contains("no published"));
    QCOMPARE(runCli({"weights", "list", "--backbone", "vgg99"}).code, 2);
    QCOMPARE(runCli({"weights"}).code, 2);
    QVERIFY(!QFile::exists(path("data")));
}

void TestCliWeights::documentIsUpToDate() {
    const QByteArray table = runCli({"weights", "list", "--markdown"}).out;
    QVERIFY(table.count('\n') > 6);
    const QByteArray document = content(GRAFT_SOURCE_DIR "/resources/docs/backbones.md");
    QVERIFY2(document.endsWith("\n\n" + table),
             "replace the table of resources/docs/backbones.md by what "
             "`graft-cli weights list --markdown` prints");
}

void TestCliWeights::getAsksFirst() {
    useCatalogue("plain");
    const CliResult asked = runCli({"weights", "get", "small_cnn.TEST"});
    QCOMPARE(asked.code, 130);
    QVERIFY2(asked.err.contains("--yes"), asked.all().constData());
    for (const char* fact : {"CC0-1.0", "Nobody owns noise.", "plain/net-1", "small_cnn.TEST"}) {
        QVERIFY2(asked.out.contains(fact), fact);
    }
    QVERIFY2(QRegularExpression("Size: +[0-9.]+ [kM]B\n").match(asked.out).hasMatch(),
             asked.out.constData());
    QVERIFY(!QFile::exists(path("data")));
    QCOMPARE(m_server->requests(0).size(), 0);
}

void TestCliWeights::getAsksOnATerminal() {
    if (runOnTerminal("--version", "").code != 0) {
        QSKIP("no program `script` to make a terminal with");
    }
    useCatalogue("slow");
    const CliResult no = runOnTerminal("weights get small_cnn", "n");
    QVERIFY2(no.code == 130, no.all().constData());
    QVERIFY2(no.out.contains("[y/N]") && no.out.contains("Nothing was downloaded"),
             no.all().constData());
    QVERIFY(!QFile::exists(ownFile()));
    const CliResult yes = runOnTerminal("weights get small_cnn", "y");
    QVERIFY2(yes.code == 0, yes.all().constData());
    QVERIFY2(yes.out.contains("Downloading net-1 [#") && yes.out.contains("B of "),
             yes.all().constData());
    QCOMPARE(content(ownFile()), m_content);
}

void TestCliWeights::getBringsItOnce() {
    useCatalogue("drop/40");
    const CliResult first = runCli({"weights", "get", "small_cnn", "--yes", "--json"});
    QVERIFY2(first.code == 0, first.all().constData());
    QCOMPARE(first.json()["downloaded"].toBool(), true);
    QCOMPARE(first.json()["file"].toString(), ownFile());
    QCOMPARE(content(ownFile()), m_content);
    const CliResult again = runCli({"weights", "get", "small_cnn.TEST", "--json"});
    QCOMPARE(again.code, 0);
    QCOMPARE(again.json()["downloaded"].toBool(), false);
    QCOMPARE(m_server->requests(3).size(), 3);  // cut twice, gone on by itself
    const CliResult elsewhere =
        runCli({"weights", "get", "small_cnn", "--yes", "--to", path("mine")});
    QVERIFY2(elsewhere.code == 0, elsewhere.all().constData());
    QVERIFY2(elsewhere.out.contains("--weights " + path("mine/net-1").toUtf8()),
             elsewhere.all().constData());
    QCOMPARE(content(path("mine/net-1")), m_content);
}

void TestCliWeights::ctrlCKeepsThePart() {
    useCatalogue("slow");
    CliProcess process({"weights", "get", "small_cnn", "--yes"});
    QVERIFY(process.waitForInterruptHandler());
    QTRY_VERIFY(QFileInfo(ownFile(".part")).size() > 0);
    process.send(SIGINT);
    const CliResult stopped = process.result(10'000);
    QVERIFY2(stopped.code == 130, stopped.all().constData());
    QVERIFY2(stopped.err.contains("are kept"), stopped.all().constData());
    const qint64 part = QFileInfo(ownFile(".part")).size();
    QVERIFY(part > 0 && part < m_content.size() && !QFile::exists(ownFile()));
    const CliResult done = runCli({"weights", "get", "small_cnn", "--yes"});
    QVERIFY2(done.code == 0, done.all().constData());
    QCOMPARE(content(ownFile()), m_content);
    QVERIFY(!QFile::exists(ownFile(".part")));
    QStringList ranges;
    for (const QJsonObject& request : m_server->requests(2)) {
        ranges << request["range"].toString();
    }
    QVERIFY2(ranges.contains(QString("bytes=%1-").arg(part)), qPrintable(ranges.join(' ')));
}

void TestCliWeights::wrongContentIsRefused() {
    useCatalogue("wrong");
    const CliResult done = runCli({"weights", "get", "small_cnn", "--yes", "--json"});
    QCOMPARE(done.code, 2);
    QCOMPARE(part(done.json(), "error/code").toString(), "bad-format");
    QVERIFY(QDir(path("data/graft/weights")).isEmpty());
}

void TestCliWeights::answersHaveExitCodes_data() {
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("code");
    QTest::newRow("404") << 404 << 3;
    QTest::newRow("403") << 403 << 4;
    QTest::newRow("500") << 500 << 9;
    QTest::newRow("503") << 503 << 9;
}

void TestCliWeights::answersHaveExitCodes() {
    QFETCH(int, status);
    QFETCH(int, code);
    useCatalogue(QString("status/%1").arg(status));
    const CliResult done = runCli({"weights", "get", "small_cnn", "--yes"});
    QVERIFY2(done.code == code, done.all().constData());
    QVERIFY2(done.err.startsWith("graft-cli: 127.0.0.1 "), done.all().constData());
}

void TestCliWeights::fullDiskIsSaid() {
    if (!canMount()) {
        QSKIP("no user namespace with mounts here, so no disk of a few kilobytes to fill");
    }
    // The server names no length and the catalogue one that is a little too small, so that only
    // writing finds the disk full.
    constexpr int kPage = 4096;
    const int announced = m_content.size() - 3 * kPage;
    useCatalogue("nolength", double(announced) / (1 << 20));
    const QString script = QString(R"(
        mkdir %1
        get() { code=0; %2 weights get small_cnn --yes --to %1 >/dev/null || code=$?; echo "$1: $code"; }
        mount -t tmpfs -o size=%3 none %1; get small; ls -A %1
        mount -o remount,size=%4 %1; get tight; ls -A %1
        mount -o remount,size=16m %1; get wide; ls -A %1
    )")
                               .arg(path("disk"), cliProgram())
                               .arg(m_content.size() / 2 / kPage * kPage)
                               .arg((m_content.size() - kPage) / kPage * kPage);
    const CliResult done = runInNamespace(script);
    QVERIFY2(done.code == 0, done.all().constData());
    QCOMPARE(done.out, QByteArray("small: 5\ntight: 5\nnet-1.part\nnet-1.part.version\n"
                                  "wide: 0\nnet-1\n"));
    QVERIFY2(done.err.contains("There is not enough room for net-1"), done.all().constData());
    QVERIFY2(done.err.contains("The disk became full while net-1 came"), done.all().constData());
}

void TestCliWeights::unknownNames() {
    const CliResult unknown = runCli({"weights", "get", "vgg99", "--yes"});
    QCOMPARE(unknown.code, 2);
    QVERIFY(unknown.err.contains("graft-cli weights list"));
    qputenv("GRAFT_WEIGHT_CATALOGUE", path("none.json").toUtf8());
    QCOMPARE(runCli({"weights", "list"}).code, 3);
}

void TestCliWeights::checkTellsWhatFits() {
    useCatalogue("plain");
    QVERIFY(QDir().mkpath(path("data/graft/weights")));
    QFile file(path("renamed.safetensors"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(m_content);
    file.close();
    const CliResult good =
        runCli({"weights", "check", file.fileName(), "--backbone", "small_cnn", "--json"});
    QVERIFY2(good.code == 0, good.all().constData());
    QCOMPARE(good.json()["usable"].toBool(), true);
    QVERIFY(good.json()["matched"].toInt() > 10);
    QVERIFY(good.json()["missing"].toArray().isEmpty());
    QCOMPARE(good.json()["published_as"].toString(), "small_cnn.TEST");
    // Known by its content, so that nothing needs to be said.
    const CliResult known = runCli({"weights", "check", file.fileName()});
    QVERIFY2(known.code == 0, known.all().constData());
    QVERIFY(known.out.contains("published weights small_cnn.TEST"));
    const CliResult other = runCli({"weights", "check", file.fileName(), "--backbone", "resnet18"});
    QCOMPARE(other.code, 2);
    QVERIFY2(other.out.contains("In the network but not in the file"), other.all().constData());
    qunsetenv("GRAFT_WEIGHT_CATALOGUE");
    const CliResult stranger = runCli({"weights", "check", file.fileName()});
    QCOMPARE(stranger.code, 2);
    QVERIFY(stranger.err.contains("--backbone"));
    QCOMPARE(runCli({"weights", "check", path("none")}).code, 3);
}

void TestCliWeights::trainingTakesThemByName() {
    const QString pictures = path("stripes");
    const QString project = path("stripes.graft");
    writePictureFolder(pictures.toStdString(), 2, 10, 32);
    QCOMPARE(runCli({"import", pictures, "--project", project}).code, 0);
    const QStringList train{"train", project,        "--weights", "small_cnn.TEST", "--epochs",
                            "1",     "--image-size", "32",        "--json"};
    useCatalogue("plain");
    const CliResult missing = runCli(train);
    QCOMPARE(missing.code, 3);
    QVERIFY2(missing.err.contains("graft-cli weights get small_cnn.TEST"),
             missing.all().constData());
    QCOMPARE(m_server->requests(0).size(), 0);  // never by itself

    QCOMPARE(runCli({"weights", "get", "small_cnn", "--yes"}).code, 0);
    const CliResult trained = runCli(train);
    QVERIFY2(trained.code == 0, trained.all().constData());
    const QJsonObject model = runCli({"info", project, "--json"}).json()["model"].toObject();
    QCOMPARE(model["backbone"].toString(), "small_cnn");
    QVERIFY2(QJsonDocument(model).toJson().contains(ownFile().toUtf8()),
             QJsonDocument(model).toJson().constData());
}

QTEST_GUILESS_MAIN(TestCliWeights)
#include "tst_cli_weights.moc"
