// The part of TrainRun that begins a run that is not resumed, and that knows at which picture size an
// epoch is.
#include "core/nn/batch_tensor.h"
#include "core/nn/device.h"
#include "core/train/train_run.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace graft {

Status TrainRun::begin() {
    GRAFT_CHECK(chooseDeviceToBegin());
    GRAFT_TRY(m_classifier, Classifier::create(m_job.model, int(m_job.dataset.classes.size()),
                                               std::uint64_t(m_job.options.seed)));
    m_classifier->setDevice(m_device);
    m_frozen = std::make_unique<FrozenLayers>(m_classifier);
    m_state.baseRate = m_job.options.learningRate;
    m_state.augmentStrength = m_job.augment.strength;
    m_state.rateFactors = m_job.model.rateFactors;
    m_state.threads = at::get_num_threads();
    GRAFT_CHECK(skipDoneEpochs());
    if (m_job.options.headEpochs > m_state.epoch) {
        m_frozen->holdBackbone();
    }
    m_optimizer = std::make_unique<Optimizer>(
        Optimizer::Settings{m_job.options.optimizer, m_job.options.momentum});
    m_sink.rewind(-1, 0);
    return {};
}

Status TrainRun::chooseDeviceToBegin() {
    GRAFT_TRY(m_device, chooseDevice(m_job.options.device));
    if (m_device.is_cpu() && m_job.options.precision == precisionName(Precision::Fp16)) {
        return Error{ErrorCode::InvalidArgument, "Computing in fp16 needs a graphics card.", {},
                     "Choose bf16, fp32 or auto."};
    }
    m_state.device = m_device.is_cuda() ? "cuda" : "cpu";
    return {};
}

// A run that may choose goes on where it began: elsewhere its numbers would change. Where the card
// is gone, it is better to go on than to be stuck.
void TrainRun::chooseDeviceToGoOn() {
    const std::string& wished = m_job.options.device;
    m_missesCard = (wished == "auto" ? m_state.device : wished) == "cuda";
    if (m_missesCard) {
        if (const Result<torch::Device> card = chooseDevice("cuda")) {
            m_device = *card;
            m_missesCard = false;
        }
    }
    m_state.device = m_device.is_cuda() ? "cuda" : "cpu";
}

void TrainRun::tellDevice() {
    TrainEvent notice;
    if (m_device.is_cuda()) {
        notice.text = "This run computes on the graphics card.";
    } else if (m_missesCard) {
        notice.text =
            "No graphics card can be used now: this run goes on on the processor, more "
            "slowly.";
    } else if (m_job.options.device == "auto" && at::hasCUDA()) {
        notice.text = "LibTorch finds no graphics card that it can compute on.";
    } else {
        return;
    }
    send(std::move(notice));
}

Status TrainRun::skipDoneEpochs() {
    const int done = m_job.options.startEpoch;
    if (done == 0) {
        return {};
    }
    if (done >= m_job.options.epochs || !m_classifier->takeHead(m_job.model.weightsPath)) {
        return Error{ErrorCode::InvalidArgument,
                     "The training cannot go on after round " + std::to_string(done) + ".",
                     {},
                     "It takes more rounds in all than that, and weights that a run with the same "
                     "classes kept of a round."};
    }
    m_state.epoch = done;
    m_state.step = done * m_stepsPerEpoch;
    m_headFits = true;
    return {};
}

void TrainRun::fitToPictures() {
    publish(RunState::Running, "Looking at the pictures");
    constexpr int kBatch = 64;
    constexpr double kMostBytes = 256e6;
    constexpr double kMostPictures = 5000;
    const double side = m_loader->options().preprocess.inputSize;
    const double bytes = 3 * side * side * sizeof(float);
    const auto most = std::size_t(std::min(kMostPictures, kMostBytes / bytes) / kBatch) + 1;
    auto batches =
        shuffledBatches(m_trainItems.size(), kBatch, std::uint64_t(m_job.options.seed), 0);
    batches.resize(std::min(batches.size(), most));
    std::vector<torch::Tensor> pictures;
    m_loader->start(std::move(batches), 0, 0, std::nullopt);
    while (auto batch = m_loader->next()) {
        if (batch->count > 0) {
            pictures.push_back(pixelTensor(*batch).clone());
        }
    }
    if (!pictures.empty()) {  // else unreadable: the epoch names them
        m_classifier->fitToPictures(pictures);
    }
}

// Smaller pictures in the first epochs let the network see more of them in the same time.
int TrainRun::pictureSizeNow() const {
    const TrainOptions& options = m_job.options;
    return options.firstSize > 0 && m_state.epoch < options.firstSizeEpochs
               ? options.firstSize
               : m_classifier->preprocess().inputSize;
}

Status TrainRun::checkFirstSize() {
    const int size = m_job.options.firstSize;
    if (size == 0 || m_job.options.firstSizeEpochs == 0) {
        return {};
    }
    const int later = m_classifier->preprocess().inputSize;
    Error error{ErrorCode::InvalidArgument,
                "This network cannot begin with pictures of " + std::to_string(size) + " px.",
                {},
                "Choose a size up to " + std::to_string(later) +
                    " px that the network takes, or 0 to begin with that one."};
    if (size > later) {
        return error;
    }
    try {  // positions with weights of their own, or a picture that shrinks to nothing
        const torch::NoGradGuard noGrad;
        m_classifier->setTraining(false);
        (void)m_classifier->forward(torch::zeros({1, 3, size, size}));
        return {};
    } catch (const std::exception& fault) {
        error.detail = fault.what();
        return error;
    }
}

}  // namespace graft
