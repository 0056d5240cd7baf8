// The row of published weights: nothing is fetched before a yes, and what is here is simply taken.
#include "ui_fixtures.h"

#include "core/base/hash.h"
#include "tests/support/flaky_server.h"
#include "ui/pages/published_weights.h"
#include "ui/widgets/dialogs.h"

#include <QComboBox>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>

using namespace graft;
using namespace graft::ui;
using graft::testing::FlakyServer;

class TestPublishedWeights : public QObject {
    Q_OBJECT

    const QByteArray m_content = QByteArray("a network, honestly").repeated(20'000);
    std::unique_ptr<FlakyServer> m_server;
    QTemporaryDir m_folder;
    std::unique_ptr<PublishedWeights> m_row;

    QString dataFolder() const { return qEnvironmentVariable("XDG_DATA_HOME") + "/graft/weights"; }
    QString file() const { return dataFolder() + "/net-1"; }
    static QByteArray bytesOf(const QString& path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static void write(const QString& path, const QByteArray& bytes) {
        QVERIFY(QDir().mkpath(QFileInfo(path).path()));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes), qint64(bytes.size()));
    }

    // The row for the network of a catalogue whose one address is the server's in this mode.
    void show(const QString& mode) {
        const std::string hash = sha256Hex({m_content.constData(), std::size_t(m_content.size())});
        const QJsonObject entry{{"id", "resnet18.TEST"},
                                {"backbone", "resnet18"},
                                {"title", "A test"},
                                {"url", QString::fromStdString(m_server->url(mode + "/net-1"))},
                                {"sha256", QString::fromStdString(hash.substr(0, 12))},
                                {"mib", double(m_content.size()) / (1 << 20)},
                                {"parameters", 1000},
                                {"top1", 51.25},
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
        write(m_folder.filePath("catalogue.json"), QJsonDocument(all).toJson());
        qputenv("GRAFT_WEIGHT_CATALOGUE", m_folder.filePath("catalogue.json").toUtf8());
        m_row = std::make_unique<PublishedWeights>();
        m_row->setBackbone("resnet18");
        m_row->show();
    }
    template <class T>
    T* find(const char* name) const {
        T* found = m_row->findChild<T*>(QLatin1String(name));
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    QPushButton* button(const char* name) const { return find<QPushButton>(name); }
    void choose(int index) {
        auto* list = find<QComboBox>("publishedWeights");
        list->setCurrentIndex(index);
        Q_EMIT list->activated(index);
    }

 public:
    // Public, or QTEST_MAIN does not see it.
    static void initMain() {
        test::useOwnFolders();
        qunsetenv("TORCH_HOME");
        qunsetenv("http_proxy");
        qunsetenv("all_proxy");
        QLocale::setDefault(QLocale::c());
    }

 private Q_SLOTS:
    void init() {
        QDir(dataFolder()).removeRecursively();
        m_server = std::make_unique<FlakyServer>(m_content);
        if (!m_server->running()) {
            QSKIP("/usr/bin/python3 is not there to be the server");
        }
    }
    void cleanup() {
        m_row.reset();
        Dialogs::clearScript();
        qunsetenv("GRAFT_WEIGHT_CATALOGUE");
    }

    void builtInOnesAreListed() {
        PublishedWeights row;
        row.setBackbone("small_cnn");
        QVERIFY(row.isHidden());
        row.setBackbone("resnet50");
        QVERIFY(!row.isHidden());
        const auto* list = row.findChild<QComboBox*>("publishedWeights");
        QCOMPARE(list->count(), 3);
        QVERIFY2(list->itemText(1).contains("80.9 %") && list->itemText(1).contains("103 MB"),
                 qPrintable(list->itemText(1)));
        QVERIFY(list->itemText(1).contains("BSD-3-Clause"));
        row.setBackbone("small_cnn");
        QVERIFY(row.isHidden());
    }

    void nothingIsFetchedWithoutAYes() {
        show("plain");
        QVERIFY(button("downloadWeightsButton")->isHidden());
        choose(1);
        QVERIFY(!button("downloadWeightsButton")->isHidden());
        QVERIFY(button("downloadWeightsButton")->text().contains("MB"));
        Dialogs::scriptAnswer(1);
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        button("downloadWeightsButton")->click();
        QVERIFY(!m_row->isBusy());
        QCOMPARE(Dialogs::asked().size(), 1);
        for (const QString fact : {"CC0-1.0", "Nobody owns noise.", "MB", "/plain/net-1"}) {
            QVERIFY2(Dialogs::asked().first().contains(fact), qPrintable(fact));
        }
        QCOMPARE(ready.size(), 0);
        QCOMPARE(m_server->requests(0).size(), 0);
    }

    void agreedToItArrives() {
        show("slow");
        choose(1);
        Dialogs::scriptAnswer(0);
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        button("downloadWeightsButton")->click();
        QVERIFY(m_row->isBusy());
        QVERIFY(!button("cancelDownloadButton")->isHidden());
        QVERIFY(!find<QComboBox>("publishedWeights")->isEnabled());
        const auto* bar = find<QProgressBar>("downloadProgress");
        QTRY_VERIFY_WITH_TIMEOUT(bar->value() > 0 && bar->value() < bar->maximum(), 10'000);
        QVERIFY2(bar->text().contains(" of "), qPrintable(bar->text()));
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 20'000);
        QCOMPARE(ready[0][0].toString(), file());
        QCOMPARE(bytesOf(file()), m_content);
        QVERIFY(bar->isHidden() && button("downloadWeightsButton")->isHidden());
        QVERIFY(find<QComboBox>("publishedWeights")->currentText().endsWith(", here"));
    }

    void whatIsHereIsTakenAtOnce() {
        write(file(), m_content);
        show("plain");
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        choose(1);
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 10'000);
        QCOMPARE(ready[0][0].toString(), file());
        QVERIFY(button("downloadWeightsButton")->isHidden());
        QVERIFY(Dialogs::asked().isEmpty());
        QCOMPARE(m_server->requests(0).size(), 0);
    }

    void cancelledItGoesOnLater() {
        show("slow");
        choose(1);
        Dialogs::scriptAnswer(0);
        QSignalSpy failed(m_row.get(), &PublishedWeights::failed);
        button("downloadWeightsButton")->click();
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo(file() + ".part").size() > 0, 10'000);
        button("cancelDownloadButton")->click();
        QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 5'000);
        QCOMPARE(failed[0][0].value<Error>().code, ErrorCode::Cancelled);
        QVERIFY(!QFile::exists(file()));
        const qint64 part = QFileInfo(file() + ".part").size();
        QVERIFY(part > 0);
        QVERIFY(!button("downloadWeightsButton")->isHidden());
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        Dialogs::scriptAnswer(0);
        button("downloadWeightsButton")->click();
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 20'000);
        QCOMPARE(bytesOf(file()), m_content);
        QStringList ranges;
        for (const QJsonObject& request : m_server->requests(2)) {
            ranges << request["range"].toString();
        }
        QVERIFY2(ranges.contains(QString("bytes=%1-").arg(part)), qPrintable(ranges.join(' ')));
    }

    void failuresAreTold() {
        show("status/404");
        choose(1);
        Dialogs::scriptAnswer(0);
        QSignalSpy failed(m_row.get(), &PublishedWeights::failed);
        button("downloadWeightsButton")->click();
        QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 10'000);
        QCOMPARE(failed[0][0].value<Error>().code, ErrorCode::NotFound);
        QVERIFY(!m_row->isBusy() && !button("downloadWeightsButton")->isHidden());
    }

    void wrongFileIsMendedByADownload() {
        write(file(), "something else");
        show("plain");
        choose(1);
        QSignalSpy failed(m_row.get(), &PublishedWeights::failed);
        QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 10'000);
        QVERIFY(!button("downloadWeightsButton")->isHidden());
        Dialogs::scriptAnswer(0);
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        button("downloadWeightsButton")->click();
        QTRY_COMPARE_WITH_TIMEOUT(ready.size(), 1, 10'000);
        QCOMPARE(bytesOf(file()), m_content);
    }

    void anotherNetworkMeanwhile() {
        show("slow");
        choose(1);
        Dialogs::scriptAnswer(0);
        QSignalSpy ready(m_row.get(), &PublishedWeights::fileReady);
        button("downloadWeightsButton")->click();
        m_row->setBackbone("small_cnn");
        QVERIFY(m_row->isBusy());
        QTRY_VERIFY_WITH_TIMEOUT(!m_row->isBusy(), 20'000);
        QCOMPARE(bytesOf(file()), m_content);  // it arrived, but is not forced on the other network
        QCOMPARE(ready.size(), 0);
        QVERIFY(m_row->isHidden());
    }
};

QTEST_MAIN(TestPublishedWeights)
#include "tst_published_weights.moc"
