#include "core/nn/weight_mapping.h"

#include "core/nn/input_channels.h"
#include "core/nn/weights/finite.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace graft {
namespace {

constexpr std::size_t kNamesShown = 4;
constexpr int kColours = 3;  ///< channels of the pictures that networks see

bool startsWith(const std::string& text, const std::string& start) {
    return text.compare(0, start.size(), start) == 0;
}

bool endsWith(const std::string& text, const std::string& end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool startsWithAny(const std::string& text, const std::vector<std::string>& starts) {
    return std::any_of(starts.begin(), starts.end(),
                       [&text](const std::string& start) { return startsWith(text, start); });
}

bool isHead(const std::string& name, const Family& family) {
    return startsWith(name, "head.") || startsWithAny(name, family.classifierPrefixes);
}

// Side of the grid behind positions [1, 1 + n * n, F]; 0 where it is none.
std::int64_t gridSide(c10::ArrayRef<std::int64_t> shape) {
    if (shape.size() != 3 || shape[0] != 1 || shape[1] < 2) {
        return 0;
    }
    const auto side = std::int64_t(std::lround(std::sqrt(double(shape[1] - 1))));
    return side * side == shape[1] - 1 ? side : 0;
}

// The weight of the convolution that sees the picture.
std::string firstWeight(const Network& network) {
    for (const auto& entry : network.named_parameters()) {
        if (entry.value().dim() == 4 && entry.value().size(1) == kColours) {
            return entry.key();
        }
    }
    return {};
}

// The same convolution for pictures with another number of channels.
bool differsInChannels(c10::ArrayRef<std::int64_t> shape, c10::ArrayRef<std::int64_t> wanted) {
    return shape.size() == 4 && shape[0] == wanted[0] && shape[1] >= 1 && shape[1] != wanted[1] &&
           shape[2] == wanted[2] && shape[3] == wanted[3];
}

bool shapeFits(const std::string& name, c10::ArrayRef<std::int64_t> shape,
               const torch::Tensor& target, const Network& network) {
    return shape == target.sizes() ||
           (name == network.family().positions && gridSide(shape) > 0 &&
            shape[2] == target.size(2)) ||
           (name == firstWeight(network) && differsInChannels(shape, target.sizes()));
}

// The class token's position stays; the others are a picture that is brought to another size.
torch::Tensor resizedPositions(const torch::Tensor& source, const torch::Tensor& target) {
    const std::int64_t from = gridSide(source.sizes());
    const std::int64_t to = gridSide(target.sizes());
    const torch::Tensor picture = source.slice(1, 1)
                                      .to(torch::kFloat32)
                                      .transpose(1, 2)
                                      .reshape({1, source.size(2), from, from});
    const torch::Tensor resized =
        torch::upsample_bicubic2d(picture, {to, to}, /*align_corners=*/true);
    return torch::cat(
        {source.slice(1, 0, 1).to(torch::kFloat32), resized.flatten(2).transpose(1, 2)}, 1);
}

std::map<std::string, torch::Tensor> backboneTensors(const Network& network) {
    std::map<std::string, torch::Tensor> tensors;
    for (const auto& entry : network.named_parameters()) {
        tensors[entry.key()] = entry.value();
    }
    for (const auto& entry : network.named_buffers()) {
        tensors[entry.key()] = entry.value();
    }
    if (network.head() != nullptr) {
        std::erase_if(tensors,
                      [](const auto& entry) { return layerIsInside(entry.first, "head"); });
    }
    return tensors;
}

std::optional<torch::ScalarType> torchType(const std::string& dtype) {
    static const std::map<std::string, torch::ScalarType> types{
        {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
        {"F64", torch::kFloat64}, {"I64", torch::kInt64},   {"I32", torch::kInt32}};
    const auto found = types.find(dtype);
    return found == types.end() ? std::nullopt : std::optional(found->second);
}

bool typeFits(const std::string& dtype, const torch::Tensor& target) {
    const auto type = torchType(dtype);
    return type && torch::isFloatingType(*type) == target.is_floating_point();
}

std::string shapeText(c10::ArrayRef<std::int64_t> shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    }
    return text + "]";
}

std::string firstFew(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
        text += (i > 0 ? ", " : "") + names[i];
    }
    return names.size() > kNamesShown ? text + " ..." : text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

// Names in the file's part of the network that the network has not: a deeper network, say.
std::vector<std::string> foreignLayers(const WeightReport& report, const Network& network) {
    std::vector<std::string> foreign;
    for (const std::string& name : report.unexpected) {
        const std::string top = name.substr(0, name.find('.'));
        if (network.named_children().contains(top)) {
            foreign.push_back(name);
        }
    }
    return foreign;
}

std::string misfitSentence(const WeightReport& report, const std::vector<std::string>& foreign,
                           const BackboneInfo& info) {
    if (!report.architecture.empty() && report.architecture != info.id) {
        return "These weights are for " + report.architecture.substr(0, 60) + ", not " + info.id +
               ".";
    }
    std::string text = "These weights do not fit " + info.title + ":";
    const char* separator = " ";
    const auto add = [&](const std::vector<std::string>& names, const char* one, const char* many) {
        if (!names.empty()) {
            text += separator + counted(names.size(), one, many) + " (" + firstFew(names) + ")";
            separator = "; ";
        }
    };
    add(report.missing, "tensor is missing", "tensors are missing");
    add(report.mismatched, "tensor has another shape", "tensors have another shape");
    add(foreign, "layer is unknown to it", "layers are unknown to it");
    return text + ".";
}

std::string fitSentence(const WeightReport& report, std::int64_t fileClasses,
                        const BackboneInfo& info) {
    std::string text = "Fits: all " + std::to_string(report.matched) + " tensors of " + info.title +
                       " are taken over.";
    if (fileClasses > 0) {
        text += " The file's classifier for " + std::to_string(fileClasses) +
                " classes is replaced by a new head for yours.";
    }
    if (!report.unexpected.empty()) {
        text += " Left out as unknown: " + firstFew(report.unexpected) + ".";
    }
    return text;
}

void compareTensors(const WeightFile& file, const Network& network, WeightReport* report,
                    std::int64_t* fileClasses) {
    const Family& family = network.family();
    const auto wanted = backboneTensors(network);
    const auto given = torchvisionTensors(file, family.timm, family.currentName);
    for (const auto& [name, target] : wanted) {
        const auto found = given.find(name);
        if (found == given.end()) {
            // Older files have no counters; they matter only to a momentum that is not used.
            if (!endsWith(name, ".num_batches_tracked")) {
                report->missing.push_back(name);
            }
        } else if (!shapeFits(name, found->second.shape, target, network)) {
            report->mismatched.push_back(name + ": file " + shapeText(found->second.shape) +
                                         ", network " + shapeText(target.sizes()));
        } else if (!typeFits(found->second.dtype, target)) {
            report->mismatched.push_back(name + ": file type " + found->second.dtype +
                                         ", network " +
                                         (target.is_floating_point() ? "F32" : "I64"));
        } else {
            ++report->matched;
            if (name == firstWeight(network)) {
                report->inputChannels = int(found->second.shape[1]);
            }
        }
    }
    for (const auto& [name, view] : given) {
        if (wanted.count(name) > 0 || startsWithAny(name, family.auxiliaryPrefixes)) {
            continue;
        }
        if (!isHead(name, family)) {
            report->unexpected.push_back(name);
        } else if (endsWith(name, ".weight") && !view.shape.empty()) {
            *fileClasses = view.shape[0];
        }
    }
}

std::string valueOf(const FileMetadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
}

void addNotes(const Family& family, const std::vector<std::string>& notes, WeightReport* report) {
    for (const std::string& note : notes) {
        report->sentence += " " + note;
    }
    if (report->inputChannels != kColours) {
        report->sentence += " It was made for pictures of " +
                            counted(std::size_t(report->inputChannels), "channel", "channels") +
                            "; its first layer is adapted to colour.";
    }
    if (report->padding == kPaddingTfSame) {
        report->sentence +=
            family.knowsTfSame
                ? " It was trained with TensorFlow's padding, which is used here too."
                : " It asks for TensorFlow's padding, which " + family.info.title +
                      " does not know here: expect it to be less exact.";
    }
}

// Points at the file where it can: for use while the file is open, and never written to.
torch::Tensor asTensor(const TensorView& view) {
    const torch::ScalarType type = *torchType(view.dtype);
    if (view.byteCount > 0 &&
        reinterpret_cast<std::uintptr_t>(view.data) % torch::elementSize(type) == 0) {
        return torch::from_blob(const_cast<void*>(view.data), view.shape, type);
    }
    // The bytes of a file may lie at odd addresses: those are copied.
    torch::Tensor tensor = torch::empty(view.shape, type);
    if (view.byteCount > 0) {
        std::memcpy(tensor.data_ptr(), view.data, view.byteCount);
    }
    return tensor;
}

// A batch norm does the same with another eps when the variance makes up for it.
void takeOverEps(double fileEps, Network& network) {
    for (const auto& child : network.modules(/*include_self=*/false)) {
        if (auto* norm = child->as<Norm>()) {
            norm->runningVar.add_(fileEps - norm->settings().eps);
        }
    }
}

}  // namespace

WeightReport compareWeights(const WeightFile& file, const Network& network,
                            const FileMetadata& metadata) {
    const Family& family = network.family();
    WeightReport report;
    report.metadata = metadata;
    report.architecture = valueOf(metadata, "architecture");
    report.license = valueOf(metadata, "license");
    report.padding =
        valueOf(metadata, "padding") == kPaddingTfSame ? kPaddingTfSame : kPaddingSymmetric;
    std::vector<std::string> notes = file.notes();
    report.preprocess = filePreprocess(family.info, metadata, &notes);
    std::int64_t fileClasses = 0;
    compareTensors(file, network, &report, &fileClasses);
    const std::vector<std::string> foreign = foreignLayers(report, network);
    report.usable = report.missing.empty() && report.mismatched.empty() && foreign.empty();
    if (report.usable) {
        report.sentence = fitSentence(report, fileClasses, family.info);
        addNotes(family, notes, &report);
    } else {
        report.sentence = misfitSentence(report, foreign, family.info);
    }
    return report;
}

Error misfitError(const WeightReport& report, const std::string& backbone) {
    std::string detail;
    const auto add = [&detail](const char* what, const std::vector<std::string>& names) {
        for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 5); ++i) {
            detail += (detail.empty() ? "" : "; ") + std::string(what) + names[i];
        }
    };
    add("missing ", report.missing);
    add("other shape ", report.mismatched);
    add("unknown ", report.unexpected);
    return Error{ErrorCode::Mismatch, report.sentence, detail,
                 "Choose weights of " + backbone +
                     ", or another backbone, or train without weights. Nothing was changed."};
}

