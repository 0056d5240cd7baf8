#include "core/data/split.h"

#include "core/base/rng.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

namespace graft {
namespace {

/// Samples that share one split: a group, or a single sample.
struct Unit {
    std::vector<std::size_t> samples;  // positions in Dataset::samples
    ClassId label = 0;                 // of its first usable sample
    std::int64_t usable = 0;
    Split split = Split::Train;
};

std::vector<Unit> collectUnits(const Dataset& dataset) {
    std::vector<Unit> units;
    std::unordered_map<std::int64_t, std::size_t> unitOfGroup;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        const Sample& sample = dataset.samples[i];
        if (sample.label == 0) {
            continue;
        }
        std::size_t at = units.size();
        if (sample.group != 0) {
            at = unitOfGroup.try_emplace(sample.group, units.size()).first->second;
        }
        if (at == units.size()) {
            units.emplace_back();
            units.back().label = sample.label;
        }
        Unit& unit = units[at];
        if (sample.usable() && unit.usable++ == 0) {
            unit.label = sample.label;
        }
        unit.samples.push_back(i);
    }
    return units;
}

/// Takes units into `split` until it holds `wanted` samples; a unit that would overshoot by more
/// than it helps is passed over.
void fill(std::vector<Unit*>& units, Split split, double wanted) {
    double taken = 0;
    for (Unit* unit : units) {
        if (unit->split != Split::Train || unit->usable == 0) {
            continue;
        }
        const double size = double(unit->usable);
        if (std::abs(taken + size - wanted) < std::abs(taken - wanted)) {
            unit->split = split;
            taken += size;
        }
    }
}

std::int64_t countUnits(const std::vector<Unit*>& units, Split split) {
    return std::count_if(units.begin(), units.end(), [split](const Unit* unit) {
        return unit->usable > 0 && unit->split == split;
    });
}

/// Gives `to` a unit from the fullest other split if it has none and that one can spare it.
void ensureOne(std::vector<Unit*>& units, Split to) {
    if (countUnits(units, to) > 0) {
        return;
    }
    Split from = Split::None;
    std::int64_t most = 1;
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
        if (const std::int64_t count = countUnits(units, split); split != to && count > most) {
            most = count;
            from = split;
        }
    }
    if (from == Split::None && to != Split::Test) {
        from = Split::Test;  // training and validation matter more than a test split of one
    }
    Unit* smallest = nullptr;
    for (Unit* unit : units) {
        if (unit->usable > 0 && unit->split == from &&
            (!smallest || unit->usable < smallest->usable)) {
            smallest = unit;
        }
    }
    if (smallest) {
        smallest->split = to;
    }
}

void splitClass(std::vector<Unit*>& units, ClassId label, const SplitOptions& options) {
    Rng rng("split", {options.seed, std::uint64_t(label)});
    rng.shuffle(units);
    std::int64_t total = 0;
    std::int64_t usableUnits = 0;
    for (const Unit* unit : units) {
        total += unit->usable;
        usableUnits += unit->usable > 0;
    }
    if (usableUnits < 2) {
        return;  // one group cannot be parted: it trains
    }
    fill(units, Split::Test, std::round(options.test * double(total)));
    fill(units, Split::Validation, std::round(options.validation * double(total)));
    if (options.test > 0 && usableUnits >= 3) {
        ensureOne(units, Split::Test);
    }
    if (options.validation > 0) {
        ensureOne(units, Split::Validation);
    }
    ensureOne(units, Split::Train);
}

/// A group may hold several classes (the same picture under two labels) and counts for the first
/// of them above; here the other classes get their training and validation unit too.
void repairMixedGroups(const Dataset& dataset, std::vector<Unit>& units,
                       const SplitOptions& options) {
    std::map<ClassId, std::vector<Unit*>> members;
    bool mixed = false;
    for (Unit& unit : units) {
        std::vector<ClassId> labels;
        for (const std::size_t i : unit.samples) {
            const Sample& sample = dataset.samples[i];
            if (sample.usable() &&
                std::find(labels.begin(), labels.end(), sample.label) == labels.end()) {
                labels.push_back(sample.label);
                members[sample.label].push_back(&unit);
            }
        }
        mixed = mixed || labels.size() > 1;
    }
    if (!mixed) {
        return;
    }
    for (int round = 0; round < 4; ++round) {
        for (auto& [label, list] : members) {
            if (list.size() < 2) {
                continue;
            }
            if (options.validation > 0) {
                ensureOne(list, Split::Validation);
            }
            ensureOne(list, Split::Train);
        }
    }
}

/// Union-find over positions.
class Components {
 public:
    explicit Components(std::size_t count) : m_parent(count) {
        std::iota(m_parent.begin(), m_parent.end(), std::size_t(0));
    }
    std::size_t find(std::size_t i) {
        while (m_parent[i] != i) {
            m_parent[i] = m_parent[m_parent[i]];
            i = m_parent[i];
        }
        return i;
    }
    void join(std::size_t a, std::size_t b) {
        a = find(a);
        b = find(b);
        m_parent[std::max(a, b)] = std::min(a, b);
    }

