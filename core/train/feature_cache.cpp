#include "core/train/feature_cache.h"

#include "core/base/atomic_file.h"
#include "core/base/machine.h"
#include "core/train/feature_file.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace graft {
namespace fs = std::filesystem;
namespace {

struct CachedFile {
    fs::path path;
    std::uint64_t bytes = 0;
    fs::file_time_type used;
    bool temporary = false;
};

// Other processes may delete files meanwhile, so every error only leaves a file out.
std::vector<CachedFile> filesIn(const std::string& folder) {
    std::vector<CachedFile> files;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        const std::string name = it->path().filename().string();
        const std::size_t suffix = name.find(kFeatureSuffix);
        std::error_code gone;
        const std::uint64_t bytes = suffix == std::string::npos ? 0 : it->file_size(gone);
        const fs::file_time_type used = it->last_write_time(gone);
        if (suffix != std::string::npos && !gone) {
            files.push_back({it->path(), bytes, used,
                             suffix + std::strlen(kFeatureSuffix) != name.size()});
        }
    }
    return files;
}

}  // namespace

FeatureCache::FeatureCache(Settings settings) : m_settings(std::move(settings)) {
    if (m_settings.folder.empty()) {
        m_settings.diskBytes = 0;
        return;
    }
    // What a killed process left half written is nobody's after a while.
    const auto old = fs::file_time_type::clock::now() - std::chrono::minutes(10);
    for (const CachedFile& file : filesIn(m_settings.folder)) {
        std::error_code failed;
        if (!(file.temporary && file.used < old && fs::remove(file.path, failed))) {
            m_diskUsed += file.bytes;
        }
    }
}

std::string FeatureCache::pathOf(const std::string& key) const {
    return (fs::path(m_settings.folder) / (key + kFeatureSuffix)).string();
}

void FeatureCache::beginUse() {
    ++m_use;
    m_inUse.clear();
    m_onDisk.clear();
}

std::shared_ptr<const FeatureBlock> FeatureCache::load(const std::string& key) {
    if (m_settings.folder.empty()) {
        return nullptr;
    }
    auto block = std::make_shared<FeatureBlock>();
    FeatureFileHeader header;
    if (!readFeatureFile(pathOf(key), key, &header, &block->bytes)) {
        m_onDisk.erase(key);
        return nullptr;
    }
    block->rowBytes = header.rowBytes;
    block->places = header.places;
    m_inUse.insert(key);
    m_onDisk[key] = std::move(header);
    return block;
}

bool FeatureCache::has(const std::string& key) {
    const auto held = m_inMemory.find(key);
    if (held != m_inMemory.end()) {
        held->second->use = m_use;
        m_held.splice(m_held.begin(), m_held, held->second);
        m_inUse.insert(key);
        return true;
    }
    if (m_onDisk.contains(key)) {
        return true;
    }
    const std::shared_ptr<const FeatureBlock> block = load(key);
    if (block) {
        holdInMemory(key, block);
    }
    return block != nullptr;
}

std::shared_ptr<const FeatureBlock> FeatureCache::block(const std::string& key) {
    const auto held = m_inMemory.find(key);
    return held != m_inMemory.end() ? held->second->block : load(key);
}

FeatureCache::Row FeatureCache::row(const std::string& key, std::uint32_t place,
                                    std::uint64_t rowBytes, char* out) {
    const auto indexOf = [place](const std::vector<std::uint32_t>& places) {
        const auto at = std::lower_bound(places.begin(), places.end(), place);
        return at != places.end() && *at == place ? at - places.begin() : -1;
    };
    if (const auto held = m_inMemory.find(key); held != m_inMemory.end()) {
        const FeatureBlock& block = *held->second->block;
        const std::ptrdiff_t index = indexOf(block.places);
        if (block.rowBytes != rowBytes) {
            return Row::Missing;
        }
        if (index >= 0) {
            std::memcpy(out, block.bytes.data() + std::uint64_t(index) * rowBytes, rowBytes);
        }
        return index >= 0 ? Row::Copied : Row::Unread;
    }
    const auto stored = m_onDisk.find(key);
    if (stored == m_onDisk.end() || stored->second.rowBytes != rowBytes) {
        return Row::Missing;
    }
    const std::ptrdiff_t index = indexOf(stored->second.places);
    if (index < 0) {
        return Row::Unread;
    }
    if (!readFeatureRow(pathOf(key), key, stored->second, std::size_t(index), out)) {
        m_onDisk.erase(stored);
        return Row::Missing;
    }
    return Row::Copied;
}

