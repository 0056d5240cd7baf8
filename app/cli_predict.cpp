// predict: what a run or an exported package says about pictures.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_model_choice.h"
#include "app/cli_pictures.h"
#include "app/cli_project.h"
#include "app/cli_table.h"
#include "core/base/atomic_file.h"
#include "core/deploy/package.h"
#include "core/engine/engine.h"

#include <algorithm>
#include <filesystem>

namespace graft::cli {
namespace fs = std::filesystem;
namespace {

struct PredictFlags {
    std::string model;
    std::vector<std::string> pictures;
    RunId run = 0;
    std::string choice;
    std::string csv;
};

struct Answers {
    std::vector<std::string> labels;
    std::vector<Prediction> predictions;
};

Result<Answers> predict(const PredictFlags& flags, const PictureList& pictures, Console& console) {
    std::vector<ImageRef> refs;
    for (const std::string& file : pictures.files) {
        std::error_code failed;
        const fs::path absolute = fs::absolute(file, failed);
        refs.push_back({failed ? file : absolute.string(), -1});
    }
    std::error_code ignored;
    const bool package = fs::is_directory(flags.model, ignored);
    std::string source = flags.model;
    if (package && flags.choice == "quick") {
        return Error{ErrorCode::InvalidArgument, "--model: a package holds one model only.", {}, {}};
    }
    if (!package) {
        GRAFT_TRY(const std::unique_ptr<Project> project, openToRead(flags.model));
        GRAFT_TRY(const RunRecord run, chooseRun(*project, flags.run, RunWish::Trained));
        GRAFT_TRY(source, engine::runCheckpoint(*project, run.id, modelChoice(flags.choice)));
    }
    return runJob<Answers>(console, "Looking at pictures", [&](Progress& progress) {
        const auto answer = [&]() -> Result<Answers> {
            Answers answers;
            PredictorLabels labels;
            GRAFT_TRY(answers.predictions,
                      package ? predictWithPackage(source, refs, &labels, progress)
                              : predictWithCheckpoint(source, refs, &labels, progress));
            answers.labels = std::move(labels.labels);
            return answers;
        };
        return answer();
    });
}

std::string csv(const Answers& answers) {
    TableRow header{"file", "label", "probability"};
    header.insert(header.end(), answers.labels.begin(), answers.labels.end());
    header.push_back("error");
    std::vector<TableRow> rows{header};
    for (const Prediction& answer : answers.predictions) {
        const bool read = answer.error.empty();
        TableRow row{answer.file, read ? answer.label : "",
                     read ? decimalText(answer.probability, 6) : ""};
        for (std::size_t i = 0; i < answers.labels.size(); ++i) {
            row.push_back(read ? decimalText(answer.probabilities.at(i), 6) : "");
        }
        row.push_back(answer.error);
        rows.push_back(std::move(row));
    }
    return csvText(rows);
}

nlohmann::ordered_json json(const Answers& answers) {
    auto list = nlohmann::ordered_json::array();
    for (const Prediction& answer : answers.predictions) {
        nlohmann::ordered_json item;
        item["file"] = answer.file;
        if (!answer.error.empty()) {
            item["error"] = answer.error;
        } else {
            item["label"] = answer.label;
            item["probability"] = answer.probability;
            item["probabilities"] = nlohmann::ordered_json::object();
            for (std::size_t i = 0; i < answers.labels.size(); ++i) {
                item["probabilities"][answers.labels[i]] = answer.probabilities.at(i);
            }
        }
        list.push_back(std::move(item));
    }
    return list;
}

void reportTable(const Answers& answers, Console& console) {
    std::vector<TableRow> rows{{"file", "label", "probability"}};
    for (const Prediction& answer : answers.predictions) {
        rows.push_back(answer.error.empty()
                           ? TableRow{answer.file, answer.label, percentText(answer.probability)}
                           : TableRow{answer.file, "-", "not read"});
    }
    console.text(textTable(rows, "llr"));
}

// A picture that was asked for by name and could not be read is a failure; one that lay in a
// folder is only told, unless nothing at all could be read.
int exitCode(const Answers& answers, const PictureList& pictures) {
    std::size_t unread = 0;
    bool namedUnread = false;
    for (std::size_t i = 0; i < answers.predictions.size(); ++i) {
        if (!answers.predictions[i].error.empty()) {
            ++unread;
            namedUnread = namedUnread || pictures.named.at(i);
        }
    }
    return namedUnread || unread == answers.predictions.size() ? kExitBadInput : kExitDone;
}

Result<int> runPredict(const PredictFlags& flags, Console& console) {
    GRAFT_TRY(const PictureList pictures, collectPictures(flags.pictures));
    GRAFT_TRY(Answers answers, predict(flags, pictures, console));
    for (std::size_t i = 0; i < answers.predictions.size(); ++i) {
        Prediction& answer = answers.predictions[i];
        answer.file = pictures.files.at(i);
        if (!answer.error.empty()) {
            console.notice("Not read: " + answer.file + ": " + answer.error);
        }
    }
    if (pictures.passedBy > 0) {
        console.notice("Passed by " + countText(std::int64_t(pictures.passedBy), "file", "files") +
                       " that are no pictures by their names.");
    }
    if (flags.csv == "-") {
        console.raw(csv(answers));
    } else if (!flags.csv.empty()) {
        GRAFT_CHECK(writeFileAtomically(flags.csv, csv(answers)));
    }
    if (console.json()) {
        console.printJson(json(answers));
    } else if (flags.csv.empty()) {
        reportTable(answers, console);
    } else if (flags.csv != "-") {
        console.line("Answers for " +
                     countText(std::int64_t(answers.predictions.size()), "picture", "pictures") +
                     ": " + flags.csv);
    }
    return exitCode(answers, pictures);
}

}  // namespace

void addPredict(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("predict", "Ask a model about pictures");
    auto flags = std::make_shared<PredictFlags>();
    command->add_option("MODEL", flags->model, "Project file (.graft) or exported package folder")
        ->required();
    command
        ->add_option("PICTURE", flags->pictures,
                     "Pictures, folders (with all below) or patterns such as 'photos/*.jpg'")
        ->required();
    command->add_option("--run", flags->run,
                        "Project: number of the run; default: the newest with a model");
    addModelFlag(*command, flags->choice);
    CLI::Option* csvOption = command->add_option(
        "--csv", flags->csv, "Write a CSV (UTF-8 with byte order mark) instead; - is the output");
    addJsonFlag(*command, session);
    command->footer(
        "A picture that was named and cannot be read gives exit code 2, after all others were\n"
        "answered; one found in a folder is told and passed by.\n\n"
        "Examples:\n"
        "  graft-cli predict bees.graft photo.jpg\n"
        "  graft-cli predict bees-model new-photos --csv answers.csv\n"
        "  graft-cli predict bees.graft 'new/*.jpg' --json\n\n"
        "JSON: a list with one object per picture: file, label, probability (0 to 1),\n"
        "  probabilities{class: probability}; or file, error\n"
        "CSV: file, label, probability, one column per class, error");
    command->callback([flags, csvOption, &session] {
        if (session.json && csvOption->count() > 0 && flags->csv == "-") {
            throw CLI::ValidationError("--csv - and --json exclude each other");
        }
        session.action = [flags](Console& console) { return runPredict(*flags, console); };
    });
}

}  // namespace graft::cli
