// The engine's jobs that need no run.
#include "core/engine/engine.h"

namespace graft::engine {

std::unique_ptr<Job<Dataset>> startImport(const std::string& path, const ImportOptions& options) {
    return Job<Dataset>::start(
        [path, options](Progress& progress) { return importDataset(path, options, progress); });
}

std::unique_ptr<Job<RescanReport>> startRescan(Dataset dataset) {
    return Job<RescanReport>::start([dataset = std::move(dataset)](Progress& progress) {
        return rescanDataset(dataset, progress);
    });
}

std::unique_ptr<Job<Dataset>> startApplyRescan(Dataset dataset, RescanReport report,
                                               ImportOptions options) {
    return Job<Dataset>::start([dataset = std::move(dataset), report = std::move(report),
                                options = std::move(options)](Progress& progress) {
        return applyRescan(dataset, report, options, progress);
    });
}

std::unique_ptr<Job<LayerNode>> startLayerTree(const std::string& backbone, int classCount) {
    return Job<LayerNode>::start(
        [backbone, classCount](Progress&) { return layerTree(backbone, classCount); });
}

std::unique_ptr<Job<WeightReport>> startWeightCheck(const std::string& path,
                                                    const std::string& backbone) {
    return Job<WeightReport>::start(
        [path, backbone](Progress&) { return checkWeights(path, backbone); });
}

}  // namespace graft::engine
