#include "core/nn/key_layouts.h"

#include <optional>

namespace graft {
namespace {

bool isDigit(char letter) {
    return letter >= '0' && letter <= '9';
}

// The numbers behind each # and where the beginning ends, or nothing where it does not fit.
struct Match {
    std::vector<std::string> numbers;
    std::size_t end = 0;
};

std::optional<Match> match(const std::string& name, const std::string& from) {
    Match found;
    for (const char letter : from) {
        if (letter == '#') {
            const std::size_t start = found.end;
            while (found.end < name.size() && found.end < start + 6 && isDigit(name[found.end])) {
                ++found.end;
            }
            if (found.end == start) {
                return std::nullopt;
            }
            found.numbers.push_back(name.substr(start, found.end - start));
        } else if (found.end >= name.size() || name[found.end++] != letter) {
            return std::nullopt;
        }
    }
    return found;
}

std::string filled(const std::string& to, const std::vector<std::string>& numbers) {
    std::string text;
    std::size_t next = 0;
    for (const char letter : to) {
        if (letter != '#' && letter != '@') {
            text += letter;
        } else if (next < numbers.size()) {
            const std::string& number = numbers[next++];
            text += letter == '#' ? number : std::to_string(std::stoi(number) - 1);
        }
    }
    return text;
}

}  // namespace

KeyLayout timmConvNeXt() {
    KeyLayout layout{"stages.0.blocks.0.conv_dw.weight",
                     {{"stem.0.", "features.0.0."},
                      {"stem.1.", "features.0.1."},
                      {"head.norm.", "classifier.0."},
                      {"head.fc.", "classifier.2."}}};
    for (int stage = 0; stage < 4; ++stage) {
        const std::string from = "stages." + std::to_string(stage) + ".";
        const std::string blocks = "features." + std::to_string(2 * stage + 1) + ".#.";
        const std::string halving = "features." + std::to_string(2 * stage) + ".";
        layout.rules.insert(layout.rules.end(), {{from + "blocks.#.conv_dw.", blocks + "block.0."},
                                                 {from + "blocks.#.norm.", blocks + "block.2."},
                                                 {from + "blocks.#.mlp.fc1.", blocks + "block.3."},
                                                 {from + "blocks.#.mlp.fc2.", blocks + "block.5."},
                                                 {from + "blocks.#.gamma", blocks + "layer_scale"},
                                                 {from + "downsample.", halving}});
    }
    return layout;
}

KeyLayout timmEfficientNet() {
    KeyLayout layout{"conv_stem.weight",
                     {{"conv_stem.", "features.0.0."},
                      {"bn1.", "features.0.1."},
                      {"conv_head.", "features.8.0."},
                      {"bn2.", "features.8.1."},
                      {"classifier.", "classifier.1."},
                      // The first blocks widen nothing.
                      {"blocks.0.#.conv_dw.", "features.1.#.block.0.0."},
                      {"blocks.0.#.bn1.", "features.1.#.block.0.1."},
                      {"blocks.0.#.se.conv_reduce.", "features.1.#.block.1.fc1."},
                      {"blocks.0.#.se.conv_expand.", "features.1.#.block.1.fc2."},
                      {"blocks.0.#.conv_pw.", "features.1.#.block.2.0."},
                      {"blocks.0.#.bn2.", "features.1.#.block.2.1."}},
                     true};
    for (int stage = 1; stage < 7; ++stage) {
        const std::string from = "blocks." + std::to_string(stage) + ".#.";
        const std::string to = "features." + std::to_string(stage + 1) + ".#.block.";
        layout.rules.insert(layout.rules.end(), {{from + "conv_pw.", to + "0.0."},
                                                 {from + "bn1.", to + "0.1."},
                                                 {from + "conv_dw.", to + "1.0."},
                                                 {from + "bn2.", to + "1.1."},
                                                 {from + "se.conv_reduce.", to + "2.fc1."},
                                                 {from + "se.conv_expand.", to + "2.fc2."},
                                                 {from + "conv_pwl.", to + "3.0."},
                                                 {from + "bn3.", to + "3.1."}});
    }
    return layout;
}

KeyLayout timmMnasNet() {
    KeyLayout layout{"conv_stem.weight",
                     {{"conv_stem.", "layers.0."},
                      {"bn1.", "layers.1."},
                      {"blocks.0.0.conv_dw.", "layers.3."},
                      {"blocks.0.0.bn1.", "layers.4."},
                      {"blocks.0.0.conv_pw.", "layers.6."},
                      {"blocks.0.0.bn2.", "layers.7."},
                      {"conv_head.", "layers.14."},
                      {"bn2.", "layers.15."},
                      {"classifier.", "classifier.1."}},
                     true};
    for (int stage = 1; stage <= 6; ++stage) {
        const std::string from = "blocks." + std::to_string(stage) + ".#.";
        const std::string to = "layers." + std::to_string(stage + 7) + ".#.layers.";
        layout.rules.insert(layout.rules.end(), {{from + "conv_pw.", to + "0."},
                                                 {from + "bn1.", to + "1."},
                                                 {from + "conv_dw.", to + "3."},
                                                 {from + "bn2.", to + "4."},
                                                 {from + "conv_pwl.", to + "6."},
                                                 {from + "bn3.", to + "7."}});
    }
    return layout;
}

KeyLayout timmMobileNetV3(const std::vector<MobileBlock>& blocks) {
    KeyLayout layout{"conv_stem.weight",
                     {{"conv_stem.", "features.0.0."},
                      {"bn1.", "features.0.1."},
                      {"conv_head.", "classifier.0."},
                      {"classifier.", "classifier.3."}},
                     true};
    int index = 1;
    for (const MobileBlock& block : blocks) {
        const std::string from =
            "blocks." + std::to_string(block.stage) + "." + std::to_string(block.number) + ".";
        const std::string to = "features." + std::to_string(index++) + ".block.";
        int step = 0;
        int norm = 0;
        const auto addConv = [&](const char* conv) {
            layout.rules.push_back({from + conv, to + std::to_string(step) + ".0."});
            layout.rules.push_back({from + "bn" + std::to_string(++norm) + ".",
                                    to + std::to_string(step++) + ".1."});
        };
        if (block.widens) {
            addConv("conv_pw.");
        }
        addConv("conv_dw.");
        if (block.squeezes) {
            const std::string squeeze = to + std::to_string(step++);
            layout.rules.push_back({from + "se.conv_reduce.", squeeze + ".fc1."});
            layout.rules.push_back({from + "se.conv_expand.", squeeze + ".fc2."});
        }
        addConv(block.widens ? "conv_pwl." : "conv_pw.");
    }
    const std::string last = "blocks." + std::to_string(blocks.back().stage + 1) + ".0.";
    const std::string end = "features." + std::to_string(index);
    layout.rules.push_back({last + "conv.", end + ".0."});
    layout.rules.push_back({last + "bn1.", end + ".1."});
    return layout;
}

KeyLayout timmRegNet() {
    KeyLayout layout{"s1.b1.conv1.conv.weight",
                     {{"stem.conv.", "stem.0."}, {"stem.bn.", "stem.1."}, {"head.fc.", "fc."}}};
    for (int stage = 1; stage <= 4; ++stage) {
        const std::string number = std::to_string(stage);
        const std::string from = "s" + number + ".b#.";
        const std::string to = "trunk_output.block" + number + ".block" + number + "-@.";
        layout.rules.insert(layout.rules.end(), {{from + "conv1.conv.", to + "f.a.0."},
                                                 {from + "conv1.bn.", to + "f.a.1."},
                                                 {from + "conv2.conv.", to + "f.b.0."},
                                                 {from + "conv2.bn.", to + "f.b.1."},
                                                 {from + "se.", to + "f.se."},
                                                 {from + "conv3.conv.", to + "f.c.0."},
                                                 {from + "conv3.bn.", to + "f.c.1."},
                                                 {from + "downsample.conv.", to + "proj.0."},
                                                 {from + "downsample.bn.", to + "proj.1."}});
    }
    return layout;
}

KeyLayout timmVisionTransformer() {
    const std::string from = "blocks.#.";
    const std::string to = "encoder.layers.encoder_layer_#.";
    return {"blocks.0.attn.qkv.weight",
            {{"cls_token", "class_token"},
             {"pos_embed", "encoder.pos_embedding"},
             {"patch_embed.proj.", "conv_proj."},
             {"norm.", "encoder.ln."},
             {"head.", "heads.head."},
             {from + "norm1.", to + "ln_1."},
             {from + "attn.qkv.", to + "self_attention.in_proj_"},
             {from + "attn.proj.", to + "self_attention.out_proj."},
             {from + "norm2.", to + "ln_2."},
             {from + "mlp.fc1.", to + "mlp.0."},
             {from + "mlp.fc2.", to + "mlp.3."}}};
}

std::string renamed(const std::string& name, const std::vector<RenameRule>& rules) {
    for (const RenameRule& rule : rules) {
        if (const auto found = match(name, rule.from)) {
            return filled(rule.to, found->numbers) + name.substr(found->end);
        }
    }
    return name;
}

std::map<std::string, TensorView> torchvisionTensors(
    const WeightFile& file, const KeyLayout& layout,
    const std::function<std::string(const std::string&)>& currentName) {
    const bool translates = layout.fits(file);
    std::map<std::string, TensorView> tensors;
    for (const auto& [name, view] : file.tensors()) {
        std::string today = translates ? renamed(name, layout.rules) : name;
        today = currentName ? currentName(today) : today;
        TensorView& tensor = tensors.emplace(today, view).first->second;
        // timm keeps the scale of a ConvNeXt block as a plain list.
        if (translates && today.ends_with(".layer_scale") && tensor.shape.size() == 1) {
            tensor.shape.insert(tensor.shape.end(), {1, 1});
        }
    }
    return tensors;
}

}  // namespace graft
