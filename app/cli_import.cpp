// import: pictures on disk into a project; again, takes over what changed there.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_project.h"
#include "app/cli_table.h"
#include "core/base/atomic_file.h"
#include "core/engine/engine.h"

#include <unistd.h>

#include <filesystem>

namespace graft::cli {
namespace fs = std::filesystem;
namespace {

struct ImportFlags {
    std::string source;
    std::string project;
    ImportOptions options;
    bool noCheck = false;
    bool replace = false;
    bool relink = false;
};

// What happened, for the report.
struct ImportOutcome {
    Dataset dataset;
    RescanReport changes;
    bool rescanned = false;
};

std::string absolutePath(const std::string& path) {
    std::error_code failed;
    const fs::path absolute = fs::weakly_canonical(path, failed);
    return failed ? path : absolute.string();
}

// Said before pictures are read for minutes, not after.
Status checkTarget(const std::string& project) {
    fs::path folder = fs::path(project).parent_path();
    folder = folder.empty() ? fs::path(".") : folder;
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
        return Error{ErrorCode::NotFound,
                     "The folder \"" + folder.string() + "\" for the project does not exist.",
                     {},
                     "Make it first, or choose another with --project."};
    }
    if (access(folder.c_str(), W_OK) != 0) {
        return fileError(errno, project, "access");
    }
    return {};
}

TableRow classRow(const Dataset& dataset, const ClassInfo& info) {
    TableRow row{info.name};
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
        auto counts = dataset.countByClass(split);
        row.push_back(std::to_string(counts[info.id]));
    }
    return row;
}

void reportProblems(const Dataset& dataset, Console& console) {
    constexpr std::size_t kShown = 50;
    console.line(countText(std::int64_t(dataset.problems.size()), "problem:", "problems:"));
    std::vector<TableRow> rows;
    for (const Problem& problem : dataset.problems) {
        if (rows.size() == kShown) {
            break;
        }
        rows.push_back(
            {"  " + std::string(problemKindName(problem.kind)), problem.path, problem.message});
    }
    console.text(textTable(rows, "lll"));
    if (dataset.problems.size() > kShown) {
        console.line("  and " + std::to_string(dataset.problems.size() - kShown) +
                     " more (--json lists all)");
    }
    console.line();
}

void report(const ImportOutcome& outcome, const Project& project, Console& console) {
    const Dataset& data = outcome.dataset;
    if (outcome.rescanned) {
        const RescanReport& changes = outcome.changes;
        console.line(changes.empty()
                         ? "Nothing changed since the last import."
                         : "Since the last import: " + std::to_string(changes.added.size()) +
                               " added, " + std::to_string(changes.missing.size()) + " missing, " +
                               std::to_string(changes.changed.size()) + " changed, " +
                               std::to_string(changes.moved.size()) + " moved. Taken over.");
    }
    console.line(
        "Found " + countText(std::int64_t(data.classes.size()), "class", "classes") + " and " +
        countText(std::int64_t(data.samples.size()), "picture", "pictures") +
        (data.splitFromSource ? ", with the split that the source tells" : ", split at random") +
        ".");
    console.line();
    std::vector<TableRow> rows{{"class", "train", "validation", "test"}};
    for (const ClassInfo& info : data.classes) {
        rows.push_back(classRow(data, info));
    }
    console.text(textTable(rows, "lrrr"));
    console.line();
    if (!data.problems.empty()) {
        reportProblems(data, console);
    }
    console.line("Project: " + project.path());
    console.line("Next:    graft-cli train " + project.path());
}

nlohmann::ordered_json reportJson(const ImportOutcome& outcome, const Project& project) {
    const Dataset& data = outcome.dataset;
    nlohmann::ordered_json json;
    json["project"] = project.path();
    json["source"] = data.source;
    json["format"] = data.format;
    json["split_from_source"] = data.splitFromSource;
    json["count"] = data.samples.size();
    json["classes"] = nlohmann::ordered_json::array();
    for (const ClassInfo& info : data.classes) {
        nlohmann::ordered_json row;
        row["class"] = info.name;
        for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
            auto counts = data.countByClass(split);
            row[splitName(split)] = counts[info.id];
        }
        json["classes"].push_back(row);
    }
    json["problems"] = nlohmann::ordered_json::array();
    for (const Problem& problem : data.problems) {
        json["problems"].push_back({{"kind", problemKindName(problem.kind)},
                                    {"path", problem.path},
                                    {"message", problem.message}});
    }
    if (outcome.rescanned) {
        json["changes"] = {{"added", outcome.changes.added.size()},
                           {"missing", outcome.changes.missing.size()},
                           {"changed", outcome.changes.changed.size()},
                           {"moved", outcome.changes.moved.size()}};
    }
    return json;
}

Result<Dataset> importFresh(const ImportFlags& flags, Console& console) {
    const auto job = engine::startImport(flags.source, flags.options);
    return waitFor(*job, console, "Looking for pictures");
}

