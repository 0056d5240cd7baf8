#include "core/nn/weights/strided_copy.h"

#include <cstddef>
#include <cstring>

namespace graft::torchfile {
namespace {

template <std::size_t itemBytes>
void copyRow(const char* source, std::int64_t count, std::int64_t stride, char* target) {
    for (std::int64_t i = 0; i < count; ++i) {
        std::memcpy(target, source, itemBytes);
        source += stride * std::int64_t(itemBytes);
        target += itemBytes;
    }
}

using RowCopier = void (*)(const char*, std::int64_t, std::int64_t, char*);

// Sizes of the types that tensors have.
RowCopier copierOf(std::uint64_t itemBytes) {
    switch (itemBytes) {
        case 1:
            return copyRow<1>;
        case 2:
            return copyRow<2>;
        case 4:
            return copyRow<4>;
        default:
            return copyRow<8>;
    }
}

}  // namespace

bool isRowMajor(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
    std::int64_t due = 1;
    for (std::size_t i = shape.size(); i > 0; --i) {
        if (shape[i - 1] != 1) {
            if (strides[i - 1] != due) {
                return false;
            }
            due *= shape[i - 1];
        }
    }
    return true;
}

void copyStrided(const char* source, const std::vector<std::int64_t>& shape,
                 const std::vector<std::int64_t>& strides, std::uint64_t itemBytes, char* target) {
    // Dimensions of one do not move; without them the loop below ends in a row worth copying.
    std::vector<std::int64_t> counts;
    std::vector<std::int64_t> steps;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] != 1) {
            counts.push_back(shape[i]);
            steps.push_back(strides[i]);
        }
    }
    // A tensor of one number lies row by row and never comes here.
    const std::int64_t rowCount = counts.back();
    const std::int64_t rowStep = steps.back();
    counts.pop_back();
    steps.pop_back();
    const RowCopier copyOneRow = copierOf(itemBytes);
    std::vector<std::int64_t> index(counts.size(), 0);
    for (;;) {
        std::int64_t at = 0;
        for (std::size_t i = 0; i < index.size(); ++i) {
            at += index[i] * steps[i];
        }
        copyOneRow(source + at * std::int64_t(itemBytes), rowCount, rowStep, target);
        target += std::uint64_t(rowCount) * itemBytes;
        std::size_t dimension = index.size();
        while (dimension > 0 && ++index[dimension - 1] == counts[dimension - 1]) {
            index[--dimension] = 0;
        }
        if (dimension == 0) {
            return;
        }
    }
}

}  // namespace graft::torchfile
