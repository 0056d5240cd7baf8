#include "core/train/model_loading.h"

#include "core/train/checkpoint_io.h"

namespace graft {

Result<LoadedModel> loadCheckpointModel(const std::string& path) {
    try {
        LoadedModel loaded;
        GRAFT_TRY(const CheckpointTensors tensors, readCheckpointTensors(path, &loaded.info));
        // The checkpoint holds every weight: the file the run started from is not needed, and its
        // preprocessing was written down.
        GRAFT_TRY(loaded.classifier,
                  Classifier::createBare(loaded.info.model, int(loaded.info.classes.size()),
                                         loaded.info.preprocess));
        GRAFT_CHECK(loaded.classifier->loadState(tensors.model));
        loaded.classifier->setTraining(false);
        // As the run computed, so that its figures come again to the last bit; older ones were exact.
        const nlohmann::json& run = loaded.info.trainer;
        loaded.classifier->setExact(!run.is_object() || run.value("exact", true));
        return loaded;
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal, "The model in " + path + " could not be built.",
                     fault.what(), {}};
    }
}

}  // namespace graft
