// Importing folders, tables and IDX files with everything odd in them, and finding out later what
// changed on disk.
#include "core/data/sample_set.h"
#include "tests/support/import_fixture.h"

#include <QElapsedTimer>

using namespace graft;
using namespace graft::testing;

class TestImporters : public QObject, private ImportFixture {
    Q_OBJECT
 private Q_SLOTS:
    void init();
    void classFolders();
    void nestedFoldersBelongToTheirClass();
    void splitFolders_data();
    void splitFolders();
    void trainAndTestOnlyGetValidation();
    void trainMayBeAClass();
    void wrapperFolderIsLookedThrough();
    void oddThingsBecomeProblems();
    void linksAndLoops();
    void damagedPicturesAreListed();
    void duplicatesAcrossTheUsersSplits();
    void nothingIsWritten();
    void unusableFolders_data();
    void unusableFolders();
    void tables_data();
    void tables();
    void tableProblems();
    void tableSplits();
    void tableErrors();
    void idxPairs();
    void idxErrors();
    void cancelled();
    void manyFilesScanFast();
    void hymenoptera();
    void signDigits();
    void sampleSet();
};

void TestImporters::init() {
    m_dir = std::make_unique<QTemporaryDir>();
    m_root = m_dir->path().toStdString();
}

void TestImporters::classFolders() {
    for (const char* name :
         {"пчёлы/1.bmp", "пчёлы/2.bmp", "Ameise/a b.bmp", "Ameise/x.BMP", "花/å.bmp", "花/ß.bmp"}) {
        picture(name);
    }
    const Result<Dataset> dataset = import();
    QVERIFY2(dataset.ok(), dataset.ok() ? "" : dataset.error().text().c_str());
    QCOMPARE(dataset->format, std::string("class-folders"));
    QVERIFY(!dataset->splitFromSource);
    // Byte order of the names.
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"Ameise", "пчёлы", "花"}));
    QCOMPARE(dataset->samples.size(), std::size_t(6));
    QVERIFY2(dataset->problems.empty(), problemList(*dataset).c_str());
    SampleId last = 0;
    for (const Sample& sample : dataset->samples) {
        QVERIFY(sample.id > last);
        last = sample.id;
        QVERIFY(sample.usable());
        QVERIFY(sample.split != Split::None);
        QCOMPARE(sample.width, 12);
        QCOMPARE(sample.height, 12);
        QCOMPARE(sample.contentHash, sha256File(dataset->absolutePath(sample)).value());
        QCOMPARE(sample.fileSize, std::int64_t(fs::file_size(dataset->absolutePath(sample))));
        const std::string folder = sample.path.substr(0, sample.path.find('/'));
        QCOMPARE(dataset->classes[std::size_t(dataset->classIndex(sample.label))].name, folder);
    }
    for (const auto& [label, count] : dataset->countByClass(Split::Validation)) {
        QCOMPARE(count, 1);
    }
    // The same again is the same dataset.
    const Result<Dataset> again = import();
    QVERIFY(again.ok());
    QVERIFY(again->samples == dataset->samples);
}

void TestImporters::nestedFoldersBelongToTheirClass() {
    for (const char* name : {"a/x/deep/1.bmp", "a/2.bmp", "b/y/3.bmp", "b/4.bmp"}) {
        picture(name);
    }
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"a", "b"}));
    QCOMPARE(findPath(*dataset, "a/x/deep/1.bmp")->label, findPath(*dataset, "a/2.bmp")->label);
}

void TestImporters::splitFolders_data() {
    QTest::addColumn<QString>("train");
    QTest::addColumn<QString>("validation");
    QTest::addColumn<QString>("test");
    QTest::newRow("usual") << "train"
                           << "val"
                           << "test";
    QTest::newRow("long") << "training"
                          << "validation"
                          << "eval";
    QTest::newRow("case") << "Train"
                          << "VALID"
                          << "Test";
    QTest::newRow("dev") << "train"
                         << "dev"
                         << "";
}

void TestImporters::splitFolders() {
    QFETCH(QString, train);
    QFETCH(QString, validation);
    QFETCH(QString, test);
    for (const QString& folder : {train, validation, test}) {
        for (const char* file : {"/a/1.bmp", "/a/2.bmp", "/b/1.bmp"}) {
            if (!folder.isEmpty()) {
                picture(folder.toStdString() + file);
            }
        }
    }
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->format, std::string("split-folders"));
    QVERIFY(dataset->splitFromSource);
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"a", "b"}));
    QCOMPARE(dataset->countInSplit(Split::Train), 3);
    QCOMPARE(dataset->countInSplit(Split::Validation), 3);
    QCOMPARE(dataset->countInSplit(Split::Test), test.isEmpty() ? 0 : 3);
    for (const Sample& sample : dataset->samples) {
        QCOMPARE(sample.split == Split::Train, sample.path.starts_with(train.toStdString() + "/"));
    }
}

