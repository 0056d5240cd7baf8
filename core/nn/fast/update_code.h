// The optimisers' updates of kernels.h. For kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/vec.h"

namespace graft::fast {
namespace {

void sgd(float* parameter, const float* gradient, float* momentum, std::int64_t count,
         const SgdUpdate& update) {
    overChannels(count, [&](std::int64_t i, auto lanes) {
        const Vec p = lanes.get(parameter + i);
        const Vec g = fma(p, all(update.decay), lanes.get(gradient + i));
        const Vec m = fma(lanes.get(momentum + i), all(update.momentum), g);
        lanes.put(momentum + i, m);
        lanes.put(parameter + i,
                  fma(fma(m, all(update.momentum), g), all(-update.rate), p));
    });
}

inline Vec squareRoot(Vec x) {
    for (std::int64_t i = 0; i < kLanes; ++i) {
        x[i] = __builtin_sqrtf(x[i]);
    }
    return x;
}

void adam(float* parameter, const float* gradient, float* average, float* square,
          std::int64_t count, const AdamUpdate& update) {
    overChannels(count, [&](std::int64_t i, auto lanes) {
        const Vec g = lanes.get(gradient + i);
        const Vec m = fma(lanes.get(average + i), all(update.beta1), g * update.fresh1);
        const Vec v =
            fma(lanes.get(square + i), all(update.beta2), g * g * update.fresh2);
        lanes.put(average + i, m);
        lanes.put(square + i, v);
        const Vec scale = squareRoot(v) * update.rootScale + update.epsilon;
        const Vec p = lanes.get(parameter + i) * update.shrink;
        lanes.put(parameter + i, p - m / scale * update.step);
    });
}

}  // namespace
}  // namespace graft::fast
