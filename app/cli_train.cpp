// train and resume: a run on the main thread.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_interrupt.h"
#include "app/cli_job.h"
#include "app/cli_project.h"
#include "app/cli_train_flags.h"
#include "app/cli_train_printer.h"
#include "core/base/amounts.h"
#include "core/engine/engine.h"
#include "core/train/settings_words.h"

namespace graft::cli {
namespace {

nlohmann::ordered_json runJson(const RunRecord& run, const std::string& project) {
    nlohmann::ordered_json json;
    json["project"] = project;
    json["run"] = run.id;
    json["name"] = run.name;
    json["state"] = runStateName(run.state);
    json["backbone"] = run.model.backbone;
    json["epochs_done"] = run.epochsDone;
    json["best_epoch"] = run.bestEpoch;
    json["best_accuracy"] =
        run.bestAccuracy < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(run.bestAccuracy);
    json["quick_accuracy"] =
        run.quickAccuracy < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(run.quickAccuracy);
    json["validation_count"] = run.validationCount;
    json["message"] = run.message;
    return json;
}

std::string bestSentence(const RunRecord& run) {
    if (run.bestAccuracy < 0 && run.bestEpoch == 0) {
        return "No epoch was finished.";
    }
    const std::string best =
        run.bestIsQuick() ? "the quick model" : "epoch " + std::to_string(run.bestEpoch);
    if (run.validationCount == 0) {
        return "Best: " + best + " with " + percentText(run.bestAccuracy) + " of the training pictures right (none were held out to check).";
    }
    const auto right = std::int64_t(run.bestAccuracy * double(run.validationCount) + 0.5);
    const auto range = wilsonInterval(right, run.validationCount);
    return "Best: " + best + " with " + percentText(run.bestAccuracy) + " of " + std::to_string(run.validationCount) +
           " validation pictures right (95 % interval " + percentText(range[0]) + " to " +
           percentText(range[1]) + ").";
}

std::string resumeCommand(const Project& project, RunId run) {
    return "graft-cli resume " + project.path() + " --run " + std::to_string(run);
}

void reportEnd(const Project& project, const RunRecord& run, Console& console) {
    console.line(bestSentence(run));
    if (run.state == RunState::Finished) {
        console.line("Next: graft-cli evaluate " + project.path() + " --run " +
                     std::to_string(run.id));
    } else {
        console.line(run.name + " is stopped and saved. Go on with:\n  " +
                     resumeCommand(project, run.id));
    }
}

// Runs it here and now, until it ends or Ctrl+C.
Result<int> follow(Project& project, RunId id, bool resume, Console& console) {
    RunControl control;
    Mailbox<RunCommand> commands;
    TrainPrinter printer(console, control);
    const InterruptScope scope([&control] { control.requestStop(); });
    const Result<RunState> ended = engine::runHere(project, id, resume, control, commands, printer);
    console.clearProgress();
    if (printer.problem()) {
        Error error = *printer.problem();
        error.hint += (error.hint.empty() ? "" : " ") + std::string("Then go on with: ") +
                      resumeCommand(project, id);
        return error;
    }
    if (!ended) {
        if (!resume && !printer.started()) {
            (void)project.removeRun(id).ok();  // it never began: no use in the list
        }
        return ended.error();
    }
    GRAFT_TRY(const RunRecord run, project.run(id));
    reportEnd(project, run, console);
    if (console.json()) {
        console.printJson(runJson(run, project.path()));
    }
    return *ended == RunState::Finished ? kExitDone : kExitInterrupted;
}

// A change on disk is only told here; taking it over is the user's decision.
Status tellChanges(const Project& project, Console& console) {
    const auto scan = engine::startRescan(project.dataset());
    GRAFT_TRY(const RescanReport changes, waitFor(*scan, console, "Looking for changes"));
    const std::string& source = project.dataset().source;
    if (changes.rootMissing) {
        return Error{
            ErrorCode::NotFound,
            "The folder of the pictures, \"" + project.dataset().root + "\", is gone.",
            {},
            "If it was moved: graft-cli import NEW_FOLDER --relink --project " + project.path()};
    }
    if (!changes.empty()) {
        console.notice("The pictures changed since the import (" +
                       std::to_string(changes.added.size()) + " added, " +
                       std::to_string(changes.missing.size()) + " missing, " +
                       std::to_string(changes.changed.size()) + " changed, " +
                       std::to_string(changes.moved.size()) + " moved). Take that over with: " +
                       "graft-cli import " + source + " --project " + project.path());
    }
    return {};
}

nlohmann::ordered_json forecastJson(const CostForecast& forecast) {
    nlohmann::ordered_json json;
    json["batch_size"] = forecast.batchSize;
    json["pictures_at_once"] = forecast.picturesAtOnce;
    json["peak_memory"] = forecast.peakBytes;
    json["needed_memory"] = forecast.neededBytes;
    json["available_memory"] = forecast.availableBytes;
    json["epoch_seconds"] = forecast.epochSeconds;
    json["validation_seconds"] = forecast.validationSeconds;
    json["total_seconds"] = forecast.totalSeconds;
    return json;
}

Result<int> tellForecast(const Project& project, const ModelSpec& model,
                         const AugmentSpec& augment, const TrainOptions& options,
                         Console& console) {
    GRAFT_TRY(const auto job, engine::startForecast(project, model, augment, options));
    GRAFT_TRY(const CostForecast forecast, waitFor(*job, console, "Measuring a few steps"));
    if (console.json()) {
        console.printJson(forecastJson(forecast));
    }
    console.line("This training would take " + forecastText(forecast) + " (" +
                 bytesText(forecast.availableBytes) + " are free). Nothing was started.");
    return kExitDone;
}

struct Chosen {
    Settings settings;
    std::optional<Settings> suggested;
};

// What the flags say, then what is stored, then what is suggested for such data.
Result<Chosen> chooseSettings(const Project& project, const TrainFlags& flags,
                              std::vector<std::string>& notices, Console& console) {
    const int classes = int(project.dataset().classes.size());
    Chosen chosen;
    chosen.settings = engine::settingsOf(project);
    const bool ownNetwork = choosesNetwork(flags);
    if (ownNetwork) {
        const ModelSpec before = chosen.settings.model;
        ModelSpec& model = chosen.settings.model;
        GRAFT_TRY(model, changedModel(before, flags, classes, notices));
        const bool other =
            model.backbone != before.backbone || model.weightsPath != before.weightsPath;
        if (other) {
            const std::vector<std::string> frozen = model.frozen;
            fitToData(datasetFacts(project.dataset()), model);
            if (!flags.freeze.empty()) {  // "none" is a choice too
                model.frozen = frozen;
            }
        }
    }
    const auto search = engine::startNetworkSearch();
    GRAFT_TRY(const std::vector<AvailableNetwork> networks,
              waitFor(*search, console, "Looking for networks"));
    if (const auto advice = engine::advise(project, networks, chosen.settings, ownNetwork)) {
        chosen.settings = advice->settings;
        chosen.suggested = advice->suggested;
    }
    if (!ownNetwork) {
        GRAFT_TRY(chosen.settings.model,
                  changedModel(chosen.settings.model, flags, classes, notices));
    }
    GRAFT_TRY(chosen.settings.options, changedOptions(chosen.settings.options, flags));
    GRAFT_TRY(chosen.settings.augment, changedAugment(chosen.settings.augment, flags));
    return chosen;
}

Result<int> runTrain(const std::string& path, const std::string& name, const TrainFlags& flags,
                     bool onlyForecast, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToChange(path));
    if (project->dataset().samples.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "This project holds no pictures yet.",
                     {},
                     "First: graft-cli import FOLDER --project " + path};
    }
    std::vector<std::string> notices;
    GRAFT_TRY(const Chosen chosen, chooseSettings(*project, flags, notices, console));
    const auto& [model, augment, options] = chosen.settings;
    if (onlyForecast) {
        return tellForecast(*project, model, augment, options, console);
    }
    GRAFT_CHECK(tellChanges(*project, console));
    GRAFT_CHECK(project->setTrainOptions(options));
    GRAFT_CHECK(project->setAugment(augment));
    GRAFT_CHECK(project->setModel(model));
    if (chosen.suggested) {
        GRAFT_CHECK(engine::rememberSuggestion(*project, *chosen.suggested));
    }
    GRAFT_TRY(const RunRecord run, project->addRun(name));
    console.line(run.name + " of " + project->name() + " on " +
                 engine::deviceText(run.options.device));
    for (const std::string& notice : notices) {
        console.line(notice);
    }
    console.line(settingsSentence(settingsWords(datasetFacts(project->dataset()), chosen.settings)));
    return follow(*project, run.id, false, console);
}