bool FeatureCache::holdInMemory(const std::string& key,
                                std::shared_ptr<const FeatureBlock> block) {
    const std::uint64_t bytes = block->bytes.size();
    // What is in use stays: every epoch comes back to all of it, so throwing out the oldest for the
    // newest would in the end find nothing.
    while (m_memoryUsed + bytes > m_settings.memoryBytes) {
        if (m_held.empty() || m_held.back().use == m_use) {
            return false;
        }
        m_memoryUsed -= m_held.back().block->bytes.size();
        m_inMemory.erase(m_held.back().key);
        m_held.pop_back();
    }
    m_held.push_front({key, std::move(block), m_use});
    m_inMemory[key] = m_held.begin();
    m_memoryUsed += bytes;
    return true;
}

bool FeatureCache::makeDiskRoom(std::uint64_t bytes) {
    if (m_diskUsed + bytes <= m_settings.diskBytes) {
        return true;
    }
    if (bytes > m_settings.diskBytes) {
        return false;
    }
    std::vector<CachedFile> files = filesIn(m_settings.folder);  // others write here, too
    m_diskUsed = 0;
    for (const CachedFile& file : files) {
        m_diskUsed += file.bytes;
    }
    std::sort(files.begin(), files.end(),
              [](const CachedFile& a, const CachedFile& b) { return a.used < b.used; });
    // A little more than needed, so that the next block does not have to look again.
    const std::uint64_t wanted = m_settings.diskBytes - std::max(bytes, m_settings.diskBytes / 20);
    for (const CachedFile& file : files) {
        if (m_diskUsed <= wanted) {
            break;
        }
        std::error_code failed;
        if (!file.temporary && !m_inUse.contains(file.path.stem().string()) &&
            fs::remove(file.path, failed)) {
            m_diskUsed -= file.bytes;
        }
    }
    return m_diskUsed + bytes <= m_settings.diskBytes;
}

bool FeatureCache::keepFile(const std::string& key, const FeatureBlock& block) {
    const std::uint64_t bytes = featureFileBytes(block, key);
    if (m_settings.folder.empty() || m_diskOff || !makeDiskRoom(bytes)) {
        return false;
    }
    std::error_code failed;
    fs::create_directories(m_settings.folder, failed);
    const Status written =
        failed ? Status(fileError(failed.value(), m_settings.folder, "mkdir"))
               : writeFeatureFile(pathOf(key), key, block);
    if (!written) {
        m_diskOff = true;
        m_problem = written.error();
        return false;
    }
    FeatureFileHeader header{block.rowBytes, block.places, {}};
    for (std::size_t i = 0; i < block.places.size(); ++i) {
        header.sums.push_back(
            featureSum(block.bytes.data() + i * block.rowBytes, block.rowBytes));
    }
    m_diskUsed += bytes;
    m_inUse.insert(key);
    m_onDisk[key] = std::move(header);
    return true;
}

bool FeatureCache::insert(const std::string& key, std::shared_ptr<const FeatureBlock> block,
                          bool keepOnDisk) {
    if (const auto held = m_inMemory.find(key); held != m_inMemory.end()) {
        m_memoryUsed -= held->second->block->bytes.size();
        m_held.erase(held->second);
        m_inMemory.erase(held);
    }
    const bool onDisk = keepOnDisk && keepFile(key, *block);
    return holdInMemory(key, std::move(block)) || onDisk;
}

std::optional<Error> FeatureCache::takeDiskProblem() {
    return std::exchange(m_problem, std::nullopt);
}

FeatureFolder featureFolder(const std::string& folder) {
    FeatureFolder sum;
    for (const CachedFile& file : filesIn(folder)) {
        ++sum.files;
        sum.bytes += file.bytes;
    }
    return sum;
}

Status clearFeatureFolder(const std::string& folder) {
    Status first;
    for (const CachedFile& file : filesIn(folder)) {
        std::error_code failed;
        fs::remove(file.path, failed);
        if (failed && first) {
            first = fileError(failed.value(), file.path, "unlink");
        }
    }
    return first;
}

std::uint64_t defaultFeatureDiskBytes(const std::string& folder) {
    // The folder itself may not be there yet.
    std::error_code failed;
    fs::path there = folder;
    while (!there.empty() && !fs::exists(there, failed) && there.has_parent_path() &&
           there != there.parent_path()) {
        there = there.parent_path();
    }
    return (freeDiskSpace(there.string()) + featureFolder(folder).bytes) / 10;
}

}  // namespace graft
