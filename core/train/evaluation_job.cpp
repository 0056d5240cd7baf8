#include "core/train/evaluation_job.h"

#include "core/analysis/evaluator.h"
#include "core/base/machine.h"
#include "core/train/checkpoint_format.h"
#include "core/train/model_loading.h"

#include <algorithm>
#include <filesystem>

namespace graft {

Result<Evaluation> evaluateCheckpoint(const std::string& path, const Dataset& dataset, Split split,
                                      Progress& progress) {
    progress.setText("Loading the model");
    GRAFT_TRY(const LoadedModel model, loadCheckpointModel(path));
    const std::vector<ClassInfo>& classes = model.info.classes;
    std::vector<LoaderItem> items;
    std::int64_t unknown = 0;
    for (const Sample& sample : dataset.samples) {
        if (!sample.usable() || sample.split != split) {
            continue;
        }
        const auto found = std::find_if(classes.begin(), classes.end(), [&](const ClassInfo& entry) {
            return entry.id == sample.label;
        });
        if (found == classes.end()) {
            ++unknown;
        } else {
            items.push_back({sample.id, dataset.imageRef(sample), found - classes.begin()});
        }
    }
    progress.setText("Looking at the pictures");
    GRAFT_TRY(Evaluation evaluation, evaluateItems(*model.classifier, items, classes,
                                                   std::max(1, hardwareThreads() - 1), progress));
    evaluation.split = split;
    const std::string file = std::filesystem::path(path).filename().string();
    evaluation.checkpoint = file == kBestCheckpoint    ? "best"
                            : file == kQuickCheckpoint ? "quick"
                                                       : "last";
    evaluation.epoch = model.info.epoch;
    if (split == Split::Validation && evaluation.checkpoint == "best") {
        evaluation.note =
            "These pictures also chose the best round, so the figure is slightly optimistic; "
            "a test split gives a fair one.";
    } else if (split == Split::Train) {
        evaluation.note = "The model was trained on these very pictures.";
    }
    if (unknown > 0) {
        evaluation.note += (evaluation.note.empty() ? "" : " ") + std::to_string(unknown) +
                           " pictures belong to classes that this model does not know.";
    }
    return evaluation;
}

}  // namespace graft
