// Opens weight files one after the other and prints what came of each, for tests that watch a
// process from outside: time, memory, system calls. Arguments: files, or folders of files.
// A line: path TAB "ok" or the name of the error TAB milliseconds of processor TAB kilobytes that
// the heap grew by TAB container and number of tensors, or the message. Last: "resident" TAB the
// largest kilobytes of the process.
#include "core/nn/weights/weight_file.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <new>

namespace {

std::atomic<std::size_t> heapNow{0};
std::atomic<std::size_t> heapPeak{0};

void* counted(std::size_t byteCount) {
    void* memory = std::malloc(byteCount);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    const std::size_t now = heapNow += malloc_usable_size(memory);
    heapPeak = std::max(heapPeak.load(), now);
    return memory;
}

void release(void* memory) {
    heapNow -= malloc_usable_size(memory);
    std::free(memory);
}

double processorMs() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
}

// Largest memory of the process so far, in kilobytes. Not from getrusage, which counts what the
// process had before it became this program.
std::string residentKb() {
    std::ifstream status("/proc/self/status");
    const std::string title = "VmHWM:";
    for (std::string word; status >> word;) {
        if (word == title && status >> word) {
            return word;
        }
    }
    return "0";
}

void probe(const std::filesystem::path& path) {
    const std::size_t before = heapNow;
    heapPeak = before;
    const double start = processorMs();
    std::string state = "ok";
    std::string told;
    {
        const auto file = graft::WeightFile::open(path);
        if (file) {
            unsigned sum = 0;
            for (const auto& [name, view] : file->tensors()) {
                const auto* bytes = static_cast<const unsigned char*>(view.data);
                for (std::uint64_t i = 0; i < view.byteCount; ++i) {
                    sum += bytes[i];
                }
            }
            told = file->container() + ", " + std::to_string(file->tensors().size()) +
                   " tensors, bytes sum to " + std::to_string(sum);
        } else {
            state = graft::errorCodeName(file.error().code);
            told = file.error().message;
        }
    }
    std::printf("%s\t%s\t%.1f\t%zu\t%s\n", path.c_str(), state.c_str(), processorMs() - start,
                (heapPeak - before) / 1024, told.c_str());
}

}  // namespace

void* operator new(std::size_t byteCount) {
    return counted(byteCount);
}
void* operator new[](std::size_t byteCount) {
    return counted(byteCount);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete[](void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    release(memory);
}

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) {
            probe(argv[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            probe(entry.path());
        }
    }
    std::printf("resident\t%s\n", residentKb().c_str());
    return 0;
}
