graft_core_library(train
    SOURCES checkpoint.cpp schedules.cpp train_messages.cpp train_options.cpp
    TORCH_SOURCES checkpoint_io.cpp evaluation_job.cpp frozen_layers.cpp model_loading.cpp
        optimizers.cpp run_checkpoint.cpp run_edits.cpp run_report.cpp train_run.cpp train_step.cpp
        trainer.cpp
    LINK graft_analysis)
