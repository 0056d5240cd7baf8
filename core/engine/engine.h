// Engine: the facade that window and command line use for whatever needs torch or takes long.
// The engine has no opinion about windows. Thread: any; functions that return a Job return at
// once, the others block briefly as noted.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/data/importers/importer.h"
#include "core/deploy/package.h"
#include "core/engine/job.h"
#include "core/engine/run_handle.h"
#include "core/nn/catalog.h"
#include "core/nn/weights/weight_catalogue.h"
#include "core/project/project.h"
#include "core/train/cost_forecast.h"
#include "core/train/similar_pictures.h"
#include "core/train/suggest_settings.h"
#include "core/train/trainer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace graft::engine {

/// Sets thread counts and libraries up; once, at the start of the program.
void initialize();
/// "CPU, 2 threads, LibTorch 1.13.1", with a graphics card where `device` (TrainOptions::device)
/// means one; for the status line and `info`.
std::string deviceText(const std::string& device = "auto");

std::unique_ptr<Job<Dataset>> startImport(const std::string& path, const ImportOptions& options);
std::unique_ptr<Job<RescanReport>> startRescan(Dataset dataset);
std::unique_ptr<Job<Dataset>> startApplyRescan(Dataset dataset, RescanReport report,
                                               ImportOptions options);
std::unique_ptr<Job<LayerNode>> startLayerTree(const std::string& backbone, int classCount);
std::unique_ptr<Job<WeightReport>> startWeightCheck(const std::string& path,
                                                    const std::string& backbone);
/// The file of published weights that is on this machine already, its content checked; Error
/// NotFound. Connects to nothing.
std::unique_ptr<Job<std::string>> startWeightSearch(const WeightEntry& entry);
/// Brings them from their address to `folder`, "" for Graft's own, and gives the file's path. Only
/// for a person who was shown licence and size.
std::unique_ptr<Job<std::string>> startWeightDownload(const WeightEntry& entry,
                                                      const std::string& folder = {});

/// See availableNetworks().
std::unique_ptr<Job<std::vector<AvailableNetwork>>> startNetworkSearch();
Settings settingsOf(const Project& project);
/// See adviseSettings(); `now` is the project's, perhaps changed. Nothing for a project that was
/// trained before it was ever advised.
std::optional<Advice> advise(const Project& project, const std::vector<AvailableNetwork>& networks,
                             const Settings& now, bool keepNetwork = false);
/// Notes in the project what was suggested, so that a person's choice is known as such later.
Status rememberSuggestion(Project& project, const Settings& suggested);

/// What a run with the project's data and these choices would take, measured on a few steps.
/// Errors as startRun, and OutOfMemory when it would not fit.
Result<std::unique_ptr<Job<CostForecast>>> startForecast(const Project& project,
                                                         const ModelSpec& model,
                                                         const AugmentSpec& augment,
                                                         const TrainOptions& options);

/// Adds a run to the project with its present options and starts it on a thread of its own.
/// Errors: no usable pictures, one class only, read-only project (all before anything is made).
Result<std::unique_ptr<RunHandle>> startRun(Project& project, const std::string& name = {});
/// Goes on from the run's newest whole checkpoint. Errors: NotFound (no checkpoint yet: the run
/// starts over instead), Finished runs are InvalidArgument.
Result<std::unique_ptr<RunHandle>> resumeRun(Project& project, RunId run);

/// The feature cache of a project: what frozen parts of networks made of its pictures. It only
/// saves time and may be deleted whenever one likes.
struct FeatureCacheState {
    std::string folder;
    std::int64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t limit = 0;  ///< bytes, with the project's present options
    std::uint64_t clearedBytes = 0;
};
/// The state, after clearing it where that is asked for (a run under way computes what it needs
/// again). Takes what it needs of the project, so that it may be closed meanwhile: filesFolder() and
/// trainOptions().featureDiskMb.
std::unique_ptr<Job<FeatureCacheState>> startFeatureCache(const std::string& filesFolder,
                                                          int diskMb, bool clear);

/// Blocking form for the command line: the same run on the calling thread, reporting to `sink`
/// after the project file has it.
Result<RunState> runHere(Project& project, RunId run, bool resume, RunControl& control,
                         Mailbox<RunCommand>& commands, TrainSink& sink);

/// Which of a run's models.
enum class ModelChoice {
    Best,  ///< by the validation pictures: an epoch's, the quick model, or else the newest
    Quick  ///< the one from before the first step
};
/// Evaluates the run's model on a split of the data as labelled now; the result is stored in the
/// project when `project` is writable. Split::None picks test if there is one, else validation.
Result<std::unique_ptr<Job<Evaluation>>> startEvaluation(Project& project, RunId run, Split split,
                                                         ModelChoice choice = ModelChoice::Best);
/// The checkpoint of the run's model. Error NotFound.
Result<std::string> runCheckpoint(const Project& project, RunId run,
                                  ModelChoice choice = ModelChoice::Best);

/// The training pictures that look most like this one to the run's model, the most similar first.
Result<std::unique_ptr<Job<std::vector<SimilarPicture>>>> startSimilar(
    const Project& project, RunId run, const ImageRef& picture, int count = 5,
    ModelChoice choice = ModelChoice::Best);

/// Exports the run into `folder` (see deploy/package.h).
Result<std::unique_ptr<Job<ExportReport>>> startExport(Project& project, RunId run,
                                                       const std::string& folder,
                                                       ModelChoice choice = ModelChoice::Best);
/// Path of graft-cli: beside this program, else in PATH.
std::string checkerProgram();

}  // namespace graft::engine
