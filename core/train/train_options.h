// TrainOptions: every number of a training, declared once (form, flag, JSON follow from the
// table). Thread: any (plain value).
#pragma once

#include "core/base/fields.h"
#include "core/data/augment_spec.h"

#include <cstdint>
#include <string>

namespace graft {

struct TrainOptions {
    int epochs = 0;  ///< 0: chosen by resolvedOptions()
    int batchSize = 32;  ///< 0: 32 with as many parts as memory asks for, see resolvedOptions()
    int accumulate = 1;  ///< parts in which each step is computed, their gradients add up; 0: as
                         ///< many as memory asks for
    std::string optimizer = "sgd";  ///< "sgd" (Nesterov), "adamw"
    double learningRate = 0.01;     ///< of the head
    double backboneRateFactor = 0.1;///< the rest learns at this share of it, with pretrained weights
    double momentum = 0.9;          ///< SGD
    double weightDecay = 5e-4;      ///< not on biases and norms
    std::string schedule = "cosine";///< "cosine", "triangular", "step", "constant"
    double warmupShare = 0.05;      ///< share of all steps with rising rate
    int stepEpochs = 5;             ///< "step": every so many epochs ...
    double stepFactor = 0.1;        ///< ... the rate is multiplied by this
    double labelSmoothing = 0;
    double clipGradient = 0;        ///< longest gradient of a step (norm over all weights); 0: any
    /// Means and spreads of batch norms: "batch" (of each step's pictures), "fixed" (as they are at
    /// the start), "auto": fixed with pretrained weights in networks for small pictures.
    std::string normStatistics = "auto";
    /// Each step moves the averaged weights by 1 minus this towards the present ones; the averaged
    /// ones are checked, kept as the best and exported. 0: off.
    double averageDecay = 0;
    int firstSize = 0;              ///< px of the pictures in the first firstSizeEpochs; 0: as later
    int firstSizeEpochs = 0;
    /// Epochs that count as done at the start: the course of rate and picture size goes on behind
    /// them, from weights that were kept of the last of them (keepEpochs), head included.
    int startEpoch = 0;
    std::string balance = "none";   ///< "none", "weights", "sampling"
    bool quickModel = true;         ///< first a head solved for the pretrained features; training
                                    ///< goes on from it. Off without pretrained weights
    int headEpochs = 0;             ///< first epochs with the backbone frozen, then thaw
    int patience = 0;               ///< early stopping: epochs without a better one; 0 = off
    std::string device = "auto";    ///< "auto" (a graphics card if there is one), "cpu", "cuda"
    std::string precision = "auto"; ///< "auto" (measured), "fp32", "bf16"; on a card also "fp16"
    std::int64_t seed = 0;
    int loaderThreads = -1;         ///< -1: from the machine; 0: none
    /// Different random changes that each training picture gets; the rounds take turns. 0: new ones
    /// in every round; -1: chosen by what is frozen and changed.
    int augmentVariants = -1;
    std::string featureCache = "auto";  ///< "auto" (memory, then disk), "memory", "off"
    int featureDiskMb = -1;             ///< MB; -1: a tenth of the free space
    int checkpointSeconds = 60;     ///< a checkpoint at least this often, and at each epoch's end
    int checkpointSteps = 0;        ///< additionally every so many steps; 0 = off
    bool keepEpochs = false;        ///< the model of each epoch stays as a small weight file
    bool operator==(const TrainOptions&) const = default;
};

const FieldTable<TrainOptions>& trainFields();

/// How many variants of each picture training keeps when its features are cached, with
/// options.augmentVariants resolved: 1 when nothing changes the pictures, for mirroring alone 2,
/// else 8; 0 when new ones are wanted in every round.
std::int64_t cachedVariants(const TrainOptions& options, const AugmentSpec& augment);

/// The options with what is left to the program filled in: 10 epochs with pretrained weights, 40
/// from scratch, where all features have to be learned first; a quick model only with pretrained
/// weights, since random features are worth none.
TrainOptions resolvedOptions(TrainOptions options, bool pretrained);

}  // namespace graft
