// The text of resources/weights.json, built into the program. Private to core/nn. Thread: any.
#pragma once

#include <string_view>

namespace graft {

extern const std::string_view kWeightsJson;

}  // namespace graft
