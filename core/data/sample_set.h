// The sample: a small surface-inspection image set that Graft draws itself, so that everything
// can be tried with no data and no network. Thread: any, blocking.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

const std::vector<std::string>& sampleSetClasses();  ///< good, scratch, dent, stain, crack

/// One picture, 160 x 160 px; the same for the same class and number on every machine.
Image drawSamplePicture(const std::string& className, int number);

/// Writes 60 pictures (PNG) per class as class folders below `folder`, which is created. Files that
/// are already there with the right content are left alone. Errors as atomic_file.
Status writeSampleSet(const std::string& folder);

}  // namespace graft
