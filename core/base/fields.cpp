#include "core/base/fields.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace graft {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) {
        all += (all.empty() ? "" : ", ") + word;
    }
    return all;
}

std::string numberText(double value) {
    std::ostringstream out;
    out.precision(15);
    out << value;
    return out.str();
}

}  // namespace

Status checkField(const FieldInfo& info, const FieldValue& value) {
    const std::string name = "\"" + info.key + "\"";
    if (const auto* text = std::get_if<std::string>(&value)) {
        if (!info.choices.empty() &&
            std::find(info.choices.begin(), info.choices.end(), *text) == info.choices.end()) {
            return Error{ErrorCode::InvalidArgument, "\"" + *text + "\" is not a choice for " + name + ".",
                         {}, "Choose one of: " + joined(info.choices) + "."};
        }
        return {};
    }
    if (std::holds_alternative<bool>(value)) {
        return {};
    }
    const double number = std::holds_alternative<double>(value)
                              ? std::get<double>(value)
                              : double(std::get<std::int64_t>(value));
    if (!std::isfinite(number) || number < info.min || number > info.max) {
        return Error{ErrorCode::InvalidArgument,
                     numberText(number) + " is outside the range of " + name + ".",
                     {},
                     "Choose a value from " + numberText(info.min) + " to " +
                         numberText(info.max) + "."};
    }
    return {};
}

Result<FieldValue> parseField(const FieldInfo& info, const FieldValue& like,
                              const std::string& text) {
    const Error wrong{ErrorCode::InvalidArgument,
                      "\"" + text + "\" is not a value for \"" + info.key + "\".", {}, info.help};
    if (std::holds_alternative<std::string>(like)) {
        return FieldValue(text);
    }
    if (std::holds_alternative<bool>(like)) {
        if (text == "true" || text == "on" || text == "yes" || text == "1") {
            return FieldValue(true);
        }
        if (text == "false" || text == "off" || text == "no" || text == "0") {
            return FieldValue(false);
        }
        return wrong;
    }
    if (info.minIsAutomatic && text == "auto") {
        return FieldValue(std::int64_t(info.min));
    }
    std::istringstream in(text);
    in.imbue(std::locale::classic());
    if (std::holds_alternative<double>(like)) {
        double number = 0;
        if (in >> number && in.peek() == EOF) {
            return FieldValue(number);
        }
        return wrong;
    }
    std::int64_t number = 0;
    if (in >> number && in.peek() == EOF) {
        return FieldValue(number);
    }
    return wrong;
}

std::string fieldText(const FieldValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag ? "true" : "false";
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return numberText(*number);
    }
    return std::to_string(std::get<std::int64_t>(value));
}

nlohmann::json fieldJson(const FieldValue& value) {
    return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

}  // namespace graft
