// Splits: shares, strata, groups, seeds; duplicates become groups and problems.
#include "core/base/rng.h"
#include "core/data/split.h"

#include <QtTest>

#include <cmath>
#include <map>
#include <set>

using namespace graft;

class TestSplit : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void sharesAreStratified();
    void sameSeedSameSplit();
    void groupsStayTogether();
    void everyClassTrainsAndValidates();
    void unusableSamplesDoNotCount();
    void sharesOutOfRange();
    void duplicatesShareAGroup();
    void problemsAreReplaced();
    void countsAndLookups();
};

namespace {

/// `perClass[c]` samples of class c + 1.
Dataset makeDataset(const std::vector<int>& perClass) {
    Dataset dataset;
    dataset.root = "/data";
    for (std::size_t c = 0; c < perClass.size(); ++c) {
        dataset.classes.push_back({ClassId(c) + 1, "class" + std::to_string(c)});
        for (int i = 0; i < perClass[c]; ++i) {
            Sample sample;
            sample.id = SampleId(dataset.samples.size()) + 1;
            sample.path = std::to_string(c) + "/" + std::to_string(i) + ".png";
            sample.label = ClassId(c) + 1;
            sample.contentHash = "hash" + std::to_string(sample.id);
            dataset.samples.push_back(sample);
        }
    }
    return dataset;
}

std::vector<Split> splitsOf(const Dataset& dataset) {
    std::vector<Split> splits;
    for (const Sample& sample : dataset.samples) {
        splits.push_back(sample.split);
    }
    return splits;
}

}  // namespace

void TestSplit::sharesAreStratified() {
    Dataset dataset = makeDataset({100, 50, 10});
    QVERIFY(assignSplits(dataset, {0.2, 0.1, 7}).ok());
    QCOMPARE(dataset.countByClass(Split::Validation),
             (std::map<ClassId, std::int64_t>{{1, 20}, {2, 10}, {3, 2}}));
    QCOMPARE(dataset.countByClass(Split::Test),
             (std::map<ClassId, std::int64_t>{{1, 10}, {2, 5}, {3, 1}}));
    QCOMPARE(dataset.countInSplit(Split::Train), 112);
    QCOMPARE(dataset.countInSplit(Split::None), 0);
}

void TestSplit::sameSeedSameSplit() {
    Dataset a = makeDataset({40, 60});
    Dataset b = a;
    QVERIFY(assignSplits(a, {0.25, 0, 1}).ok());
    QVERIFY(assignSplits(b, {0.25, 0, 1}).ok());
    QVERIFY(splitsOf(a) == splitsOf(b));
    QVERIFY(assignSplits(b, {0.25, 0, 2}).ok());
    QVERIFY(splitsOf(a) != splitsOf(b));
    QCOMPARE(b.countInSplit(Split::Validation), 25);
}

void TestSplit::groupsStayTogether() {
    Rng rng("groups", {3});
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        Dataset dataset = makeDataset({60, 60, 60});
        for (Sample& sample : dataset.samples) {
            // Bursts of up to eight, some of them over two classes.
            sample.group = rng.chance(0.7) ? std::int64_t(1 + rng.below(40)) : 0;
        }
        QVERIFY(assignSplits(dataset, {0.2, 0.2, seed}).ok());
        std::map<std::int64_t, std::set<Split>> splits;
        for (const Sample& sample : dataset.samples) {
            QVERIFY(sample.split != Split::None);
            if (sample.group != 0) {
                splits[sample.group].insert(sample.split);
            }
        }
        for (const auto& [group, used] : splits) {
            QCOMPARE(used.size(), std::size_t(1));
        }
        const double share = double(dataset.countInSplit(Split::Validation)) / 180.0;
        QVERIFY2(std::abs(share - 0.2) < 0.1, qPrintable(QString::number(share)));
    }
}

void TestSplit::everyClassTrainsAndValidates() {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        for (const double validation : {0.05, 0.2, 0.9}) {
            Dataset dataset = makeDataset({2, 3, 5, 1, 40});
            for (Sample& sample : dataset.samples) {
                if (sample.label == 3) {
                    sample.group = sample.id % 2 + 1;  // five pictures, two groups
                }
            }
            QVERIFY(assignSplits(dataset, {validation, 0.0, seed}).ok());
            const auto train = dataset.countByClass(Split::Train);
            const auto held = dataset.countByClass(Split::Validation);
            for (const ClassId label : {1, 2, 3, 5}) {
                QVERIFY(train.at(label) >= 1);
                QVERIFY(held.at(label) >= 1);
            }
            QCOMPARE(train.at(4), 1);  // a single picture trains
        }
    }
    // The same picture under two labels joins their groups; both classes still get both splits.
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Dataset dataset = makeDataset({3, 2});
        dataset.samples[2].group = 9;
        dataset.samples[3].group = 9;
        QVERIFY(assignSplits(dataset, {0.3, 0.0, seed}).ok());
        for (const ClassId label : {1, 2}) {
            QVERIFY(dataset.countByClass(Split::Train).at(label) >= 1);
            QVERIFY(dataset.countByClass(Split::Validation).at(label) >= 1);
        }
    }
}

