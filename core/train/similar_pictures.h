// Which training pictures look most like a given one to a model: the cosine between what its
// backbone makes of them. Free of torch. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <string>
#include <vector>

namespace graft {

struct SimilarRequest {
    std::string checkpoint;
    Dataset dataset;          ///< problems are not needed
    ImageRef picture;         ///< any; where it is a training picture itself it is left out
    int count = 5;
    std::string cacheFolder;  ///< of the project's feature cache; "": compute everything
};

struct SimilarPicture {
    SampleId sample = 0;
    double similarity = 0;  ///< cosine of the centred features, -1 to 1
};

/// At most `count` of them, the most similar first; of equal ones the smaller id. All usable
/// training pictures are looked through, those of classes that the model does not know as well.
/// Errors: as readImage() for the picture, of the checkpoint, NotFound without training pictures,
/// Cancelled.
Result<std::vector<SimilarPicture>> similarPictures(const SimilarRequest& request,
                                                    Progress& progress);

}  // namespace graft
