#include "core/deploy/parity.h"

#include "core/base/atomic_file.h"
#include "core/deploy/child_process.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr int kQuietMs = 180'000;  ///< loading a large model on a busy machine included
constexpr std::uint64_t kResultLimit = 256u << 20;

Error checkFailed(const std::string& detail) {
    return {ErrorCode::Internal,
            "The exported model could not be checked, so nothing was kept of it.", detail,
            "Try again; if it happens again, please report it."};
}

Status writeRequest(const fs::path& folder, const std::vector<ImageRef>& pictures) {
    nlohmann::json list = nlohmann::json::array();
    for (const ImageRef& picture : pictures) {
        list.push_back({{"path", picture.path}, {"index", picture.index}});
    }
    const nlohmann::json request{{"pictures", std::move(list)}};
    return writeFileAtomically(
        folder / kCheckRequest,
        request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

struct CheckResult {
    std::vector<std::vector<double>> probabilities;
    double msPerPicture = 0;
};

Result<CheckResult> readResult(const fs::path& folder) {
    GRAFT_TRY(const std::string text, readWholeFile(folder / kCheckResult, kResultLimit));
    try {
        const nlohmann::json json = nlohmann::json::parse(text);
        CheckResult result;
        json.at("ms_per_picture").get_to(result.msPerPicture);
        for (const nlohmann::json& row : json.at("probabilities")) {
            result.probabilities.push_back(row.is_null() ? std::vector<double>{}
                                                         : row.get<std::vector<double>>());
        }
        return result;
    } catch (const nlohmann::json::exception& fault) {
        return checkFailed(fault.what());
    }
}

}  // namespace

std::vector<ImageRef> parityPictures(const Dataset& dataset, int limit) {
    std::vector<ImageRef> all;
    for (const Split split : {Split::Validation, Split::Test, Split::Train}) {
        for (const Sample& sample : dataset.samples) {
            if (sample.usable() && sample.split == split) {
                all.push_back(dataset.imageRef(sample));
            }
        }
        if (!all.empty()) {
            break;
        }
    }
    const std::size_t count = std::min(all.size(), std::size_t(std::max(limit, 0)));
    std::vector<ImageRef> chosen;
    for (std::size_t i = 0; i < count; ++i) {
        chosen.push_back(all[i * all.size() / count]);
    }
    return chosen;
}

Result<ParityReport> checkInNewProcess(const std::string& program, const std::string& folder,
                                       const std::vector<ImageRef>& pictures,
                                       const std::vector<Prediction>& live, Progress& progress) {
    if (program.empty() || ::access(program.c_str(), X_OK) != 0) {
        return Error{ErrorCode::NotFound,
                     "The program that checks the exported model was not found, so nothing was "
                     "exported.",
                     program, "Check that graft-cli is installed beside the window's program."};
    }
    GRAFT_CHECK(writeRequest(folder, pictures));
    const auto hear = [&progress](std::string_view line) {
        long long done = 0;
        long long total = 0;
        if (std::sscanf(std::string(line).c_str(), "progress %lld %lld", &done, &total) == 2) {
            progress.set(done, total);
        }
    };
    GRAFT_TRY(const ChildOutcome outcome,
              runChild(program, {"check-package", folder}, kQuietMs, progress, hear));
    if (outcome.exitCode != 0) {
        return checkFailed("exit code " + std::to_string(outcome.exitCode) + "; " + outcome.errors);
    }
    GRAFT_TRY(const CheckResult result, readResult(folder));
    if (result.probabilities.size() != live.size()) {
        return checkFailed("the second process answered for " +
                           std::to_string(result.probabilities.size()) + " of " +
                           std::to_string(live.size()) + " pictures");
    }
    std::error_code ignored;
    fs::remove(fs::path(folder) / kCheckRequest, ignored);
    fs::remove(fs::path(folder) / kCheckResult, ignored);
    ParityReport report = compareAnswers(live, result.probabilities);
    report.msPerPicture = result.msPerPicture;
    return report;
}

ParityReport compareAnswers(const std::vector<Prediction>& live,
                            const std::vector<std::vector<double>>& written) {
    ParityReport report;
    for (std::size_t i = 0; i < live.size(); ++i) {
        const std::vector<double>& mine = live[i].probabilities;
        const std::vector<double>& theirs = written[i];
        if (!live[i].error.empty() || theirs.empty()) {
            continue;
        }
        ++report.count;
        if (mine.size() != theirs.size()) {
            report.maxDifference = 1;
            continue;
        }
        const auto best = [](const std::vector<double>& row) {
            return std::max_element(row.begin(), row.end()) - row.begin();
        };
        report.agree += best(mine) == best(theirs) ? 1 : 0;
        for (std::size_t j = 0; j < mine.size(); ++j) {
            const double difference = std::abs(mine[j] - theirs[j]);
            // Written so that a NaN counts as different, not as equal.
            if (!(difference <= report.maxDifference)) {
                report.maxDifference = std::isnan(difference) ? 1 : difference;
            }
        }
    }
    report.passed = report.count > 0 && report.agree == report.count &&
                    report.maxDifference <= kParityTolerance;
    return report;
}

nlohmann::json toJson(const ParityReport& report) {
    return {{"pictures", report.count},
            {"agree", report.agree},
            {"max_difference", report.maxDifference},
            {"tolerance", kParityTolerance},
            {"ms_per_picture", report.msPerPicture},
            {"passed", report.passed}};
}

std::string paritySentence(const ParityReport& report) {
    if (report.count == 0) {
        return "The file was loaded in a new process, but no picture was at hand to compare its "
               "answers with.";
    }
    char text[256];
    std::snprintf(text, sizeof text,
                  "Loaded in a new process, the file gave the same answer as the trained model on "
                  "%lld of %lld pictures; the largest difference of a probability was %.1e.",
                  static_cast<long long>(report.agree), static_cast<long long>(report.count),
                  report.maxDifference);
    return text;
}

}  // namespace graft
