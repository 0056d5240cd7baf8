#include "core/train/quick_head.h"

#include "core/base/rng.h"
#include "core/train/head_solver.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace graft {
namespace {

constexpr int kFolds = 5;
constexpr std::int64_t kPerFold = 600;  ///< more pictures tell no more about C
constexpr double kUsual = 0.01;         ///< C where nothing can be left out

/// Pictures that are judged together.
struct Unit {
    std::vector<std::size_t> members;
    std::int64_t target = 0;  ///< of the first
};

std::vector<Unit> unitsOf(const std::vector<std::int64_t>& targets,
                          const std::vector<std::int64_t>& groups) {
    std::vector<Unit> units;
    std::unordered_map<std::int64_t, std::size_t> unitOfGroup;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        std::size_t at = units.size();
        if (groups[i] != 0) {
            at = unitOfGroup.try_emplace(groups[i], at).first->second;
        }
        if (at == units.size()) {
            units.push_back({{}, targets[i]});
        }
        units[at].members.push_back(i);
    }
    return units;
}

torch::Tensor logitsOf(const torch::Tensor& features, const torch::Tensor& weight,
                       const torch::Tensor& bias) {
    return torch::addmm(bias, features, weight.t());
}

/// One part of cross-validation: what is fitted, what is left out, and the answer so far.
struct Fold {
    HeadProblem problem;
    torch::Tensor features;  ///< [n, F] left out
    torch::Tensor targets;   ///< [n]
    torch::Tensor weights;   ///< [n] float64: what each counts for
};

struct Judgement {
    double loss = 0;  ///< weighted mean
    double right = 0;
};

torch::Tensor rowsOf(const std::vector<int>& folds, const std::function<bool(int)>& wanted) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < folds.size(); ++i) {
        if (wanted(folds[i])) {
            rows.push_back(std::int64_t(i));
        }
    }
    return torch::tensor(rows, torch::kInt64);
}

std::vector<Fold> makeFolds(const HeadProblem& whole, const std::vector<int>& foldOf) {
    std::vector<Fold> folds;
    for (int fold = 0; fold < kFolds; ++fold) {
        const torch::Tensor out = rowsOf(foldOf, [fold](int other) { return other == fold; });
        const torch::Tensor in =
            rowsOf(foldOf, [fold](int other) { return other != fold && other < kFolds; });
        if (out.size(0) == 0 || in.size(0) == 0) {
            continue;
        }
        Fold& made = folds.emplace_back();
        made.problem = whole;
        made.problem.features = whole.features.index_select(0, in);
        made.problem.targets = whole.targets.index_select(0, in);
        made.problem.roughly = true;
        made.problem.tolerance = 1e-4;
        made.problem.maxIterations = 200;
        made.features = whole.features.index_select(0, out);
        made.targets = whole.targets.index_select(0, out);
        made.weights = whole.classWeights.defined()
                           ? whole.classWeights.to(torch::kFloat64).index_select(0, made.targets)
                           : torch::ones({made.targets.size(0)}, torch::kFloat64);
    }
    return folds;
}

// Every fold's head at this strength, from where it was at the one before.
Result<Judgement> judge(std::vector<Fold>& folds, double inverseStrength,
                        const Progress& progress) {
    double loss = 0;
    double weight = 0;
    double right = 0;
    double count = 0;
    for (Fold& fold : folds) {
        fold.problem.inverseStrength = inverseStrength;
        GRAFT_TRY(const HeadSolution head, solveHead(fold.problem, progress));
        fold.problem.start = torch::cat({head.weight, head.bias.unsqueeze(1)}, 1);
        const torch::Tensor logits = logitsOf(fold.features, head.weight, head.bias);
        const torch::Tensor losses =
            -torch::log_softmax(logits.to(torch::kFloat64), 1)
                 .gather(1, fold.targets.unsqueeze(1))
                 .squeeze(1);
        loss += (losses * fold.weights).sum().item<double>();
        weight += fold.weights.sum().item<double>();
        right += logits.argmax(1).eq(fold.targets).sum().item<double>();
        count += double(fold.targets.size(0));
    }
    return Judgement{loss / std::max(weight, 1e-12), right / count};
}

struct Choice {
    double inverseStrength = kUsual;
    double right = -1;
    torch::Tensor start;  ///< a head at that strength
};