void TestSplit::unusableSamplesDoNotCount() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Dataset dataset = makeDataset({12, 12});
        for (int i = 0; i < 10; ++i) {
            dataset.samples[std::size_t(i)].damaged = i % 2 == 0;
            dataset.samples[std::size_t(i)].excluded = i % 2 == 1;
        }
        dataset.samples[23].label = 0;
        QVERIFY(assignSplits(dataset, {0.2, 0.0, seed}).ok());
        QCOMPARE(dataset.countByClass(Split::Train).at(1), 1);
        QCOMPARE(dataset.countByClass(Split::Validation).at(1), 1);
        QCOMPARE(dataset.samples[23].split, Split::None);
    }
}

void TestSplit::sharesOutOfRange() {
    Dataset dataset = makeDataset({4, 4});
    const std::vector<Split> before = splitsOf(dataset);
    for (const SplitOptions& options :
         {SplitOptions{-0.1, 0, 0}, SplitOptions{0.95, 0, 0}, SplitOptions{0.6, 0.6, 0},
          SplitOptions{std::nan(""), 0, 0}, SplitOptions{0.2, -1, 0}}) {
        const Status status = assignSplits(dataset, options);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::InvalidArgument);
        QVERIFY(splitsOf(dataset) == before);
    }
    QVERIFY(assignSplits(dataset, {0.0, 0.0, 0}).ok());
    QCOMPARE(dataset.countInSplit(Split::Train), 8);
}

void TestSplit::duplicatesShareAGroup() {
    Dataset dataset = makeDataset({5, 5});
    dataset.samples[0].group = 4;
    dataset.samples[1].group = 4;
    dataset.samples[3].contentHash = dataset.samples[1].contentHash;       // joins group 4
    dataset.samples[4].contentHash = dataset.samples[7].contentHash;       // two labels
    dataset.samples[8].contentHash = dataset.samples[9].contentHash = "";  // never read
    dataset.samples[4].split = dataset.samples[7].split = Split::Train;
    dataset.samples[1].split = Split::Train;
    dataset.samples[3].split = Split::Validation;
    groupDuplicates(dataset);
    QCOMPARE(dataset.samples[0].group, 4);
    QCOMPARE(dataset.samples[1].group, 4);
    QCOMPARE(dataset.samples[3].group, 4);
    QCOMPARE(dataset.samples[2].group, 0);
    QVERIFY(dataset.samples[4].group != 0 && dataset.samples[4].group != 4);
    QCOMPARE(dataset.samples[7].group, dataset.samples[4].group);
    QCOMPARE(dataset.samples[8].group, 0);
    QCOMPARE(dataset.problems.size(), std::size_t(2));
    QCOMPARE(dataset.problems[0].kind, ProblemKind::DuplicateAcrossSplits);
    QCOMPARE(dataset.problems[0].sample, dataset.samples[3].id);
    QCOMPARE(dataset.problems[1].kind, ProblemKind::DuplicateLabels);
    QCOMPARE(dataset.problems[1].sample, dataset.samples[7].id);
}

void TestSplit::problemsAreReplaced() {
    Dataset dataset = makeDataset({3, 3});
    dataset.problems.push_back({ProblemKind::Damaged, "x", "stays", 1});
    dataset.samples[0].contentHash = dataset.samples[5].contentHash;
    groupDuplicates(dataset);
    groupDuplicates(dataset);
    QCOMPARE(dataset.problems.size(), std::size_t(2));
    const std::int64_t group = dataset.samples[0].group;
    QVERIFY(group != 0 && group == dataset.samples[5].group);
    dataset.samples[0].contentHash = "other";
    groupDuplicates(dataset);
    QCOMPARE(dataset.problems.size(), std::size_t(1));
}

void TestSplit::countsAndLookups() {
    Dataset dataset = makeDataset({2, 2});
    dataset.samples.erase(dataset.samples.begin() + 1);
    QVERIFY(!dataset.findSample(2));
    QVERIFY(!dataset.findSample(0));
    QVERIFY(!dataset.findSample(99));
    QCOMPARE(dataset.findSample(4)->path, std::string("1/1.png"));
    QCOMPARE(dataset.absolutePath(dataset.samples[0]), std::string("/data/0/0.png"));
    dataset.samples[0].path = "/else/where.png";
    QCOMPARE(dataset.imageRef(dataset.samples[0]).path, std::string("/else/where.png"));
    QCOMPARE(dataset.classIndex(2), 1);
    QCOMPARE(dataset.classIndex(7), -1);
}

QTEST_GUILESS_MAIN(TestSplit)
#include "tst_split.moc"
