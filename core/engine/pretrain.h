// Pretraining: the recipe by which an ordinary run learns a backbone from scratch, and the card that
// says where the weights come from. Free of torch. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/data/augment_spec.h"
#include "core/nn/model_spec.h"
#include "core/project/project.h"
#include "core/train/train_options.h"

#include <string>
#include <vector>

namespace graft::engine {

/// What a pretraining begins with where nothing else is asked for.
struct PretrainRecipe {
    ModelSpec model;
    AugmentSpec augment;
    TrainOptions options;
};
/// For so many epochs: three fifths of them at three quarters of the network's picture size.
/// Sources: Jordan, arXiv:2404.00498 (layers, alternating flip, averaged weights, rate); Howard et
/// al., fastai's DAWNBench entry, 2018 (smaller pictures first); Kornblith et al., "Why Do Better
/// Loss Functions Lead to Less Transferable Features?", NeurIPS 2021 (no label smoothing).
Result<PretrainRecipe> pretrainRecipe(const std::string& backbone, int epochs);
inline constexpr int kPretrainEpochs = 20;

/// What only the one who starts it knows.
struct PretrainFacts {
    std::string data;     ///< "Tiny-ImageNet ..."
    std::string terms;    ///< of the data and so of the weights, in a sentence
    std::string command;  ///< as typed
};
/// Notes in the project that a pretraining begins or goes on now.
Status noteSession(Project& project, const PretrainFacts& facts);

/// A labelled data set to judge by, and what to call it.
struct ProbeData {
    std::string name;
    Dataset dataset;
};
/// What linear probes of the kept epochs gave, in the order of the data sets.
struct ProbedEpoch {
    std::int64_t epoch = 0;
    std::vector<double> accuracies;
    std::vector<std::int64_t> counts;  ///< pictures that each was judged by
    double mean() const;
    double standardError() const;  ///< of the mean, from the counts
};
/// Judges the kept epochs of the run's second half (see linearProbe()); the progress counts probes.
Result<std::vector<ProbedEpoch>> probeEpochs(const Project& project, RunId run,
                                             const std::vector<ProbeData>& data,
                                             Progress& progress);
/// The latest whose mean is within one standard error of the best: with a few hundred pictures to
/// judge by, what is less differs by chance. (One-standard-error rule, Hastie, Tibshirani, Friedman,
/// The Elements of Statistical Learning, 7.10.)
const ProbedEpoch* bestProbed(const std::vector<ProbedEpoch>& probed);
/// Keeps the outcome in the project, for the card.
Status noteProbes(Project& project, const std::vector<ProbeData>& data,
                  const std::vector<ProbedEpoch>& probed);

struct SavedBackbone {
    std::string path;
    std::string sha256;
};
/// Writes `run`'s best model, or that of `epoch` where it is > 0 and was kept, as NAME.safetensors
/// (fp16, without the head), NAME.json and NAME.md into `folder`, NAME being the network's.
Result<SavedBackbone> savePretrained(const Project& project, RunId run, const std::string& folder,
                                     std::int64_t epoch = 0);

}  // namespace graft::engine
