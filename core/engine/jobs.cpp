// The engine's jobs that need no run.
#include "core/engine/engine.h"
#include "core/nn/weights/download.h"

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

std::unique_ptr<Job<std::string>> startWeightSearch(const WeightEntry& entry) {
    return Job<std::string>::start([entry](Progress&) -> Result<std::string> {
        if (const auto file = findInHubCache(entry)) {
            return file->string();
        }
        return Error{ErrorCode::NotFound,
                     entry.fileName() +
                         " is on this machine, but its content is not what was "
                         "published.",
                     {},
                     "Download it anew."};
    });
}

std::unique_ptr<Job<std::string>> startWeightDownload(const WeightEntry& entry,
                                                      const std::string& folder) {
    return Job<std::string>::start([entry, folder](Progress& progress) -> Result<std::string> {
        if (entry.bundled) {
            return Error{ErrorCode::NotFound,
                         "The weights " + entry.id + " are a part of Graft, but are not with it here.",
                         entry.fileName(), "Install Graft again, or choose other weights."};
        }
        GRAFT_TRY(const std::filesystem::path target,
                  folder.empty() ? ownWeightsFolder() : Result<std::filesystem::path>(folder));
        GRAFT_TRY(const WeightCatalogue catalogue, WeightCatalogue::open());
        DownloadOptions options;
        options.allowLocalHttp = catalogue.isOwn();
        GRAFT_TRY(const std::filesystem::path file,
                  downloadWeights(entry, target, progress, options));
        return file.string();
    });
}

}  // namespace graft::engine