void TestImporters::trainAndTestOnlyGetValidation() {
    for (int i = 0; i < 10; ++i) {
        for (const char* name : {"train/a/", "train/b/", "test/a/", "test/b/"}) {
            picture(name + std::to_string(i) + ".bmp");
        }
    }
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->countInSplit(Split::Test), 20);
    QCOMPARE(dataset->countInSplit(Split::Validation), 4);
    QCOMPARE(dataset->countInSplit(Split::Train), 16);
    for (const Sample& sample : dataset->samples) {
        QCOMPARE(sample.split == Split::Test, sample.path.starts_with("test/"));
    }
}

void TestImporters::trainMayBeAClass() {
    for (const char* name : {"train/1.bmp", "train/2.bmp", "car/1.bmp", "bus/1.bmp"}) {
        picture(name);
    }
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->format, std::string("class-folders"));
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"bus", "car", "train"}));
}

void TestImporters::wrapperFolderIsLookedThrough() {
    for (const char* name :
         {"data/set/train/a/1.bmp", "data/set/train/b/1.bmp", "data/set/val/a/2.bmp"}) {
        picture(name);
    }
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->format, std::string("split-folders"));
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"a", "b"}));
    QVERIFY(fs::exists(dataset->absolutePath(dataset->samples.front())));
}

void TestImporters::oddThingsBecomeProblems() {
    for (const char* name : {"a/1.bmp", "a/2.bmp", "b/1.bmp", "b/2.bmp", ".cache/1.bmp"}) {
        picture(name);
    }
    writeBytes(path("a/moving.gif"), "GIF89a" + std::string(40, '\0'));
    writeBytes(path("a/pretends.jpg"), "GIF89a" + std::string(40, '\0'));
    writeBytes(path("a/phone.heic"), std::string("\0\0\0\x18", 4) + "ftypheic" + "rest");
    writeBytes(path("a/.hidden.jpg"), "x");
    writeBytes(path("a/notes.txt"), "notes");
    writeBytes(path("b/Thumbs.db"), "thumbs");
    writeBytes(path("b/text.png"), "not a picture");
    writeBytes(path("b/nothing.jpg"), "");
    fs::create_directories(path("empty"));
    writeBytes(path("b/\xFFname.bmp"), readBytes(path("b/1.bmp")));
    const Result<Dataset> dataset = import();
    fs::remove(path("b/\xFFname.bmp"));
    QVERIFY2(dataset.ok(), dataset.ok() ? "" : dataset.error().text().c_str());
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"a", "b"}));
    QCOMPARE(dataset->countInSplit(Split::Train) + dataset->countInSplit(Split::Validation), 4);
    const auto has = [&](ProblemKind kind, const std::string& name) {
        return findProblem(*dataset, kind, name) != nullptr;
    };
    QVERIFY2(has(ProblemKind::Unsupported, "a/moving.gif"), problemList(*dataset).c_str());
    QVERIFY(findProblem(*dataset, ProblemKind::Unsupported, "a/moving.gif")->message.find("GIF") !=
            std::string::npos);
    QVERIFY(has(ProblemKind::Unsupported, "a/pretends.jpg"));
    QVERIFY(findPath(*dataset, "a/pretends.jpg")->damaged);
    QVERIFY(has(ProblemKind::Unsupported, "a/phone.heic"));
    QVERIFY(has(ProblemKind::Hidden, "a/.hidden.jpg"));
    QVERIFY(has(ProblemKind::Hidden, ".cache"));
    QVERIFY(has(ProblemKind::Damaged, "b/text.png"));
    QVERIFY(has(ProblemKind::Damaged, "b/nothing.jpg"));
    QVERIFY(has(ProblemKind::EmptyClass, "empty"));
    QVERIFY(has(ProblemKind::Unreadable, "b/\\xFFname.bmp"));
    QCOMPARE(dataset->problems.size(), std::size_t(9));
}

