#include "core/nn/weights/state_dict.h"

#include <algorithm>
#include <array>

namespace graft::torchfile {
namespace {

using Tensors = std::map<std::string, TensorView>;

// DataParallel, torch.compile, wrappers of pretraining code.
constexpr std::array<std::string_view, 5> kPrefixes{"module.", "_orig_mod.", "backbone.",
                                                    "encoder.", "model."};
constexpr std::string_view kBackbone = "backbone.";
/// Each round takes one prefix off; more are no names that a program made.
constexpr int kMostRounds = 8;

bool carries(const std::string& name, std::string_view prefix) {
    return name.size() > prefix.size() && name.starts_with(prefix);
}

// False, and nothing is changed, where two names would become one.
bool strip(Tensors* tensors, std::string_view prefix) {
    Tensors stripped;
    for (const auto& [name, view] : *tensors) {
        if (!stripped.emplace(carries(name, prefix) ? name.substr(prefix.size()) : name, view)
                 .second) {
            return false;
        }
    }
    *tensors = std::move(stripped);
    return true;
}

bool stripOne(Tensors* tensors, std::vector<std::string>* notes) {
    for (const std::string_view prefix : kPrefixes) {
        const auto count =
            std::size_t(std::count_if(tensors->begin(), tensors->end(), [&](const auto& entry) {
                return carries(entry.first, prefix);
            }));
        const std::size_t others = tensors->size() - count;
        // What stands beside a backbone (a projection head, say) has another prefix.
        if (count == 0 || (others > 0 && prefix != kBackbone) || !strip(tensors, prefix)) {
            continue;
        }
        std::string note = "\"" + std::string(prefix) + "\" was taken off the names";
        if (others > 0) {
            note += " of " + std::to_string(count) + " tensors; " +
                    (others == 1 ? "1 other does" : std::to_string(others) + " others do") +
                    " not carry it";
        }
        notes->push_back(note + ".");
        return true;
    }
    return false;
}

}  // namespace

void stripPrefixes(Tensors* tensors, std::vector<std::string>* notes) {
    for (int round = 0; round < kMostRounds && stripOne(tensors, notes); ++round) {
    }
}

}  // namespace graft::torchfile
