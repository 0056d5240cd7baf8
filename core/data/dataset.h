// Dataset: samples, classes and problems as plain values. Classes and samples are known by id,
// never by position, so a label keeps its meaning through adding, renaming and deleting.
// Thread: any (plain values).
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace graft {

using ClassId = std::int64_t;   ///< 1, 2, 3 ...; 0 is "no class"
using SampleId = std::int64_t;  ///< 1, 2, 3 ...; 0 is "no sample"

enum class Split { None = 0, Train = 1, Validation = 2, Test = 3 };
const char* splitName(Split split);  ///< "none", "train", "validation", "test"

/// One picture on disk. `path` is absolute, UTF-8; `index` counts pictures inside a container
/// file (IDX), -1 for an ordinary picture file.
struct ImageRef {
    std::string path;
    int index = -1;
    bool operator==(const ImageRef&) const = default;
};

struct ClassInfo {
    ClassId id = 0;
    std::string name;  ///< UTF-8, unique in the dataset
    bool operator==(const ClassInfo&) const = default;
};

struct Sample {
    SampleId id = 0;
    std::string path;   ///< relative to Dataset::root with '/', or absolute; UTF-8
    int index = -1;     ///< as in ImageRef
    ClassId label = 0;  ///< 0: not labelled
    Split split = Split::None;
    bool excluded = false;        ///< left out by the user
    bool damaged = false;         ///< found unreadable at import; never trained on
    std::string contentHash;      ///< SHA-256 of the file (of the pixels inside a container)
    std::int64_t fileSize = 0;    ///< bytes, at import
    std::int64_t modifiedNs = 0;  ///< modification time at import, ns since the epoch
    int width = 0;                ///< pixels, EXIF orientation applied
    int height = 0;
    std::int64_t group = 0;  ///< samples with the same non-zero group stay in one split

    bool usable() const { return !excluded && !damaged && label != 0; }
    bool operator==(const Sample&) const = default;
};

enum class ProblemKind {
    Damaged,      ///< truncated or otherwise incomplete picture
    Unreadable,   ///< no permission, vanished, I/O error
    Unsupported,  ///< a format that Graft does not read (GIF ...)
    TooLarge,     ///< over the pixel limit
    EmptyClass,
    Hidden,                 ///< hidden file or folder, skipped
    Link,                   ///< symlink loop or broken link, skipped
    DuplicateAcrossSplits,  ///< the same content in two splits by the user's own folders
    DuplicateLabels,        ///< the same content under two classes
    BadRow,                 ///< a line of a table that cannot be used
};
const char* problemKindName(ProblemKind kind);  ///< "damaged", "unsupported" ...
ProblemKind problemKindOf(ErrorCode code);      ///< for the error of a picture that was read

struct Problem {
    ProblemKind kind = ProblemKind::Unreadable;
    std::string path;     ///< as in Sample::path
    std::string message;  ///< one sentence
    SampleId sample = 0;  ///< 0 where the file is not a sample
    bool operator==(const Problem&) const = default;
};

struct Dataset {
    std::string root;                ///< absolute folder that relative paths start from; UTF-8
    std::string source;              ///< the folder or file that was imported; absolute
    std::string format;              ///< "class-folders", "split-folders", "table", "idx"
    bool splitFromSource = false;    ///< the folders or the table told the splits
    std::vector<ClassInfo> classes;  ///< in display order = order of the network's outputs
    std::vector<Sample> samples;     ///< ascending id
    std::vector<Problem> problems;

    std::string absolutePath(const Sample& sample) const;
    ImageRef imageRef(const Sample& sample) const { return {absolutePath(sample), sample.index}; }
    /// Position in `classes`, -1 if there is none.
    int classIndex(ClassId id) const;
    const Sample* findSample(SampleId id) const;  ///< binary search; null if there is none
    Sample* findSample(SampleId id);
    std::map<ClassId, std::int64_t> countByClass(Split split) const;  ///< usable samples only
    std::int64_t countInSplit(Split split) const;                     ///< usable samples only
};

}  // namespace graft
