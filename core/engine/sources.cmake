graft_core_library(engine
    SOURCES jobs.cpp pretrain.cpp run_sink.cpp run_thread.cpp runs.cpp suggestions.cpp
    TORCH_SOURCES backbone.cpp setup.cpp
    LINK graft_project graft_deploy
    PRIVATE_LINK graft_opencv)
