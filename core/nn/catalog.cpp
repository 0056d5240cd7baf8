#include "core/nn/catalog.h"

#include "core/base/hash.h"
#include "core/nn/families/registry.h"
#include "core/nn/layer_tree.h"
#include "core/nn/preprocess_choice.h"
#include "core/nn/weight_mapping.h"

namespace graft {
const std::vector<BackboneInfo>& backboneCatalog() {
    static const std::vector<BackboneInfo> all = [] {
        std::vector<BackboneInfo> list;
        for (const Family& family : families()) {
            list.push_back(family.info);
        }
        return list;
    }();
    return all;
}

Result<BackboneInfo> findBackbone(const std::string& id) {
    GRAFT_TRY(const Family* family, requireFamily(id));
    return family->info;
}

Result<LayerNode> layerTree(const std::string& backbone, int classCount) {
    GRAFT_TRY(const Family* family, requireFamily(backbone));
    if (classCount < 1) {
        return Error{ErrorCode::InvalidArgument, "A network needs at least one class.", {}, {}};
    }
    try {
        return buildLayerTree(Network(*family, {classCount, HeadKind::Replaced, false}));
    } catch (const std::exception& fault) {
        return Error{
            ErrorCode::Internal, family->info.title + " could not be built.", fault.what(), {}};
    }
}

Result<WeightReport> checkWeights(const std::string& path, const std::string& backbone) {
    GRAFT_TRY(const Family* family, requireFamily(backbone));
    try {
        GRAFT_TRY(const WeightFile file, WeightFile::open(path));
        const Network network(*family, {1, HeadKind::Replaced, false});
        GRAFT_TRY(const std::string sha256, sha256File(path));
        WeightReport report =
            compareWeights(file, network, knownMetadata(file.metadata(), sha256));
        report.sha256 = sha256;
        return report;
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "The weights in " + path + " could not be checked.",
                     fault.what(),
                     {}};
    }
}

Result<Preprocess> resolvePreprocess(const ModelSpec& spec) {
    GRAFT_TRY(const Family* family, requireFamily(spec.backbone));
    Preprocess preprocess = defaultPreprocess(family->info);
    if (!spec.weightsPath.empty()) {
        GRAFT_TRY(const WeightFile file, WeightFile::open(spec.weightsPath));
        std::vector<std::string> notes;
        preprocess = filePreprocess(family->info,
                                    knownMetadata(file.metadata(), spec.weightsSha256), &notes);
    }
    return atImageSize(family->info, preprocess, spec.imageSize);
}

}  // namespace graft