void TestImporters::linksAndLoops() {
    for (const char* name : {"set/a/1.bmp", "set/a/2.bmp", "set/b/1.bmp", "set/b/2.bmp",
                             "elsewhere/3.bmp", "elsewhere/4.bmp"}) {
        picture(name);
    }
    fs::create_directory_symlink(path("set"), path("set/a/loop"));
    fs::create_directory_symlink("../a", path("set/b/sibling"));
    fs::create_directory_symlink(path("elsewhere"), path("set/c"));
    fs::create_symlink("nowhere.bmp", path("set/a/broken.bmp"));
    fs::create_symlink("self.bmp", path("set/a/self.bmp"));
    fs::create_symlink(path("elsewhere/3.bmp"), path("set/a/linked.bmp"));
    QCOMPARE(::mkfifo(path("set/a/pipe.jpg").c_str(), 0600), 0);
    const Result<Dataset> dataset = import("set");
    QVERIFY(dataset.ok());
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"a", "b", "c"}));
    QCOMPARE(dataset->samples.size(), std::size_t(7));
    for (const char* name : {"a/loop", "b/sibling", "a/broken.bmp", "a/self.bmp"}) {
        QVERIFY2(findProblem(*dataset, ProblemKind::Link, name), problemList(*dataset).c_str());
    }
    QVERIFY(findProblem(*dataset, ProblemKind::Unreadable, "a/pipe.jpg"));
    // The linked picture and its origin are the same content under two classes.
    QVERIFY(findProblem(*dataset, ProblemKind::DuplicateLabels, "c/3.bmp"));
}

void TestImporters::damagedPicturesAreListed() {
    for (int i = 0; i < 6; ++i) {
        picture("a/" + std::to_string(i) + ".bmp");
        picture("b/" + std::to_string(i) + ".bmp");
    }
    const std::string whole = readBytes(path("a/0.bmp"));
    writeBytes(path("a/0.bmp"), whole.substr(0, whole.size() / 2));
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    const Sample* sample = findPath(*dataset, "a/0.bmp");
    QVERIFY(sample && sample->damaged && !sample->usable());
    const Problem* problem = findProblem(*dataset, ProblemKind::Damaged, "a/0.bmp");
    QVERIFY(problem);
    QCOMPARE(problem->sample, sample->id);
    QCOMPARE(dataset->countInSplit(Split::Train) + dataset->countInSplit(Split::Validation), 11);
}

void TestImporters::duplicatesAcrossTheUsersSplits() {
    for (const char* name :
         {"train/a/1.bmp", "train/a/2.bmp", "train/b/1.bmp", "val/a/3.bmp", "val/b/4.bmp"}) {
        picture(name);
    }
    fs::copy_file(path("train/a/1.bmp"), path("val/a/copy.bmp"));
    fs::copy_file(path("train/a/2.bmp"), path("train/b/twin.bmp"));
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    QCOMPARE(findPath(*dataset, "train/a/1.bmp")->split, Split::Train);
    QCOMPARE(findPath(*dataset, "val/a/copy.bmp")->split, Split::Validation);
    QVERIFY(findProblem(*dataset, ProblemKind::DuplicateAcrossSplits, "val/a/copy.bmp"));
    QVERIFY(findProblem(*dataset, ProblemKind::DuplicateLabels, "train/b/twin.bmp"));
    const std::int64_t group = findPath(*dataset, "train/a/1.bmp")->group;
    QVERIFY(group != 0);
    QCOMPARE(findPath(*dataset, "val/a/copy.bmp")->group, group);
    QCOMPARE(dataset->problems.size(), std::size_t(2));
}

void TestImporters::nothingIsWritten() {
    for (const char* name : {"a/1.bmp", "a/2.bmp", "b/1.bmp", "b/2.bmp"}) {
        picture(name);
    }
    const auto listing = [this] {
        std::map<std::string, fs::file_time_type> files;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(m_root)) {
            files[entry.path().string()] = entry.last_write_time();
        }
        return files;
    };
    const auto before = listing();
    QVERIFY(import().ok());
    QVERIFY(listing() == before);
}

void TestImporters::unusableFolders_data() {
    QTest::addColumn<QStringList>("pictures");
    QTest::addColumn<QString>("word");
    QTest::newRow("nothing") << QStringList{} << "no pictures";
    QTest::newRow("one class") << QStringList{"only/1.bmp", "only/2.bmp"} << "only one class";
    QTest::newRow("one nested class")
        << QStringList{"only/x/1.bmp", "only/2.bmp"} << "only one class";
    QTest::newRow("flat") << QStringList{"1.bmp", "2.bmp"} << "no class folders";
}

