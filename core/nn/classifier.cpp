#include "core/nn/classifier_state.h"

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/nn/families/registry.h"
#include "core/nn/layer_tree.h"
#include "core/nn/preprocess_choice.h"
#include "core/nn/weight_mapping.h"

#include <algorithm>
#include <new>

namespace graft {

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

struct ChosenWeights {
    std::optional<WeightFile> file;
    FileMetadata metadata;
    WeightReport report;
};

// Those of spec.weightsPath, if they fit and are still those that were chosen.
Result<ChosenWeights> openWeights(const ModelSpec& spec, const Family& family) {
    ChosenWeights weights;
    GRAFT_TRY(weights.file, WeightFile::open(spec.weightsPath));
    GRAFT_TRY(const std::string sha256, sha256File(spec.weightsPath));
    weights.metadata = knownMetadata(weights.file->metadata(), sha256);
    const Network probe(family, {1, HeadKind::Replaced, false});
    weights.report = compareWeights(*weights.file, probe, weights.metadata);
    if (!weights.report.usable) {
        return misfitError(weights.report, spec.backbone);
    }
    weights.report.sha256 = sha256;
    if (!spec.weightsSha256.empty() && spec.weightsSha256 != sha256) {
        return Error{ErrorCode::Mismatch,
                     "The weight file " + spec.weightsPath + " has changed since it was chosen.",
                     "chosen " + spec.weightsSha256 + ", now " + sha256,
                     "Choose the weights again if the change was meant."};
    }
    return weights;
}

// Autograd goes back through it. A traced model must not name a device.
torch::Tensor toProcessor(const torch::Tensor& x) {
    return x.is_cuda() ? x.cpu() : x;
}

}  // namespace

Classifier::Classifier() : m_state(std::make_unique<State>()) {}
Classifier::~Classifier() = default;

Result<std::shared_ptr<Classifier>> Classifier::create(const ModelSpec& spec, int classCount,
                                                       std::uint64_t seed) {
    GRAFT_TRY(const Family* family, requireFamily(spec.backbone));
    try {
        ModelSpec resolved = spec;
        ChosenWeights weights;
        weights.report.preprocess = defaultPreprocess(family->info);
        if (!spec.weightsPath.empty()) {
            GRAFT_TRY(weights, openWeights(spec, *family));
            resolved.weightsSha256 = weights.report.sha256;
        }
        GRAFT_TRY(const Preprocess preprocess,
                  atImageSize(family->info, weights.report.preprocess, spec.imageSize));
        GRAFT_TRY(resolved.padding, choosePadding(spec.padding, weights.metadata));
        resolved.padding = paddingFor(*family, resolved.padding);
        GRAFT_TRY(std::shared_ptr<Classifier> classifier,
                  createBare(resolved, classCount, preprocess));
        State& state = *classifier->m_state;
        {
            const torch::NoGradGuard noGrad;
            state.network->initialise(seed);
        }
        if (weights.file) {
            GRAFT_CHECK(copyWeights(*weights.file, *state.network));
            state.report = std::move(weights.report);
        }
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
        state.applyModes();
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
    const torch::Tensor pooled = first > stageCount()
                                     ? state.asFloat(state.onDevice(x))
                                     : state.pooled(state.run(first, stageCount(), x));
    return toProcessor(state.network->head()->forward(state.dropped(pooled)));
}

torch::Tensor Classifier::forwardTo(std::size_t last, const torch::Tensor& x) {
    const torch::Tensor features = m_state->run(0, std::min(last, stageCount()), x);
    return toProcessor(last > stageCount() ? m_state->pooled(features) : features);
}

void Classifier::scaleHeadTo(const torch::Tensor& features) {
    const torch::NoGradGuard noGrad;
    m_state->network->head()->setScaling(m_state->pooled(m_state->onDevice(features)));
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
    sizes.push_back(m_state->pooled(x).numel());
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
    if (m_state->training != training) {
        m_state->training = training;
        m_state->applyModes();
    }
}

void Classifier::setNormsFixed(bool fixed) {
    m_state->normsFixed = fixed;
    m_state->applyModes();
}

void Classifier::setDevice(const torch::Device& device) {
    m_state->moveTo(device);
}

const torch::Device& Classifier::device() const {
    return m_state->device;
}

void Classifier::setPrecision(Precision precision) {
    m_state->precision = precision;
}

Precision Classifier::precision() const {
    return m_state->precision;
}

void Classifier::setExact(bool exact) {
    m_state->exact = exact;
}

bool Classifier::exact() const {
    return m_state->exact;
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
