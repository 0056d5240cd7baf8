// Downloads one file of the weight catalogue: goes on where an earlier attempt stopped, takes no
// more than was announced, and gives the file its name only when its SHA-256 is right. The only
// code of Graft that connects to anything, and only when called. Thread: any; blocks.
#pragma once

#include "core/base/progress.h"
#include "core/nn/weights/weight_catalogue.h"

namespace graft {

struct DownloadOptions {
    bool allowLocalHttp = false;  ///< plain http on 127.0.0.1 (catalogues of one's own, tests)
    int connectSeconds = 20;
    int stallSeconds = 30;  ///< without a byte, then the connection counts as cut
    int retries = 5;        ///< of a connection that was cut after it had brought something
    int retryWaitMs = 1000;
};

/// The file in `folder` (made where it is missing), read-only; at once if it is there already.
/// After any error what came so far lies beside it as NAME.part, except where its content was
/// wrong. Errors: Network, NotFound and the like (the server's answer), DiskFull, Busy (another
/// program downloads it), BadFormat (wrong content), TooLarge (another file than announced),
/// Cancelled.
Result<std::filesystem::path> downloadWeights(const WeightEntry& entry,
                                              const std::filesystem::path& folder,
                                              Progress& progress,
                                              const DownloadOptions& options = {});

}  // namespace graft
