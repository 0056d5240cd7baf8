// The names that other files give to the tensors of a backbone: older spellings and timm's layout,
// translated to torchvision's. Separate because it is data: rules of names, one table a layout.
// Free of networks; private to core/nn. Thread: any.
#pragma once

#include "core/nn/weights/weight_file.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace graft {

/// The beginning of a name and what stands for it. In `from` a # is a number; in `to` a # is that
/// number, and a @ is one less. Several numbers follow in order.
struct RenameRule {
    std::string from;
    std::string to;
};

/// timm's names for one kind of network; empty rules where they are torchvision's.
struct KeyLayout {
    std::string mark;  ///< a tensor that is in such a file and in no file of torchvision
    std::vector<RenameRule> rules;
    /// Batch norms have an eps of 1e-5, or 1e-3 in networks that came from TensorFlow.
    bool epsGoesWithPadding = false;

    bool fits(const WeightFile& file) const { return file.tensors().count(mark) > 0; }
};

/// An inverted residual of MobileNetV3; the numbers are timm's ("blocks.2.1").
struct MobileBlock {
    int stage = 0;
    int number = 0;
    bool widens = true;
    bool squeezes = false;
};

KeyLayout timmConvNeXt();
KeyLayout timmEfficientNet();
KeyLayout timmMnasNet();
KeyLayout timmMobileNetV3(const std::vector<MobileBlock>& blocks);
KeyLayout timmRegNet();
KeyLayout timmVisionTransformer();

/// The name by the first rule that fits; as it is where none does.
std::string renamed(const std::string& name, const std::vector<RenameRule>& rules);

/// The file's tensors under torchvision's names. `currentName` (may be empty) is for what the
/// layout leaves as it is.
std::map<std::string, TensorView> torchvisionTensors(
    const WeightFile& file, const KeyLayout& layout,
    const std::function<std::string(const std::string&)>& currentName);

}  // namespace graft
