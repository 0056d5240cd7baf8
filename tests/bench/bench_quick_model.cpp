// How long it takes from a click on Train to the first validated accuracy, as the window would see
// it: a run started on its own thread and looked at 15 times a second.
//
//   bench_quick_model [BACKBONE] [WEIGHTS] [SIZE] [REPEATS] [PHOTOS ...]
//                     mobilenet_v2, its ImageNet weights in GRAFT_SHARED, 0 (its own), 3, 200 1000
// The photos are those of photo_crops.h; crops of one photo stay in one split. "again": 20 pictures
// got another label, the features are in the cache.
#include "core/base/stopwatch.h"
#include "core/data/importers/importer.h"
#include "core/data/split.h"
#include "core/engine/engine.h"
#include "core/project/project.h"
#include "core/train/feature_cache.h"
#include "tests/bench/median.h"
#include "tests/bench/photo_crops.h"

#include <QFileInfo>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <thread>

using namespace graft;
using Clock = std::chrono::steady_clock;

namespace {

struct Timing {
    double estimate = -1;  // to the first figure, from some of the pictures
    double shown = -1;     // to the figure from all of them
    double started = -1;   // to the first step of fine-tuning
    double processor = 0;  // seconds of all cores until it was shown, where others use them, too
    double accuracy = -1;
    std::int64_t count = 0;
};

Timing train(Project& project) {
    Timing timing;
    const auto start = Clock::now();
    const std::clock_t before = std::clock();
    auto handle = engine::startRun(project);
    if (!handle) {
        std::printf("%s\n", handle.error().text().c_str());
        return timing;
    }
    while (!(*handle)->finished()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(66));
        const auto now = (*handle)->snapshot();
        if (now && now->quickAccuracy >= 0 && timing.estimate < 0) {
            timing.estimate = secondsSince(start);
        }
        if (now && now->quickAccuracy >= 0 && !now->quickEstimate && timing.shown < 0) {
            timing.shown = secondsSince(start);
            timing.processor = double(std::clock() - before) / CLOCKS_PER_SEC;
            timing.accuracy = now->quickAccuracy;
            timing.count = now->quickCount;
        }
        for (const TrainEvent& event : (*handle)->takeEvents()) {
            if (event.kind == TrainEvent::Kind::Started) {
                timing.started = secondsSince(start);
                (*handle)->stop();
            }
            if (event.kind == TrainEvent::Kind::Failed) {
                std::printf("%s\n", event.text.c_str());
            }
        }
    }
    return timing;
}

void report(const char* what, const std::vector<Timing>& timings) {
    const auto of = [&](double Timing::*member) {
        std::vector<double> values;
        for (const Timing& timing : timings) {
            values.push_back(timing.*member);
        }
        return bench::median(values);
    };
    std::printf("%-8s %10.2f %10.2f %12.2f %12.2f %9.1f %% of %lld\n", what,
                of(&Timing::estimate), of(&Timing::shown), of(&Timing::processor),
                of(&Timing::started), 100 * timings.front().accuracy,
                static_cast<long long>(timings.front().count));
    std::fflush(stdout);
}

Dataset photos(const QString& folder, int count) {
    const int sources = bench::writeCrops(folder, count);
    Progress progress;
    Dataset dataset = *importDataset(folder.toStdString(), {}, progress);
    for (Sample& sample : dataset.samples) {
        const QString name = QFileInfo(QString::fromStdString(sample.path)).completeBaseName();
        sample.group = 1 + name.toInt() % std::max(1, sources);
    }
    (void)assignSplits(dataset, {}).ok();
    return dataset;
}

void measure(const ModelSpec& model, int count, int repeats) {
    QTemporaryDir folder;
    const Dataset dataset = photos(folder.filePath("photos"), count);
    if (dataset.samples.empty()) {
        std::printf("There are no photos in GRAFT_SHARED/data/hymenoptera.\n");
        return;
    }
    auto project = std::move(Project::create(folder.filePath("p.graft").toStdString())).value();
    if (!project->setDataset(dataset) || !project->setModel(model)) {
        return;
    }
    std::printf("\n%d photos\n%-8s %10s %10s %12s %12s  accuracy\n", count, "", "estimate s",
                "shown s", "processor s", "fine-tune s");
    std::vector<Timing> fresh;
    for (int i = 0; i < repeats; ++i) {
        (void)clearFeatureFolder(project->filesFolder() + "/features").ok();
        fresh.push_back(train(*project));
    }
    report("fresh", fresh);
    std::vector<Timing> again;
    for (int i = 0; i < repeats; ++i) {
        std::vector<SampleId> moved;
        for (std::size_t k = std::size_t(i); moved.size() < 20; k += 7) {
            moved.push_back(dataset.samples[k % dataset.samples.size()].id);
        }
        (void)project->setLabel(moved, dataset.classes.front().id).ok();
        again.push_back(train(*project));
    }
    report("again", again);
}

}  // namespace

int main(int argc, char** argv) {
    engine::initialize();
    ModelSpec model;
    model.backbone = argc > 1 ? argv[1] : "mobilenet_v2";
    const QString shared = qEnvironmentVariable("GRAFT_SHARED", GRAFT_SOURCE_DIR "/../shared");
    model.weightsPath =
        argc > 2 ? argv[2]
                 : (shared + "/weights/mobilenet_v2-imagenet.safetensors").toStdString();
    model.imageSize = argc > 3 ? std::atoi(argv[3]) : 0;
    const int repeats = argc > 4 ? std::max(1, std::atoi(argv[4])) : 3;
    if (!QFileInfo::exists(QString::fromStdString(model.weightsPath))) {
        std::printf("There are no weights %s.\n", model.weightsPath.c_str());
        return 0;
    }
    std::printf("%s at %d px, medians of %d\n", model.backbone.c_str(), model.imageSize, repeats);
    if (argc <= 5) {
        measure(model, 200, repeats);
        measure(model, 1000, repeats);
    }
    for (int i = 5; i < argc; ++i) {
        measure(model, std::atoi(argv[i]), repeats);
    }
    return 0;
}
