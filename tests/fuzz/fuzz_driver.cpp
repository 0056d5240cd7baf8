// Runs a target without libFuzzer: damages its seeds in a way that depends on the seed and the
// number of the run alone, so that any run can be repeated. Ends like a Qt Test program, for the
// count of tests.
//
//   fuzz_NAME [--runs N] [--seed S] [--first RUN]     damaged seeds; a failing run prints its
//   number fuzz_NAME FILE...                                 these files as they are
#include "core/base/rng.h"
#include "tests/fuzz/fuzz_target.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

// The sanitizers' own end, where they are compiled in.
extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace graft::fuzz {
namespace {

char g_place[100] = "before the first run\n";

void tellPlace() {
    // Nothing but a system call is safe here; an end that cannot be told is still an end.
    [[maybe_unused]] const ssize_t told = write(STDERR_FILENO, g_place, std::strlen(g_place));
}

void onSignal(int signal) {
    tellPlace();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

std::string damagedOnce(std::string bytes, const std::vector<std::string>& others,
                        const std::vector<std::string>& words, Rng& rng) {
    if (bytes.empty()) {
        return words[rng.below(words.size())];
    }
    const std::size_t at = rng.below(bytes.size());
    const std::size_t span = std::min<std::size_t>(rng.below(24), bytes.size() - at);
    const std::string& other = others[rng.below(others.size())];
    switch (rng.below(9)) {
        case 0:
            bytes[at] = char(rng.next());
            return bytes;
        case 1:
            bytes[at] = char(bytes[at] ^ (1 << rng.below(8)));
            return bytes;
        case 2:
            bytes[at] = char(bytes[at] + (rng.chance(0.5) ? 1 : -1));
            return bytes;
        case 3:
            return bytes.erase(at, span);
        case 4:
            return bytes.insert(rng.below(bytes.size()), bytes.substr(at, span));
        case 5:
            return bytes.insert(at, words[rng.below(words.size())]);
        case 6: {
            const std::string& word = words[rng.below(words.size())];
            return bytes.replace(at, std::min(word.size(), bytes.size() - at), word);
        }
        case 7:
            return bytes.substr(0, at) + other.substr(std::min(at, other.size()));
        default:
            bytes.resize(at);
            return bytes;
    }
}

std::string inputOf(std::uint64_t seed, std::uint64_t run, const std::vector<std::string>& all,
                    const std::vector<std::string>& words) {
    Rng rng("fuzz", {seed, run});
    std::string bytes = all[rng.below(all.size())];
    const std::uint64_t changes = 1 + rng.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
        bytes = damagedOnce(std::move(bytes), all, words, rng);
    }
    return rng.chance(0.5) ? repaired(bytes) : bytes;
}

void runOne(const std::string& bytes) {
    // Of its own size, so that a read beyond it is seen.
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

int runFiles(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::ifstream file(argv[i], std::ios::binary);
        runOne({std::istreambuf_iterator<char>(file), {}});
    }
    return 0;
}

int runDamaged(std::uint64_t first, std::uint64_t count, std::uint64_t seed) {
    const std::vector<std::string> all = seeds();
    const std::vector<std::string> words = tokens();
    for (const std::string& bytes : all) {
        runOne(bytes);
    }
    for (std::uint64_t run = first; run < first + count; ++run) {
        std::snprintf(g_place, sizeof g_place,
                      "ended in a run that --seed %llu --first %llu --runs 1 repeats\n",
                      static_cast<unsigned long long>(seed), static_cast<unsigned long long>(run));
        runOne(inputOf(seed, run, all, words));
    }
    std::printf("%llu runs\nTotals: 1 passed, 0 failed, 0 skipped\n",
                static_cast<unsigned long long>(count));
    return 0;
}

}  // namespace
}  // namespace graft::fuzz

int main(int argc, char** argv) {
    using namespace graft::fuzz;
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(tellPlace);
    }
    std::signal(SIGABRT, onSignal);
    std::signal(SIGSEGV, onSignal);
    if (argc > 1 && std::strncmp(argv[1], "--", 2) != 0) {
        return runFiles(argc, argv);
    }
    std::uint64_t runs = 10'000;
    std::uint64_t seed = 1;
    std::uint64_t first = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
        (name == "--runs" ? runs : name == "--seed" ? seed : first) = value;
    }
    return runDamaged(first, runs, seed);
}