void TestImporters::unusableFolders() {
    QFETCH(QStringList, pictures);
    QFETCH(QString, word);
    for (const QString& name : pictures) {
        picture(name.toStdString());
    }
    const Result<Dataset> dataset = import();
    QVERIFY(!dataset.ok());
    QCOMPARE(dataset.error().code, ErrorCode::BadFormat);
    QVERIFY2(QString::fromStdString(dataset.error().message).contains(word),
             dataset.error().text().c_str());
    QVERIFY(!dataset.error().hint.empty());
    QCOMPARE(import("missing").error().code, ErrorCode::NotFound);
}

void TestImporters::tables_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("name");
    QTest::newRow("comma") << QByteArray(
                                  "path,label\nimg/1.bmp,cat\nimg/2.bmp,dog\nimg/3.bmp,cat\n")
                           << "t.csv";
    QTest::newRow("bom, semicolon, CRLF")
        << QByteArray(
               "\xEF\xBB\xBF"
               "Filename;Class\r\nimg/1.bmp;cat\r\nimg/2.bmp;dog\r\nimg/3.bmp;cat")
        << "t.csv";
    QTest::newRow("tab") << QByteArray(
                                "class\timage\ncat\timg/1.bmp\ndog\timg/2.bmp\ncat\timg/3.bmp\n")
                         << "t.tsv";
    QTest::newRow("quotes") << QByteArray(
                                   "\"file_name\",\"category\",\"note\"\n\"img/1.bmp\",\"cat\","
                                   "\"two\nlines, \"\"quoted\"\"\"\nimg/2.bmp,dog,\n\nimg/3.bmp,"
                                   "cat,x\n")
                            << "t.csv";
    QTest::newRow("no header") << QByteArray("img/1.bmp,cat\nimg/2.bmp,dog\nimg/3.bmp,cat\n")
                               << "t.csv";
    QTest::newRow("backslashes")
        << QByteArray("image_path,target\nimg\\1.bmp,cat\nimg\\2.bmp,dog\nimg\\3.bmp,cat\n")
        << "t.csv";
}

void TestImporters::tables() {
    QFETCH(QByteArray, text);
    QFETCH(QString, name);
    for (const char* file : {"img/1.bmp", "img/2.bmp", "img/3.bmp"}) {
        picture(file);
    }
    writeBytes(path(name.toStdString()), text.toStdString());
    const Result<Dataset> dataset = import(name.toStdString());
    QVERIFY2(dataset.ok(), dataset.ok() ? "" : dataset.error().text().c_str());
    QCOMPARE(dataset->format, std::string("table"));
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"cat", "dog"}));
    QCOMPARE(dataset->samples.size(), std::size_t(3));
    QCOMPARE(findPath(*dataset, "img/3.bmp")->label, findPath(*dataset, "img/1.bmp")->label);
    QVERIFY2(dataset->problems.empty(), problemList(*dataset).c_str());
}

void TestImporters::tableProblems() {
    for (const char* file : {"t/1.bmp", "t/2.bmp", "t/3.bmp", "other/4.bmp"}) {
        picture(file);
    }
    writeBytes(path("t/list.csv"),
               "path,label\n1.bmp,10\n2.bmp,9\nmissing.bmp,9\n,9\n1.bmp,9\n"
               "../other/4.bmp,10\n3.bmp,\n2.bmp\n\xFF.bmp,9\n.,9\n");
    const Result<Dataset> dataset = import("t/list.csv");
    QVERIFY2(dataset.ok(), dataset.ok() ? "" : dataset.error().text().c_str());
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"9", "10"}));  // numbers by value
    QCOMPARE(dataset->samples.size(), std::size_t(4));
    QCOMPARE(findPath(*dataset, "3.bmp")->label, 0);
    QVERIFY(findPath(*dataset, (m_root / "other/4.bmp").string()));
    QStringList lines;
    for (const Problem& problem : dataset->problems) {
        if (problem.kind == ProblemKind::BadRow) {
            lines << QString::fromStdString(problem.message).section(' ', 0, 1);
        }
    }
    QCOMPARE(lines, (QStringList{"Line 4", "Line 5", "Line 6", "Line 9", "Line 10", "Line 11"}));
}

