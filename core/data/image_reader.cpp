#include "core/data/image_reader.h"

#include "core/data/jpeg_decode.h"
#include "core/data/picture_file.h"

namespace graft {
namespace {

Result<Image> decodeWhole(const PictureFile& file, const ReadOptions& options) {
    return file.decode(jpegDenominator(file.width(), file.height(), options.minShorterSide));
}

}  // namespace

Result<ImageHeader> probeImage(const ImageRef& ref, const ReadOptions& options) {
    return PictureFile::probe(ref, options);
}

Result<Image> readImage(const ImageRef& ref, const ReadOptions& options) {
    GRAFT_TRY(const PictureFile file, PictureFile::open(ref, options));
    return decodeWhole(file, options);
}

Result<Image> decodeImage(std::string_view bytes, const ReadOptions& options) {
    GRAFT_TRY(const PictureFile file, PictureFile::inMemory(bytes, options));
    return decodeWhole(file, options);
}

}  // namespace graft
