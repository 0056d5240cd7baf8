// Time and memory against the number of pictures, of classes and the picture size: what grows, how,
// and where it stops fitting. Pictures are made up, so that 100,000 of them cost no disk; every row
// is measured in a process of its own.
//
//   bench_scaling [LARGEST NUMBER OF PICTURES]
#include "core/analysis/evaluation.h"
#include "core/data/batch_loader.h"
#include "core/engine/engine.h"
#include "core/project/project.h"
#include "core/train/batch_size_probe.h"
#include "tests/support/datasets.h"

#include <QTemporaryDir>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>

using namespace graft;

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double largestMb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return double(usage.ru_maxrss) / 1024;
}

// The child inherits little: nothing large is made in the parent.
void inChild(const std::function<void()>& work) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        work();
        std::fflush(stdout);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        std::printf("| it did not fit |\n");
    }
}

void projectRow(int count) {
    const QTemporaryDir folder;
    const std::string path = folder.filePath("many.graft").toStdString();
    const double before = largestMb();
    Dataset dataset = testing::madeUpDataset(count, 10);
    auto start = Clock::now();
    std::unique_ptr<Project> project = std::move(Project::create(path)).value();
    if (!project->setDataset(std::move(dataset)).ok()) {
        _exit(1);
    }
    const double stored = since(start);
    project.reset();
    start = Clock::now();
    project = std::move(Project::open(path, Project::Mode::ReadWrite)).value();
    const double opened = since(start);
    std::vector<SampleId> half;
    for (const Sample& sample : project->dataset().samples) {
        if (half.size() * 2 < std::size_t(count)) {
            half.push_back(sample.id);
        }
    }
    start = Clock::now();
    if (!project->setExcluded(half, true).ok()) {
        _exit(1);
    }
    const double edited = since(start);
    start = Clock::now();
    if (!project->addRun("").ok()) {
        _exit(1);
    }
    const double added = since(start);
    std::printf("| %d | %.0f | %.0f | %.0f | %.0f | %.1f | %.0f |\n", count, 1000 * stored,
                1000 * opened, 1000 * edited, 1000 * added,
                double(std::filesystem::file_size(path)) / 1e6, largestMb() - before);
}

void evaluationRow(int count, int classes) {
    const double before = largestMb();
    std::vector<ClassInfo> infos;
    for (int i = 0; i < classes; ++i) {
        infos.push_back({i + 1, "class " + std::to_string(i)});
    }
    auto start = Clock::now();
    (void)shuffledBatches(std::size_t(count), 32, 1, 1);
    const double ordered = since(start);
    Evaluation evaluation;
    for (int i = 0; i < count; ++i) {
        evaluation.predictions.push_back({i + 1, i % classes, (i * 7) % classes,
                                          std::vector<float>(std::size_t(classes), 0.5F)});
    }
    start = Clock::now();
    summarize(evaluation, infos);
    const double summed = since(start);
    std::printf("| %d | %d | %.1f | %.0f | %.0f |\n", count, classes, 1000 * ordered,
                1000 * summed, largestMb() - before);
}

void passRow(const char* network, int size, int classes) {
    engine::initialize();
    ModelSpec spec;
    spec.backbone = network;
    spec.imageSize = size;
    const auto classifier = *Classifier::create(spec, classes, 1);
    const PassCost cost = measurePass(*classifier, plainPass(*classifier), 16);
    std::printf("| %s | %d | %d | %.0f | %.0f | %.1f | %.0f | %.0f |\n", network, size, classes,
                1000 * cost.secondsPerPicture, 1000 * cost.evaluationSecondsPerPicture,
                cost.bytesPerPicture / 1e6, cost.fixedBytes / 1e6, cost.bytesFor(32) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
    const int most = argc > 1 ? std::atoi(argv[1]) : 100'000;
    std::printf("| pictures | store ms | open ms | leave half out ms | new run ms | file MB | "
                "memory MB |\n|---:|---:|---:|---:|---:|---:|---:|\n");
    for (int count = 100; count <= most; count *= 10) {
        inChild([count] { projectRow(count); });
    }
    std::printf("\n| checked pictures | classes | order ms | sum up ms | memory MB |\n"
                "|---:|---:|---:|---:|---:|\n");
    for (int classes : {10, 100, 1000}) {
        for (int count = 1000; count <= most; count *= 10) {
            inChild([count, classes] { evaluationRow(count, classes); });
        }
    }
    std::printf("\n| network | side px | classes | training ms/picture | checking ms/picture | "
                "memory MB/picture | and MB once | batch of 32 MB |\n"
                "|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (int size : {64, 128, 224, 320}) {
        inChild([size] { passRow("resnet18", size, 10); });
    }
    for (int classes : {2, 100, 1000, 10'000}) {
        inChild([classes] { passRow("resnet18", 64, classes); });
    }
    for (const char* network : {"mobilenet_v2", "resnet50", "vit_b_16"}) {
        inChild([network] { passRow(network, 224, 10); });
    }
    return 0;
}
