#include "core/nn/weights/weight_catalogue.h"

#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/nn/weights/weights_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

namespace graft {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxCatalogueBytes = 16u << 20;
constexpr double kMaxMib = 65536;
constexpr int kMaxSide = 4096;

Error badCatalogue(const std::string& what) {
    return {ErrorCode::BadFormat, "The catalogue of weights cannot be read: " + what + ".", {}, {}};
}

bool isPlainName(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.size() <= 200 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) || c == '.' || c == '_' || c == '-';
           });
}

bool isHashPrefix(const std::string& text) {
    return text.size() >= 8 && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What is wrong with an entry, "" if nothing.
std::string faultOf(const WeightEntry& entry) {
    if (entry.id.empty() || entry.backbone.empty()) {
        return "it has no id or no backbone";
    }
    if (!isPlainName(entry.fileName())) {
        return "its url does not end in a file name of letters, digits, '.', '_' and '-'";
    }
    if (!isHashPrefix(entry.sha256)) {
        return "sha256 is not 8 to 64 lower-case hexadecimal digits";
    }
    if (entry.interpolation != "bilinear" && entry.interpolation != "bicubic") {
        return "interpolation is neither bilinear nor bicubic";
    }
    if (!std::set<std::string>{"zip", "legacy", "safetensors"}.count(entry.container)) {
        return "container is not zip, legacy or safetensors";
    }
    const Preprocess& p = entry.preprocess;
    if (p.inputSize < 1 || p.resizeSize < p.inputSize || p.resizeSize > kMaxSide) {
        return "resize and crop do not fit";
    }
    const auto positive = [](double value) { return value > 0 && std::isfinite(value); };
    if (!std::all_of(p.std.begin(), p.std.end(), positive)) {
        return "std is not positive";
    }
    return {};
}

WeightEntry entryFromJson(const Json& json, const Json& dataTerms) {
    WeightEntry entry;
    entry.id = json.at("id");
    entry.backbone = json.at("backbone");
    entry.title = json.at("title");
    entry.url = json.at("url");
    entry.sha256 = json.at("sha256");
    const double mib = json.at("mib");
    if (!(mib > 0 && mib <= kMaxMib)) {
        throw std::out_of_range("mib is not a size");
    }
    entry.bytes = std::uint64_t(std::llround(mib * 1024 * 1024));
    entry.parameters = json.at("parameters");
    entry.top1 = json.at("top1");
    entry.top5 = json.at("top5");
    entry.preprocess.resizeSize = json.at("resize");
    entry.preprocess.inputSize = json.at("crop");
    entry.preprocess.mean = json.at("mean");
    entry.preprocess.std = json.at("std");
    entry.interpolation = json.at("interpolation");
    entry.container = json.at("container");
    entry.license = json.at("license");
    entry.data = json.at("data");
    entry.dataTerms = dataTerms.at(entry.data);
    entry.isDefault = json.value("default", false);
    entry.bundled = json.value("bundled", false);
    return entry;
}

// An absolute folder from the environment; what XDG calls relative counts as not set.
fs::path folderFromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    const fs::path folder = value ? value : "";
    return folder.is_absolute() ? folder : fs::path();
}

fs::path homeBelow(const char* variable, const char* fallback) {
    const fs::path named = folderFromEnvironment(variable);
    if (!named.empty()) {
        return named;
    }
    const fs::path home = folderFromEnvironment("HOME");
    return home.empty() ? fs::path() : home / fallback;
}

std::vector<fs::path> foldersFor(const WeightEntry& entry) {
    if (!entry.bundled) {
        return weightFolders();
    }
    const auto folder = bundledWeightsFolder();
    return folder ? std::vector<fs::path>{*folder} : std::vector<fs::path>{};
}

}  // namespace

std::string WeightEntry::fileName() const {
    return url.substr(url.rfind('/') + 1);
}

Result<WeightCatalogue> WeightCatalogue::open() {
    const char* own = std::getenv("GRAFT_WEIGHT_CATALOGUE");
    if (!own || !*own) {
        return parse(kWeightsJson);
    }
    GRAFT_TRY(const std::string text, readWholeFile(own, kMaxCatalogueBytes));
    Result<WeightCatalogue> catalogue = parse(text);
    if (!catalogue) {
        Error error = catalogue.error();
        error.hint = std::string("It is the file that GRAFT_WEIGHT_CATALOGUE names: ") + own;
        return error;
    }
    catalogue->m_own = true;
    return catalogue;
}

