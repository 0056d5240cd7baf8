#include "app/cli_weight_choice.h"

#include "app/cli_progress.h"
#include "core/base/amounts.h"
#include "core/base/hash.h"
#include "core/nn/catalog.h"
#include "core/nn/weights/weight_file.h"

#include <filesystem>

namespace graft::cli {
namespace {

const WeightEntry* entryOf(const WeightCatalogue& catalogue, const std::string& name) {
    if (const WeightEntry* entry = catalogue.find(name)) {
        return entry;
    }
    const std::vector<WeightEntry> all = catalogue.forBackbone(name);
    return all.empty() ? nullptr : catalogue.find(all.front().id);
}

}  // namespace

Result<WeightEntry> publishedWeights(const std::string& name) {
    GRAFT_TRY(const WeightCatalogue catalogue, WeightCatalogue::open());
    if (const WeightEntry* entry = entryOf(catalogue, name)) {
        return *entry;
    }
    return Error{ErrorCode::InvalidArgument,
                 "There are no published weights named \"" + name + "\".",
                 {},
                 "graft-cli weights list shows their names."};
}

Result<WeightChoice> chooseWeights(const std::string& fileOrName) {
    std::error_code failed;
    if (!std::filesystem::exists(fileOrName, failed)) {
        GRAFT_TRY(const WeightCatalogue catalogue, WeightCatalogue::open());
        if (const WeightEntry* entry = entryOf(catalogue, fileOrName)) {
            if (const auto file = findInHubCache(*entry)) {
                return WeightChoice{file->string(), entry->backbone};
            }
            return Error{ErrorCode::NotFound,
                         "The weights " + entry->id + " are not on this machine yet (" +
                             bytesText(entry->bytes) + ").",
                         {},
                         "Get them first: graft-cli weights get " + entry->id};
        }
    }
    GRAFT_TRY(const std::string backbone, backboneOfWeights(fileOrName));
    return WeightChoice{fileOrName, backbone};
}

Result<std::string> backboneOfWeights(const std::string& path) {
    const Result<WeightFile> file = WeightFile::open(path);
    std::string named;
    if (file && file->metadata().count("architecture")) {
        named = file->metadata().at("architecture");
    } else {
        GRAFT_TRY(const WeightCatalogue catalogue, WeightCatalogue::open());
        const Result<std::string> sha256 = sha256File(path);
        const WeightEntry* entry = sha256 ? catalogue.findBySha256(*sha256) : nullptr;
        if (!entry && !file) {
            return file.error();
        }
        named = entry ? entry->backbone : "";
    }
    return findBackbone(named) ? named : std::string();
}

}  // namespace graft::cli
