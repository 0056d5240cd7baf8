add_executable(train_worker support/train_worker.cpp)
target_include_directories(train_worker PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(train_worker PRIVATE graft_engine)

graft_test(tst_trainer LABEL unit SOURCES unit/tst_trainer.cpp LINK graft_engine)
graft_test(tst_precision LABEL unit SOURCES unit/tst_precision.cpp LINK graft_train)
graft_test(tst_resume LABEL unit SOURCES unit/tst_resume.cpp LINK graft_base)
add_dependencies(tst_resume train_worker)
graft_test(tst_optimizers_oracle LABEL oracle SOURCES oracle/tst_optimizers_oracle.cpp
    LINK graft_train)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY AND NOT GRAFT_LIBTORCH)
    add_executable(bench_training_step bench/bench_training_step.cpp bench/conv_limit.cpp)
    target_include_directories(bench_training_step PRIVATE ${PROJECT_SOURCE_DIR})
    target_include_directories(bench_training_step SYSTEM PRIVATE ${DNNL_INCLUDE_DIR})
    target_link_libraries(bench_training_step PRIVATE graft_train ${DNNL_LIBRARY})
    add_test(NAME bench_training_step COMMAND bench_training_step --profile)
    set_tests_properties(bench_training_step PROPERTIES LABELS bench TIMEOUT 1800
        ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT}")
endif()
