// SHA-256 of bytes and files, for content identity and checkpoint integrity. Thread: any.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace graft {

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    void add(const void* data, std::size_t byteCount);
    std::string hex();  ///< ends the hash; 64 lower-case digits

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

std::string sha256Hex(std::string_view bytes);
Result<std::string> sha256File(const std::filesystem::path& path);

}  // namespace graft
