// What a fuzzer needs of a target. LLVMFuzzerTestOneInput is libFuzzer's entry (with clang:
// -fsanitize=fuzzer, without fuzz_driver.cpp); the others serve the driver here, which any compiler
// builds. An input that breaks a promise ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace graft::fuzz {

/// Good inputs and hostile ones, to be damaged.
std::vector<std::string> seeds();
/// The input with its lengths, sums and ends put right, so that the damage reaches what lies
/// deeper.
std::string repaired(const std::string& input);
/// Pieces that mean something in the format.
std::vector<std::string> tokens();

inline void require(bool promise) {
    if (!promise) {
        std::abort();
    }
}

inline std::string_view asText(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace graft::fuzz
