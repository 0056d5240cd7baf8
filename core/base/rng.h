// Rng: a small counter-seeded generator. Every random choice is a function of named numbers (seed,
// epoch, sample), never of a thread, so a run can be repeated and resumed to the bit.
// Thread: one owner per object.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string_view>
#include <vector>

namespace graft {

/// SplitMix64 finaliser (Steele, Lea, Flood 2014): a bijection that mixes all bits.
inline std::uint64_t mixBits(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// Seed of a named stream: streamSeed("augment", {seed, epoch, sample}).
inline std::uint64_t streamSeed(std::string_view name, std::initializer_list<std::uint64_t> keys) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a of the name
    for (const char c : name) {
        hash = (hash ^ std::uint8_t(c)) * 0x100000001b3ULL;
    }
    for (const std::uint64_t key : keys) {
        hash = mixBits(hash ^ mixBits(key));
    }
    return hash;
}

/// SplitMix64 stream. Its draws are defined here to the bit, unlike std::uniform_*_distribution,
/// whose results differ between standard libraries.
class Rng {
  public:
    explicit Rng(std::uint64_t seed) : m_state(seed) {}
    Rng(std::string_view name, std::initializer_list<std::uint64_t> keys)
        : m_state(streamSeed(name, keys)) {}

    std::uint64_t next() {
        const std::uint64_t value = mixBits(m_state);
        m_state += 0x9e3779b97f4a7c15ULL;
        return value;
    }
    /// Uniform in [0, 1).
    double uniform() { return double(next() >> 11) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    bool chance(double probability) { return uniform() < probability; }
    /// Uniform integer in [0, count), count > 0; without bias (rejection).
    std::uint64_t below(std::uint64_t count) {
        const std::uint64_t limit = ~std::uint64_t(0) - (~std::uint64_t(0) % count);
        std::uint64_t value = next();
        while (value >= limit) {
            value = next();
        }
        return value % count;
    }
    /// Standard normal (Box-Muller, one value per call).
    double normal() {
        const double u = 1.0 - uniform();
        return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * uniform());
    }
    /// Fisher-Yates.
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            std::swap(items[i - 1], items[below(i)]);
        }
    }

  private:
    std::uint64_t m_state;
};

}  // namespace graft
