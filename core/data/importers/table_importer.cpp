// CSV and TSV tables of path, label and, if they like, split. Source: RFC 4180.
#include "core/base/atomic_file.h"
#include "core/data/importers/folder_scan.h"
#include "core/data/importers/sources.h"
#include "core/data/importers/text.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <unordered_map>

namespace graft {
namespace {

constexpr std::uint64_t kMaxTableBytes = 512u << 20;
constexpr std::size_t kMaxBadRows = 1000;

struct Row {
    std::size_t line = 0;  // first line of the row in the file, from 1
    std::vector<std::string> cells;
};

/// The delimiter that occurs most in the first row, outside quotes.
char findDelimiter(std::string_view text) {
    std::array<std::pair<char, int>, 4> counts{{{',', 0}, {';', 0}, {'\t', 0}, {'|', 0}}};
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '\n' || c == '\r')) {
            break;
        } else if (!quoted) {
            for (auto& [delimiter, count] : counts) {
                count += c == delimiter;
            }
        }
    }
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

/// One row from `at` on, which moves behind it. Quotes may hold delimiters, line ends and "".
Row readRow(std::string_view text, std::size_t& at, std::size_t& line, char delimiter) {
    Row row;
    row.line = line;
    std::string cell;
    bool quoted = false;
    while (at < text.size()) {
        const char c = text[at++];
        line += c == '\n';
        if (quoted) {
            if (c != '"') {
                cell += c;
            } else if (at < text.size() && text[at] == '"') {
                cell += '"';
                ++at;
            } else {
                quoted = false;
            }
        } else if (c == '"' && trimmed(cell).empty()) {
            quoted = true;
            cell.clear();
        } else if (c == delimiter) {
            row.cells.push_back(trimmed(cell));
            cell.clear();
        } else if (c == '\n') {
            break;
        } else if (c == '\r') {
            // Old Mac line ends stand alone.
            if (at >= text.size() || text[at] != '\n') {
                ++line;
                break;
            }
        } else {
            cell += c;
        }
    }
    row.cells.push_back(trimmed(cell));
    return row;
}

int findColumn(const std::vector<std::string>& header, const std::string& asked,
               std::initializer_list<std::string_view> usual) {
    if (!asked.empty()) {
        const auto at = std::find(header.begin(), header.end(), lowerAscii(asked));
        return at == header.end() ? -1 : int(at - header.begin());
    }
    for (const std::string_view name : usual) {
        const auto at = std::find(header.begin(), header.end(), name);
        if (at != header.end()) {
            return int(at - header.begin());
        }
    }
    return -1;
}

struct Columns {
    int path = -1;
    int label = -1;
    int split = -1;
    bool headerRow = true;
};

Result<Columns> findColumns(const Row& first, const ImportOptions& options,
                            const std::string& path) {
    std::vector<std::string> header;
    for (const std::string& cell : first.cells) {
        header.push_back(lowerAscii(cell));
    }
    Columns columns;
    columns.path = findColumn(header, options.pathColumn,
                              {"filename", "file_name", "image", "image_path", "path", "filepath",
                               "file_path", "file", "uri", "image_url", "img"});
    columns.label = findColumn(header, options.labelColumn,
                               {"label", "class", "category", "target", "labels", "tags",
                                "class_name", "label_1", "choice"});
    columns.split =
        findColumn(header, options.splitColumn, {"split", "subset", "set", "ml_use", "partition"});
    if (columns.path < 0 && options.pathColumn.empty() && header.size() >= 2) {
        // No header: the first row names a picture itself.
        for (std::size_t i = 0; i < first.cells.size() && columns.path < 0; ++i) {
            if (hasPictureEnding(first.cells[i])) {
                columns.path = int(i);
                columns.label = i == 0 ? 1 : 0;
                columns.headerRow = false;
            }
        }
    }
    if (columns.path < 0 || columns.label < 0) {
        std::string found;
        for (const std::string& cell : first.cells) {
            found += (found.empty() ? "" : ", ") + shownText(cell).substr(0, 40);
            if (found.size() > 200) {
                break;
            }
        }
        return Error{ErrorCode::BadFormat,
                     path + " has no column of " + (columns.path < 0 ? "file names" : "labels") +
                         " that Graft recognises.",
                     "first row: " + found,
                     "Name the columns \"path\" and \"label\", or say which they are."};
    }
    if (!options.splitColumn.empty() && columns.split < 0) {
        return Error{ErrorCode::InvalidArgument,
                     path + " has no column \"" + options.splitColumn + "\".",
                     {},
                     {}};
    }
    return columns;
}

class TableReader {
 public:
    TableReader(const std::string& path, Dataset& dataset)
        : m_dataset(dataset),
          m_name(std::filesystem::path(path).filename().string()),
          m_folder(std::filesystem::path(path).parent_path()) {}

