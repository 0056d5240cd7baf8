// How long training only the head takes, against what the frozen part's passes cost alone, and how
// much faster epochs on cached features are with half of the network frozen.
//
//   bench_head_only [PHOTOS] [NETWORK] [EPOCHS]      2500 resnet18 20; a fifth is for validation
// The photos are those of photo_crops.h. Weights are random: they cost the same.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/feature_source.h"
#include "core/train/trainer.h"
#include "tests/bench/photo_crops.h"

#include <QTemporaryDir>

#include <chrono>
#include <cstdio>
#include <map>

using namespace graft;
using Clock = std::chrono::steady_clock;

namespace {

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Timing {
    double total = 0;
    double prepare = 0;                   // until the run has started
    double fill = 0;                      // computing features
    std::map<std::int64_t, double> epochs;  // by number, validation included
    double accuracy = 0;
};

class TimingSink : public TrainSink {
  public:
    explicit TimingSink(Timing& timing) : m_timing(timing) {}
    void event(const TrainEvent& event) override {
        if (event.kind == TrainEvent::Kind::Started) {
            m_timing.prepare = since(m_start);
            m_last = Clock::now();
        }
        if (event.kind == TrainEvent::Kind::EpochFinished) {
            m_timing.epochs[event.epoch] = since(m_last);
            m_last = Clock::now();
        }
    }
    void metric(const MetricRow& row) override {
        m_timing.accuracy = std::max(m_timing.accuracy, row.validationAccuracy);
    }
    void snapshot(const TrainSnapshot& snapshot) override {
        const auto now = Clock::now();
        if (snapshot.activity.find("features of frozen") != std::string::npos) {
            m_timing.fill += std::chrono::duration<double>(now - m_lastSnapshot).count();
        }
        m_lastSnapshot = now;
    }
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t, std::int64_t) override {}

  private:
    Timing& m_timing;
    Clock::time_point m_start = Clock::now();
    Clock::time_point m_last = m_start;
    Clock::time_point m_lastSnapshot = m_start;
};

Timing train(TrainJob job) {
    QTemporaryDir folder;
    job.folder = folder.path().toStdString();
    RunControl control;
    Mailbox<RunCommand> commands;
    Timing timing;
    TimingSink sink(timing);
    const auto start = Clock::now();
    const auto ended = runTraining(job, control, commands, sink);
    timing.total = since(start);
    if (!ended) {
        std::printf("%s\n", ended.error().text().c_str());
    }
    return timing;
}

// Seconds for one picture in the frozen part, in batches of 32; the best of a few.
double passSeconds(const ModelSpec& model) {
    const auto classifier = *Classifier::create(model, 2, 1);
    classifier->setTraining(false);
    const torch::NoGradGuard noGrad;
    const int side = classifier->preprocess().inputSize;
    const torch::Tensor x = torch::rand({32, 3, side, side});
    double best = 1e9;
    for (int i = 0; i < 6; ++i) {
        const auto start = Clock::now();
        classifier->forwardTo(classifier->frozenBoundary(), x);
        best = std::min(best, since(start) / 32);
    }
    return best;
}

double later(const Timing& timing, std::int64_t from) {
    double sum = 0;
    int count = 0;
    for (const auto& [epoch, seconds] : timing.epochs) {
        if (epoch > from) {
            sum += seconds;
            ++count;
        }
    }
    return count > 0 ? sum / count : 0;
}

void headOnly(TrainJob job) {
    const auto pictures = double(job.dataset.samples.size());
    const auto training = double(job.dataset.countInSplit(Split::Train));
    std::printf("\nHead only, %d epochs, %.0f pictures of which %.0f train\n", job.options.epochs,
                pictures, training);
    std::printf("%-10s %9s %9s %9s %12s %9s %7s %9s\n", "changes", "total s", "start s", "fill s",
                "hit epoch s", "passes s", "ratio", "again s");
    for (const int variants : {1, 2, 8}) {
        job.augment = AugmentSpec();
        if (variants == 2) {
            job.augment.flipHorizontal = 0.5;
        } else if (variants == 8) {
            job.augment = *augmentPreset("light");
        }
        QTemporaryDir cache;
        job.cacheFolder = cache.path().toStdString();
        const double before = passSeconds(job.model);
        const Timing timing = train(job);
        const double each = std::min(before, passSeconds(job.model));
        const double passes = each * (training * variants + (pictures - training));
        const Timing again = train(job);
        std::printf("%-10s %9.2f %9.2f %9.2f %12.4f %9.2f %7.2f %9.2f\n",
                    variants == 1 ? "none" : variants == 2 ? "mirror" : "crops", timing.total,
                    timing.prepare, timing.fill, later(timing, variants), passes,
                    (timing.total - timing.prepare) / passes, again.total);
        std::fflush(stdout);
    }
}

void halfFrozen(TrainJob job, const std::vector<std::string>& frozen) {
    job.model.frozen = frozen;
    job.augment = AugmentSpec();
    job.options.epochs = 3;
    QTemporaryDir cache;
    job.cacheFolder = cache.path().toStdString();
    const Timing cached = train(job);
    job.options.featureCache = "off";
    job.options.epochs = 2;
    const Timing plain = train(job);
    const auto count = double(job.dataset.samples.size());
    std::printf("\nHalf frozen: filling epoch %.2f s, cached epoch %.2f s (%.1f pictures/s), "
                "uncached epoch %.2f s (%.1f): %.2f times\n",
                cached.epochs.at(1), later(cached, 1), count / later(cached, 1), later(plain, 1),
                count / later(plain, 1), later(plain, 1) / later(cached, 1));
}

}  // namespace

int main(int argc, char** argv) {
    const int photos = argc > 1 ? std::atoi(argv[1]) : 2500;
    const std::string network = argc > 2 ? argv[2] : "resnet18";
    const int epochs = argc > 3 ? std::atoi(argv[3]) : 20;
    engine::initialize();
    QTemporaryDir folder;
    if (bench::writeCrops(folder.path(), photos) == 0) {
        std::printf("There are no photos in GRAFT_SHARED/data/hymenoptera.\n");
        return 0;
    }
    Progress progress;
    TrainJob job;
    job.dataset = *importDataset(folder.path().toStdString(), {}, progress);
    job.model.backbone = network;
    job.model.imageSize = 224;
    job.model.frozen = {"backbone"};
    job.options.epochs = epochs;
    headOnly(job);
    if (network == "resnet18") {
        halfFrozen(job, {"stem", "layer1", "layer2", "layer3"});
    }
    return 0;
}
