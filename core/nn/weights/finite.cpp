#include "core/nn/weights/finite.h"

#include <cstring>

namespace graft {
namespace {

// A number is infinite or none exactly if all bits of its exponent are set.
template <class Bits>
bool noneHas(const TensorView& view, Bits exponent) {
    const char* data = static_cast<const char*>(view.data);
    Bits found = 0;
    for (std::uint64_t at = 0; at + sizeof(Bits) <= view.byteCount; at += sizeof(Bits)) {
        Bits bits;
        std::memcpy(&bits, data + at, sizeof(Bits));  // may lie at an odd address
        found |= Bits((bits & exponent) == exponent);
    }
    return found == 0;
}

}  // namespace

bool allFinite(const TensorView& view) {
    if (view.dtype == "F32") {
        return noneHas<std::uint32_t>(view, 0x7f800000);
    }
    if (view.dtype == "F16") {
        return noneHas<std::uint16_t>(view, 0x7c00);
    }
    if (view.dtype == "BF16") {
        return noneHas<std::uint16_t>(view, 0x7f80);
    }
    if (view.dtype == "F64") {
        return noneHas<std::uint64_t>(view, 0x7ff0000000000000);
    }
    return true;
}

}  // namespace graft
