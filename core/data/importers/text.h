// Text helpers of the importers: UTF-8 checks, ASCII case, natural order of class names.
// Thread: any (pure functions).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft {

bool isUtf8(std::string_view text);
/// The text with every byte that is not UTF-8 as "\xNN", so that it can be shown and stored.
std::string shownText(std::string_view bytes);
std::string lowerAscii(std::string_view text);
std::string trimmed(std::string_view text);
/// "1 picture", "2 pictures".
std::string counted(std::size_t count, std::string_view one, std::string_view many);
/// Whole numbers by value when all of them are, else by byte order.
void sortClassNames(std::vector<std::string>& names);

}  // namespace graft
