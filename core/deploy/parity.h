// The parity check: the written model, loaded in a process of its own, against the live one.
// Free of torch; private to core/deploy and its tests. Thread: any, blocking.
#pragma once

#include "core/deploy/package.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace graft {

inline constexpr const char* kCheckRequest = "check-request.json";
inline constexpr const char* kCheckResult = "check-result.json";
inline constexpr double kParityTolerance = 1e-4;  ///< of a probability

/// Up to `limit` pictures, spread evenly over the validation split (else test, else training).
std::vector<ImageRef> parityPictures(const Dataset& dataset, int limit);

/// `live`: the live model's answers to `pictures`. Runs `program check-package folder`.
/// Errors: the program cannot be started, fails, falls silent, or answers nonsense.
Result<ParityReport> checkInNewProcess(const std::string& program, const std::string& folder,
                                       const std::vector<ImageRef>& pictures,
                                       const std::vector<Prediction>& live, Progress& progress);

/// Two answers to the same pictures; those that either could not read are left out. An empty list
/// in `written` stands for such a picture.
ParityReport compareAnswers(const std::vector<Prediction>& live,
                            const std::vector<std::vector<double>>& written);

/// parity.json: pictures, agree, max_difference, tolerance, ms_per_picture, passed.
nlohmann::json toJson(const ParityReport& report);
std::string paritySentence(const ParityReport& report);

}  // namespace graft
