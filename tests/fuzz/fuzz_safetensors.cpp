#include "tests/fuzz/check_tensors.h"
#include "tests/support/torch_bytes.h"

namespace graft::fuzz {

using namespace graft::testing;

std::vector<std::string> seeds() {
    const std::string data(38, 'd');
    return {
        safetensorsBytes(R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})",
                         std::string(24, 'x')),
        safetensorsBytes(R"({"__metadata__":{"format":"pt","n":"\u00e9"},)"
                         R"("module.w":{"dtype":"F32","shape":[2,3,1,1],"data_offsets":[0,24]},)"
                         R"("module.n":{"dtype":"I64","shape":[],"data_offsets":[24,32]},)"
                         R"("module.e":{"dtype":"F16","shape":[0,4],"data_offsets":[32,32]},)"
                         R"("module.b":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]}}  )",
                         data),
        safetensorsBytes("{}", ""),
        safetensorsBytes(R"({"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2],"x":[[{}]]}})",
                         "ab")};
}

std::vector<std::string> tokens() {
    return {"-1",          "1e3",          "18446744073709551615",
            "null",        "[]",           "{}",
            "\"",          "\\u0000",      "\\ud800",
            "true",        "dtype",        "shape",
            "[0,0]",       "F32",          "F4",
            "4294967296",  "data_offsets", "[",
            "{",           "module.",      "backbone.",
            "__metadata__"};
}

// The length of the header up to its last brace.
std::string repaired(const std::string& input) {
    const std::size_t last = input.rfind('}');
    if (input.size() < 10 || last == input.npos || last < 8) {
        return input;
    }
    return patched(input, 0, last + 1 - 8, 8);
}

}  // namespace graft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = graft::fuzz::asText(data, size);
    const auto file = graft::SafetensorsFile::parse(bytes);
    if (file) {
        graft::fuzz::checkTensors(file->tensors());
    } else {
        graft::fuzz::checkError(file.error());
    }
    graft::fuzz::checkWeightFile(bytes);
    return 0;
}
