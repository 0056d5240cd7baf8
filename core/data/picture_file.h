// A picture file whose header was read and whose pixels were not yet: who needs only a part of
// them, or fewer, can choose by the size before anything is decoded. Thread: one owner per object.
#pragma once

#include "core/data/image_probe.h"
#include "core/data/image_reader.h"
#include "core/data/resize.h"

#include <optional>
#include <string>

namespace graft {

/// Pixels of a picture from column `x` and row `y` on.
struct PicturePart {
    Image image;
    int x = 0;
    int y = 0;
};

class PictureFile {
 public:
    /// Reads magic bytes and header only, as probeImage().
    static Result<ImageHeader> probe(const ImageRef& ref, const ReadOptions& options = {});
    /// Reads the file and its header. Errors as probeImage().
    static Result<PictureFile> open(const ImageRef& ref, const ReadOptions& options = {});
    /// The same from memory, which must stay.
    static Result<PictureFile> inMemory(std::string_view bytes, const ReadOptions& options = {});

    int width() const;   ///< px, as seen: EXIF orientation applied
    int height() const;  ///< px, as seen
    /// Whether it can be decoded smaller and in parts for less work (JPEG).
    bool divisible() const { return m_probe.header.format == "jpeg"; }

    /// RGB, EXIF orientation applied; where divisible(), every side divided by `denominator` (1, 2,
    /// 4 or 8) and rounded up. Errors as readImage().
    Result<Image> decode(int denominator = 1) const;
    /// At least the pixels of `part`, a rectangle of the smaller picture; equal to those of the
    /// whole. What is not divisible() comes whole.
    Result<PicturePart> decodePart(int denominator, const PixelRect& part) const;

 private:
    std::string_view bytes() const { return m_own.empty() ? m_given : std::string_view(m_own); }

    ImageRef m_idx;  // index >= 0: a picture of an IDX file
    std::string m_own;
    std::string_view m_given;
    PictureProbe m_probe;
};

}  // namespace graft