bool copyHead(const WeightFile& file, Network& network) {
    std::vector<std::pair<torch::Tensor, torch::Tensor>> pairs;
    for (const auto& list : {network.head()->named_parameters(), network.head()->named_buffers()}) {
        for (const auto& entry : list) {
            const auto found = file.tensors().find("head." + entry.key());
            if (found == file.tensors().end() || !typeFits(found->second.dtype, entry.value()) ||
                !allFinite(found->second)) {
                return false;
            }
            pairs.emplace_back(entry.value(), asTensor(found->second));
            if (pairs.back().first.sizes() != pairs.back().second.sizes()) {
                return false;
            }
        }
    }
    const torch::NoGradGuard noGrad;
    for (auto& [target, source] : pairs) {
        target.copy_(source);
    }
    return true;
}

Status copyWeights(const WeightFile& file, Network& network) {
    const torch::NoGradGuard noGrad;
    const Family& family = network.family();
    const auto given = torchvisionTensors(file, family.timm, family.currentName);
    for (auto& [name, target] : backboneTensors(network)) {
        const auto found = given.find(name);
        if (found == given.end()) {
            continue;
        }
        if (!allFinite(found->second)) {
            return Error{ErrorCode::BadFormat,
                         "The weight file is damaged: " + name +
                             " holds values that are not finite numbers.",
                         {},
                         "Download or copy the file again, or choose another one."};
        }
        torch::Tensor source = asTensor(found->second);
        if (source.dim() == 4 && source.sizes() != target.sizes()) {
            source = forInputChannels(source.to(torch::kFloat32), int(target.size(1)));
        } else if (source.sizes() != target.sizes()) {
            source = resizedPositions(source, target);
        }
        torch::Tensor(target).copy_(source);
    }
    if (family.timm.epsGoesWithPadding && family.timm.fits(file)) {
        takeOverEps(network.tfSame() ? 1e-3 : 1e-5, network);
    }
    return {};
}

}  // namespace graft
