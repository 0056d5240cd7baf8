graft_core_library(train
    SOURCES checkpoint.cpp schedules.cpp train_messages.cpp train_options.cpp
    TORCH_SOURCES run_checkpoint.cpp checkpoint_io.cpp frozen_layers.cpp evaluation_job.cpp model_loading.cpp optimizers.cpp trainer.cpp
        train_run.cpp
    LINK graft_analysis)
