// Bad input and bad luck: each gives a sentence and an exit code, never a crash, and leaves what
// was there before.
#include "tests/support/cli_process.h"
#include "tests/support/picture_folder.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace graft::testing;

class TestCliBadInput : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_pictures;
    QString m_project;

    QString path(const QString& name) const { return m_folder.filePath(name); }

    static QByteArray content(const QString& path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static void write(const QString& path, const QByteArray& bytes) {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes), qint64(bytes.size()));
    }
    static QByteArray safetensors(const QByteArray& header, const QByteArray& data) {
        QByteArray bytes;
        for (int i = 0; i < 8; ++i) {
            bytes += char((quint64(header.size()) >> (8 * i)) & 0xff);
        }
        return bytes + header + data;
    }

 private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        m_pictures = path("stripes");
        m_project = path("stripes.graft");
        writePictureFolder(m_pictures.toStdString(), 2, 10, 32);
        const CliResult imported = runCli({"import", m_pictures, "--project", m_project});
        QVERIFY2(imported.code == 0, imported.all().constData());

        QDir().mkpath(path("lonely"));
        QVERIFY(QDir().mkpath(path("lonely/only")));
        QVERIFY(QFile::copy(m_pictures + "/a/000.bmp", path("lonely/only/000.bmp")));
        QVERIFY(QDir().mkpath(path("empty")));
        write(path("text.graft"), "Dear diary, this is not a project.\n");
        write(path("empty.graft"), {});
        QByteArray newer = content(m_project);
        newer.replace(60, 4, QByteArray::fromHex("00007fff"));  // SQLite's user_version
        write(path("newer.graft"), newer);
        write(path("cut.graft"), content(m_project).left(5000));
        const QByteArray header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
        write(path("stranger.safetensors"), safetensors(header, QByteArray(8, 0)));
        write(path("cut.safetensors"), safetensors(header, QByteArray(5, 0)));
        write(path("text.safetensors"), "weights, honestly");
    }

    void sentenceAndExitCode_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("said");
        const auto row = [](const char* name, const QStringList& arguments, int code,
                            const QByteArray& said) {
            QTest::newRow(name) << arguments << code << said;
        };
        row("unknown command", {"fly"}, 2, "fly");
        row("no argument", {"import"}, 2, "SOURCE");
        row("unknown flag", {"train", m_project, "--turbo"}, 2, "--turbo");
        row("not a number", {"train", m_project, "--epochs", "many"}, 2, "--epochs");
        row("out of range", {"train", m_project, "--epochs", "-1"}, 2, "--epochs");
        row("unknown choice", {"train", m_project, "--schedule", "moon"}, 2, "--schedule");
        row("unknown network", {"train", m_project, "--backbone", "vgg99"}, 2, "vgg99");
        row("unknown layer", {"train", m_project, "--freeze", "layer77"}, 2, "layer77");
        row("everything frozen", {"train", m_project, "--freeze", "backbone,head"}, 2, "frozen");
        row("picture size", {"train", m_project, "--image-size", "3"}, 2, "--image-size");

        row("missing folder", {"import", path("nowhere"), "--project", path("a.graft")}, 3,
            "nowhere");
        row("empty folder", {"import", path("empty"), "--project", path("a.graft")}, 2, "empty");
        row("one class", {"import", path("lonely"), "--project", path("a.graft")}, 2, "class");
        row("shares", {"import", m_pictures, "--project", path("a.graft"), "--validation", "3"}, 2,
            "0.9");
        row("project in no folder", {"import", m_pictures, "--project", path("no/a.graft")}, 3,
            "no");

        for (const QString command : {"train", "resume", "evaluate", "info"}) {
            const QByteArray name = command.toUtf8();
            row((name + ": missing").constData(), {command, path("none.graft")}, 3, "none.graft");
            row((name + ": text").constData(), {command, path("text.graft")}, 2, "text.graft");
            row((name + ": empty").constData(), {command, path("empty.graft")}, 2, "empty.graft");
            row((name + ": newer").constData(), {command, path("newer.graft")}, 2, "newer");
            row((name + ": cut").constData(), {command, path("cut.graft")}, 2, "cut.graft");
            row((name + ": a folder").constData(), {command, path("empty")}, 2, "empty");
        }
        row("import into a text", {"import", m_pictures, "--project", path("text.graft")}, 2,
            "text.graft");
        row("evaluate untrained", {"evaluate", m_project}, 3, "graft-cli train");
        row("export untrained", {"export", m_project, "--to", path("p")}, 3, "graft-cli train");
        row("resume nothing", {"resume", m_project}, 3, "graft-cli train");
        row("unknown run", {"resume", m_project, "--run", "42"}, 3, "42");
        row("predict with a folder", {"predict", path("empty"), m_pictures}, 2, "package");

        const auto weights = [&](const char* name, const QString& file, int code,
                                 const QByteArray& said) {
            row(name, {"train", m_project, "--backbone", "resnet18", "--weights", path(file)}, code,
                said);
        };
        weights("weights: missing", "none.safetensors", 3, "none.safetensors");
        weights("weights: of another network", "stranger.safetensors", 2, "ResNet-18");
        weights("weights: cut", "cut.safetensors", 2, "cut.safetensors");
        weights("weights: text", "text.safetensors", 2, "text.safetensors");
        weights("weights: a project", "stripes.graft", 2, "stripes.graft");
        row("info of cut weights", {"info", path("cut.safetensors")}, 2, "cut.safetensors");
        row("info of a stranger", {"info", path("stranger.safetensors")}, 2, "--backbone");
    }
    void sentenceAndExitCode() {
        QFETCH(QStringList, arguments);
        QFETCH(int, code);
        QFETCH(QByteArray, said);
        QByteArray before;
        for (const char* name : {"text.graft", "newer.graft", "cut.graft", "empty.graft"}) {
            before += content(path(name));
        }
        const CliResult done = runCli(arguments);
        QVERIFY2(done.code == code, done.all().constData());
        QVERIFY2(done.err.contains(said), done.all().constData());
        QVERIFY2(done.err.startsWith("graft-cli: ") && done.err.contains('.'),
                 done.all().constData());
        QVERIFY2(!done.err.contains("what()"), done.all().constData());
        QByteArray after;
        for (const char* name : {"text.graft", "newer.graft", "cut.graft", "empty.graft"}) {
            after += content(path(name));
        }
        QVERIFY2(before == after, "a file that was refused was changed");
        QVERIFY(!QFileInfo::exists(path("a.graft")));
        const QJsonArray runs = runCli({"info", m_project, "--json"}).json()["runs"].toArray();
        QVERIFY2(runs.isEmpty(), "a run that never began is listed");
    }

    void errorsAsJson() {
        const CliResult done = runCli({"info", path("none.graft"), "--json"});
        QCOMPARE(done.code, 3);
        QCOMPARE(part(done.json(), "error/code").toString(), "not-found");
        QVERIFY(!part(done.json(), "error/message").toString().isEmpty());
    }

    void picturesThatBreakDoNotEndTheTraining() {
        const QString pictures = path("breaking");
        const QString project = path("breaking.graft");
        writePictureFolder(pictures.toStdString(), 2, 12, 32);
        QCOMPARE(runCli({"import", pictures, "--project", project}).code, 0);
        CliProcess training(
            {"train", project, "--epochs", "6", "--image-size", "32", "--loader-threads", "0"});
        QVERIFY(training.waitForOutput("Epoch "));
        for (const char* name : {"/a/001.bmp", "/a/002.bmp", "/b/003.bmp"}) {
            write(pictures + name, "BM broken");
        }
        QVERIFY(QFile::remove(pictures + "/b/004.bmp"));
        const CliResult done = training.result();
        QVERIFY2(done.code == 0, done.all().constData());
        const CliResult again = runCli({"train", project, "--epochs", "1", "--image-size", "32"});
        QVERIFY2(again.code == 0, again.all().constData());
        QVERIFY2(again.err.contains("Left out: ") || again.err.contains("changed since"),
                 again.all().constData());
    }

    void fullDiskStopsWithWhatIsSafe() {
        if (!canMount()) {
            QSKIP("no user namespace with mounts here, so no disk of a few megabytes to fill");
        }
        // First a good run fills little; then the disk is filled, and the next one must stop.
        const QString script = QString(R"(
            cli=%1; mkdir -p %2; mount -t tmpfs -o size=256m none %2; cd %2
            $cli import %3 --project p.graft >/dev/null
            $cli train p.graft --epochs 1 --image-size 32 >/dev/null
            head -c 400m /dev/zero >filler 2>/dev/null || true
            truncate -s -100k filler
            code=0; $cli train p.graft --epochs 3 >full.out 2>/dev/shm/full.err || code=$?
            echo "full: $code"; cat /dev/shm/full.err >&2
            rm filler
            $cli evaluate p.graft --run 1 --json | grep '"accuracy"'
            $cli resume p.graft --json
        )")
                                   .arg(cliProgram(), path("disk"), m_pictures);
        const CliResult done = runInNamespace("mount -t tmpfs -o size=1m none /dev/shm\n" + script);
        QVERIFY2(done.code == 0, done.all().constData());
        QVERIFY2(done.out.contains("full: 5"), done.all().constData());
        QVERIFY2(done.err.contains("p.graft"), done.all().constData());
        QVERIFY2(done.err.contains("space") || done.err.contains("full"), done.all().constData());
        QVERIFY2(done.err.contains("graft-cli resume"), done.all().constData());
        QVERIFY2(done.out.contains("\"state\": \"finished\""), done.all().constData());
    }

    void noPermissionIsSaid() {
        if (!canMount()) {
            QSKIP("no user namespace with mounts here, so nothing that root may not write");
        }
        const QString script = QString(R"(
            cli=%1; mkdir -p %2; mount -t tmpfs -o size=256m none %2
            $cli import %3 --project %2/p.graft >/dev/null
            $cli train %2/p.graft --epochs 1 --image-size 32 >/dev/null
            mount -o remount,ro %2
            for command in "import %3 --project %2/new.graft" "train %2/p.graft" \
                "export %2/p.graft --to %2/package" "sample %2/surfaces" \
                "predict %2/p.graft %3/a/000.bmp --csv %2/answers.csv"; do
                code=0; $cli $command >/dev/null || code=$?
                echo "${command%% *}: $code"
            done
            $cli info %2/p.graft --json | grep '"count": 20'
            $cli evaluate %2/p.graft --json | grep '"accuracy"'
        )")
                                   .arg(cliProgram(), path("locked"), m_pictures);
        const CliResult done = runInNamespace(script);
        QVERIFY2(done.code == 0, done.all().constData());
        for (const char* line : {"import: 4", "train: 4", "export: 4", "sample: 4", "predict: 4"}) {
            QVERIFY2(done.out.contains(line), done.all().constData());
        }
    }

    void fullOutputIsNoticed() {
        CliProcess process({"-c", cliProgram() + " info --json > /dev/full"}, "sh");
        QCOMPARE(process.result().code, 5);
    }
};

QTEST_GUILESS_MAIN(TestCliBadInput)
#include "tst_cli_bad_input.moc"