Result<int> runResume(const std::string& path, RunId number, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToChange(path));
    GRAFT_TRY(const RunRecord run, chooseRun(*project, number, RunWish::Unfinished));
    console.line(run.name + " of " + project->name() + " on " +
                 engine::deviceText(run.options.device));
    return follow(*project, run.id, true, console);
}

constexpr char kRunJson[] =
    "JSON: project, run, name, state, backbone, epochs_done, best_epoch, best_accuracy\n"
    "  (epoch 0: the quick model), quick_accuracy, validation_count, message";
constexpr char kForecastJson[] =
    "\nJSON of --forecast: batch_size, pictures_at_once, peak_memory, needed_memory,\n"
    "  available_memory (bytes), epoch_seconds, validation_seconds, total_seconds";

}  // namespace

void addTrain(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("train", "Train a new run of a project");
    struct Arguments {
        std::string project;
        std::string name;
        TrainFlags flags;
        bool forecast = false;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("PROJECT", arguments->project, "Project file (.graft)")->required();
    command->add_option("--name", arguments->name, "Name of the run; default: Run 1, Run 2 ...");
    command->add_flag("--forecast", arguments->forecast,
                      "Only say what it would take in time and memory, measured on a few steps; "
                      "trains and stores nothing");
    addTrainFlags(*command, arguments->flags);
    addJsonFlag(*command, session);
    command->footer(
        std::string(
            "Options that are given are stored in the project; the others stay as they are there,\n"
            "or are chosen by the size, shape and balance of the data where nobody chose them yet.\n"
            "Without weights on this machine, a small network learns from scratch: fine to try\n"
            "things, but it needs far more pictures.\n"
            "Ctrl+C saves and stops; graft-cli resume goes on from there, exactly.\n\n"
            "Examples:\n"
            "  graft-cli train bees.graft\n"
            "  graft-cli train bees.graft --backbone squeezenet1_0 \\\n"
            "      --weights squeezenet1_0.safetensors --freeze backbone --epochs 10\n"
            "  graft-cli train bees.graft --weights mobilenet_v2.safetensors --head-epochs 2\n"
            "  graft-cli train bees.graft --freeze none --rate-factor features.18=0.5\n\n") +
        kRunJson + kForecastJson);
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            return runTrain(arguments->project, arguments->name, arguments->flags,
                            arguments->forecast, console);
        };
    });
}

void addResume(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("resume", "Go on with a run that was stopped or interrupted");
    struct Arguments {
        std::string project;
        RunId run = 0;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("PROJECT", arguments->project, "Project file (.graft)")->required();
    command->add_option("--run", arguments->run,
                        "Number of the run; default: the newest that is not finished");
    addJsonFlag(*command, session);
    command->footer(std::string("Goes on from the last checkpoint, with the options the run began "
                                "with. On the same\nmachine the result is the same as without the "
                                "interruption.\n\n"
                                "Example:\n  graft-cli resume bees.graft\n\n") +
                    kRunJson);
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            return runResume(arguments->project, arguments->run, console);
        };
    });
}

}  // namespace graft::cli
