// Tables as aligned text and as CSV that spreadsheets open (UTF-8 with byte order mark).
// Thread: any (pure functions).
#pragma once

#include <string>
#include <vector>

namespace graft::cli {

using TableRow = std::vector<std::string>;

/// Columns padded to equal width, two blanks between; `alignment` has one of 'l' and 'r' per column
/// (left where it is too short). No blanks at the end of a line.
std::string textTable(const std::vector<TableRow>& rows, const std::string& alignment);

/// RFC 4180 with the byte order mark that makes spreadsheets read it as UTF-8.
std::string csvText(const std::vector<TableRow>& rows);

/// Characters of UTF-8 text (code points).
std::size_t displayColumns(const std::string& text);

}  // namespace graft::cli
