// The second process of the parity check.
#include "core/base/atomic_file.h"
#include "core/data/image_reader.h"
#include "core/deploy/exported_model.h"
#include "core/deploy/faults.h"
#include "core/deploy/parity.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace graft {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRequestLimit = 64u << 20;
constexpr std::size_t kWarmUp = 3;  ///< first runs compile the model and say nothing about speed

Result<std::vector<ImageRef>> readRequest(const fs::path& path) {
    GRAFT_TRY(const std::string text, readWholeFile(path, kRequestLimit));
    try {
        std::vector<ImageRef> pictures;
        const nlohmann::json json = nlohmann::json::parse(text);
        for (const nlohmann::json& entry : json.at("pictures")) {
            pictures.push_back({entry.at("path"), entry.at("index")});
        }
        return pictures;
    } catch (const nlohmann::json::exception& fault) {
        return Error{
            ErrorCode::BadFormat, path.string() + " is not a list of pictures.", fault.what(), {}};
    }
}

std::vector<double> predictOne(ExportedModel& model, const Image& image) {
    const torch::Tensor answer = model.module.get_method("predict")({imageTensor(image)})
                                     .toTensor()
                                     .to(torch::kFloat64)
                                     .flatten()
                                     .contiguous();
    const double* values = answer.data_ptr<double>();
    return {values, values + answer.numel()};
}

/// null where the picture cannot be read, or is one that the model refuses.
nlohmann::json answerOne(ExportedModel& model, const ImageRef& picture, double& seconds) {
    const Result<Image> image = readImage(picture);
    if (!image) {
        return nullptr;
    }
    try {
        const Clock::time_point begin = Clock::now();
        nlohmann::json answer = predictOne(model, *image);
        seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        return answer;
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "%s: %s\n", picture.path.c_str(), faultText(fault).c_str());
        return nullptr;
    }
}

nlohmann::json answerAll(ExportedModel& model, const std::vector<ImageRef>& pictures) {
    nlohmann::json rows = nlohmann::json::array();
    double total = 0;
    std::int64_t timed = 0;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        double seconds = 0;
        rows.push_back(answerOne(model, pictures[i], seconds));
        if (!rows.back().is_null() && (i >= kWarmUp || pictures.size() <= kWarmUp)) {
            total += seconds;
            ++timed;
        }
        std::printf("progress %zu %zu\n", i + 1, pictures.size());
        std::fflush(stdout);
    }
    return {{"probabilities", std::move(rows)},
            {"ms_per_picture", timed > 0 ? 1000 * total / double(timed) : 0.0}};
}

}  // namespace

Status checkPackage(const std::string& folder) {
    GRAFT_TRY(ExportedModel model, loadExportedModel(folder));
    const fs::path request = fs::path(folder) / kCheckRequest;
    std::error_code ignored;
    const bool asked = fs::exists(request, ignored);
    std::vector<ImageRef> pictures;
    if (asked) {
        GRAFT_TRY(pictures, readRequest(request));
    }
    try {
        const torch::NoGradGuard noGrad;
        Image grey = Image::blank(320, 240);
        std::fill(grey.rgb.begin(), grey.rgb.end(), std::uint8_t(127));
        predictOne(model, grey);
        if (!asked) {
            return {};
        }
        return writeFileAtomically(fs::path(folder) / kCheckResult,
                                   answerAll(model, pictures).dump());
    } catch (const std::exception& fault) {
        return Error{
            ErrorCode::Internal, "The exported model could not be run.", faultText(fault), {}};
    }
}

}  // namespace graft
