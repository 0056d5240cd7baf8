graft_core_library(train
    SOURCES checkpoint.cpp feature_cache.cpp feature_file.cpp schedules.cpp settings_words.cpp
        suggest_settings.cpp train_messages.cpp train_options.cpp
    TORCH_SOURCES backbone_file.cpp batch_size_probe.cpp checkpoint_io.cpp cost_forecast.cpp
        evaluation_job.cpp feature_key.cpp feature_source.cpp feature_walk.cpp frozen_layers.cpp
        head_solver.cpp linear_probe.cpp loss_scale.cpp model_loading.cpp optimizers.cpp precision_choice.cpp
        probe_scope.cpp
        quick_head.cpp run_checkpoint.cpp run_cost.cpp run_edits.cpp run_features.cpp run_quick.cpp
        run_report.cpp run_start.cpp run_validation.cpp similar_pictures.cpp tensor_memory.cpp
        train_run.cpp train_step.cpp trainer.cpp weight_average.cpp
    LINK graft_analysis)
