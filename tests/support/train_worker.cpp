// Trains on a folder of pictures in a process of its own, so that a test can stop a run, resume it
// in a new process and compare. Prints the final state, the digest of the newest checkpoint (it
// covers weights, optimiser and all counters) and the metric rows.
//
//   train_worker PICTURES RUN_FOLDER OPTIMIZER LOADER_THREADS STOP_AFTER_STEPS PRECISION
//                [CACHE_FOLDER KILL_AFTER_BLOCKS]
// With a CACHE_FOLDER the backbone is frozen in all three epochs and its features come from there;
// after so many computed blocks (0: never) the process kills itself.
// OPTIMIZER "recipe" is SGD with what a pretraining uses: averaged weights, smaller pictures at first,
// alternating flips, a first layer computed from the pictures.
// With a checkpoint in RUN_FOLDER the run goes on from it. STOP_AFTER_STEPS 0: to the end.
#include "core/base/machine.h"
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/nn/weights/safetensors.h"
#include "core/train/checkpoint.h"
#include "core/train/trainer.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

class PrintingSink : public graft::TrainSink {
  public:
    PrintingSink(graft::RunControl& control, std::int64_t stopAfter, int killAfter)
        : m_control(control), m_stopAfter(stopAfter), m_killAfter(killAfter) {}
    void event(const graft::TrainEvent& event) override {
        if (!event.error.message.empty()) {
            std::fprintf(stderr, "%s\n", event.error.text().c_str());
        }
    }
    void metric(const graft::MetricRow& row) override {
        std::printf("row %d %lld %.17g %.17g %.17g %.17g %.17g\n", int(row.kind),
                    static_cast<long long>(row.step), row.trainLoss, row.trainAccuracy,
                    row.learningRate, row.validationLoss, row.validationAccuracy);
        if (row.kind == graft::MetricRow::Kind::Step && row.step == m_stopAfter) {
            m_control.requestStop();
        }
    }
    void snapshot(const graft::TrainSnapshot& snapshot) override {
        if (snapshot.activity.find("features") != std::string::npos && --m_killAfter == 0) {
            std::raise(SIGKILL);
        }
    }
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t, std::int64_t) override {}

  private:
    graft::RunControl& m_control;
    std::int64_t m_stopAfter;
    int m_killAfter;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7 && argc != 9) {
        return 2;
    }
    graft::engine::initialize();
    graft::Progress progress;
    auto dataset = graft::importDataset(argv[1], {}, progress);
    if (!dataset) {
        std::fprintf(stderr, "%s\n", dataset.error().text().c_str());
        return 1;
    }
    graft::TrainJob job;
    job.dataset = *dataset;
    job.model.backbone = "small_cnn";
    job.model.imageSize = 32;
    job.augment = *graft::augmentPreset("medium");
    job.options.optimizer = argv[3];
    job.options.learningRate = job.options.optimizer == "adamw" ? 1e-3 : 1e-2;
    job.options.epochs = 3;
    job.options.batchSize = 8;
    job.options.headEpochs = 1;
    job.options.seed = 7;
    job.options.precision = argv[6];
    job.options.device = "cpu";
    job.options.loaderThreads = std::atoi(argv[4]);
    job.folder = argv[2];
    if (job.options.optimizer == "recipe") {
        job.model.backbone = "graft_nano";
        job.model.imageSize = 40;
        job.augment.flipAlternates = true;
        job.options.optimizer = "sgd";
        job.options.schedule = "triangular";
        job.options.averageDecay = 0.9;
        job.options.firstSize = 32;
        job.options.firstSizeEpochs = 2;
        job.options.keepEpochs = true;
    }
    if (argc == 9) {
        job.options.headEpochs = 0;
        job.options.augmentVariants = 2;
        job.model.frozen = {"backbone"};
        job.cacheFolder = argv[7];
    }
    if (auto newest = graft::newestCheckpoint(job.folder, nullptr)) {
        job.resumeFrom = *newest;
    }
    graft::RunControl control;
    graft::Mailbox<graft::RunCommand> commands;
    PrintingSink sink(control, std::atoll(argv[5]),
                      argc == 9 ? std::atoi(argv[8]) : 0);
    const auto ended = graft::runTraining(job, control, commands, sink);
    if (!ended) {
        return 1;
    }
    const auto newest = graft::newestCheckpoint(job.folder, nullptr);
    const auto file = graft::SafetensorsFile::open(*newest);
    std::printf("%s %s\n", graft::runStateName(*ended),
                file->metadata().at("graft.sha256").c_str());
    return 0;
}
