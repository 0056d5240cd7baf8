// Data sets for tests of the project: made up, with every field set, and comparable.
#pragma once

#include "core/base/rng.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <QtTest>

#include <string>

namespace graft::testing {

/// `count` samples in `classCount` classes (one more class, the last, is left empty); ids have
/// gaps, a few samples are excluded, damaged, unlabelled or in groups.
inline Dataset madeUpDataset(int count, int classCount, std::uint64_t seed = 1) {
    Rng rng(seed);
    Dataset dataset;
    dataset.root = "/pictures/Käfer";
    dataset.source = "/pictures/Käfer";
    dataset.format = "split-folders";
    dataset.splitFromSource = true;
    for (int i = 0; i <= classCount; ++i) {
        dataset.classes.push_back({3 + 2 * i, "class " + std::to_string(i)});
    }
    SampleId id = 0;
    for (int i = 0; i < count; ++i) {
        Sample sample;
        id += 1 + SampleId(rng.below(3));
        sample.id = id;
        sample.path = "folder/Bild ä " + std::to_string(i) + ".jpg";
        sample.index = rng.chance(0.1) ? int(rng.below(100)) : -1;
        sample.label = rng.chance(0.05) ? 0 : 3 + 2 * ClassId(rng.below(std::uint64_t(classCount)));
        sample.split = Split(rng.below(4));
        sample.excluded = rng.chance(0.1);
        sample.damaged = rng.chance(0.1);
        sample.contentHash = "hash" + std::to_string(rng.next());
        sample.fileSize = std::int64_t(rng.below(1u << 30)) << 10;
        sample.modifiedNs = 1'700'000'000'123'456'789 + std::int64_t(rng.below(1u << 30));
        sample.width = int(rng.below(4000));
        sample.height = int(rng.below(4000));
        sample.group = rng.chance(0.2) ? std::int64_t(1 + rng.below(5)) : 0;
        dataset.samples.push_back(sample);
    }
    dataset.problems.push_back({ProblemKind::Unsupported, "odd.gif", "GIF is not read.", 0});
    if (id > 0) {
        dataset.problems.push_back({ProblemKind::Damaged, "cut.jpg", "It is cut short.", id});
    }
    return dataset;
}

/// "" when equal, else what differs first.
inline std::string difference(const Dataset& a, const Dataset& b) {
    if (a.root != b.root || a.source != b.source) {
        return "root or source: " + a.root + ", " + b.root;
    }
    if (a.format != b.format || a.splitFromSource != b.splitFromSource) {
        return "format or splitFromSource";
    }
    if (a.classes != b.classes) {
        return "classes";
    }
    if (a.problems != b.problems) {
        return "problems";
    }
    if (a.samples.size() != b.samples.size()) {
        return "number of samples";
    }
    for (std::size_t i = 0; i < a.samples.size(); ++i) {
        if (!(a.samples[i] == b.samples[i])) {
            return "sample " + std::to_string(a.samples[i].id);
        }
    }
    return {};
}

inline QString text(const std::string& value) {
    return QString::fromStdString(value);
}

template <class T>
QString problemOf(const Result<T>& result) {
    return result.ok() ? QString() : QString::fromStdString(result.error().text());
}

}  // namespace graft::testing

/// Fails the test with the error's own sentence.
#define VERIFY_OK(expression)                                                       \
    do {                                                                            \
        auto&& verified_ = (expression);                                            \
        QVERIFY2(verified_.ok(), qPrintable(graft::testing::problemOf(verified_))); \
    } while (false)
#define COMPARE_DATASETS(actual, expected) \
    QCOMPARE(graft::testing::text(graft::testing::difference(actual, expected)), QString())
