// What the tests of importing and rescanning share: a folder of their own, quick pictures in it,
// and helpers for files.
#pragma once

#include "core/base/hash.h"
#include "core/data/image_reader.h"
#include "core/data/importers/importer.h"
#include "tests/support/data_files.h"
#include "tests/support/picture_folder.h"

#include <QTemporaryDir>
#include <QtTest>

#include <zlib.h>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <set>

namespace graft::testing {

namespace fs = std::filesystem;

struct ImportFixture {
    fs::path path(const std::string& name) const { return m_root / name; }
    void picture(const std::string& name, int kind = 0) {
        fs::create_directories(path(name).parent_path());
        writeBmp(path(name), stripes(kind, m_number++, 12));
    }
    Result<Dataset> import(const std::string& name = "") {
        Progress progress;
        return importDataset(path(name).string(), {}, progress);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    fs::path m_root;
    int m_number = 0;
};

inline std::vector<std::string> classNames(const Dataset& dataset) {
    std::vector<std::string> names;
    for (const ClassInfo& info : dataset.classes) {
        names.push_back(info.name);
    }
    return names;
}

inline const Problem* findProblem(const Dataset& dataset, ProblemKind kind, const std::string& path) {
    for (const Problem& problem : dataset.problems) {
        if (problem.kind == kind && problem.path == path) {
            return &problem;
        }
    }
    return nullptr;
}

inline const Sample* findPath(const Dataset& dataset, const std::string& path) {
    for (const Sample& sample : dataset.samples) {
        if (sample.path == path) {
            return &sample;
        }
    }
    return nullptr;
}

inline std::string problemList(const Dataset& dataset) {
    std::string text;
    for (const Problem& problem : dataset.problems) {
        text += std::string(problemKindName(problem.kind)) + " " + problem.path + ": " +
                problem.message + "\n";
    }
    return text;
}

inline std::string bigEndian(std::uint32_t value) {
    return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

inline void writeIdx(const fs::path& folder, const std::string& prefix, int count, bool zipped) {
    std::string images = std::string("\0\0\x08\x03", 4) + bigEndian(std::uint32_t(count)) +
                         bigEndian(4) + bigEndian(5);
    std::string labels = std::string("\0\0\x08\x01", 4) + bigEndian(std::uint32_t(count));
    Rng rng("idx-" + prefix, {std::uint64_t(count)});
    for (int i = 0; i < count; ++i) {
        for (int k = 0; k < 20; ++k) {
            images += char(rng.below(256));
        }
        labels += char(i % 11);
    }
    const auto write = [&](const std::string& name, const std::string& bytes) {
        if (!zipped) {
            return writeBytes(folder / name, bytes);
        }
        fs::create_directories(folder);
        gzFile out = gzopen((folder / (name + ".gz")).c_str(), "wb");
        gzwrite(out, bytes.data(), unsigned(bytes.size()));
        gzclose(out);
    };
    write(prefix + "-images-idx3-ubyte", images);
    write(prefix + "-labels-idx1-ubyte", labels);
}

}  // namespace graft::testing
