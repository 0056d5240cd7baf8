#include "core/nn/classifier.h"

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/nn/families/registry.h"
#include "core/nn/fast/ops.h"
#include "core/nn/layer_tree.h"
#include "core/nn/preprocess_choice.h"
#include "core/nn/weight_mapping.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <new>
#include <numeric>

namespace graft {

struct Classifier::State {
    ModelSpec spec;
    Preprocess preprocess;
    int classCount = 0;
    std::shared_ptr<Network> network;
    LayerNode tree;
    WeightReport report;
    std::vector<NamedTensor> parameters;
    std::vector<NamedTensor> buffers;
    std::vector<bool> frozen;  // as parameters
    std::vector<std::vector<std::size_t>> stageParameters;
    std::size_t frozenPrefix = 0;
    bool headFrozen = false;
    bool training = false;
    Precision precision = Precision::Fp32;
    at::Generator dropout = at::detail::createCPUGenerator(0);

    void takeTensors();
    void freezeInside(const std::string& path, bool freeze);
    void applyModes();
    torch::Tensor prepared(const torch::Tensor& x) const;
    torch::Tensor run(std::size_t first, std::size_t last, const torch::Tensor& x) const;
    torch::Tensor dropped(const torch::Tensor& pooled);
};

namespace {

Error buildError(const std::exception& fault) {
    const std::string text = fault.what();
    if (dynamic_cast<const std::bad_alloc*>(&fault) != nullptr ||
        text.find("not enough memory") != std::string::npos) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory for this network.",
                     text.substr(0, 400), "Close other programs or choose a smaller backbone."};
    }
    return Error{ErrorCode::Internal, "The network could not be built.", text.substr(0, 400), {}};
}

Status checkNumbers(const ModelSpec& spec, int classCount) {
    if (classCount < 1) {
        return Error{ErrorCode::InvalidArgument,
                     "A network needs at least one class.",
                     {},
                     "Add classes to the data first."};
    }
    if (!(spec.dropout >= 0 && spec.dropout < 1)) {
        return Error{
            ErrorCode::InvalidArgument, "Dropout must be at least 0 and less than 1.", {}, {}};
    }
    return {};
}

// TensorFlow's padding where a family knows it, else what torchvision does.
std::string paddingFor(const Family& family, const std::string& chosen) {
    return family.knowsTfSame ? chosen : kPaddingSymmetric;
}

}  // namespace

void Classifier::State::takeTensors() {
    for (const auto& entry : network->named_parameters()) {
        parameters.push_back({entry.key(), entry.value()});
    }
    for (const auto& entry : network->named_buffers()) {
        buffers.push_back({entry.key(), entry.value()});
    }
    frozen.assign(parameters.size(), false);
    for (const Stage& stage : network->stages()) {
        stageParameters.emplace_back();
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            if (layerIsInside(parameters[i].name, stage.path)) {
                stageParameters.back().push_back(i);
            }
        }
    }
}

void Classifier::State::freezeInside(const std::string& path, bool freeze) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (layerIsInside(parameters[i].name, path) && frozen[i] != freeze) {
            frozen[i] = freeze;
            parameters[i].tensor.requires_grad_(!freeze);
            if (freeze) {
                parameters[i].tensor.mutable_grad() = torch::Tensor();
            }
        }
    }
    const auto allFrozen = [this](const std::vector<std::size_t>& indices) {
        return std::all_of(indices.begin(), indices.end(),
                           [this](std::size_t i) { return bool(frozen[i]); });
    };
    frozenPrefix = 0;
    while (frozenPrefix < stageParameters.size() && allFrozen(stageParameters[frozenPrefix])) {
        ++frozenPrefix;
    }
    const Head& head = *network->head();
    headFrozen = !head.weight.requires_grad() && !head.bias.requires_grad();
    applyModes();
}

