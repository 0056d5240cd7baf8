graft_core_library(project
    SOURCES change.cpp database.cpp dataset_tables.cpp journal.cpp log_syncer.cpp migrations.cpp
        project.cpp project_edits.cpp project_lock.cpp project_runs.cpp project_store.cpp
        run_store.cpp run_tables.cpp
    LINK graft_train
    PRIVATE_LINK SQLite::SQLite3)
