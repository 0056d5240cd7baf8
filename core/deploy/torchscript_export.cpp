#include "core/deploy/torchscript_export.h"

#include "core/deploy/faults.h"

#include <torch/csrc/jit/frontend/tracer.h>

#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <sstream>

namespace graft {
namespace {

using torch::Tensor;

constexpr std::array<std::int64_t, 3> kCheckedBatches{1, 2, 5};
constexpr std::int64_t kTracedBatch = 2;
constexpr double kTolerance = 1e-4;  ///< of the largest logit

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

std::string numberList(const std::array<double, 3>& numbers) {
    char text[128];
    std::snprintf(text, sizeof text, "[%.17e, %.17e, %.17e]", numbers[0], numbers[1], numbers[2]);
    return text;
}

/// Reaches every pixel with a different value, and needs no random generator that a run may own.
Tensor exampleInput(std::int64_t batch, int size) {
    const Tensor wave = torch::arange(batch * 3 * size * size, torch::kFloat32);
    return (torch::sin(wave * 0.37F) + torch::cos(wave * 0.0113F)).view({batch, 3, size, size});
}

std::string typeName(const std::string& parent, const std::string& child) {
    std::string name = parent + "_";
    for (const char letter : child) {
        name += std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
    }
    return name;
}

/// A script module with the same tensors under the same names, and no methods yet.
torch::jit::Module mirror(const torch::nn::Module& module, const std::string& name,
                          const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
    torch::jit::Module script(c10::QualifiedName("__torch__.graft." + name), unit, true);
    script.register_attribute("training", c10::BoolType::get(), false);
    for (const auto& parameter : module.named_parameters(false)) {
        script.register_parameter(parameter.key(), parameter.value(), false);
    }
    for (const auto& buffer : module.named_buffers(false)) {
        script.register_buffer(buffer.key(), buffer.value());
    }
    for (const auto& child : module.named_children()) {
        script.register_module(child.key(),
                               mirror(*child.value(), typeName(name, child.key()), unit));
    }
    return script;
}

/// Adds the traced forward pass as the method "network".
void addTrace(torch::jit::Module& script, const ScriptNetwork& network) {
    const auto run = [&network](torch::jit::Stack inputs) -> torch::jit::Stack {
        return {network.forward(inputs.at(0).toTensor())};
    };
    const auto noNames = [](const torch::autograd::Variable&) { return std::string(); };
    const auto traced = torch::jit::tracer::trace(
        {exampleInput(kTracedBatch, network.preprocess.inputSize)}, run, noNames, /*strict=*/true,
        /*force_outplace=*/false, &script, {"x"});
    const auto unit = script._ivalue()->compilation_unit();
    auto* method = unit->create_function(c10::QualifiedName(*script.type()->name(), "network"),
                                         traced.first->graph);
    script.type()->addMethod(method);
}

Status compareBatches(torch::jit::Module& script, const ScriptNetwork& network) {
    for (const std::int64_t batch : kCheckedBatches) {
        const Tensor input = exampleInput(batch, network.preprocess.inputSize);
        const Tensor live = network.forward(input);
        const Tensor written = script.get_method("network")({input}).toTensor();
        const double scale = std::max(1.0, live.abs().max().item<double>());
        const double difference = written.sizes() == live.sizes()
                                      ? (written - live).abs().max().item<double>()
                                      : std::numeric_limits<double>::infinity();
        if (!(difference <= kTolerance * scale)) {
            return Error{ErrorCode::Internal,
                         "The model could not be exported: the written form answers differently "
                         "from the trained one. Nothing was written.",
                         "batch of " + std::to_string(batch) + ": largest difference " +
                             std::to_string(difference) + " at logits up to " +
                             std::to_string(scale),
                         "Please report this with the name of the backbone."};
        }
    }
    return {};
}

// Keys's cubic convolution, a = -0.5.
constexpr const char* kCubic =
    "torch.where(d < 1.0, (1.5 * d - 2.5) * d * d + 1.0, "
    "torch.where(d < 2.0, (((d - 5.0) * d + 8.0) * d - 4.0) * -0.5, torch.zeros_like(d)))";

}  // namespace

std::string preprocessSource(const Preprocess& preprocess) {
    // The arithmetic of core/data's resizePart, in whole numbers, so that the pixels are the same
    // to the bit on every machine. torch's own antialiased resize is not used: it rounds
    // differently from one processor to another, and a pixel that falls on the other side of a
    // half moves the answer. Only what survives the centre crop is computed.
    const std::string source = R"(
def middle(self, rest: int) -> int:
    half = rest // 2
    return half + (rest % 2) * (half % 2)

def filter(self, d: Tensor) -> Tensor:
    return FILTER

def resize_axis(self, like: Tensor, size: int, target: int, first: int) -> Tuple[Tensor, Tensor]:
    scale = size / target
    widening = max(scale, 1.0)
    support = RADIUS * widening
    taps = int(torch.ceil(torch.tensor([support], dtype=7)).item()) * 2 + 1
    center = scale * (torch.arange(first, first + INPUT, device=like.device).to(dtype=7) + 0.5)
    low = torch.clamp((center - support + 0.5).to(dtype=4), min=0)
    high = torch.clamp((center + support + 0.5).to(dtype=4), max=size)
    taken = torch.arange(taps, device=like.device)
    index = low.unsqueeze(1) + taken
    distance = torch.abs((index.to(dtype=7) - center.unsqueeze(1) + 0.5) * (1.0 / widening))
    weights = self.filter(distance) * (taken < (high - low).unsqueeze(1)).to(dtype=7)
    total = torch.zeros_like(center)
    for k in range(taps):
        total = total + weights[:, k]
    weights = weights / total.unsqueeze(1) * 4194304.0
    weights = torch.where(weights < 0.0, weights - 0.5, weights + 0.5)
    return torch.clamp(index, max=size - 1), weights.to(dtype=3)

def grey_levels(self, sums: Tensor) -> Tensor:
    return torch.clamp(torch.bitwise_right_shift(sums, 22), 0, 255)

def preprocess(self, images: Tensor) -> Tensor:
    assert images.dim() == 3 or images.dim() == 4, "images must be [3, H, W] or [N, 3, H, W]"
    x = images
    if x.dim() == 3:
        x = x.unsqueeze(0)
    assert x.size(1) == 3, "images must have three channels: red, green, blue"
    assert x.size(2) > 0 and x.size(3) > 0, "images must not be empty"
    height = x.size(2)
    width = x.size(3)
    new_height = RESIZE
    new_width = RESIZE
    if width < height:
        new_height = RESIZE * height // width
    else:
        new_width = RESIZE * width // height
    columns, across = self.resize_axis(x, width, new_width, self.middle(new_width - INPUT))
    lines, down = self.resize_axis(x, height, new_height, self.middle(new_height - INPUT))
    left = int(columns.min().item())
    top = int(lines.min().item())
    x = x[:, :, top:int(lines.max().item()) + 1, left:int(columns.max().item()) + 1]
    # The axis that is resized stands first: whole blocks are picked then, which is fast.
    x = x.permute(3, 0, 1, 2).contiguous()
    narrow = torch.full([INPUT, x.size(1), 3, x.size(3)], 2097152, dtype=3, device=x.device)
    for k in range(across.size(1)):
        part = x.index_select(0, columns[:, k] - left).to(dtype=3)
        narrow.add_(part * across[:, k].view([INPUT, 1, 1, 1]))
    narrow = self.grey_levels(narrow).permute(3, 1, 2, 0).contiguous()
    view = torch.full([INPUT, x.size(1), 3, INPUT], 2097152, dtype=3, device=x.device)
    for k in range(down.size(1)):
        part = narrow.index_select(0, lines[:, k] - top)
        view.add_(part * down[:, k].view([INPUT, 1, 1, 1]))
    view = self.grey_levels(view.permute(1, 2, 0, 3).contiguous()).to(dtype=6)
    mean = torch.tensor(MEAN, dtype=6, device=x.device).view([1, 3, 1, 1])
    std = torch.tensor(STD, dtype=6, device=x.device).view([1, 3, 1, 1])
    return (view / 255.0 - mean) / std

def forward(self, images: Tensor) -> Tensor:
    return self.network(self.preprocess(images))

def predict(self, images: Tensor) -> Tensor:
    return torch.softmax(self.forward(images), 1)
)";
    const bool cubic = preprocess.interpolation == Interpolation::Bicubic;
    const int resize = std::max(preprocess.resizeSize, preprocess.inputSize);
    std::string text = replaced(source, "RESIZE", std::to_string(resize));
    text = replaced(text, "RADIUS", cubic ? "2.0" : "1.0");
    text = replaced(text, "FILTER", cubic ? kCubic : "torch.clamp(1.0 - d, min=0.0)");
    text = replaced(text, "INPUT", std::to_string(preprocess.inputSize));
    text = replaced(text, "MEAN", numberList(preprocess.mean));
    return replaced(text, "STD", numberList(preprocess.std));
}

