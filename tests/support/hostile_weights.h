// Weight files that lie, loop, swell or attack, each made in memory. For the tests that open them
// and as first material for the fuzzers.
#pragma once

#include <string>
#include <vector>

namespace graft::testing {

struct HostileFile {
    std::string name;
    std::string bytes;
    /// To be read: these show that the writer of the bad ones writes what torch reads. All others
    /// must be refused.
    bool good = false;
};

/// Pickles in either container; those that call for a program would make the file `canary`.
std::vector<HostileFile> hostilePickles(const std::string& canary);
/// Lies about storages and shapes.
std::vector<HostileFile> hostileTensors();
/// Lies of the containers themselves: zip, the older one, safetensors, two in one.
std::vector<HostileFile> hostileContainers();

}  // namespace graft::testing
