#include "core/data/importers/text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace graft {
namespace {

/// Length of the well-formed sequence at `at` (RFC 3629), 0 if there is none.
std::size_t sequenceLength(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? std::uint8_t(text[i]) : std::uint8_t(0);
    };
    const std::uint8_t first = byte(at);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const std::uint8_t second = byte(at + 1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    return overlong || outside ? 0 : length;
}

bool isWholeNumber(const std::string& text) {
    return !text.empty() && text.size() <= 15 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool isUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequenceLength(text, at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

std::string shownText(std::string_view bytes) {
    std::string shown;
    for (std::size_t at = 0; at < bytes.size();) {
        if (const std::size_t length = sequenceLength(bytes, at); length > 0) {
            shown += bytes.substr(at, length);
            at += length;
        } else {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\x%02X", unsigned(std::uint8_t(bytes[at++])));
            shown += escaped;
        }
    }
    return shown;
}

std::string lowerAscii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    }
    return lower;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(from, text.find_last_not_of(kBlank) - from + 1));
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

void sortClassNames(std::vector<std::string>& names) {
    if (std::all_of(names.begin(), names.end(), isWholeNumber)) {
        std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
            const long long left = std::stoll(a);
            const long long right = std::stoll(b);
            return left != right ? left < right : a < b;
        });
    } else {
        std::sort(names.begin(), names.end());
    }
}

}  // namespace graft
