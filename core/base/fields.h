// Fields: each option of the program is declared once, here by a table per options struct; the
// form in the window, the command-line flag, the JSON and the comparison of two runs follow.
// Thread: any (tables are const after construction).
#pragma once

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace graft {

/// The value of one option, free of its struct. Integers of all widths travel as int64.
using FieldValue = std::variant<bool, std::int64_t, double, std::string>;

/// How an option is shown and checked. `key` is the JSON name and, with '_' as '-', the flag.
struct FieldInfo {
    std::string key;
    std::string label;    ///< plain language, sentence case: "Learning rate"
    std::string unit;     ///< "px", "°", "" ...
    std::string help;     ///< one sentence with the technical term, for tooltip and --help
    double min = std::numeric_limits<double>::lowest();
    double max = std::numeric_limits<double>::max();
    double step = 0;      ///< 0: let the form choose
    bool minIsAutomatic = false;        ///< an integer's lowest value lets the program choose
    bool logarithmic = false;           ///< the slider moves in decades
    bool expert = false;                ///< hidden under "More"
    std::string group = {};             ///< heading in the form
    std::vector<std::string> choices = {};       ///< allowed texts, for string options
    std::vector<std::string> choiceLabels = {};  ///< the same in plain language
};

/// Range and choice check; the error names the option and what is allowed.
Status checkField(const FieldInfo& info, const FieldValue& value);

/// Text as a user types it ("0.01", "true", "cosine") to a value of the kind of `like`.
Result<FieldValue> parseField(const FieldInfo& info, const FieldValue& like,
                              const std::string& text);
std::string fieldText(const FieldValue& value);
nlohmann::json fieldJson(const FieldValue& value);

/// The table of one options struct.
template <class S>
class FieldTable {
  public:
    struct Row {
        FieldInfo info;
        std::function<FieldValue(const S&)> get;
        std::function<void(S&, const FieldValue&)> put;  ///< value already of the right kind
    };

    template <class M>
    FieldTable& add(M S::*member, FieldInfo info) {
        m_rows.push_back({std::move(info),
                          [member](const S& s) { return toValue(s.*member); },
                          [member](S& s, const FieldValue& v) { s.*member = fromValue<M>(v); }});
        return *this;
    }

    const std::vector<Row>& rows() const { return m_rows; }

    const Row* find(const std::string& key) const {
        for (const Row& row : m_rows) {
            if (row.info.key == key) {
                return &row;
            }
        }
        return nullptr;
    }

    /// Checked assignment by key. Integers are accepted where a real number is wanted.
    Status set(S& target, const std::string& key, FieldValue value) const {
        const Row* row = find(key);
        if (!row) {
            return Error{ErrorCode::InvalidArgument, "There is no option \"" + key + "\".", {}, {}};
        }
        const FieldValue current = row->get(target);
        if (std::holds_alternative<double>(current) &&
            std::holds_alternative<std::int64_t>(value)) {
            value = double(std::get<std::int64_t>(value));
        }
        if (value.index() != current.index()) {
            return Error{ErrorCode::InvalidArgument,
                         "The option \"" + key + "\" has a value of the wrong kind.", {}, {}};
        }
        GRAFT_CHECK(checkField(row->info, value));
        row->put(target, value);
        return {};
    }

    Status setText(S& target, const std::string& key, const std::string& text) const {
        const Row* row = find(key);
        if (!row) {
            return Error{ErrorCode::InvalidArgument, "There is no option \"" + key + "\".", {}, {}};
        }
        GRAFT_TRY(FieldValue value, parseField(row->info, row->get(target), text));
        return set(target, key, std::move(value));
    }

    nlohmann::json toJson(const S& source) const {
        nlohmann::json json = nlohmann::json::object();
        for (const Row& row : m_rows) {
            json[row.info.key] = fieldJson(row.get(source));
        }
        return json;
    }

    /// Missing keys keep the default, unknown keys are ignored (older and newer files open).
    Result<S> fromJson(const nlohmann::json& json) const {
        S target;
        for (const Row& row : m_rows) {
            if (!json.is_object() || !json.contains(row.info.key)) {
                continue;
            }
            GRAFT_CHECK(set(target, row.info.key, fromJsonValue(json.at(row.info.key))));
        }
        return target;
    }

  private:
    template <class M>
    static FieldValue toValue(const M& member) {
        if constexpr (std::is_same_v<M, bool>) {
            return member;
        } else if constexpr (std::is_integral_v<M>) {
            return std::int64_t(member);
        } else if constexpr (std::is_floating_point_v<M>) {
            return double(member);
        } else {
            return std::string(member);
        }
    }
    template <class M>
    static M fromValue(const FieldValue& value) {
        if constexpr (std::is_same_v<M, bool>) {
            return std::get<bool>(value);
        } else if constexpr (std::is_integral_v<M>) {
            return M(std::get<std::int64_t>(value));
        } else if constexpr (std::is_floating_point_v<M>) {
            return M(std::get<double>(value));
        } else {
            return std::get<std::string>(value);
        }
    }
    static FieldValue fromJsonValue(const nlohmann::json& json) {
        if (json.is_boolean()) {
            return json.get<bool>();
        }
        if (json.is_number_integer()) {
            return json.get<std::int64_t>();
        }
        if (json.is_number()) {
            return json.get<double>();
        }
        return json.is_string() ? json.get<std::string>() : json.dump();
    }

    std::vector<Row> m_rows;
};

}  // namespace graft
