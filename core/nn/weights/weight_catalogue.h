// Weight catalogue: the pretrained weight files that their makers publish: where they are, how they
// are known, what pictures they want, under which terms. A data file (resources/weights.json) that
// is built into the program, so that nothing needs a network to be listed. Also finds the files
// that are on this machine already. Free of torch. Thread: any.
#pragma once

#include "core/base/result.h"
#include "core/data/preprocess.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

/// One published file.
struct WeightEntry {
    std::string id;        ///< "resnet50.IMAGENET1K_V2", torchvision's names
    std::string backbone;  ///< "resnet50"; may be one that Graft cannot build
    std::string title;
    std::string url;
    std::string sha256;           ///< the first digits (8 or more) of the file's SHA-256
    std::uint64_t bytes = 0;      ///< of the file, within 0.1 %
    std::int64_t parameters = 0;  ///< with the original head
    double top1 = 0;              ///< % right on the data it was trained for
    double top5 = 0;              ///< % among the first five
    Preprocess preprocess;        ///< what it was measured with
    std::string interpolation;    ///< of the resize: "bilinear" or "bicubic"
    std::string container;        ///< "zip", "legacy" (pickles in a row) or "safetensors"
    std::string license;          ///< of the weights, "BSD-3-Clause"
    std::string data;             ///< what it was trained on, "ImageNet-1k"
    std::string dataTerms;        ///< what that data's terms mean, in a sentence
    bool isDefault = false;       ///< the one to prefer for its backbone
    bool bundled = false;         ///< comes with Graft; `url` is its file's name alone
    bool operator==(const WeightEntry&) const = default;

    std::string fileName() const;  ///< the last part of the address
};

class WeightCatalogue {
 public:
    /// The built-in one, or the file that the environment's GRAFT_WEIGHT_CATALOGUE names (weights
    /// of one's own, in the same form). Error BadFormat names the entry and what is wrong.
    static Result<WeightCatalogue> open();
    static Result<WeightCatalogue> parse(std::string_view json);

    const std::vector<WeightEntry>& entries() const { return m_entries; }
    const WeightEntry* find(const std::string& id) const;
    /// Those for a network, the preferred one first.
    std::vector<WeightEntry> forBackbone(const std::string& backbone) const;
    /// The entry of a file, whatever its name is; null if it is none of these.
    const WeightEntry* findBySha256(const std::string& hex) const;
    /// Not the built-in one: its addresses may be on this machine.
    bool isOwn() const { return m_own; }

 private:
    std::vector<WeightEntry> m_entries;
    bool m_own = false;
};

/// Where downloaded weights go: ${XDG_DATA_HOME:-~/.local/share}/graft/weights. Error NotFound if
/// the environment names neither.
Result<std::filesystem::path> ownWeightsFolder();
/// Graft's own folder, then those of torch.hub: $TORCH_HOME/hub/checkpoints and
/// ${XDG_CACHE_HOME:-~/.cache}/torch/hub/checkpoints.
std::vector<std::filesystem::path> weightFolders();

/// Where the weights are that come with Graft: share/graft/weights below the folder that the program
/// is installed in, or built in. Nothing where there is no such folder; Graft works without it.
std::optional<std::filesystem::path> bundledWeightsFolder();

/// Whether the file's SHA-256 begins as the entry's. Reads all of it.
Result<bool> isFileOf(const WeightEntry& entry, const std::filesystem::path& file);

/// A file of that name in one of weightFolders(), unread; for lists. Bundled weights are only looked
/// for in bundledWeightsFolder().
std::optional<std::filesystem::path> findByName(const WeightEntry& entry);
/// The first such file whose hash is right. Nothing is written there.
std::optional<std::filesystem::path> findInHubCache(const WeightEntry& entry);

}  // namespace graft
