#include "core/engine/backbone.h"

#include "core/train/backbone_file.h"
#include "core/train/model_loading.h"
#include "core/train/weight_average.h"

namespace graft::engine {
namespace {

Result<std::shared_ptr<Classifier>> networkIn(const std::string& file, ModelSpec model) {
    if (readCheckpointInfo(file)) {
        GRAFT_TRY(const LoadedModel loaded, loadCheckpointModel(file));
        return loaded.classifier;
    }
    model.weightsPath = file;
    model.weightsSha256.clear();
    return Classifier::create(model, 1, 0);
}

}  // namespace

Result<std::string> saveBackbone(const std::string& file, const ModelSpec& model,
                                 const std::string& path,
                                 const std::map<std::string, std::string>& facts) {
    GRAFT_TRY(const std::shared_ptr<Classifier> classifier, networkIn(file, model));
    return writeBackboneFile(path, *classifier, stateTensors(*classifier), false, facts);
}

}  // namespace graft::engine
