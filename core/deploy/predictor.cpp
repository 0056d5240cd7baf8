#include "core/deploy/predictor.h"

#include "core/base/machine.h"
#include "core/data/image_reader.h"
#include "core/deploy/faults.h"
#include "core/train/model_loading.h"

#include <atomic>
#include <functional>
#include <thread>

namespace graft {
namespace {

using torch::Tensor;

constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxReaders = 8;

/// How one kind of model works; both on the calling thread.
struct Steps {
    std::function<Tensor(const Image&)> prepare;   ///< [3, S, S] float32 normalised
    std::function<Tensor(const Tensor&)> network;  ///< [N, 3, S, S] -> logits [N, C]
};

/// Whole pictures, not JPEG's reduced ones: other programs see the same pixels then.
std::vector<Result<Image>> readPictures(const ImageRef* pictures, std::size_t count) {
    std::vector<Result<Image>> images(count, Result<Image>(Image{}));
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < count; i = next++) {
            images[i] = readImage(pictures[i]);
        }
    };
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < count; ++i) {
        helpers.emplace_back(work);
    }
    work();
    return images;
}

/// Prepared inputs of pictures [first, last); where one could not be read, its answer says why.
struct PreparedBatch {
    std::vector<Tensor> inputs;
    std::vector<std::size_t> positions;
};
PreparedBatch prepareBatch(const Steps& steps, const std::vector<ImageRef>& pictures,
                           std::size_t first, std::size_t last, std::vector<Prediction>& answers) {
    PreparedBatch batch;
    const std::size_t readers = std::min<std::size_t>(std::size_t(hardwareThreads()), kMaxReaders);
    // Few large pictures in memory at a time.
    for (std::size_t begin = first; begin < last; begin += readers) {
        const std::size_t count = std::min(readers, last - begin);
        const std::vector<Result<Image>> images = readPictures(&pictures[begin], count);
        for (std::size_t i = 0; i < count; ++i) {
            if (!images[i]) {
                answers[begin + i].error = images[i].error().message;
                continue;
            }
            try {
                batch.inputs.push_back(steps.prepare(*images[i]));
                batch.positions.push_back(begin + i);
            } catch (const std::exception& fault) {
                answers[begin + i].error =
                    "This picture could not be prepared for the model: " + faultText(fault);
            }
        }
    }
    return batch;
}

void answerBatch(const Steps& steps, const PreparedBatch& batch,
                 const std::vector<std::string>& labels, std::vector<Prediction>& answers) {
    if (batch.inputs.empty()) {
        return;
    }
    const Tensor probabilities =
        torch::softmax(steps.network(torch::stack(batch.inputs)), 1).to(torch::kFloat64);
    TORCH_CHECK(probabilities.size(1) == std::int64_t(labels.size()),
                "the model knows another number of classes than its list of labels");
    for (std::size_t i = 0; i < batch.positions.size(); ++i) {
        Prediction& answer = answers[batch.positions[i]];
        const Tensor row = probabilities[std::int64_t(i)].contiguous();
        const double* values = row.data_ptr<double>();
        answer.probabilities.assign(values, values + labels.size());
        const auto best =
            std::max_element(answer.probabilities.begin(), answer.probabilities.end());
        answer.probability = *best;
        answer.label = labels[std::size_t(best - answer.probabilities.begin())];
    }
}

Result<std::vector<Prediction>> predictAll(const Steps& steps,
                                           const std::vector<std::string>& labels,
                                           const std::vector<ImageRef>& pictures,
                                           Progress& progress) {
    try {
        const torch::NoGradGuard noGrad;
        std::vector<Prediction> answers(pictures.size());
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            answers[i].file = pictures[i].path;
        }
        for (std::size_t first = 0; first < pictures.size(); first += kBatch) {
            GRAFT_CHECK(progress.checkpoint());
            const std::size_t last = std::min(first + kBatch, pictures.size());
            answerBatch(steps, prepareBatch(steps, pictures, first, last, answers), labels,
                        answers);
            progress.set(std::int64_t(last), std::int64_t(pictures.size()));
        }
        return answers;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory to run the model.",
                     {},
                     "Close other programs, then try again."};
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "The model could not be run on the pictures.",
                     faultText(fault),
                     {}};
    }
}

}  // namespace

Result<std::vector<Prediction>> predictLive(Classifier& classifier,
                                            const std::vector<std::string>& labels,
                                            const std::vector<ImageRef>& pictures,
                                            Progress& progress) {
    const Preprocess preprocess = classifier.preprocess();
    classifier.setTraining(false);
    Steps steps;
    steps.prepare = [preprocess](const Image& image) {
        const Image view = evaluationView(image, preprocess);
        const Tensor input = torch::empty({3, view.height, view.width}, torch::kFloat32);
        normalizeTo(view, preprocess, input.data_ptr<float>());
        return input;
    };
    steps.network = [&classifier](const Tensor& x) { return classifier.forward(x); };
    return predictAll(steps, labels, pictures, progress);
}

Result<std::vector<Prediction>> predictExported(ExportedModel& model,
                                                const std::vector<ImageRef>& pictures,
                                                Progress& progress) {
    Steps steps;
    steps.prepare = [&model](const Image& image) {
        return model.module.get_method("preprocess")({imageTensor(image)}).toTensor()[0];
    };
    steps.network = [&model](const Tensor& x) {
        return model.module.get_method("network")({x}).toTensor();
    };
    return predictAll(steps, model.labels, pictures, progress);
}

std::vector<std::string> labelNames(const std::vector<ClassInfo>& classes) {
    std::vector<std::string> labels;
    for (const ClassInfo& entry : classes) {
        labels.push_back(entry.name);
    }
    return labels;
}

Result<std::vector<Prediction>> predictWithCheckpoint(const std::string& checkpoint,
                                                      const std::vector<ImageRef>& pictures,
                                                      PredictorLabels* labels, Progress& progress) {
    progress.setText("Loading the model");
    GRAFT_TRY(const LoadedModel model, loadCheckpointModel(checkpoint));
    const std::vector<std::string> names = labelNames(model.info.classes);
    if (labels != nullptr) {
        labels->labels = names;
    }
    progress.setText("Looking at the pictures");
    return predictLive(*model.classifier, names, pictures, progress);
}

Result<std::vector<Prediction>> predictWithPackage(const std::string& folder,
                                                   const std::vector<ImageRef>& pictures,
                                                   PredictorLabels* labels, Progress& progress) {
    progress.setText("Loading the model");
    GRAFT_TRY(ExportedModel model, loadExportedModel(folder));
    if (labels != nullptr) {
        labels->labels = model.labels;
    }
    progress.setText("Looking at the pictures");
    return predictExported(model, pictures, progress);
}

}  // namespace graft
