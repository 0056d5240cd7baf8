#include "core/deploy/package.h"

#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/base/machine.h"
#include "core/deploy/faults.h"
#include "core/deploy/model_card.h"
#include "core/deploy/parity.h"
#include "core/deploy/predictor.h"
#include "core/deploy/staging_folder.h"
#include "core/deploy/torchscript_export.h"
#include "core/nn/catalog.h"
#include "core/train/model_loading.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <filesystem>

namespace graft {
namespace fs = std::filesystem;
namespace {

template <class Json>
std::string pretty(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

PackageFacts gatherFacts(const ExportRequest& request, const LoadedModel& model) {
    PackageFacts facts;
    facts.name = request.name;
    if (facts.name.empty()) {
        const fs::path folder = fs::path(request.folder);
        facts.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    }
    facts.license = request.license;
    facts.info = model.info;
    facts.evaluation = request.evaluation;
    const fs::path source = fs::path(request.dataset.source);
    facts.dataSource = (source.has_filename() ? source : source.parent_path()).filename().string();
    const std::map<ClassId, std::int64_t> counts = request.dataset.countByClass(Split::Train);
    for (const ClassInfo& entry : facts.info.classes) {
        const auto found = counts.find(entry.id);
        facts.trainingCounts.push_back(found == counts.end() ? 0 : found->second);
    }
    if (const auto backbone = findBackbone(facts.info.model.backbone)) {
        facts.classToken = backbone->classToken;
    }
    const std::vector<NamedTensor> parameters = model.classifier->parameters();
    for (const NamedTensor& parameter : parameters) {
        facts.parameterCount += parameter.tensor.numel();
        if (parameter.name == "head.weight") {
            facts.featureCount = parameter.tensor.size(1);
        }
    }
    if (!parameters.empty()) {
        const std::string& first = parameters.front().name;
        facts.firstLayer = first.substr(0, first.rfind('.'));
    }
    facts.created = utcNow();
    return facts;
}

/// Writes everything but the files that need the check; fills facts.modelSha256.
Result<std::uint64_t> writeModelFiles(const fs::path& folder, const LoadedModel& model,
                                      PackageFacts& facts) {
    const std::string labels = labelsText(facts.info.classes);
    const ExtraFiles inside{{"labels.txt", labels}, {"config.json", pretty(configJson(facts))}};
    GRAFT_TRY(const std::string archive, exportTorchScript(*model.classifier, inside));
    GRAFT_CHECK(writeFileAtomically(folder / "model.pt", archive));
    facts.modelSha256 = sha256Hex(archive);
    GRAFT_CHECK(writeFileAtomically(folder / "labels.txt", labels));
    GRAFT_CHECK(writeFileAtomically(folder / "config.json", pretty(configJson(facts))));
    GRAFT_CHECK(writeFileAtomically(folder / "preprocessor_config.json",
                                    pretty(preprocessorConfigJson(facts.info.preprocess))));
    GRAFT_CHECK(writeFileAtomically(folder / "metrics.json", pretty(metricsJson(facts))));
    return std::uint64_t(archive.size());
}

Result<ParityReport> checkWritten(const ExportRequest& request, const LoadedModel& model,
                                  const fs::path& folder, Progress& progress) {
    const std::vector<ImageRef> pictures = parityPictures(request.dataset, request.checkPictures);
    progress.setText("Asking the trained model");
    GRAFT_TRY(const std::vector<Prediction> live,
              predictLive(*model.classifier, labelNames(model.info.classes), pictures, progress));
    progress.setText("Checking the written file");
    progress.set(0, std::int64_t(pictures.size()));
    return checkInNewProcess(request.checkerProgram, folder.string(), pictures, live, progress);
}

Result<ExportReport> fillFolder(const ExportRequest& request, const StagingFolder& staging,
                                Progress& progress) {
    progress.setText("Loading the model");
    GRAFT_TRY(const LoadedModel model, loadCheckpointModel(request.checkpoint));
    GRAFT_CHECK(progress.checkpoint());
    PackageFacts facts = gatherFacts(request, model);
    progress.setText("Writing the model file");
    ExportReport report;
    report.folder = staging.target().string();
    GRAFT_TRY(report.bytes, writeModelFiles(staging.path(), model, facts));
    GRAFT_CHECK(progress.checkpoint());
    GRAFT_TRY(report.parity, checkWritten(request, model, staging.path(), progress));
    GRAFT_CHECK(writeFileAtomically(staging.path() / "parity.json", pretty(toJson(report.parity))));
    GRAFT_CHECK(writeFileAtomically(staging.path() / "README.md", modelCard(facts, report.parity)));
    GRAFT_CHECK(progress.checkpoint());
    return report;
}

}  // namespace

Result<ExportReport> exportPackage(const ExportRequest& request, Progress& progress) {
    try {
        if (request.folder.empty()) {
            return Error{ErrorCode::InvalidArgument,
                         "No folder was given for the package.",
                         {},
                         "Name a new folder."};
        }
        if (request.checkerProgram.empty() || ::access(request.checkerProgram.c_str(), X_OK) != 0) {
            return Error{ErrorCode::NotFound,
                         "The program that checks an exported model was not found, so nothing was "
                         "exported.",
                         request.checkerProgram, "Check that Graft is installed completely."};
        }
        GRAFT_TRY(StagingFolder staging, StagingFolder::create(request.folder));
        Result<ExportReport> report = fillFolder(request, staging, progress);
        if (!report) {
            return staging.rewritten(report.error());
        }
        GRAFT_CHECK(staging.commit());
        return report;
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "The model could not be exported; nothing was left behind.",
                     faultText(fault),
                     {}};
    }
}

}  // namespace graft
