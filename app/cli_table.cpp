#include "app/cli_table.h"

#include <algorithm>

namespace graft::cli {
namespace {

std::string csvCell(const std::string& cell) {
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
        return cell;
    }
    std::string quoted = "\"";
    for (const char c : cell) {
        quoted += c;
        if (c == '"') {
            quoted += c;
        }
    }
    return quoted + "\"";
}

}  // namespace

std::size_t displayColumns(const std::string& text) {
    return std::size_t(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

std::string textTable(const std::vector<TableRow>& rows, const std::string& alignment) {
    std::vector<std::size_t> widths;
    for (const TableRow& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], displayColumns(row[i]));
        }
    }
    std::string text;
    for (const TableRow& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string blanks(widths[i] - displayColumns(row[i]), ' ');
            const bool right = i < alignment.size() && alignment[i] == 'r';
            line += (i ? "  " : "") + (right ? blanks + row[i] : row[i] + blanks);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string csvText(const std::vector<TableRow>& rows) {
    std::string text = "\xEF\xBB\xBF";
    for (const TableRow& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += (i ? "," : "") + csvCell(row[i]);
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace graft::cli
