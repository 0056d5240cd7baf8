#include "core/deploy/model_card.h"

#include "core/deploy/parity.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

namespace graft {
namespace {

constexpr int kPackageVersion = 1;

std::string oneLine(std::string text) {
    for (char& letter : text) {
        if (letter == '\n' || letter == '\r') {
            letter = ' ';
        }
    }
    return text;
}

/// A string as YAML and JSON both read it.
std::string quoted(const std::string& text) {
    return nlohmann::json(oneLine(text))
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cell(const std::string& text) {
    std::string escaped;
    for (const char letter : oneLine(text)) {
        if (letter == '|' || letter == '\\') {
            escaped += '\\';
        }
        escaped += letter;
    }
    return escaped;
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

std::string fixed(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string weightsName(const PackageFacts& facts) {
    return std::filesystem::path(facts.info.model.weightsPath).filename().string();
}

/// The share that leads timm's floor(input / crop_pct) back to the resize size.
double cropShare(const Preprocess& preprocess) {
    double share = double(preprocess.inputSize) / preprocess.resizeSize;
    while (std::floor(preprocess.inputSize / share) < preprocess.resizeSize) {
        share = std::nextafter(share, 0.0);
    }
    return share;
}

std::string cardHeader(const PackageFacts& facts) {
    std::string text = "---\n";
    if (!facts.license.empty()) {
        text += "license: " + quoted(facts.license) + "\n";
    }
    text +=
        "library_name: graft\npipeline_tag: image-classification\n"
        "tags:\n- image-classification\n- torchscript\n- " +
        quoted(facts.info.model.backbone) + "\nmetrics:\n- accuracy\n";
    if (facts.evaluation.count > 0) {
        text += "model-index:\n- name: " + quoted(facts.name) +
                "\n  results:\n  - task:\n      type: image-classification\n"
                "      name: Image classification\n    dataset:\n      type: imagefolder\n"
                "      name: " +
                quoted(facts.dataSource) + "\n      split: " + splitName(facts.evaluation.split) +
                "\n    metrics:\n    - type: accuracy\n      name: Accuracy\n      value: " +
                fixed(facts.evaluation.accuracy, 6) + "\n";
    }
    return text + "---\n";
}

std::string usageSection(const PackageFacts& facts) {
    return R"(
## How to use it

`model.pt` is a TorchScript file. The preprocessing is inside: give it decoded RGB pictures of any
size, as numbers from 0 to 255. Python with `torch`, `numpy` and `pillow` is enough:

```python
import numpy as np
import torch
from PIL import Image, ImageOps

model = torch.jit.load("model.pt")
labels = open("labels.txt", encoding="utf-8").read().split("\n")[:-1]

# Cameras store how the picture was held; exif_transpose turns it upright, as in training.
picture = ImageOps.exif_transpose(Image.open("picture.jpg")).convert("RGB")
pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)  # [3, height, width], uint8
with torch.no_grad():
    probabilities = model.predict(pixels)[0]
best = int(probabilities.argmax())
print(labels[best], float(probabilities[best]))
```

`model(pixels)` gives the logits; `model.network(x)` takes an input that was prepared elsewhere
(`preprocessor_config.json` says how: )" +
           std::to_string(facts.info.preprocess.inputSize) + " x " +
           std::to_string(facts.info.preprocess.inputSize) +
           R"( pixels, normalised). Several pictures of one size
go in as `[N, 3, height, width]`. Load TorchScript files only from people you trust: they are
programs. The SHA-256 of this one is in `config.json`.
)";
}

std::string classSection(const PackageFacts& facts) {
    std::string text = "\n## Classes\n\n| Output | Class | Training pictures |";
    const bool scored = facts.evaluation.perClass.size() == facts.info.classes.size();
    text += scored ? " Precision | Recall | F1 | Checked on |\n|---|---|---|---|---|---|---|\n"
                   : "\n|---|---|---|\n";
    for (std::size_t i = 0; i < facts.info.classes.size(); ++i) {
        const std::string count = i < facts.trainingCounts.size()
                                      ? std::to_string(facts.trainingCounts[i])
                                      : std::string("?");
        text += "| " + std::to_string(i) + " | " + cell(facts.info.classes[i].name) + " | " +
                count + " |";
        if (scored) {
            const ClassScores& scores = facts.evaluation.perClass[i];
            text += " " + fixed(scores.precision, 3) + " | " + fixed(scores.recall, 3) + " | " +
                    fixed(scores.f1, 3) + " | " + std::to_string(scores.support) + " |";
        }
        text += "\n";
    }
    return text;
}

std::string trainingSection(const PackageFacts& facts) {
    const ModelSpec& model = facts.info.model;
    const Preprocess& preprocess = facts.info.preprocess;
    std::string text = "\n## How it was trained\n\n";
    text += "- Network: `" + model.backbone + "` with a new head (" +
            (facts.classToken ? "class token" : "global average pool") + ", dropout " + fixed(model.dropout, 2) + ", linear), " + std::to_string(facts.parameterCount) +
            " parameters.\n";
    text +=
        model.weightsPath.empty()
            ? "- Start: random weights, trained from scratch.\n"
            : "- Start: the weights of `" + weightsName(facts) + "`" +
                  (model.weightsSha256.empty() ? "" : " (SHA-256 `" + model.weightsSha256 + "`)") +
                  ".\n";
    text += "- Pictures: " + cell(facts.dataSource) +
            ".\n- Input: the shorter side is resized to " + std::to_string(preprocess.resizeSize) +
            " pixels (antialiased " + interpolationName(preprocess.interpolation) +
            "), the centre " + std::to_string(preprocess.inputSize) +
            " x " + std::to_string(preprocess.inputSize) + " is taken; padding " + model.padding +
            ".\n";
    if (!model.frozen.empty()) {
        text += "- Kept frozen at the start:";
        for (const std::string& path : model.frozen) {
            text += " `" + path + "`";
        }
        text += ".\n";
    }
    text += "- Length: " + std::to_string(facts.info.step) + " steps, epoch " +
            std::to_string(facts.info.epoch) + ".\n- Written: " + facts.created +
            " by Graft, an open program for fine-tuning image classifiers.\n";
    return text;
}

std::string accuracySection(const PackageFacts& facts) {
    const Evaluation& evaluation = facts.evaluation;
    std::string text = "\n## How good it is\n\n";
    if (evaluation.count == 0) {
        return text + "It was not evaluated when it was exported.\n";
    }
    text += "On " + std::to_string(evaluation.count) + " " + splitName(evaluation.split) +
            " pictures the accuracy is **" + percent(evaluation.accuracy) + "** (95 % interval " +
            percent(evaluation.ci95[0]) + " to " + percent(evaluation.ci95[1]) +
            ", Wilson); F1 as the mean over the classes is " + fixed(evaluation.macro[2], 3) +
            ". `metrics.json` holds every figure and the confusion matrix.\n";
    if (!evaluation.note.empty()) {
        text += "\n" + oneLine(evaluation.note) + "\n";
    }
    return text;
}

std::string limitsSection(const PackageFacts& facts) {
    std::string text = R"(
## Limits

- It knows only the classes above and answers with one of them whatever the picture shows.
- Its figures hold for pictures like those it was trained on; another camera, light, place or
  season may give worse answers. Check it on your own pictures first.
- The probabilities were not calibrated: 0.9 does not promise 9 of 10 right.
- Only the centre of a long picture is seen.
)";
    if (facts.license.empty()) {
        text +=
            "- The licence of the weights that the training started from is not known; find it "
            "out before you pass the model on.\n";
    }
    return text;
}

}  // namespace

std::string labelsText(const std::vector<ClassInfo>& classes) {
    std::string text;
    for (const ClassInfo& entry : classes) {
        text += oneLine(entry.name) + "\n";
    }
    return text;
}

nlohmann::ordered_json configJson(const PackageFacts& facts) {
    const Preprocess& preprocess = facts.info.preprocess;
    const ModelSpec& model = facts.info.model;
    nlohmann::ordered_json labels = nlohmann::ordered_json::array();
    nlohmann::ordered_json nameOfId = nlohmann::ordered_json::object();
    nlohmann::ordered_json idOfName = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < facts.info.classes.size(); ++i) {
        const std::string& name = facts.info.classes[i].name;
        labels.push_back(name);
        nameOfId[std::to_string(i)] = name;
        idOfName[name] = i;
    }
    const auto size = {3, preprocess.inputSize, preprocess.inputSize};
    nlohmann::ordered_json pretrained{{"tag", "graft"},
                                      {"custom_load", false},
                                      {"input_size", size},
                                      {"fixed_input_size", true},
                                      {"interpolation", interpolationName(preprocess.interpolation)},
                                      {"crop_pct", cropShare(preprocess)},
                                      {"crop_mode", "center"},
                                      {"mean", preprocess.mean},
                                      {"std", preprocess.std},
                                      {"num_classes", facts.info.classes.size()},
                                      {"first_conv", facts.firstLayer},
                                      {"classifier", "head"}};
    if (!facts.license.empty()) {
        pretrained["license"] = facts.license;
    }
    nlohmann::ordered_json own{{"package_version", kPackageVersion},
                               {"name", facts.name},
                               {"created", facts.created},
                               {"padding", model.padding},
                               {"resize_size", preprocess.resizeSize},
                               {"antialias", true},
                               {"channel_order", "RGB"},
                               {"exif_orientation", "applied before"},
                               {"weights", weightsName(facts)},
                               {"weights_sha256", model.weightsSha256},
                               {"epoch", facts.info.epoch},
                               {"step", facts.info.step}};
    if (!facts.modelSha256.empty()) {
        own["model_sha256"] = facts.modelSha256;
    }
    return {{"architecture", model.backbone},
            {"num_classes", facts.info.classes.size()},
            {"num_features", facts.featureCount},
            {"global_pool", facts.classToken ? "token" : "avg"},
            {"label_names", labels},
            {"problem_type", "single_label_classification"},
            {"id2label", nameOfId},
            {"label2id", idOfName},
            {"pretrained_cfg", pretrained},
            {"graft", own}};
}

nlohmann::ordered_json preprocessorConfigJson(const Preprocess& preprocess) {
    constexpr int kPilBilinear = 2;
    constexpr int kPilBicubic = 3;
    const bool cubic = preprocess.interpolation == Interpolation::Bicubic;
    return {{"image_processor_type", "BitImageProcessor"},
            {"do_convert_rgb", true},
            {"do_resize", true},
            {"size", {{"shortest_edge", preprocess.resizeSize}}},
            {"resample", cubic ? kPilBicubic : kPilBilinear},
            {"do_center_crop", true},
            {"crop_size", {{"height", preprocess.inputSize}, {"width", preprocess.inputSize}}},
            {"do_rescale", true},
            {"rescale_factor", 1.0 / 255.0},
            {"do_normalize", true},
            {"image_mean", preprocess.mean},
            {"image_std", preprocess.std}};
}

nlohmann::json metricsJson(const PackageFacts& facts) {
    if (facts.evaluation.count == 0) {
        return {{"count", 0}, {"note", "The model was not evaluated when it was exported."}};
    }
    return toJson(facts.evaluation, facts.info.classes, /*withPredictions=*/false);
}

std::string modelCard(const PackageFacts& facts, const ParityReport& parity) {
    std::string text = cardHeader(facts);
    text += "\n# " + oneLine(facts.name) + "\n\nTells pictures apart into " +
            std::to_string(facts.info.classes.size()) + " classes.\n";
    text += accuracySection(facts);
    text += usageSection(facts);
    text += classSection(facts);
    text += trainingSection(facts);
    text += "\n## Check of this file\n\n" + paritySentence(parity) + "\n";
    return text + limitsSection(facts);
}

}  // namespace graft