// What has nothing left to train is in eval mode: batch-norm buffers and counters rest, and a block
// draws no branch to leave out.
void Classifier::State::applyModes() {
    network->train(training);
    if (!training) {
        return;
    }
    std::map<std::string, bool> anyTrainable;  // module path -> a parameter in it is trainable
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::string& name = parameters[i].name;
        for (auto end = name.rfind('.'); end != std::string::npos && end > 0;
             end = name.rfind('.', end - 1)) {
            bool& trainable = anyTrainable[name.substr(0, end)];
            trainable = trainable || !frozen[i];
        }
    }
    for (const auto& entry : network->named_modules("", /*include_self=*/false)) {
        const auto found = anyTrainable.find(entry.key());
        if (found != anyTrainable.end() && !found->second) {
            entry.value()->eval();
        }
    }
}

torch::Tensor Classifier::State::prepared(const torch::Tensor& x) const {
    if (training && precision == Precision::Bf16) {
        return fast::takes(x) ? x : fast::toChannelsLastBf16(x);
    }
    const torch::Tensor y = fast::takes(x) ? x.to(torch::kFloat32) : x;
    // Tokens of a transformer are no pictures.
    return y.dim() == 4 ? y.contiguous(kMemoryFormat) : y;
}

torch::Tensor Classifier::State::run(std::size_t first, std::size_t last,
                                     const torch::Tensor& x) const {
    torch::Tensor y = prepared(x);
    const std::size_t border = std::clamp(frozenPrefix, first, last);
    if (first < border) {
        const torch::NoGradGuard noGrad;
        y = network->runStages(y, first, border);
    }
    return network->runStages(y, border, last);
}

torch::Tensor Classifier::State::dropped(const torch::Tensor& pooled) {
    if (!training || headFrozen || spec.dropout <= 0) {
        return pooled;
    }
    const double keep = 1.0 - spec.dropout;
    const torch::Tensor mask =
        torch::empty(pooled.sizes(), torch::kFloat32).bernoulli_(keep, dropout).div_(keep);
    return pooled * mask.to(pooled.options());
}

Classifier::Classifier() : m_state(std::make_unique<State>()) {}
Classifier::~Classifier() = default;

Result<std::shared_ptr<Classifier>> Classifier::create(const ModelSpec& spec, int classCount,
                                                       std::uint64_t seed) {
    GRAFT_TRY(const Family* family, requireFamily(spec.backbone));
    try {
        ModelSpec resolved = spec;
        WeightReport report;
        Preprocess preprocess = defaultPreprocess(family->info);
        std::optional<WeightFile> file;
        FileMetadata metadata;
        if (!spec.weightsPath.empty()) {
            GRAFT_TRY(file, WeightFile::open(spec.weightsPath));
            GRAFT_TRY(const std::string sha256, sha256File(spec.weightsPath));
            metadata = knownMetadata(file->metadata(), sha256);
            const Network probe(*family, {1, HeadKind::Replaced, false});
            report = compareWeights(*file, probe, metadata);
            if (!report.usable) {
                return misfitError(report, spec.backbone);
            }
            report.sha256 = sha256;
            if (!spec.weightsSha256.empty() && spec.weightsSha256 != report.sha256) {
                return Error{
                    ErrorCode::Mismatch,
                    "The weight file " + spec.weightsPath + " has changed since it was chosen.",
                    "chosen " + spec.weightsSha256 + ", now " + report.sha256,
                    "Choose the weights again if the change was meant."};
            }
            resolved.weightsSha256 = report.sha256;
            preprocess = report.preprocess;
        }
        GRAFT_TRY(preprocess, atImageSize(family->info, preprocess, spec.imageSize));
        GRAFT_TRY(resolved.padding, choosePadding(spec.padding, metadata));
        resolved.padding = paddingFor(*family, resolved.padding);
        GRAFT_TRY(std::shared_ptr<Classifier> classifier,
                  createBare(resolved, classCount, preprocess));
        State& state = *classifier->m_state;
        {
            const torch::NoGradGuard noGrad;
            state.network->initialise(seed);
        }
        if (file) {
            GRAFT_CHECK(copyWeights(*file, *state.network));
        }
        state.report = std::move(report);
        classifier->setDropoutSeed(streamSeed("dropout", {seed}));
        for (const std::string& path : spec.frozen) {
            GRAFT_CHECK(classifier->setFrozen(path, true));
        }
        return classifier;
    } catch (const std::exception& fault) {
        return buildError(fault);
    }
}