Result<torch::jit::Module> scriptNetwork(const ScriptNetwork& network) {
    try {
        const torch::NoGradGuard noGrad;
        network.module->eval();
        const auto unit = std::make_shared<torch::jit::CompilationUnit>();
        torch::jit::Module script = mirror(*network.module, "Classifier", unit);
        addTrace(script, network);
        script.define(preprocessSource(network.preprocess));
        GRAFT_CHECK(compareBatches(script, network));
        return script;
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "The model could not be turned into a TorchScript file. Nothing was written.",
                     faultText(fault), "Please report this with the name of the backbone."};
    }
}

Result<std::string> exportTorchScript(Classifier& classifier, const ExtraFiles& extraFiles) {
    classifier.setTraining(false);
    GRAFT_TRY(const torch::jit::Module script,
              scriptNetwork({&classifier.module(),
                             [&classifier](const Tensor& x) { return classifier.forward(x); },
                             classifier.preprocess()}));
    try {
        // Into memory: LibTorch ends the process when a disk fills up under its own writer.
        std::ostringstream archive;
        const torch::jit::ExtraFilesMap extra(extraFiles.begin(), extraFiles.end());
        script.save(archive, extra);
        return std::move(archive).str();
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "The model could not be put into an archive.",
                     faultText(fault),
                     {}};
    }
}

}  // namespace graft