// From strong to weak, which fits closer and closer; ends when that has stopped to help.
Result<Choice> chooseStrength(std::vector<Fold>& folds, const Progress& progress) {
    Choice choice;
    if (folds.size() < 2) {
        return choice;
    }
    constexpr int kFirst = -10;  // half decades: C from 1e-5 ...
    constexpr int kLast = 2;     // ... to 10
    constexpr int kWorse = 2;
    double best = std::numeric_limits<double>::infinity();
    int worse = 0;
    for (int half = kFirst; half <= kLast && worse < kWorse; ++half) {
        const double inverseStrength = std::pow(10.0, 0.5 * half);
        GRAFT_TRY(const Judgement now, judge(folds, inverseStrength, progress));
        if (now.loss < best) {
            best = now.loss;
            choice = {inverseStrength, now.right, folds.front().problem.start};
            worse = 0;
        } else {
            ++worse;
        }
    }
    return choice;
}

}  // namespace

std::vector<int> stratifiedFolds(const std::vector<std::int64_t>& targets,
                                 const std::vector<std::int64_t>& groups, int folds,
                                 std::uint64_t seed) {
    const std::vector<Unit> units = unitsOf(targets, groups);
    const std::size_t count = std::min(std::size_t(std::max(1, folds)), units.size());
    std::map<std::int64_t, std::vector<const Unit*>> byClass;
    for (const Unit& unit : units) {
        byClass[unit.target].push_back(&unit);
    }
    std::vector<int> foldOf(targets.size(), 0);
    std::vector<std::size_t> total(count, 0);
    for (auto& [target, list] : byClass) {
        Rng rng("fold", {seed, std::uint64_t(target)});
        rng.shuffle(list);
        std::stable_sort(list.begin(), list.end(), [](const Unit* a, const Unit* b) {
            return a->members.size() > b->members.size();  // large ones are the hardest to place
        });
        std::vector<std::size_t> ofClass(count, 0);
        for (const Unit* unit : list) {
            std::size_t emptiest = 0;
            for (std::size_t i = 1; i < count; ++i) {
                if (std::pair(ofClass[i], total[i]) <
                    std::pair(ofClass[emptiest], total[emptiest])) {
                    emptiest = i;
                }
            }
            for (const std::size_t member : unit->members) {
                foldOf[member] = int(emptiest);
            }
            ofClass[emptiest] += unit->members.size();
            total[emptiest] += unit->members.size();
        }
    }
    return foldOf;
}

Result<QuickHead> fitQuickHead(const QuickHeadProblem& problem, const Progress& progress) {
    const torch::NoGradGuard noGrad;
    QuickHead head;
    head.mean = problem.features.mean(0);
    const torch::Tensor centred = problem.features - head.mean;
    head.scale = centred.square().mean().sqrt().clamp_min(1e-6);
    HeadProblem whole;
    whole.features = centred / head.scale;
    whole.targets = problem.targets;
    whole.classCount = problem.classCount;
    whole.classWeights = problem.classWeights;

    const std::int64_t count = problem.targets.size(0);
    const std::int64_t* first = problem.targets.data_ptr<std::int64_t>();
    const std::vector<int> foldOf =
        stratifiedFolds({first, first + count}, problem.groups,
                        int(std::max<std::int64_t>(kFolds, count / kPerFold)), problem.seed);
    std::vector<Fold> folds = makeFolds(whole, foldOf);
    GRAFT_TRY(const Choice choice, chooseStrength(folds, progress));
    folds.clear();

    head.inverseStrength = choice.inverseStrength;
    head.crossValidated = choice.right;
    whole.inverseStrength = choice.inverseStrength;
    whole.start = choice.start;
    GRAFT_TRY(const HeadSolution solved, solveHead(whole, progress));
    head.weight = solved.weight;
    head.bias = solved.bias;
    head.objective = solved.objective;
    const torch::Tensor logits = logitsOf(whole.features, head.weight, head.bias);
    head.trainLoss =
        torch::nn::functional::cross_entropy(logits, problem.targets).item<double>();
    head.trainAccuracy =
        logits.argmax(1).eq(problem.targets).to(torch::kFloat64).mean().item<double>();
    return head;
}

}  // namespace graft