Result<std::shared_ptr<Classifier>> Classifier::createBare(const ModelSpec& spec, int classCount,
                                                           const Preprocess& preprocess) {
    GRAFT_TRY(const Family* family, requireFamily(spec.backbone));
    GRAFT_CHECK(checkNumbers(spec, classCount));
    if (spec.padding != kPaddingSymmetric && spec.padding != kPaddingTfSame) {
        return Error{ErrorCode::InvalidArgument,
                     "The padding \"" + spec.padding + "\" is not resolved.",
                     {},
                     {}};
    }
    try {
        const std::shared_ptr<Classifier> classifier(new Classifier);
        State& state = *classifier->m_state;
        state.spec = spec;
        state.spec.padding = paddingFor(*family, spec.padding);
        state.preprocess = preprocess;
        state.classCount = classCount;
        state.network = std::make_shared<Network>(
            *family, NetworkOptions{classCount, HeadKind::Replaced,
                                    state.spec.padding == kPaddingTfSame, preprocess.inputSize});
        state.network->setGenerator(state.dropout);
        state.tree = buildLayerTree(*state.network);
        state.takeTensors();
        classifier->setTraining(false);
        return classifier;
    } catch (const std::exception& fault) {
        return buildError(fault);
    }
}

torch::Tensor Classifier::forward(const torch::Tensor& x) {
    return forwardFrom(0, x);
}

torch::Tensor Classifier::features(const torch::Tensor& x) {
    return forwardTo(stageCount(), x);
}

torch::Tensor Classifier::forwardFrom(std::size_t first, const torch::Tensor& x) {
    State& state = *m_state;
    const torch::Tensor pooled =
        first > stageCount() ? x : state.network->pool(state.run(first, stageCount(), x));
    return state.network->head()->forward(state.dropped(pooled));
}

torch::Tensor Classifier::forwardTo(std::size_t last, const torch::Tensor& x) {
    const torch::Tensor features = m_state->run(0, std::min(last, stageCount()), x);
    return last > stageCount() ? m_state->network->pool(features) : features;
}

void Classifier::scaleHeadTo(const torch::Tensor& features) {
    const torch::NoGradGuard noGrad;
    m_state->network->head()->setScaling(m_state->network->pool(features));
}

bool Classifier::fitsToPictures() const {
    return bool(m_state->network->family().fitToPictures);
}

void Classifier::fitToPictures(const std::vector<torch::Tensor>& batches) {
    m_state->network->family().fitToPictures(*m_state->network, batches);
}

bool Classifier::takeHead(const std::string& weightsPath) {
    const Result<WeightFile> file = WeightFile::open(weightsPath);
    return file && copyHead(*file, *m_state->network);
}

std::size_t Classifier::frozenPrefix() const {
    return m_state->frozenPrefix;
}

std::vector<std::int64_t> Classifier::featureSizes() {
    const torch::NoGradGuard noGrad;
    setTraining(false);
    const std::int64_t side = preprocess().inputSize;
    torch::Tensor x = torch::zeros({1, 3, side, side});
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < stageCount(); ++i) {
        x = m_state->run(i, i + 1, x);
        sizes.push_back(x.numel());
    }
    sizes.push_back(m_state->network->pool(x).numel());
    return sizes;
}

std::size_t Classifier::frozenBoundary() const {
    const State& state = *m_state;
    if (state.frozenPrefix < stageCount()) {
        return state.frozenPrefix;
    }
    const std::string& pool = state.network->poolStage().path;
    for (std::size_t i = 0; i < state.parameters.size(); ++i) {
        if (!pool.empty() && !state.frozen[i] && layerIsInside(state.parameters[i].name, pool)) {
            return stageCount();
        }
    }
    return stageCount() + 1;
}

