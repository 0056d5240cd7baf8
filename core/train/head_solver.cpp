#include "core/train/head_solver.h"

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

Status checkProblem(const HeadProblem& problem) {
    const auto wrong = [](const char* what) {
        return Error{ErrorCode::InvalidArgument, what, {}, {}};
    };
    if (problem.classCount < 2) {
        return wrong("A classifier needs at least two classes.");
    }
    if (!problem.features.defined() || problem.features.dim() != 2 ||
        problem.features.size(0) < 1 || !problem.targets.defined() ||
        problem.targets.dim() != 1 || problem.targets.size(0) != problem.features.size(0)) {
        return wrong("Features and targets must be of the same pictures.");
    }
    if (!(problem.inverseStrength > 0)) {
        return wrong("The strength of the regularisation must be more than 0.");
    }
    if (problem.targets.min().item<std::int64_t>() < 0 ||
        problem.targets.max().item<std::int64_t>() >= problem.classCount) {
        return wrong("A target is not one of the classes.");
    }
    if (!problem.features.isfinite().all().item<bool>()) {
        return wrong("The features are not finite numbers.");
    }
    if (problem.start.defined() &&
        problem.start.sizes() !=
            torch::IntArrayRef({problem.classCount, problem.features.size(1) + 1})) {
        return wrong("The head to start from is of other features.");
    }
    return {};
}

// Objective and gradient, both divided by the number of pictures.
class Objective {
 public:
    explicit Objective(const HeadProblem& problem)
        : m_features(problem.features.detach().to(typeOf(problem))),
          m_targets(torch::one_hot(problem.targets, problem.classCount).to(typeOf(problem))),
          m_penalty(1.0 / (problem.inverseStrength * double(problem.features.size(0)))) {
        if (problem.classWeights.defined()) {
            m_weights = problem.classWeights.to(typeOf(problem))
                            .index_select(0, problem.targets)
                            .unsqueeze(1);  // [N, 1]
        }
    }

    // `all` [C, F + 1]: weight and, in the last column, bias.
    torch::Tensor operator()(const torch::Tensor& all, torch::Tensor* gradient) const {
        const std::int64_t width = m_features.size(1);
        const torch::Tensor weight = all.narrow(1, 0, width);
        const torch::Tensor logits = torch::addmm(all.select(1, width), m_features, weight.t());
        const torch::Tensor logs = torch::log_softmax(logits, 1);  // [N, C]
        torch::Tensor losses = -(logs * m_targets);
        torch::Tensor errors = logs.exp() - m_targets;
        if (m_weights.defined()) {
            losses = losses * m_weights;
            errors = errors * m_weights;
        }
        const double count = double(m_features.size(0));
        *gradient = torch::cat({errors.t().mm(m_features) / count + m_penalty * weight,
                                (errors.sum(0) / count).unsqueeze(1)},
                               1);
        return losses.sum() / count + 0.5 * m_penalty * weight.square().sum();
    }

    std::int64_t width() const { return m_features.size(1); }
    static torch::ScalarType typeOf(const HeadProblem& problem) {
        return problem.roughly ? torch::kFloat32 : torch::kFloat64;
    }

 private:
    torch::Tensor m_features;  // [N, F]
    torch::Tensor m_targets;   // [N, C], one 1 a row
    torch::Tensor m_weights;   // [N, 1] or undefined
    double m_penalty;
};

HeadSolution solutionOf(const torch::Tensor& all, std::int64_t width) {
    HeadSolution solution;
    solution.weight = all.narrow(1, 0, width).to(torch::kFloat32).contiguous();
    solution.bias = all.select(1, width).to(torch::kFloat32).contiguous();
    return solution;
}

}  // namespace

Result<HeadSolution> solveHead(const HeadProblem& problem, const Progress& progress) {
    GRAFT_CHECK(checkProblem(problem));
    const torch::NoGradGuard noGrad;
    const Objective objective(problem);
    const torch::ScalarType type = Objective::typeOf(problem);
    const torch::Tensor all =
        problem.start.defined()
            ? problem.start.detach().to(type).clone()
            : torch::zeros({problem.classCount, objective.width() + 1}, type);
    all.set_requires_grad(true);
    constexpr int kBetweenLooks = 20;  // iterations between looks at `progress`
    torch::optim::LBFGS solver({all}, torch::optim::LBFGSOptions(1.0)
                                          .max_iter(kBetweenLooks)
                                          .history_size(10)
                                          .tolerance_grad(problem.tolerance)
                                          .tolerance_change(1e-14)
                                          .line_search_fn("strong_wolfe"));
    double value = 0;
    double steepest = 0;
    const auto closure = [&] {
        torch::Tensor gradient;
        const torch::Tensor loss = objective(all, &gradient);
        all.mutable_grad() = gradient;
        return loss;
    };
    int iterations = 0;
    while (true) {
        GRAFT_CHECK(progress.checkpoint());
        const double before = value;
        solver.step(closure);
        iterations += kBetweenLooks;
        value = closure().item<double>();
        steepest = all.grad().abs().max().item<double>();
        // No progress at all: the last digit of the numbers is reached.
        const bool still = iterations > kBetweenLooks && !(value < before);
        if (steepest <= problem.tolerance || still || iterations >= problem.maxIterations ||
            !std::isfinite(value)) {
            break;
        }
    }
    HeadSolution solution = solutionOf(all.detach(), objective.width());
    solution.objective = value * double(problem.features.size(0));
    solution.iterations = iterations;
    solution.converged = steepest <= 10 * problem.tolerance;
    return solution;
}

}  // namespace graft
