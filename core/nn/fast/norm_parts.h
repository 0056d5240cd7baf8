// What batch norm does on its way forward and back, for norm.cpp, where an activation follows it,
// and for pool.cpp, where that is pooled, too. Includes torch; private to core/nn/fast. Thread: the
// run's.
#pragma once

#include "core/nn/fast/ops.h"
#include "core/nn/fast/tensors.h"

#include <vector>

namespace graft::fast {

/// Per channel, while x is seen.
struct NormStatistics {
    torch::Tensor mean;     ///< [C] float32
    torch::Tensor inverse;  ///< [C] float32, 1 / sqrt(variance + eps)
};

/// Of x [N, C, H, W] bf16, channels-last, or those kept where the norm rests. While it trains, the
/// kept ones follow.
NormStatistics statisticsOf(const torch::Tensor& x, const NormTensors& norm);

/// y = x * scale + shift
struct NormAffine {
    torch::Tensor scale, shift;  ///< [C] float32
};

NormAffine affineOf(const NormStatistics& statistics, const torch::Tensor& weight,
                    const torch::Tensor& bias);

/// act(x * scale + shift + residual), `residual` as x or undefined.
torch::Tensor normForwardOf(const torch::Tensor& x, const NormAffine& affine, Act act,
                            const torch::Tensor& residual);

/// Back through norm and activation: first sum(), then normBackward for all rows with pass().
class NormWayBack {
 public:
    NormWayBack(const NormStatistics& statistics, const torch::Tensor& weight,
                const torch::Tensor& bias, Act act, bool training);

    /// Sums over the pixels of x; `y` as NormBackward wants it, or undefined. `count` pixels were
    /// normalised together.
    void sum(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& gradY,
             std::int64_t count);
    /// What is the same for all rows.
    const NormBackward& pass() const { return m_pass; }

    torch::Tensor gradWeight, gradBias;  ///< [C] float32, after sum()

 private:
    NormStatistics m_statistics;
    NormAffine m_affine;
    bool m_training;
    std::vector<float> m_coefficients;
    NormBackward m_pass;
};

}  // namespace graft::fast
