// pretrain: a backbone from a large labelled data set, by an ordinary run of an ordinary project
// whose defaults are a recipe for learning from scratch.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_interrupt.h"
#include "app/cli_job.h"
#include "app/cli_project.h"
#include "app/cli_train_flags.h"
#include "app/cli_train_printer.h"
#include "core/base/atomic_file.h"
#include "core/base/machine.h"
#include "core/data/archive.h"
#include "core/engine/engine.h"
#include "core/engine/pretrain.h"

#include <filesystem>

namespace graft::cli {
namespace fs = std::filesystem;
namespace {

struct PretrainFlags {
    std::string source;
    std::string out;
    bool resume = false;
    std::vector<std::string> probes;  ///< folders
    engine::PretrainFacts facts;
    TrainFlags train;
};

constexpr char kProjectName[] = "pretrain.graft";
constexpr char kDataName[] = "data";
constexpr char kLogName[] = "log.txt";

std::string inFolder(const PretrainFlags& flags, const char* name) {
    return (fs::path(flags.out) / name).string();
}

std::string resumeCommand(const PretrainFlags& flags) {
    return "graft-cli pretrain --resume --out " + flags.out;
}

/// Also keeps what was printed, with the time, in a file that outlasts the terminal.
class LoggingPrinter : public TrainPrinter {
 public:
    LoggingPrinter(std::string file, Console& console, RunControl& control)
        : TrainPrinter(console, control), m_file(std::move(file)) {}

    void event(const TrainEvent& event) override {
        TrainPrinter::event(event);
        if (event.kind != TrainEvent::Kind::CheckpointWritten &&
            event.kind != TrainEvent::Kind::EpochFinished) {
            note(event.text);
        }
    }
    void metric(const MetricRow& row) override {
        TrainPrinter::metric(row);
        if (row.kind == MetricRow::Kind::Epoch) {
            note(epochLine(row, m_epochs));
        }
    }
    void snapshot(const TrainSnapshot& snapshot) override {
        TrainPrinter::snapshot(snapshot);
        m_epochs = snapshot.epochCount;
    }

 private:
    void note(const std::string& text) {
        constexpr std::uint64_t kMostBytes = 16u << 20;
        const Result<std::string> before = readWholeFile(m_file, kMostBytes);
        const std::string whole = (before ? *before : std::string()) + utcNow() + "  " + text + "\n";
        (void)writeFileAtomically(m_file, whole).ok();  // the run goes on without a log
    }

    std::string m_file;
    std::int64_t m_epochs = 0;
};

/// The folder that holds the classes: an archive often has one folder with all else inside.
std::string withoutWrapper(const std::string& folder) {
    std::error_code ignored;
    std::vector<fs::directory_entry> entries;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        entries.push_back(entry);
    }
    return entries.size() == 1 && entries[0].is_directory(ignored) ? entries[0].path().string()
                                                                   : folder;
}

Result<std::string> sourceFolder(const PretrainFlags& flags, Console& console) {
    if (!looksLikeArchive(flags.source)) {
        return flags.source;
    }
    const std::string folder = inFolder(flags, kDataName);
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        const std::function<Result<bool>(Progress&)> unpack = [&](Progress& progress) -> Result<bool> {
            GRAFT_CHECK(unpackArchive(flags.source, folder, progress));
            return true;
        };
        GRAFT_CHECK(runJob<bool>(console, "Unpacking", unpack));
    }
    return withoutWrapper(folder);
}

Result<std::unique_ptr<Project>> makeProject(const PretrainFlags& flags, Console& console) {
    const std::string path = inFolder(flags, kProjectName);
    std::error_code failed;
    if (flags.source.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "What should it learn from?",
                     {},
                     "graft-cli pretrain SOURCE --out FOLDER, or --resume to go on."};
    }
    if (fs::exists(path, failed)) {
        return Error{ErrorCode::InvalidArgument,
                     "\"" + flags.out + "\" holds a pretraining already.",
                     {},
                     "Go on with it: " + resumeCommand(flags) + "; or choose another folder."};
    }
    fs::create_directories(flags.out, failed);
    if (failed) {
        return fileError(failed.value(), flags.out, "mkdir");
    }
    GRAFT_TRY(const std::string source, sourceFolder(flags, console));
    const auto job = engine::startImport(source, ImportOptions{});
    GRAFT_TRY(Dataset dataset, waitFor(*job, console, "Looking for pictures"));
    const auto epochs = flags.train.options.find("epochs");
    GRAFT_TRY(const engine::PretrainRecipe recipe,
              engine::pretrainRecipe(
                  flags.train.backbone.empty() ? "graft_nano" : flags.train.backbone,
                  epochs == flags.train.options.end() ? engine::kPretrainEpochs
                                                      : std::atoi(epochs->second.c_str())));
    std::vector<std::string> notices;
    GRAFT_TRY(const TrainOptions options, changedOptions(recipe.options, flags.train));
    GRAFT_TRY(const AugmentSpec augment, changedAugment(recipe.augment, flags.train));
    GRAFT_TRY(const ModelSpec model, changedModel(recipe.model, flags.train,
                                                  int(dataset.classes.size()), notices));
    for (const std::string& notice : notices) {
        console.line(notice);
    }
    GRAFT_TRY(std::unique_ptr<Project> project, Project::create(path));
    GRAFT_CHECK(project->setDataset(std::move(dataset)));
    GRAFT_CHECK(project->setTrainOptions(options));
    GRAFT_CHECK(project->setAugment(augment));
    GRAFT_CHECK(project->setModel(model));
    return project;
}