std::optional<std::size_t> Classifier::stageNamed(const std::string& name) const {
    return m_state->network->stageNamed(name);
}

std::size_t Classifier::stageCount() const {
    return m_state->network->stages().size();
}

std::vector<NamedTensor> Classifier::parameters() const {
    return m_state->parameters;
}

std::vector<NamedTensor> Classifier::buffers() const {
    return m_state->buffers;
}

Status Classifier::loadState(const std::vector<NamedTensor>& tensors) {
    std::map<std::string, torch::Tensor> given;
    for (const NamedTensor& entry : tensors) {
        given[entry.name] = entry.tensor;
    }
    std::vector<NamedTensor> own = m_state->parameters;
    own.insert(own.end(), m_state->buffers.begin(), m_state->buffers.end());
    const auto mismatch = [&](const std::string& name, const char* what) {
        return Error{ErrorCode::Mismatch,
                     "The stored weights do not fit " + m_state->spec.backbone + ": " + name + " " +
                         what + ". The model is unchanged.",
                     {},
                     {}};
    };
    for (const NamedTensor& target : own) {
        const auto found = given.find(target.name);
        if (found == given.end() || !found->second.defined()) {
            return mismatch(target.name, "is missing");
        }
        if (found->second.sizes() != target.tensor.sizes()) {
            return mismatch(target.name, "has another shape");
        }
    }
    if (given.size() != own.size()) {
        for (const NamedTensor& target : own) {
            given.erase(target.name);
        }
        return mismatch(given.begin()->first, "is not a part of it");
    }
    try {
        const torch::NoGradGuard noGrad;
        for (NamedTensor& target : own) {
            target.tensor.copy_(given[target.name]);
        }
        return {};
    } catch (const std::exception& fault) {
        return buildError(fault);
    }
}

Status Classifier::setFrozen(const std::string& path, bool frozen) {
    const auto& parameters = m_state->parameters;
    const bool known = std::any_of(parameters.begin(), parameters.end(), [&](const auto& entry) {
        return layerIsInside(entry.name, path);
    });
    if (!known) {
        return Error{ErrorCode::InvalidArgument,
                     m_state->spec.backbone + " has no layer \"" + path + "\".",
                     {},
                     "Layers are named as in the layer tree, for example \"" +
                         m_state->tree.children.front().path + "\", \"backbone\" or \"head\"."};
    }
    m_state->freezeInside(path, frozen);
    return {};
}

bool Classifier::parameterIsFrozen(const std::string& parameterName) const {
    for (std::size_t i = 0; i < m_state->parameters.size(); ++i) {
        if (m_state->parameters[i].name == parameterName) {
            return m_state->frozen[i];
        }
    }
    return false;
}

std::vector<std::string> Classifier::frozenParameters() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < m_state->parameters.size(); ++i) {
        if (m_state->frozen[i]) {
            names.push_back(m_state->parameters[i].name);
        }
    }
    return names;
}

std::int64_t Classifier::trainableCount() const {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < m_state->parameters.size(); ++i) {
        count += m_state->frozen[i] ? 0 : m_state->parameters[i].tensor.numel();
    }
    return count;
}

void Classifier::setTraining(bool training) {
    m_state->training = training;
    m_state->applyModes();
}

void Classifier::setPrecision(Precision precision) {
    m_state->precision = precision;
}

Precision Classifier::precision() const {
    return m_state->precision;
}

void Classifier::setDropoutSeed(std::uint64_t seed) {
    m_state->dropout.set_current_seed(seed);
}

const ModelSpec& Classifier::spec() const {
    return m_state->spec;
}
const Preprocess& Classifier::preprocess() const {
    return m_state->preprocess;
}
int Classifier::classCount() const {
    return m_state->classCount;
}
const LayerNode& Classifier::tree() const {
    return m_state->tree;
}
const WeightReport& Classifier::weightReport() const {
    return m_state->report;
}
torch::nn::Module& Classifier::module() {
    return *m_state->network;
}

}  // namespace graft
