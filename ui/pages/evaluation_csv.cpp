#include "ui/pages/evaluation_csv.h"

#include <charconv>

namespace graft::ui {

namespace {

std::string csvCell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string all = "\"";
    for (const char c : text) {
        all += c;
        if (c == '"') {
            all += '"';
        }
    }
    return all + '"';
}

// Independent of the locale, so that the file reads the same everywhere.
std::string number(float value) {
    char buffer[32];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 6);
    return {buffer, end.ptr};
}

}  // namespace

std::string evaluationCsv(const Evaluation& evaluation, const Dataset& dataset) {
    const auto className = [&](int position) {
        return position >= 0 && position < int(evaluation.perClass.size())
                   ? evaluation.perClass[std::size_t(position)].name
                   : std::string();
    };
    std::string text =
        "\xEF\xBB\xBF"
        "file,class,answer,right,probability";
    for (const ClassScores& scores : evaluation.perClass) {
        text += ',' + csvCell("p(" + scores.name + ")");
    }
    text += "\r\n";
    for (const SamplePrediction& p : evaluation.predictions) {
        const Sample* sample = dataset.findSample(p.sample);
        std::string file = sample ? sample->path : std::string();
        if (sample && sample->index >= 0) {
            file += '#' + std::to_string(sample->index);
        }
        const auto answer = std::size_t(p.predicted);
        const bool answered = p.predicted >= 0 && answer < p.probabilities.size();
        text += csvCell(file) + ',' + csvCell(className(p.truth)) + ',' +
                csvCell(className(p.predicted)) + ',' + (p.truth == p.predicted ? "yes" : "no") +
                ',' + (answered ? number(p.probabilities[answer]) : std::string());
        for (const float probability : p.probabilities) {
            text += ',' + number(probability);
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace graft::ui