 private:
    std::vector<std::size_t> m_parent;
};

using Positions = std::vector<std::size_t>;

/// Positions of equal content, only where there are two or more, in order of the first.
std::vector<Positions> equalContent(const Dataset& dataset) {
    std::unordered_map<std::string, Positions> byHash;
    std::vector<const std::string*> order;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        const std::string& hash = dataset.samples[i].contentHash;
        if (hash.empty()) {
            continue;
        }
        Positions& list = byHash[hash];
        if (list.empty()) {
            order.push_back(&hash);
        }
        list.push_back(i);
    }
    std::vector<Positions> repeated;
    for (const std::string* hash : order) {
        if (Positions& list = byHash[*hash]; list.size() > 1) {
            repeated.push_back(std::move(list));
        }
    }
    return repeated;
}

std::string className(const Dataset& dataset, ClassId id) {
    const int at = dataset.classIndex(id);
    return at < 0 ? std::string("no class") : dataset.classes[std::size_t(at)].name;
}

/// One problem per later sample that differs from an earlier one of the same content.
void listConflicts(Dataset& dataset, const Positions& same) {
    const Sample& first = dataset.samples[same.front()];
    for (std::size_t k = 1; k < same.size(); ++k) {
        const Sample& other = dataset.samples[same[k]];
        const std::string name =
            first.path + (first.index >= 0 ? " no. " + std::to_string(first.index) : "");
        if (other.split != first.split && other.split != Split::None &&
            first.split != Split::None) {
            dataset.problems.push_back(
                {ProblemKind::DuplicateAcrossSplits, other.path,
                 "The same picture is in " + std::string(splitName(other.split)) + " here and in " +
                     splitName(first.split) + " as " + name +
                     ". The folders were followed; figures on it are too good.",
                 other.id});
        }
        if (other.label != first.label && other.label != 0 && first.label != 0) {
            dataset.problems.push_back({ProblemKind::DuplicateLabels, other.path,
                                        "The same picture is \"" + className(dataset, other.label) +
                                            "\" here and \"" + className(dataset, first.label) +
                                            "\" as " + name + ".",
                                        other.id});
        }
    }
}

}  // namespace

Status assignSplits(Dataset& dataset, const SplitOptions& options) {
    const auto outOfRange = [](double share) { return !(share >= 0.0 && share <= 0.9); };
    if (outOfRange(options.validation) || outOfRange(options.test) ||
        options.validation + options.test > 0.95) {
        return Error{ErrorCode::InvalidArgument,
                     "The shares of validation and test must each be between 0 and 0.9 and leave "
                     "at least 5 % for training.",
                     {},
                     "The usual choice is 0.2 for validation and 0 for test."};
    }
    std::vector<Unit> units = collectUnits(dataset);
    std::map<ClassId, std::vector<Unit*>> byClass;
    for (Unit& unit : units) {
        byClass[unit.label].push_back(&unit);
    }
    for (auto& [label, list] : byClass) {
        splitClass(list, label, options);
    }
    repairMixedGroups(dataset, units, options);
    for (Sample& sample : dataset.samples) {
        sample.split = Split::None;
    }
    for (const Unit& unit : units) {
        for (const std::size_t i : unit.samples) {
            dataset.samples[i].split = unit.split;
        }
    }
    return {};
}

void groupDuplicates(Dataset& dataset) {
    std::erase_if(dataset.problems, [](const Problem& problem) {
        return problem.kind == ProblemKind::DuplicateAcrossSplits ||
               problem.kind == ProblemKind::DuplicateLabels;
    });
    Components components(dataset.samples.size());
    std::unordered_map<std::int64_t, std::size_t> firstOfGroup;
    std::int64_t lastGroup = 0;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        if (const std::int64_t group = dataset.samples[i].group; group != 0) {
            components.join(i, firstOfGroup.try_emplace(group, i).first->second);
            lastGroup = std::max(lastGroup, group);
        }
    }
    const std::vector<Positions> repeated = equalContent(dataset);
    for (const Positions& same : repeated) {
        for (const std::size_t i : same) {
            components.join(same.front(), i);
        }
    }
    std::unordered_map<std::size_t, std::int64_t> groupOfRoot;
    for (const Positions& same : repeated) {
        const std::size_t root = components.find(same.front());
        if (dataset.samples[root].group != 0) {
            groupOfRoot.try_emplace(root, dataset.samples[root].group);
        } else if (groupOfRoot.try_emplace(root, lastGroup + 1).second) {
            ++lastGroup;
        }
    }
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        if (const auto at = groupOfRoot.find(components.find(i)); at != groupOfRoot.end()) {
            dataset.samples[i].group = at->second;
        }
    }
    for (const Positions& same : repeated) {
        listConflicts(dataset, same);
    }
}

}  // namespace graft
