graft_core_library(train
    SOURCES checkpoint.cpp schedules.cpp train_messages.cpp train_options.cpp
    TORCH_SOURCES batch_size_probe.cpp checkpoint_io.cpp cost_forecast.cpp evaluation_job.cpp frozen_layers.cpp model_loading.cpp
        optimizers.cpp run_checkpoint.cpp run_cost.cpp run_edits.cpp run_report.cpp tensor_memory.cpp train_run.cpp trainer.cpp
    LINK graft_analysis)