    void take(const Row& row, const Columns& columns) {
        const std::string* path = cell(row, columns.path);
        if (row.cells.size() == 1 && row.cells.front().empty()) {
            return;  // an empty line
        }
        if (!path || path->empty()) {
            return bad(row, "has no file name");
        }
        if (!std::all_of(row.cells.begin(), row.cells.end(), isUtf8)) {
            return bad(row, "is not valid UTF-8 text");
        }
        struct stat info {};
        const std::string stored = locate(*path, info);
        if (stored.empty()) {
            return bad(row, "names " + *path + ", which is not there");
        }
        if (!S_ISREG(info.st_mode)) {
            return bad(row, "names " + *path + ", which is not a file");
        }
        const std::string* label = cell(row, columns.label);
        const auto [known, fresh] = m_rowOfPath.emplace(stored, m_dataset.samples.size());
        if (!fresh) {
            const bool same = label && *label == names[known->second];
            return bad(row, "names " + *path + " a second time" +
                                (same ? "" : " with another label; the first one counts"));
        }
        Sample sample;
        sample.path = stored;
        sample.fileSize = info.st_size;
        sample.modifiedNs =
            std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
        if (const std::string* split = cell(row, columns.split)) {
            sample.split = splitByName(*split);
            m_dataset.splitFromSource = m_dataset.splitFromSource || sample.split != Split::None;
        }
        m_dataset.samples.push_back(std::move(sample));
        names.push_back(label ? *label : std::string());
    }

    std::vector<std::string> names;  // class names along the samples

 private:
    static const std::string* cell(const Row& row, int column) {
        return column >= 0 && std::size_t(column) < row.cells.size()
                   ? &row.cells[std::size_t(column)]
                   : nullptr;
    }

    void bad(const Row& row, const std::string& what) {
        if (m_badRows++ < kMaxBadRows) {
            m_dataset.problems.push_back(
                {ProblemKind::BadRow, m_name,
                 "Line " + std::to_string(row.line) + " " + shownText(what) + ".", 0});
        }
    }

    /// Relative to the table's folder where the picture lies below it, else absolute; "" if there
    /// is no such file. Backslashes of a table from Windows are tried as slashes.
    std::string locate(const std::string& written, struct stat& info) const {
        std::string text = written.starts_with("file://") ? written.substr(7) : written;
        for (int attempt = 0; attempt < 2; ++attempt) {
            const std::filesystem::path full = (m_folder / text).lexically_normal();
            if (::stat(full.c_str(), &info) == 0) {
                const std::string relative = full.lexically_relative(m_folder).string();
                const bool below = !relative.empty() && !relative.starts_with("..");
                return below ? relative : full.string();
            }
            std::replace(text.begin(), text.end(), '\\', '/');
        }
        return {};
    }

    Dataset& m_dataset;
    std::string m_name;
    std::filesystem::path m_folder;
    std::unordered_map<std::string, std::size_t> m_rowOfPath;
    std::size_t m_badRows = 0;
};

}  // namespace

bool isTablePath(const std::string& path) {
    const std::string lower = lowerAscii(path);
    return lower.ends_with(".csv") || lower.ends_with(".tsv") || lower.ends_with(".tab") ||
           lower.ends_with(".txt");
}

Result<Dataset> listTable(const std::string& path, const ImportOptions& options,
                          Progress& progress) {
    GRAFT_TRY(const std::string bytes, readWholeFile(path, kMaxTableBytes));
    std::string_view text = bytes;
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        return Error{ErrorCode::BadFormat,
                     path + " is written in UTF-16.",
                     {},
                     "Save the table as CSV in UTF-8."};
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    if (text.find('\0') != std::string_view::npos) {
        return Error{ErrorCode::BadFormat,
                     path + " is not a text table.",
                     {},
                     "Save the table as CSV in UTF-8."};
    }
    progress.setText("Reading the table");
    Dataset dataset;
    dataset.source = path;
    dataset.root = std::filesystem::path(path).parent_path().string();
    dataset.format = "table";
    const char delimiter = findDelimiter(text);
    std::size_t at = 0;
    std::size_t line = 1;
    const Row first = readRow(text, at, line, delimiter);
    GRAFT_TRY(const Columns columns, findColumns(first, options, path));
    TableReader reader(path, dataset);
    if (!columns.headerRow) {
        reader.take(first, columns);
    }
    for (std::size_t count = 0; at < text.size(); ++count) {
        reader.take(readRow(text, at, line, delimiter), columns);
        if (count % 1024 == 0) {
            progress.set(std::int64_t(at), std::int64_t(text.size()));
            GRAFT_CHECK(progress.checkpoint());
        }
    }
    std::set<std::string> unique(reader.names.begin(), reader.names.end());
    unique.erase("");
    std::vector<std::string> classNames(unique.begin(), unique.end());
    sortClassNames(classNames);
    assignClasses(dataset, reader.names, std::move(classNames));
    return dataset;
}

}  // namespace graft
