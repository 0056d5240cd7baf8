// evaluate: what a run got right and wrong on one split.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_model_choice.h"
#include "app/cli_project.h"
#include "app/cli_table.h"
#include "core/base/atomic_file.h"
#include "core/engine/engine.h"

namespace graft::cli {
namespace {

struct EvaluateFlags {
    std::string project;
    RunId run = 0;
    std::string split;
    std::string csv;
    std::string model;
    bool predictions = false;
};

Result<Split> parseSplit(const std::string& text) {
    if (text.empty()) {
        return Split::None;  // the engine picks
    }
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
        if (text == splitName(split)) {
            return split;
        }
    }
    return Error{ErrorCode::InvalidArgument,
                 "--split wants train, validation or test, not \"" + text + "\".",
                 {},
                 {}};
}

void reportScores(const Evaluation& evaluation, Console& console) {
    std::vector<TableRow> rows{{"class", "pictures", "precision", "recall", "F1"}};
    for (const ClassScores& scores : evaluation.perClass) {
        rows.push_back({scores.name, std::to_string(scores.support),
                        decimalText(scores.precision, 3), decimalText(scores.recall, 3),
                        decimalText(scores.f1, 3)});
    }
    const auto mean = [&rows](const char* name, const std::array<double, 3>& values) {
        rows.push_back({name, "", decimalText(values[0], 3), decimalText(values[1], 3),
                        decimalText(values[2], 3)});
    };
    mean("mean of the classes", evaluation.macro);
    mean("mean of the pictures", evaluation.weighted);
    console.text(textTable(rows, "lrrrr"));
}

void reportConfusion(const Evaluation& evaluation, Console& console) {
    constexpr std::size_t kMostClasses = 20;
    if (evaluation.confusion.size() > kMostClasses) {
        return;  // wider than any terminal; --json and --csv have it
    }
    console.line();
    console.line("Confusion (rows: truth, columns: answer)");
    std::vector<TableRow> rows{{""}};
    for (std::size_t truth = 0; truth < evaluation.confusion.size(); ++truth) {
        const std::string& name = evaluation.perClass[truth].name;
        rows.front().push_back(name);
        TableRow row{name};
        for (const std::int64_t count : evaluation.confusion[truth]) {
            row.push_back(std::to_string(count));
        }
        rows.push_back(std::move(row));
    }
    console.text(textTable(rows, "l" + std::string(evaluation.confusion.size(), 'r')));
}

void report(const Evaluation& evaluation, const RunRecord& run, Console& console) {
    console.line(run.name + ", " +
                 (evaluation.checkpoint == "quick"
                      ? "quick model"
                      : "epoch " + std::to_string(evaluation.epoch)) +
                 ", on " +
                 countText(evaluation.count, "picture", "pictures") + " of the split " +
                 splitName(evaluation.split));
    console.line("Accuracy " + percentText(evaluation.accuracy) + "  (95 % interval " +
                 percentText(evaluation.ci95[0]) + " to " + percentText(evaluation.ci95[1]) +
                 ")  loss " + decimalText(evaluation.loss, 4));
    if (!evaluation.note.empty()) {
        console.line(evaluation.note);
    }
    console.line();
    reportScores(evaluation, console);
    reportConfusion(evaluation, console);
    for (const Problem& problem : evaluation.problems) {
        console.notice("Left out: " + problem.path + ": " + problem.message);
    }
}

std::string className(const RunRecord& run, int position) {
    return position >= 0 && std::size_t(position) < run.classes.size()
               ? run.classes[std::size_t(position)].name
               : std::string();
}

std::string predictionsCsv(const Evaluation& evaluation, const RunRecord& run,
                           const Dataset& dataset) {
    TableRow header{"file", "truth", "label", "right", "probability"};
    for (const ClassInfo& info : run.classes) {
        header.push_back(info.name);
    }
    std::vector<TableRow> rows{std::move(header)};
    for (const SamplePrediction& answer : evaluation.predictions) {
        const Sample* sample = dataset.findSample(answer.sample);
        const bool read = answer.predicted >= 0;
        TableRow row{
            sample ? dataset.absolutePath(*sample) : "", className(run, answer.truth),
            className(run, answer.predicted), answer.truth == answer.predicted ? "yes" : "no",
            read ? decimalText(answer.probabilities.at(std::size_t(answer.predicted)), 6) : ""};
        for (const float probability : answer.probabilities) {
            row.push_back(decimalText(probability, 6));
        }
        rows.push_back(std::move(row));
    }
    return csvText(rows);
}

Result<int> runEvaluate(const EvaluateFlags& flags, Console& console) {
    GRAFT_TRY(const Split split, parseSplit(flags.split));
    GRAFT_TRY(const std::unique_ptr<Project> project, openToUse(flags.project));
    GRAFT_TRY(const RunRecord run, chooseRun(*project, flags.run, RunWish::Trained));
    GRAFT_TRY(const auto job, engine::startEvaluation(*project, run.id, split,
                                                         modelChoice(flags.model)));
    GRAFT_TRY(const Evaluation evaluation, waitFor(*job, console, "Checking pictures"));
    if (!flags.csv.empty()) {
        GRAFT_CHECK(
            writeFileAtomically(flags.csv, predictionsCsv(evaluation, run, project->dataset())));
    }
    if (console.json()) {
        nlohmann::ordered_json json = toJson(evaluation, run.classes, flags.predictions);
        json["run"] = run.id;
        console.printJson(json);
    } else {
        report(evaluation, run, console);
        if (!flags.csv.empty()) {
            console.line();
            console.line("Every picture's answer: " + flags.csv);
        }
    }
    return kExitDone;
}

}  // namespace

void addEvaluate(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("evaluate", "Tell how good a run is, class by class");
    auto flags = std::make_shared<EvaluateFlags>();
    command->add_option("PROJECT", flags->project, "Project file (.graft)")->required();
    command->add_option("--run", flags->run, "Number of the run; default: the newest with a model");
    addModelFlag(*command, flags->model);
    command->add_option("--split", flags->split,
                        "train, validation or test; default: test where there is one");
    command->add_option("--csv", flags->csv, "Also write every picture's answer to this file");
    command->add_flag("--predictions", flags->predictions, "With --json: every picture's answer");
    addJsonFlag(*command, session);
    command->footer(
        "The validation pictures chose the epoch that is kept, so their figure is slightly\n"
        "optimistic; a test split (import --test 0.1) gives the honest one.\n\n"
        "Examples:\n"
        "  graft-cli evaluate bees.graft\n"
        "  graft-cli evaluate bees.graft --run 2 --split test --csv answers.csv\n\n"
        "JSON: run, split, count, accuracy, ci95[low, high], loss, epoch, note, classes,\n"
        "  per_class[{class, support, precision, recall, f1}], macro, weighted,\n"
        "  confusion[truth][answer]");
    command->callback([flags, &session] {
        session.action = [flags](Console& console) { return runEvaluate(*flags, console); };
    });
}

}  // namespace graft::cli