Result<WeightCatalogue> WeightCatalogue::parse(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("weights") || !json["weights"].is_array()) {
        return badCatalogue("it is not JSON with a list \"weights\"");
    }
    WeightCatalogue catalogue;
    std::set<std::string> ids;
    for (const Json& item : json["weights"]) {
        const std::string number = "entry " + std::to_string(catalogue.m_entries.size() + 1);
        try {
            WeightEntry entry = entryFromJson(item, json.at("data_terms"));
            const std::string fault = faultOf(entry);
            if (!fault.empty()) {
                return badCatalogue(number + " (" + entry.id + "): " + fault);
            }
            if (!ids.insert(entry.id).second) {
                return badCatalogue(number + " has the id of another, " + entry.id);
            }
            catalogue.m_entries.push_back(std::move(entry));
        } catch (const std::exception& fault) {
            Error error = badCatalogue(number + " lacks something or has a value of another kind");
            error.detail = fault.what();
            return error;
        }
    }
    return catalogue;
}

const WeightEntry* WeightCatalogue::find(const std::string& id) const {
    const auto found = std::find_if(m_entries.begin(), m_entries.end(),
                                    [&id](const WeightEntry& entry) { return entry.id == id; });
    return found == m_entries.end() ? nullptr : &*found;
}

std::vector<WeightEntry> WeightCatalogue::forBackbone(const std::string& backbone) const {
    std::vector<WeightEntry> found;
    std::copy_if(m_entries.begin(), m_entries.end(), std::back_inserter(found),
                 [&backbone](const WeightEntry& entry) { return entry.backbone == backbone; });
    std::stable_partition(found.begin(), found.end(),
                          [](const WeightEntry& entry) { return entry.isDefault; });
    return found;
}

const WeightEntry* WeightCatalogue::findBySha256(const std::string& hex) const {
    const auto found =
        std::find_if(m_entries.begin(), m_entries.end(), [&hex](const WeightEntry& entry) {
            return hex.size() == 64 && hex.starts_with(entry.sha256);
        });
    return found == m_entries.end() ? nullptr : &*found;
}

Result<fs::path> ownWeightsFolder() {
    const fs::path data = homeBelow("XDG_DATA_HOME", ".local/share");
    if (data.empty()) {
        return Error{ErrorCode::NotFound,
                     "This machine names no folder for the data of programs.",
                     {},
                     "Set HOME or XDG_DATA_HOME, or name a folder."};
    }
    return data / "graft" / "weights";
}

std::vector<fs::path> weightFolders() {
    std::vector<fs::path> folders;
    if (const Result<fs::path> own = ownWeightsFolder()) {
        folders.push_back(*own);
    }
    const fs::path torchHome = folderFromEnvironment("TORCH_HOME");
    if (!torchHome.empty()) {
        folders.push_back(torchHome / "hub" / "checkpoints");
    }
    const fs::path cache = homeBelow("XDG_CACHE_HOME", ".cache");
    if (!cache.empty()) {
        folders.push_back(cache / "torch" / "hub" / "checkpoints");
    }
    return folders;
}

std::optional<fs::path> bundledWeightsFolder() {
    std::error_code failed;
    fs::path above = fs::read_symlink("/proc/self/exe", failed).parent_path();
    // libexec/graft/NAME, bin/NAME, or somewhere in the folder of a build.
    for (int level = 0; level < 3 && !failed && above.has_relative_path(); ++level) {
        above = above.parent_path();
        const fs::path folder = above / "share" / "graft" / "weights";
        std::error_code ignored;
        if (fs::is_directory(folder, ignored)) {
            return folder;
        }
    }
    return {};
}

Result<bool> isFileOf(const WeightEntry& entry, const fs::path& file) {
    GRAFT_TRY(const std::string hex, sha256File(file));
    return hex.starts_with(entry.sha256);
}

std::optional<fs::path> findByName(const WeightEntry& entry) {
    for (const fs::path& folder : foldersFor(entry)) {
        std::error_code failed;
        const fs::path file = folder / entry.fileName();
        if (fs::is_regular_file(file, failed)) {
            return file;
        }
    }
    return {};
}

std::optional<fs::path> findInHubCache(const WeightEntry& entry) {
    for (const fs::path& folder : foldersFor(entry)) {
        std::error_code failed;
        const fs::path file = folder / entry.fileName();
        if (!fs::is_regular_file(file, failed)) {
            continue;
        }
        const Result<bool> right = isFileOf(entry, file);
        if (right && *right) {
            return file;
        }
    }
    return {};
}

}  // namespace graft
