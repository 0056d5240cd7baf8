#include "core/train/train_options.h"

namespace graft {
namespace {

FieldInfo field(std::string key, std::string label, std::string help, double min, double max,
                double step = 0) {
    FieldInfo info;
    info.key = std::move(key);
    info.label = std::move(label);
    info.help = std::move(help);
    info.min = min;
    info.max = max;
    info.step = step;
    return info;
}

FieldInfo choice(std::string key, std::string label, std::string help,
                 std::vector<std::string> choices, std::vector<std::string> labels) {
    FieldInfo info = field(std::move(key), std::move(label), std::move(help), 0, 0);
    info.choices = std::move(choices);
    info.choiceLabels = std::move(labels);
    return info;
}

FieldInfo automatic(FieldInfo info) {
    info.minIsAutomatic = true;
    return info;
}

FieldInfo expert(FieldInfo info, std::string group) {
    info.expert = true;
    info.group = std::move(group);
    return info;
}

FieldInfo decades(FieldInfo info) {
    info.logarithmic = true;
    return info;
}

FieldTable<TrainOptions> makeTable() {
    using T = TrainOptions;
    FieldTable<TrainOptions> table;
    table
        .add(&T::epochs, automatic(field("epochs", "Rounds",
                                         "How often every training picture is seen (epochs). "
                                         "Automatic (0): 10 with pretrained weights, 40 without.",
                                         0, 10000, 1)))
        .add(&T::batchSize,
             automatic(field("batch_size", "Pictures per step",
                             "How many pictures one update looks at (batch size). Smaller needs "
                             "less memory. Automatic (0): 32, computed in parts where memory is "
                             "short.",
                             0, 4096, 1)))
        .add(&T::learningRate,
             decades(field("learning_rate", "Learning rate",
                           "Size of an update of the new part (learning rate of the head).", 1e-7,
                           100)))
        .add(&T::quickModel,
             field("quick_model", "Quick model first",
                   "With pretrained weights: the best head for their features as they are (logistic "
                   "regression) gives a first model within seconds; training goes on from it.",
                   0, 1))
        .add(&T::headEpochs,
             field("head_epochs", "Rounds for the new part first",
                   "First epochs that train the new part (head) only; then the rest thaws.", 0,
                   10000, 1))
        .add(&T::patience,
             field("patience", "Stop after rounds without gain",
                   "Early stopping: end when so many epochs bring nothing better; 0 never stops.",
                   0, 10000, 1))
        .add(&T::balance,
             choice("balance", "Uneven classes",
                    "What is done when classes have different numbers of pictures.",
                    {"none", "weights", "sampling"},
                    {"Leave as they are", "Rare classes count more (class weights)",
                     "Show rare classes more often (balanced sampling)"}))
        .add(&T::optimizer,
             expert(choice("optimizer", "Update rule", "The optimiser.", {"sgd", "adamw"},
                           {"SGD with Nesterov momentum", "AdamW"}),
                    "Updates"))
        .add(&T::backboneRateFactor,
             expert(decades(field("backbone_rate_factor", "Speed of the pretrained part",
                                  "With pretrained weights, all but the head learns at this share "
                                  "of the learning rate.",
                                  1e-6, 10)),
                    "Updates"))
        .add(&T::momentum, expert(field("momentum", "Momentum", "Momentum of SGD.", 0, 0.999, 0.01),
                                  "Updates"))
        .add(&T::weightDecay,
             expert(field("weight_decay", "Pull towards zero",
                          "Weight decay (L2); biases and norms are left out.", 0, 1, 0.0001),
                    "Updates"))
        .add(&T::labelSmoothing,
             expert(field("label_smoothing", "Label smoothing",
                          "Share of certainty that is spread over the other classes.", 0, 0.9,
                          0.01),
                    "Updates"))
        .add(&T::clipGradient,
             expert(field("clip_gradient", "Longest gradient",
                          "Steps whose gradient is longer (its norm over all weights) are shortened "
                          "to this, so that no single one throws the network off course (gradient "
                          "clipping). 0 switches it off.",
                          0, 1e6, 0.5),
                    "Updates"))
        .add(&T::normStatistics,
             expert(choice("norm_statistics", "Norms go by",
                           "Mean and spread that batch normalisation goes by. What pretrained "
                           "weights came with lets training begin exactly as good as the quick "
                           "model. Automatic: that in networks for small pictures, else each "
                           "step's pictures.",
                           {"auto", "fixed", "batch"},
                           {"Automatic", "What the weights came with", "Each step's pictures"}),
                    "Updates"))
        .add(&T::averageDecay,
             expert(field("average_decay", "Averaged weights",
                          "Averages the weights over the last steps (exponential moving average "
                          "with this decay, such as 0.999); the averaged model is the one that is "
                          "checked and kept. 0 switches it off.",
                          0, 0.99999, 0.001),
                    "Updates"))
        .add(&T::schedule,
             expert(choice("schedule", "Course of the learning rate",
                           "How the learning rate changes over the run (schedule).",
                           {"cosine", "triangular", "step", "constant"},
                           {"Falls smoothly (cosine)", "Falls evenly (triangular)",
                            "Falls in steps", "Stays the same"}),
                    "Schedule"))
        .add(&T::warmupShare,
             expert(field("warmup_share", "Gentle start",
                          "Share of all steps during which the rate rises (warm-up).", 0, 0.9,
                          0.01),
                    "Schedule"))
        .add(&T::stepEpochs,
             expert(field("step_epochs", "Rounds per step",
                          "For the step schedule: epochs between two drops.", 1, 10000, 1),
                    "Schedule"))
        .add(&T::stepFactor,
             expert(field("step_factor", "Factor per step",
                          "For the step schedule: the rate is multiplied by this.", 0.001, 1,
                          0.01),
                    "Schedule"))
        .add(&T::firstSize,
             expert([] {
                        FieldInfo info = field("first_size", "Smaller pictures at first",
                                               "Picture size of the first rounds, which then take "
                                               "less time (progressive resizing). 0 switches it "
                                               "off.",
                                               0, 2048, 1);
                        info.unit = "px";
                        return info;
                    }(),
                    "Schedule"))
        .add(&T::firstSizeEpochs,
             expert(field("first_size_epochs", "Rounds with smaller pictures",
                          "How many of the first epochs use that size.", 0, 10000, 1),
                    "Schedule"))
        .add(&T::startEpoch,
             expert(field("start_epoch", "Rounds that are done already",
                          "Goes on behind so many epochs of the course of the learning rate, from "
                          "the weights that were kept of the last of them; for a run whose "
                          "checkpoints are lost.",
                          0, 10000, 1),
                    "Schedule"))
        .add(&T::device,
             expert(choice("device", "Computing on",
                           "Automatic takes a graphics card where this Graft and the machine have "
                           "one (CUDA), else the processor. On a card, a run does not repeat to the "
                           "last bit.",
                           {"auto", "cpu", "cuda"},
                           {"Automatic", "Processor", "Graphics card (CUDA)"}),
                    "Machine"))
        .add(&T::precision,
             expert(choice("precision", "Computing in",
                           "Number type of training. Automatic measures at the start whether 16 "
                           "bits are faster on this machine; fp32 repeats to the last bit on a "
                           "processor; fp16 is for older graphics cards.",
                           {"auto", "fp32", "bf16", "fp16"},
                           {"Automatic", "32 bits (fp32)", "16 bits where it is safe (bf16)",
                            "16 bits, narrow range (fp16)"}),
                    "Machine"))
        .add(&T::seed, expert(field("seed", "Random seed",
                                    "The same seed, data and options give the same result.", 0,
                                    9e15, 1),
                              "Machine"))
        .add(&T::loaderThreads,
             expert(automatic(field("loader_threads", "Threads that read pictures",
                                    "Automatic (-1): one for each core but one. The result does "
                                    "not depend on it.",
                                    -1, 256, 1)),
                    "Machine"))
        .add(&T::accumulate,
             expert(automatic(field("accumulate", "Parts per step",
                                    "Computes each step in so many parts and adds their gradients "
                                    "up (gradient accumulation): less memory, the same update, "
                                    "except that batch normalisation sees one part at a time. "
                                    "Automatic (0): only where memory is short.",
                                    0, 1024, 1)),
                    "Machine"))
        .add(&T::augmentVariants,
             expert(automatic(field(
                        "augment_variants", "Variants of each picture",
                        "How many randomly changed versions of each training picture are made; "
                        "the rounds take turns with them, so that the work of frozen parts on "
                        "them is done once. More is closer to new changes every round, and slower. "
                        "Automatic (-1): 1 without changes, 2 with mirroring only, else 8, where a "
                        "part is frozen. 0: new ones every round.",
                        -1, 1000, 1)),
                    "Machine"))
        .add(&T::featureCache,
             expert(choice("feature_cache", "Keep the work of frozen parts",
                           "What frozen parts make of a picture is computed once and kept "
                           "(feature cache).",
                           {"auto", "memory", "off"},
                           {"In memory, then on the disk", "In memory only", "Off"}),
                    "Machine"))
        .add(&T::featureDiskMb,
             expert(automatic([] {
                        FieldInfo info = field("feature_disk_mb", "Room on the disk for it",
                                               "Most that the feature cache takes on the disk. "
                                               "Automatic (-1): a tenth of what is free.",
                                               -1, 1e8, 1);
                        info.unit = "MB";
                        return info;
                    }()),
                    "Machine"))
        .add(&T::checkpointSeconds,
             expert(field("checkpoint_seconds", "Save at least every (seconds)",
                          "A checkpoint is written at least this often, and after each epoch.", 1,
                          86400, 1),
                    "Machine"))
        .add(&T::checkpointSteps,
             expert(field("checkpoint_steps", "Save every so many steps",
                          "Additional checkpoints by step count; 0 writes none.", 0, 1e9, 1),
                    "Machine"))
        .add(&T::keepEpochs,
             expert(field("keep_epochs", "Keep the model of every round",
                          "Writes the weights after each epoch, in 16 bits, beside the "
                          "checkpoints.",
                          0, 1),
                    "Machine"));
    return table;
}

}  // namespace

const FieldTable<TrainOptions>& trainFields() {
    static const FieldTable<TrainOptions> table = makeTable();
    return table;
}

std::int64_t cachedVariants(const TrainOptions& options, const AugmentSpec& augment) {
    if (augmentChangesNothing(augment)) {
        return 1;
    }
    constexpr std::int64_t kOfMirroring = 2;
    constexpr std::int64_t kOfMore = 8;
    return options.augmentVariants >= 0 ? options.augmentVariants
           : augmentOnlyFlips(augment)  ? kOfMirroring
                                        : kOfMore;
}

TrainOptions resolvedOptions(TrainOptions options, bool pretrained) {
    if (options.epochs == 0) {
        options.epochs = pretrained ? 10 : 40;
    }
    if (options.batchSize == 0) {
        options.batchSize = TrainOptions{}.batchSize;
        options.accumulate = 0;
    }
    options.quickModel = options.quickModel && pretrained;
    return options;
}

}  // namespace graft
