graft_core_library(analysis
    SOURCES evaluation.cpp
    TORCH_SOURCES evaluator.cpp
    LINK graft_nn)
