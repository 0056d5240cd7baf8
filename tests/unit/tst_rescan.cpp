// Finding out what changed on disk since the import, taking it over, and relinking.
#include "tests/support/import_fixture.h"

using namespace graft;
using namespace graft::testing;

class TestRescan : public QObject, private ImportFixture {
    Q_OBJECT
 private Q_SLOTS:
    void init();
    void rescanFindsWhatChanged();
    void applyRescanKeepsIds();
    void rescanOfAMissingRoot();
    void relink();
};

void TestRescan::init() {
    m_dir = std::make_unique<QTemporaryDir>();
    m_root = m_dir->path().toStdString();
}

void TestRescan::rescanFindsWhatChanged() {
    writePictureFolder(m_root, 3, 8, 12);
    const Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    Progress progress;
    QVERIFY(rescanDataset(*dataset, progress)->empty());

    picture("a/new.bmp");
    picture("fresh/1.bmp");
    fs::remove(path("b/003.bmp"));
    fs::rename(path("b/004.bmp"), path("c/renamed.bmp"));
    writeBmp(path("c/005.bmp"), stripes(1, 99, 14));
    writeBytes(path("a/more.gif"), "GIF89a" + std::string(20, '\0'));
    const Result<RescanReport> report = rescanDataset(*dataset, progress);
    QVERIFY(report.ok());
    QCOMPARE(report->added, (std::vector<std::string>{"a/new.bmp", "fresh/1.bmp"}));
    QCOMPARE(report->missing, (std::vector<SampleId>{findPath(*dataset, "b/003.bmp")->id}));
    QCOMPARE(report->changed, (std::vector<SampleId>{findPath(*dataset, "c/005.bmp")->id}));
    QCOMPARE(report->moved.size(), std::size_t(1));
    QCOMPARE(report->moved[0].first, findPath(*dataset, "b/004.bmp")->id);
    QCOMPARE(report->moved[0].second, std::string("c/renamed.bmp"));
}

void TestRescan::applyRescanKeepsIds() {
    writePictureFolder(m_root, 3, 8, 12);
    Result<Dataset> dataset = import();
    QVERIFY(dataset.ok());
    const SampleId movedId = findPath(*dataset, "b/004.bmp")->id;
    const Split movedSplit = findPath(*dataset, "b/004.bmp")->split;
    dataset->findSample(movedId)->label = 3;  // the user's own word on it
    const SampleId lastId = dataset->samples.back().id;
    picture("a/new.bmp");
    picture("fresh/1.bmp");
    fs::copy_file(path("a/001.bmp"), path("a/copy.bmp"));
    fs::remove(path("b/003.bmp"));
    fs::rename(path("b/004.bmp"), path("c/renamed.bmp"));
    writeBytes(path("c/005.bmp"), "BM broken");
    Progress progress;
    const Result<RescanReport> report = rescanDataset(*dataset, progress);
    QVERIFY(report.ok());
    const Result<Dataset> now = applyRescan(*dataset, *report, {}, progress);
    QVERIFY2(now.ok(), now.ok() ? "" : now.error().text().c_str());
    QVERIFY(!findPath(*now, "b/003.bmp"));
    const Sample* moved = findPath(*now, "c/renamed.bmp");
    QVERIFY(moved);
    QCOMPARE(moved->id, movedId);
    QCOMPARE(moved->label, 3);
    QCOMPARE(moved->split, movedSplit);
    QVERIFY(findPath(*now, "c/005.bmp")->damaged);
    QVERIFY(findProblem(*now, ProblemKind::Damaged, "c/005.bmp"));
    QCOMPARE(classNames(*now), (std::vector<std::string>{"a", "b", "c", "fresh"}));
    const Sample* fresh = findPath(*now, "a/new.bmp");
    QVERIFY(fresh && fresh->id > lastId && fresh->split != Split::None);
    QCOMPARE(fresh->label, findPath(*now, "a/001.bmp")->label);
    const Sample* copy = findPath(*now, "a/copy.bmp");
    QCOMPARE(copy->split, findPath(*now, "a/001.bmp")->split);
    QVERIFY(copy->group != 0);
    // Everything that was not touched is as before, and a new look finds nothing.
    QCOMPARE(*findPath(*now, "a/000.bmp"), *findPath(*dataset, "a/000.bmp"));
    QVERIFY(rescanDataset(*now, progress)->empty());
}

void TestRescan::rescanOfAMissingRoot() {
    writePictureFolder(path("here"), 2, 3, 8);
    const Result<Dataset> dataset = import("here");
    QVERIFY(dataset.ok());
    fs::rename(path("here"), path("there"));
    Progress progress;
    const Result<RescanReport> report = rescanDataset(*dataset, progress);
    QVERIFY(report.ok() && report->rootMissing);
    QCOMPARE(applyRescan(*dataset, *report, {}, progress).error().code, ErrorCode::NotFound);
}

void TestRescan::relink() {
    writePictureFolder(path("here"), 2, 4, 8);
    const Result<Dataset> dataset = import("here");
    QVERIFY(dataset.ok());
    fs::rename(path("here"), path("there"));
    const Result<Dataset> moved = relinkDataset(*dataset, path("there").string() + "/");
    QVERIFY(moved.ok());
    QVERIFY(moved->samples == dataset->samples);
    Progress progress;
    QVERIFY(rescanDataset(*moved, progress)->empty());
    fs::create_directories(path("wrong/a"));
    QCOMPARE(relinkDataset(*dataset, path("wrong").string()).error().code, ErrorCode::Mismatch);
    QCOMPARE(relinkDataset(*dataset, path("nowhere").string()).error().code, ErrorCode::Mismatch);
}

QTEST_GUILESS_MAIN(TestRescan)
#include "tst_rescan.moc"
