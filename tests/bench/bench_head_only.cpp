// How long training only the head takes from the start of the run on, against what the same
// pictures' passes would cost if nothing but oneDNN's convolutions took time, and how much faster
// epochs on cached features are with half of the network frozen. The limit is measured some times
// before and after each run: the median counts, since a run of seconds meets what a busy machine
// does in seconds, and in the last line the best of all. Needs oneDNN's headers.
//
//   bench_head_only [NETWORK] [--photos N] [--epochs N] [--rounds N] [--changes none|mirror|crops]
// resnet18, 2000, 20, 3 and all three. A fifth of the photos is for validation; they are those of
// photo_crops.h. Weights are random: they cost the same.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/feature_source.h"
#include "core/train/trainer.h"
#include "tests/bench/conv_limit.h"
#include "tests/bench/median.h"
#include "tests/bench/photo_crops.h"

#include <QTemporaryDir>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
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

// Seconds that the convolutions of one picture's forward pass take, in batches of 32.
class PassLimit {
 public:
    explicit PassLimit(const ModelSpec& model) {
        const auto classifier = Classifier::create(model, 2, 1);
        if (!classifier) {
            std::fprintf(stderr, "%s\n", classifier.error().text().c_str());
            std::exit(1);
        }
        const int side = (*classifier)->preprocess().inputSize;
        m_cases = bench::convolutionsOf(**classifier, torch::rand({kPictures, 3, side, side}));
    }
    /// Some measurements, one after the other.
    std::vector<double> seconds() const {
        std::vector<double> samples(5);
        std::generate(samples.begin(), samples.end(), [this] { return measure(); });
        return samples;
    }

 private:
    double measure() const {
        std::vector<bench::ConvTimes> times(m_cases.size());
        for (std::size_t i = 0; i < m_cases.size(); ++i) {
            bench::measureDirect(m_cases[i], &times[i], /*forwardOnly=*/true);
            if (times[i].forward == 0) {
                std::fprintf(stderr, "oneDNN has no bf16 convolution for this processor.\n");
                std::exit(1);
            }
        }
        return bench::forwardSeconds(m_cases, times) / kPictures;
    }

    static constexpr std::int64_t kPictures = 32;
    std::vector<bench::ConvCase> m_cases;
};

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

struct Changes {
    const char* name;
    int variants;
    AugmentSpec augment = {};
};

std::vector<Changes> allChanges() {
    AugmentSpec mirror;
    mirror.flipHorizontal = 0.5;
    return {{"none", 1}, {"mirror", 2, mirror}, {"crops", 8, *augmentPreset("light")}};
}

void headOnly(TrainJob job, const Changes& changes, const PassLimit& limit, int rounds) {
    const auto pictures = double(job.dataset.samples.size());
    const auto training = double(job.dataset.countInSplit(Split::Train));
    const double passes = training * changes.variants + (pictures - training);
    job.augment = changes.augment;
    std::vector<double> seconds;
    std::vector<double> ratios;
    double best = 1e9;  // seconds for one picture
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> limits = limit.seconds();
        QTemporaryDir cache;
        job.cacheFolder = cache.path().toStdString();
        const Timing timing = train(job);
        const std::vector<double> after = limit.seconds();
        limits.insert(limits.end(), after.begin(), after.end());
        const double each = bench::median(limits);
        const Timing again = train(job);
        seconds.push_back(timing.total - timing.prepare);
        ratios.push_back(seconds.back() / (each * passes));
        std::printf("%-8s %8.2f %8.2f %8.2f %12.4f %9.1f %7.2f %8.2f\n", changes.name,
                    seconds.back(), timing.prepare, timing.fill, later(timing, changes.variants),
                    1 / each, ratios.back(), again.total);
        std::fflush(stdout);
        best = std::min(best, *std::min_element(limits.begin(), limits.end()));
    }
    std::printf("%-8s median of the ratios %.2f; of the seconds, against the best limit, %.2f\n",
                changes.name, bench::median(ratios), bench::median(seconds) / (best * passes));
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

struct Wanted {
    std::string network = "resnet18";
    std::string changes;  ///< empty: all
    int photos = 2000;
    int epochs = 20;
    int rounds = 3;
};

Wanted wantedFrom(int argc, char** argv) {
    Wanted wanted;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : "1";
        if (flag == "--photos") {
            wanted.photos = std::atoi(value);
        } else if (flag == "--epochs") {
            wanted.epochs = std::atoi(value);
        } else if (flag == "--rounds") {
            wanted.rounds = std::max(1, std::atoi(value));
        } else if (flag == "--changes") {
            wanted.changes = value;
        } else {
            wanted.network = flag;
            continue;
        }
        ++i;
    }
    return wanted;
}

}  // namespace

int main(int argc, char** argv) {
    const Wanted wanted = wantedFrom(argc, argv);
    engine::initialize();
    QTemporaryDir folder;
    if (bench::writeCrops(folder.path(), wanted.photos) == 0) {
        std::printf("There are no photos in GRAFT_SHARED/data/hymenoptera.\n");
        return 0;
    }
    Progress progress;
    TrainJob job;
    job.dataset = *importDataset(folder.path().toStdString(), {}, progress);
    job.model.backbone = wanted.network;
    job.model.imageSize = 224;
    job.model.frozen = {"backbone"};
    job.options.epochs = wanted.epochs;
    const PassLimit limit(job.model);
    std::printf("Head only, %s, %d epochs, %zu pictures of which %zu train\n",
                wanted.network.c_str(), wanted.epochs, job.dataset.samples.size(),
                std::size_t(job.dataset.countInSplit(Split::Train)));
    std::printf("%-8s %8s %8s %8s %12s %9s %7s %8s\n", "changes", "run s", "start s",
                "fill s", "hit epoch s", "limit /s", "ratio", "again s");
    for (const Changes& changes : allChanges()) {
        if (wanted.changes.empty() || wanted.changes == changes.name) {
            headOnly(job, changes, limit, wanted.rounds);
        }
    }
    if (wanted.network == "resnet18" && wanted.changes.empty()) {
        halfFrozen(job, {"stem", "layer1", "layer2", "layer3"});
    }
    return 0;
}