Result<ImportOutcome> rescan(Dataset dataset, const ImportFlags& flags, Console& console) {
    ImportOutcome outcome;
    outcome.rescanned = true;
    const auto scan = engine::startRescan(dataset);
    GRAFT_TRY(outcome.changes, waitFor(*scan, console, "Looking for changes"));
    if (outcome.changes.rootMissing) {
        return Error{ErrorCode::NotFound,
                     "The folder \"" + dataset.root + "\" is gone.",
                     {},
                     "If it was moved: graft-cli import NEW_FOLDER --relink --project ..."};
    }
    const auto apply = engine::startApplyRescan(std::move(dataset), outcome.changes, flags.options);
    GRAFT_TRY(outcome.dataset, waitFor(*apply, console, "Taking over the changes"));
    return outcome;
}

// The project exists and holds pictures already.
Result<ImportOutcome> importAgain(const Project& project, const ImportFlags& flags,
                                  Console& console) {
    const Dataset& known = project.dataset();
    if (flags.replace) {
        ImportOutcome outcome;
        GRAFT_TRY(outcome.dataset, importFresh(flags, console));
        return outcome;
    }
    if (flags.relink) {
        GRAFT_TRY(Dataset moved, relinkDataset(known, absolutePath(flags.source)));
        return rescan(std::move(moved), flags, console);
    }
    if (absolutePath(flags.source) != absolutePath(known.source)) {
        return Error{ErrorCode::InvalidArgument,
                     "This project already holds the pictures of \"" + known.source +
                         "\". Nothing was changed.",
                     {},
                     "Use --relink if that folder was moved here, --replace to start over with the "
                     "new pictures (runs are kept), or another --project."};
    }
    return rescan(known, flags, console);
}

Result<std::unique_ptr<Project>> makeProject(const std::string& path) {
    GRAFT_TRY(std::unique_ptr<Project> project, Project::create(path));
    if (project->augment() == AugmentSpec{}) {
        GRAFT_TRY(const AugmentSpec light, augmentPreset("light"));
        GRAFT_CHECK(project->setAugment(light));
    }
    return project;
}

// A project file is made only when there is something to put in, and not left behind empty.
Result<int> runImport(ImportFlags flags, Console& console) {
    if (flags.project.empty()) {
        const fs::path source = absolutePath(flags.source);
        flags.project = source.stem().string() + ".graft";
    }
    flags.options.checkPictures = !flags.noCheck;
    std::error_code ignored;
    const bool existed = fs::exists(flags.project, ignored);
    std::unique_ptr<Project> project;
    ImportOutcome outcome;
    if (existed) {
        GRAFT_TRY(project, openToChange(flags.project));
    }
    if (project && !project->dataset().samples.empty()) {
        GRAFT_TRY(outcome, importAgain(*project, flags, console));
    } else {
        GRAFT_CHECK(checkTarget(flags.project));
        GRAFT_TRY(outcome.dataset, importFresh(flags, console));
    }
    if (!project) {
        GRAFT_TRY(project, makeProject(flags.project));
    }
    if (const Status stored = project->setDataset(outcome.dataset); !stored) {
        if (!existed) {
            project.reset();
            fs::remove(flags.project, ignored);
        }
        return stored.error();
    }
    if (console.json()) {
        console.printJson(reportJson(outcome, *project));
    } else {
        report(outcome, *project, console);
    }
    return kExitDone;
}

}  // namespace

void addImport(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("import", "Make a project from a folder of pictures");
    auto flags = std::make_shared<ImportFlags>();
    command
        ->add_option("SOURCE", flags->source,
                     "Folder with one folder per class (or train/val/test folders holding those), "
                     "a CSV or TSV table (path, label, optional split), or an IDX file")
        ->required();
    command->add_option("--project", flags->project,
                        "Project file; default: the source's name with .graft, here");
    SplitOptions& split = flags->options.split;
    command->add_option("--validation", split.validation, "Share held out to choose the best epoch")
        ->capture_default_str();
    command->add_option("--test", split.test, "Share held out for the final figures")
        ->capture_default_str();
    command->add_option("--seed", split.seed, "Another seed draws another split")
        ->capture_default_str();
    command->add_option("--path-column", flags->options.pathColumn, "Table: column of the path");
    command->add_option("--label-column", flags->options.labelColumn, "Table: column of the class");
    command->add_option("--split-column", flags->options.splitColumn, "Table: column of the split");
    command->add_flag("--no-check", flags->noCheck,
                      "Do not open every picture; damaged ones show up in training then");
    CLI::Option* replace = command->add_flag(
        "--replace", flags->replace, "Existing project: forget its pictures, take these instead");
    command->add_flag("--relink", flags->relink, "Existing project: its pictures are here now")
        ->excludes(replace);
    addJsonFlag(*command, session);
    command->footer(
        "Pictures stay where they are; nothing is copied or changed. Shares and seed count only\n"
        "where the source does not tell the split itself. For a project that exists already, the\n"
        "same source is looked through again: new pictures are added, missing ones dropped, "
        "labels\n"
        "and splits of the others kept.\n\n"
        "Examples:\n"
        "  graft-cli import photos\n"
        "  graft-cli import photos --project bees.graft --validation 0.2 --test 0.1\n"
        "  graft-cli import labels.csv --project bees.graft\n\n"
        "JSON: project, source, format, split_from_source, count,\n"
        "  classes[{class, train, validation, test}], problems[{kind, path, message}],\n"
        "  changes{added, missing, changed, moved} where the project existed");
    command->callback([flags, &session] {
        session.action = [flags](Console& console) { return runImport(*flags, console); };
    });
}

}  // namespace graft::cli
