#include "core/data/importers/picture_check.h"

#include "core/base/hash.h"
#include "core/base/machine.h"
#include "core/data/byte_source.h"
#include "core/data/image_probe.h"
#include "core/data/image_reader.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>

namespace graft {
namespace {

struct Finding {
    std::string hash;
    int width = 0;
    int height = 0;
    std::optional<Error> error;
};

Status look(const std::string& path, bool decode, Finding& finding) {
    GRAFT_TRY(const auto source, FileSource::open(path));
    GRAFT_TRY(const std::string bytes, source->readAll());
    finding.hash = sha256Hex(bytes);
    MemorySource memory(bytes);
    GRAFT_TRY(const PictureProbe probe, probePicture(memory, {}));
    const bool swapped = probe.header.orientation >= 5;
    finding.width = swapped ? probe.header.height : probe.header.width;
    finding.height = swapped ? probe.header.width : probe.header.height;
    if (decode) {
        ReadOptions options;
        options.minShorterSide = 1;  // JPEG damage shows in the entropy-coded data at any scale
        GRAFT_TRY(const Image image, decodeImage(bytes, options));
    }
    return {};
}

Finding findingOf(const std::string& path, bool decode) {
    Finding finding;
    try {
        if (const Status status = look(path, decode, finding); !status) {
            finding.error = status.error();
        }
    } catch (const std::exception& exception) {
        finding.error = Error{ErrorCode::OutOfMemory,
                              "There is not enough memory for this picture.",
                              exception.what(),
                              {}};
    }
    return finding;
}

void take(Dataset& dataset, Sample& sample, Finding&& finding) {
    sample.contentHash = std::move(finding.hash);
    sample.width = finding.width;
    sample.height = finding.height;
    sample.damaged = finding.error.has_value();
    if (finding.error) {
        dataset.problems.push_back(
            {problemKindOf(finding.error->code), sample.path, finding.error->message, sample.id});
    }
}

}  // namespace

Status checkPictures(Dataset& dataset, const std::vector<std::size_t>& which, bool decode,
                     Progress& progress) {
    std::vector<std::size_t> files;
    for (const std::size_t i : which) {
        if (dataset.samples[i].index < 0) {
            files.push_back(i);
        }
    }
    progress.setText("Checking pictures");
    progress.set(0, std::int64_t(files.size()));
    std::vector<Finding> findings(files.size());
    std::atomic<std::size_t> next{0};
    std::atomic<std::int64_t> done{0};
    const auto work = [&] {
        lowerThreadPriority();
        for (std::size_t i = next++; i < files.size() && !progress.cancelled(); i = next++) {
            findings[i] = findingOf(dataset.absolutePath(dataset.samples[files[i]]), decode);
            progress.set(++done, std::int64_t(files.size()));
        }
    };
    std::vector<std::thread> threads;
    const std::size_t count = std::min(files.size(), std::size_t(hardwareThreads()));
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    GRAFT_CHECK(progress.checkpoint());
    for (std::size_t i = 0; i < files.size(); ++i) {
        take(dataset, dataset.samples[files[i]], std::move(findings[i]));
    }
    return {};
}

}  // namespace graft