/// The epoch that is worth most elsewhere; 0 for the one that is best on the validation pictures.
Result<std::int64_t> chooseEpoch(Project& project, RunId run, const PretrainFlags& flags,
                                 Console& console) {
    std::vector<engine::ProbeData> data;
    for (const std::string& folder : flags.probes) {
        const auto job = engine::startImport(folder, ImportOptions{});
        GRAFT_TRY(Dataset dataset, waitFor(*job, console, "Looking for pictures"));
        data.push_back({fs::path(folder).filename().string(), std::move(dataset)});
    }
    if (data.empty()) {
        return std::int64_t(0);
    }
    using Probed = std::vector<engine::ProbedEpoch>;
    const std::function<Result<Probed>(Progress&)> probe = [&](Progress& progress) {
        return engine::probeEpochs(project, run, data, progress);
    };
    GRAFT_TRY(const Probed probed, runJob<Probed>(console, "Judging the epochs", probe));
    GRAFT_CHECK(engine::noteProbes(project, data, probed));
    for (const engine::ProbedEpoch& one : probed) {
        std::string line = "Epoch " + std::to_string(one.epoch) + " elsewhere:";
        for (std::size_t i = 0; i < data.size(); ++i) {
            line += "  " + data[i].name + " " + percentText(one.accuracies[i]);
        }
        console.line(line);
    }
    const engine::ProbedEpoch* best = engine::bestProbed(probed);
    return best ? best->epoch : std::int64_t(0);
}

Result<int> finish(Project& project, RunId run, const PretrainFlags& flags, Console& console) {
    GRAFT_TRY(const std::int64_t epoch, chooseEpoch(project, run, flags, console));
    GRAFT_TRY(const engine::SavedBackbone saved,
              engine::savePretrained(project, run, flags.out, epoch));
    console.line("Backbone: " + saved.path + "\n  SHA-256 " + saved.sha256 +
                 "\nWhere it comes from is told beside it, in .md and .json.");
    return kExitDone;
}

Result<RunState> train(Project& project, RunId run, const PretrainFlags& flags, Console& console) {
    RunControl control;
    Mailbox<RunCommand> commands;
    LoggingPrinter printer(inFolder(flags, kLogName), console, control);
    const InterruptScope scope([&control] { control.requestStop(); });
    const Result<RunState> ended =
        engine::runHere(project, run, flags.resume, control, commands, printer);
    console.clearProgress();
    if (printer.problem()) {
        return *printer.problem();
    }
    return ended;
}

Result<int> runPretrain(const PretrainFlags& flags, Console& console) {
    std::unique_ptr<Project> project;
    RunRecord run;
    if (flags.resume) {
        GRAFT_TRY(project, openToChange(inFolder(flags, kProjectName)));
        GRAFT_TRY(const std::vector<RunRecord> runs, project->runs());
        if (!runs.empty() && runs.front().state == RunState::Finished) {
            return finish(*project, runs.front().id, flags, console);
        }
        GRAFT_TRY(run, chooseRun(*project, 0, RunWish::Unfinished));
    } else {
        GRAFT_TRY(project, makeProject(flags, console));
        GRAFT_TRY(run, project->addRun("Pretraining"));
    }
    GRAFT_CHECK(engine::noteSession(*project, flags.facts));
    console.line("Pretraining " + run.model.backbone + " on " +
                 engine::deviceText(run.options.device));
    GRAFT_TRY(const RunState ended, train(*project, run.id, flags, console));
    if (ended != RunState::Finished) {
        console.line("Stopped and saved. Go on with:\n  " + resumeCommand(flags));
        return kExitInterrupted;
    }
    return finish(*project, run.id, flags, console);
}

}  // namespace

void addPretrain(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand(
        "pretrain", "Train a backbone of your own from a large labelled data set");
    auto flags = std::make_shared<PretrainFlags>();
    command->add_option("SOURCE", flags->source,
                        "Folder with one folder per class (or train/val/test folders holding "
                        "those), an archive of such folders (tar, zip), a table, or an IDX file");
    command->add_option("--out", flags->out, "Folder for all that comes of it")->required();
    command->add_flag("--resume", flags->resume, "Go on with a pretraining that was stopped");
    command->add_option("--probe", flags->probes,
                        "Labelled folder of other pictures; may be given again. The latest epoch "
                        "is kept whose features serve a linear head on these as well as any");
    command->add_option("--network", flags->train.backbone,
                        "Network to train; default: graft_nano");
    command->add_option("--data-name", flags->facts.data, "What the card calls the data");
    command->add_option("--data-terms", flags->facts.terms,
                        "Terms of the data that users of the weights should know, for the card");
    addTrainFlags(*command, flags->train);
    addJsonFlag(*command, session);
    command->footer(
        "An ordinary run whose defaults are a recipe for learning from scratch; all flags of train\n"
        "change it. Ctrl+C saves and stops, --resume goes on. FOLDER gets the project, the weights\n"
        "in 16 bits without a head (NAME.safetensors) and a card that says where they come from\n"
        "(NAME.md, NAME.json), the weights after each epoch and a log. Use them with:\n"
        "graft-cli train PROJECT --weights FILE. With --resume and --probe a finished one is judged\n"
        "again.\n\n"
        "Example:\n"
        "  graft-cli pretrain archive.tar --out backbone");
    command->callback([flags, &session] {
        flags->facts.command = session.commandLine;
        session.action = [flags](Console& console) { return runPretrain(*flags, console); };
    });
}

}  // namespace graft::cli
