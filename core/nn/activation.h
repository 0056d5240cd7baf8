// Which activation stands between two layers. Separate because the kernels know it too, and they
// must not see torch. Thread: any.
#pragma once

namespace graft {

enum class Act { None, Relu, Relu6, Silu, Hardswish };

}  // namespace graft