void TestImporters::tableSplits() {
    std::string text = "image,label,subset\n";
    for (int i = 0; i < 10; ++i) {
        picture("p/" + std::to_string(i) + ".bmp");
        text += "p/" + std::to_string(i) + ".bmp," + (i % 2 ? "x" : "y") + "," +
                (i < 4   ? "TRAIN"
                 : i < 6 ? "Validation"
                 : i < 8 ? "TEST"
                         : "UNASSIGNED") +
                "\n";
    }
    writeBytes(path("s.csv"), text);
    const Result<Dataset> dataset = import("s.csv");
    QVERIFY(dataset.ok());
    QVERIFY(dataset->splitFromSource);
    QCOMPARE(findPath(*dataset, "p/5.bmp")->split, Split::Validation);
    QCOMPARE(findPath(*dataset, "p/7.bmp")->split, Split::Test);
    QCOMPARE(findPath(*dataset, "p/9.bmp")->split, Split::Train);
    QCOMPARE(dataset->countInSplit(Split::None), 0);
}

void TestImporters::tableErrors() {
    const auto code = [this](const std::string& text, ImportOptions options = {}) {
        writeBytes(path("e.csv"), text);
        Progress progress;
        const Result<Dataset> dataset = importDataset(path("e.csv").string(), options, progress);
        return dataset.ok() ? ErrorCode::Internal : dataset.error().code;
    };
    QCOMPARE(code(""), ErrorCode::BadFormat);
    QCOMPARE(code("a,b\n1,2\n"), ErrorCode::BadFormat);
    QCOMPARE(code("path,label\nnone.bmp,x\n"), ErrorCode::BadFormat);
    QCOMPARE(code(std::string("path\0,label", 11)), ErrorCode::BadFormat);
    QCOMPARE(code("\xFF\xFEp\0"), ErrorCode::BadFormat);
    QCOMPARE(code("path,label\n\"never closed"), ErrorCode::BadFormat);
    ImportOptions options;
    options.splitColumn = "fold";
    QCOMPARE(code("path,label\n", options), ErrorCode::InvalidArgument);
    picture("1.bmp");
    picture("2.bmp");
    options.splitColumn.clear();
    options.pathColumn = "Wo";
    options.labelColumn = "was";
    QCOMPARE(code("label,wo,WAS\nq,1.bmp,a\nq,2.bmp,b\n", options), ErrorCode::Internal);
}

void TestImporters::idxPairs() {
    for (const bool zipped : {false, true}) {
        const fs::path folder = path(zipped ? "gz" : "plain");
        writeIdx(folder, "train", 110, zipped);
        writeIdx(folder, "t10k", 22, zipped);
        const std::string train =
            (folder / "train-images-idx3-ubyte").string() + (zipped ? ".gz" : "");
        for (const std::string& source : {folder.string(), train}) {
            Progress progress;
            const Result<Dataset> dataset = importDataset(source, {}, progress);
            QVERIFY2(dataset.ok(), dataset.ok() ? "" : dataset.error().text().c_str());
            QCOMPARE(dataset->format, std::string("idx"));
            QCOMPARE(dataset->samples.size(), std::size_t(132));
            QCOMPARE(dataset->classes.size(), std::size_t(11));
            QCOMPARE(dataset->classes[2].name, std::string("2"));
            QCOMPARE(dataset->classes[10].name, std::string("10"));
            QCOMPARE(dataset->countInSplit(Split::Test), 22);
            QCOMPARE(dataset->countInSplit(Split::Validation), 22);
            const Sample& sample = dataset->samples[7];
            QCOMPARE(sample.index, 7);
            QCOMPARE(sample.width, 5);
            QCOMPARE(sample.height, 4);
            const Result<Image> image = readImage(dataset->imageRef(sample));
            QVERIFY(image.ok());
            std::string grey;
            for (std::size_t i = 0; i < image->rgb.size(); i += 3) {
                grey += char(image->rgb[i]);
            }
            QCOMPARE(sha256Hex(grey), sample.contentHash);
        }
    }
}

void TestImporters::idxErrors() {
    writeIdx(path("x"), "train", 30, false);
    const fs::path labels = path("x/train-labels-idx1-ubyte");
    const std::string whole = readBytes(labels);
    writeBytes(labels, whole.substr(0, whole.size() - 3));
    Progress progress;
    const std::string images = path("x/train-images-idx3-ubyte").string();
    QCOMPARE(importDataset(images, {}, progress).error().code, ErrorCode::BadFormat);
    fs::remove(labels);
    QCOMPARE(importDataset(images, {}, progress).error().code, ErrorCode::NotFound);
}

void TestImporters::cancelled() {
    writePictureFolder(m_root, 2, 5, 8);
    Progress progress;
    progress.cancel();
    QCOMPARE(importDataset(m_root.string(), {}, progress).error().code, ErrorCode::Cancelled);
}

