// IDX container files (MNIST and its kin), plain or gzipped. The image file that was read last
// stays in memory so that single pictures of it come at once. Thread: any.
// Source: the format's description at yann.lecun.com/exdb/mnist (big-endian header, then data).
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace graft {

struct IdxImages {
    int count = 0;
    int width = 0;
    int height = 0;
    std::string pixels;  ///< count x height x width grey bytes

    std::string_view picture(int index) const;
};

/// Errors: NotFound, PermissionDenied, BadFormat, TooLarge (over 2 GB of pixels).
Result<std::shared_ptr<const IdxImages>> openIdxImages(const std::string& path);
Result<std::vector<std::int64_t>> readIdxLabels(const std::string& path);
/// True when the (unzipped) file starts like an IDX file of `dimensions` dimensions of bytes.
bool looksLikeIdx(const std::string& path, int dimensions);
Result<Image> readIdxPicture(const std::string& path, int index);

}  // namespace graft
