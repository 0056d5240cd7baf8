#include "core/nn/fast/conv_plan.h"

#include "core/nn/fast/dnnl_plan.h"
#include "core/nn/fast/winograd_plan.h"

#include <map>

namespace graft::fast {
namespace {

constexpr std::size_t kMostPlans = 2048;

std::vector<std::int64_t> keyOf(const ConvShape& shape) {
    std::vector<std::int64_t> key = shape.x;
    key.insert(key.end(), shape.weight.begin(), shape.weight.end());
    const ConvGeometry& g = shape.geometry;
    for (const int number :
         {g.stride, g.padTop, g.padLeft, g.padBottom, g.padRight, g.groups, int(shape.type),
          int(shape.bias), int(shape.after.act), int(shape.after.addsResidual)}) {
        key.push_back(number);
    }
    return key;
}

}  // namespace

std::shared_ptr<ConvPlan> planFor(const torch::Tensor& x, at::IntArrayRef weight, bool bias,
                                  const ConvGeometry& geometry, const AfterConv& after) {
    const ConvGeometry& g = geometry;
    ConvShape shape{x.sizes().vec(), weight.vec(), {}, x.scalar_type(), bias, geometry, after};
    shape.y = {x.size(0), weight[0],
               (x.size(2) + g.padTop + g.padBottom - weight[2]) / g.stride + 1,
               (x.size(3) + g.padLeft + g.padRight - weight[3]) / g.stride + 1};
    // One for each thread: the scratch memory of a oneDNN primitive is its thread's own.
    thread_local std::map<std::vector<std::int64_t>, std::shared_ptr<ConvPlan>> plans;
    if (plans.size() > kMostPlans) {
        plans.clear();
    }
    const auto [entry, isNew] = plans.try_emplace(keyOf(shape));
    if (isNew) {
        entry->second = winogradPays(shape) ? winogradPlan(shape) : dnnlPlan(shape);
    }
    return entry->second;
}

}  // namespace graft::fast