void TestImporters::manyFilesScanFast() {
    // Hard links: the files cost nothing to make, and listing cannot tell.
    constexpr int kFiles = 20000;
    picture("seed.bmp");
    for (int folder = 0; folder < 10; ++folder) {
        const fs::path where = path("many/class" + std::to_string(folder));
        fs::create_directories(where);
        for (int i = 0; i < kFiles / 10; ++i) {
            fs::create_hard_link(path("seed.bmp"), where / (std::to_string(i) + ".bmp"));
        }
    }
    Dataset empty;
    empty.root = empty.source = path("many").string();
    empty.format = "class-folders";
    Progress progress;
    QElapsedTimer timer;
    timer.start();
    const Result<RescanReport> report = rescanDataset(empty, progress);
    const qint64 elapsed = timer.elapsed();
    QVERIFY(report.ok());
    QCOMPARE(report->added.size(), std::size_t(kFiles));
    qInfo("%d files listed in %lld ms", kFiles, elapsed);
    QVERIFY2(elapsed < 4000, qPrintable(QString::number(elapsed)));
}

void TestImporters::hymenoptera() {
    const fs::path folder = fs::path(sharedFolder()) / "data/hymenoptera";
    if (!fs::exists(folder)) {
        QSKIP("no folder of shared photos (GRAFT_SHARED)");
    }
    Progress progress;
    const Result<Dataset> dataset = importDataset(folder.string(), {}, progress);
    QVERIFY(dataset.ok());
    QCOMPARE(classNames(*dataset), (std::vector<std::string>{"ants", "bees"}));
    QCOMPARE(dataset->countInSplit(Split::Train), 244);
    QCOMPARE(dataset->countInSplit(Split::Validation), 153);
    QCOMPARE(dataset->problems.size(), std::size_t(1));
    QCOMPARE(dataset->problems[0].kind, ProblemKind::Unsupported);
    QCOMPARE(dataset->problems[0].path, std::string("train/ants/imageNotFound.gif"));
    // Cut copies of real photos: each is found, whatever is left of it.
    int found = 0;
    for (std::size_t i = 0; i < 40; ++i) {
        const std::string bytes = readBytes(dataset->absolutePath(dataset->samples[i * 9]));
        found += !decodeImage(std::string_view(bytes).substr(0, bytes.size() * (i + 50) / 100));
    }
    QCOMPARE(found, 40);
}

void TestImporters::signDigits() {
    const fs::path folder = fs::path(sharedFolder()) / "data/sign-digits";
    if (!fs::exists(folder)) {
        QSKIP("no folder of shared photos (GRAFT_SHARED)");
    }
    Progress progress;
    const Result<Dataset> dataset = importDataset(folder.string(), {}, progress);
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->classes.size(), std::size_t(10));
    QCOMPARE(dataset->samples.size(), std::size_t(2062));
    QVERIFY2(dataset->problems.empty(), problemList(*dataset).c_str());
    for (const auto& [label, count] : dataset->countByClass(Split::Validation)) {
        QVERIFY(count >= 40 && count <= 42);
    }
}

void TestImporters::sampleSet() {
    QVERIFY(writeSampleSet(path("sample").string()).ok());
    const Result<Dataset> dataset = import("sample");
    QVERIFY(dataset.ok());
    QCOMPARE(dataset->classes.size(), sampleSetClasses().size());
    QCOMPARE(dataset->samples.size(), std::size_t(300));
    QVERIFY2(dataset->problems.empty(), problemList(*dataset).c_str());
    const Sample& sample = dataset->samples.front();
    QCOMPARE(sample.width, 160);
    const Result<Image> image = readImage(dataset->imageRef(sample));
    QVERIFY(image.ok());
    QVERIFY(*image == drawSamplePicture("crack", 0));
    // Written a second time, nothing is touched; a damaged file is put right.
    const fs::path first = dataset->absolutePath(sample);
    const auto time = fs::last_write_time(first);
    const std::string bytes = readBytes(first);
    writeBytes(path("sample/crack/002.png"), "damaged");
    QVERIFY(writeSampleSet(path("sample").string()).ok());
    QCOMPARE(fs::last_write_time(first).time_since_epoch().count(),
             time.time_since_epoch().count());
    QCOMPARE(readBytes(first), bytes);
    QVERIFY(readImage({path("sample/crack/002.png").string(), -1}).ok());
}

QTEST_GUILESS_MAIN(TestImporters)
#include "tst_importers.moc"
