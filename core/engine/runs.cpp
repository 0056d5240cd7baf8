// The engine's functions around runs: start, resume, evaluate, export.
#include "core/engine/engine.h"

#include "core/engine/run_sink.h"
#include "core/engine/run_thread.h"
#include "core/train/checkpoint.h"
#include "core/train/evaluation_job.h"
#include "core/train/feature_cache.h"

#include <filesystem>

namespace graft::engine {
namespace fs = std::filesystem;
namespace {

Status checkData(const Project& project) {
    const auto counts = project.dataset().countByClass(Split::Train);
    std::int64_t classes = 0;
    for (const auto& [id, count] : counts) {
        classes += count > 0 ? 1 : 0;
    }
    if (classes < 2) {
        return Error{ErrorCode::InvalidArgument,
                     "Training needs pictures of at least two classes; there are pictures to train "
                     "on in " + std::to_string(classes) + ".",
                     {}, "Add pictures, or change the split, on the Data page."};
    }
    return {};
}

Status checkReady(const Project& project) {
    if (project.readOnly()) {
        return Error{ErrorCode::Busy, "This project is open read-only; nothing can be trained in it.",
                     {}, "Close it where it is open for writing, then open it again."};
    }
    return checkData(project);
}

std::string featureFolderIn(const std::string& filesFolder) {
    return (fs::path(filesFolder) / "features").string();
}

FeatureCacheState lookAtFeatures(const std::string& folder, int wantedMb) {
    FeatureCacheState state;
    state.folder = folder;
    const FeatureFolder found = featureFolder(folder);
    state.files = found.files;
    state.bytes = found.bytes;
    state.limit = wantedMb < 0 ? defaultFeatureDiskBytes(folder)
                               : std::uint64_t(wantedMb) * 1000000;
    return state;
}

// From the stored run, so that resuming uses what it began with, whatever changed since.
Result<TrainJob> makeJob(const Project& project, const RunRecord& record, bool resume) {
    TrainJob job;
    GRAFT_TRY(const RunStore store, project.runStore(record.id));
    GRAFT_TRY(job.dataset, store.dataset());
    job.dataset.classes = record.classes;
    job.model = record.model;
    job.augment = record.augment;
    job.options = record.options;
    job.folder = project.runFolder(record.id);
    job.cacheFolder = featureFolderIn(project.filesFolder());
    if (resume) {
        if (record.state == RunState::Finished) {
            return Error{ErrorCode::InvalidArgument, record.name + " is finished already.", {},
                         "Start a new run."};
        }
        Result<std::string> checkpoint = newestCheckpoint(job.folder, nullptr);
        if (!checkpoint && checkpoint.error().code != ErrorCode::NotFound) {
            return checkpoint.error();
        }
        // Without a checkpoint nothing was trained yet: the run starts over under its own name.
        job.resumeFrom = checkpoint ? *checkpoint : std::string();
    }
    return job;
}

Result<std::unique_ptr<RunHandle>> launch(Project& project, const RunRecord& record, bool resume) {
    GRAFT_TRY(TrainJob job, makeJob(project, record, resume));
    GRAFT_TRY(RunStore store, project.runStore(record.id));
    return std::unique_ptr<RunHandle>(std::make_unique<RunThread>(
        record.id, std::move(job), std::move(store), project.filesFolder()));
}

}  // namespace

Result<std::unique_ptr<Job<CostForecast>>> startForecast(const Project& project,
                                                         const ModelSpec& model,
                                                         const AugmentSpec& augment,
                                                         const TrainOptions& options) {
    GRAFT_CHECK(checkData(project));
    TrainJob job;
    job.dataset = project.dataset();
    job.model = model;
    job.augment = augment;
    job.options = options;
    return Job<CostForecast>::start([job = std::move(job)](Progress& progress) {
        return forecastTraining(job, progress);
    });
}

Result<std::unique_ptr<RunHandle>> startRun(Project& project, const std::string& name) {
    GRAFT_CHECK(checkReady(project));
    GRAFT_TRY(const RunRecord record, project.addRun(name));
    return launch(project, record, false);
}

Result<std::unique_ptr<RunHandle>> resumeRun(Project& project, RunId run) {
    GRAFT_CHECK(checkReady(project));
    GRAFT_TRY(const RunRecord record, project.run(run));
    return launch(project, record, true);
}

Result<RunState> runHere(Project& project, RunId run, bool resume, RunControl& control,
                         Mailbox<RunCommand>& commands, TrainSink& sink) {
    GRAFT_CHECK(checkReady(project));
    GRAFT_TRY(const RunRecord record, project.run(run));
    GRAFT_TRY(const TrainJob job, makeJob(project, record, resume));
    GRAFT_TRY(RunStore store, project.runStore(run));
    RunSink stored(std::move(store), project.filesFolder(), sink);
    Result<RunState> ended = runTraining(job, control, commands, stored);
    GRAFT_CHECK(stored.flush());
    return ended;
}

std::unique_ptr<Job<FeatureCacheState>> startFeatureCache(const std::string& filesFolder,
                                                          int diskMb, bool clear) {
    return Job<FeatureCacheState>::start(
        [folder = featureFolderIn(filesFolder), diskMb,
         clear](Progress&) -> Result<FeatureCacheState> {
            const std::uint64_t before = clear ? featureFolder(folder).bytes : 0;
            if (clear) {
                GRAFT_CHECK(clearFeatureFolder(folder));
            }
            FeatureCacheState state = lookAtFeatures(folder, diskMb);
            state.clearedBytes = before;
            return state;
        });
}

Result<std::string> runCheckpoint(const Project& project, RunId run, ModelChoice choice) {
    GRAFT_TRY(const RunRecord record, project.run(run));
    const std::string folder = project.runFolder(run);
    const std::string best = bestCheckpointPath(folder);
    const std::string quick = quickCheckpointPath(folder);
    std::error_code ignored;
    // Where the quick model is the best, such a file is of an attempt before.
    if (choice == ModelChoice::Best && !record.bestIsQuick() && fs::exists(best, ignored)) {
        return best;
    }
    if (fs::exists(quick, ignored)) {
        return quick;
    }
    if (choice == ModelChoice::Quick) {
        return Error{ErrorCode::NotFound, record.name + " has no quick model.", {},
                     "It is made when training starts from pretrained weights."};
    }
    if (Result<std::string> newest = newestCheckpoint(folder, nullptr)) {
        return newest;
    }
    return Error{ErrorCode::NotFound, record.name + " has no trained model yet.", {},
                 "Let it train for at least one round."};
}

Result<std::unique_ptr<Job<Evaluation>>> startEvaluation(Project& project, RunId run,
                                                         Split split, ModelChoice choice) {
    GRAFT_TRY(const std::string checkpoint, runCheckpoint(project, run, choice));
    Dataset dataset = project.dataset();
    if (split == Split::None) {
        split = dataset.countInSplit(Split::Test) > 0 ? Split::Test : Split::Validation;
    }
    if (dataset.countInSplit(split) == 0) {
        return Error{ErrorCode::NotFound,
                     std::string("There are no ") + splitName(split) + " pictures to check on.", {},
                     "Change the split on the Data page."};
    }
    std::shared_ptr<RunStore> store;
    if (!project.readOnly()) {
        GRAFT_TRY(RunStore opened, project.runStore(run));
        store = std::make_shared<RunStore>(std::move(opened));
    }
    return Job<Evaluation>::start([checkpoint, dataset = std::move(dataset), split,
                                   store](Progress& progress) -> Result<Evaluation> {
        GRAFT_TRY(Evaluation evaluation,
                  evaluateCheckpoint(checkpoint, dataset, split, progress));
        if (store) {
            GRAFT_CHECK(store->setEvaluation(evaluation));
        }
        return evaluation;
    });
}

Result<std::unique_ptr<Job<std::vector<SimilarPicture>>>> startSimilar(const Project& project,
                                                                      RunId run,
                                                                      const ImageRef& picture,
                                                                      int count,
                                                                      ModelChoice choice) {
    SimilarRequest request;
    GRAFT_TRY(request.checkpoint, runCheckpoint(project, run, choice));
    request.dataset = project.dataset();
    request.picture = picture;
    request.count = count;
    request.cacheFolder = featureFolderIn(project.filesFolder());
    return Job<std::vector<SimilarPicture>>::start(
        [request = std::move(request)](Progress& progress) {
            return similarPictures(request, progress);
        });
}

Result<std::unique_ptr<Job<ExportReport>>> startExport(Project& project, RunId run,
                                                       const std::string& folder,
                                                       ModelChoice choice) {
    ExportRequest request;
    GRAFT_TRY(request.checkpoint, runCheckpoint(project, run, choice));
    GRAFT_TRY(const RunRecord record, project.run(run));
    GRAFT_TRY(const RunStore store, project.runStore(run));
    request.folder = folder;
    request.name = project.name();
    request.dataset = project.dataset();
    request.checkerProgram = checkerProgram();
    const Split split = request.dataset.countInSplit(Split::Test) > 0 ? Split::Test
                                                                      : Split::Validation;
    const std::string weights = record.model.weightsPath;
    const std::string backbone = record.model.backbone;
    GRAFT_TRY(const std::optional<Evaluation> stored, store.evaluation(split));
    return Job<ExportReport>::start([request = std::move(request), stored, split, weights,
                                     backbone](Progress& progress) mutable -> Result<ExportReport> {
        GRAFT_TRY(const CheckpointInfo info, readCheckpointInfo(request.checkpoint));
        if (stored && stored->epoch == info.epoch) {
            request.evaluation = *stored;
        } else if (request.dataset.countInSplit(split) > 0) {
            progress.setText("Checking the pictures for the model card");
            GRAFT_TRY(request.evaluation, evaluateCheckpoint(request.checkpoint, request.dataset,
                                                             split, progress));
        }
        if (!weights.empty()) {
            if (const auto report = checkWeights(weights, backbone)) {
                request.license = report->license;
            }
        }
        return exportPackage(request, progress);
    });
}

}  // namespace graft::engine
