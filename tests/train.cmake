add_executable(train_worker support/train_worker.cpp)
target_include_directories(train_worker PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(train_worker PRIVATE graft_engine)

graft_test(tst_trainer LABEL unit SOURCES unit/tst_trainer.cpp LINK graft_engine)
graft_test(tst_pretraining LABEL unit SOURCES unit/tst_pretraining.cpp LINK graft_engine)
graft_test(tst_fine_tuning LABEL unit SOURCES unit/tst_fine_tuning.cpp LINK graft_engine)
graft_test(tst_run_cost LABEL unit SOURCES unit/tst_run_cost.cpp LINK graft_engine)
graft_test(tst_device LABEL unit SOURCES unit/tst_device.cpp LINK graft_engine)
graft_test(tst_precision LABEL unit SOURCES unit/tst_precision.cpp LINK graft_train)
graft_test(tst_resume LABEL unit TIMEOUT 900 SOURCES unit/tst_resume.cpp LINK graft_base)
add_dependencies(tst_resume train_worker)
graft_test(tst_feature_cache LABEL unit SOURCES unit/tst_feature_cache.cpp
    LINK graft_train ${CMAKE_DL_LIBS})
add_dependencies(tst_feature_cache fail_io)
set_tests_properties(tst_feature_cache PROPERTIES
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};LD_PRELOAD=$<TARGET_FILE:fail_io>")
graft_test(tst_feature_source LABEL unit SOURCES unit/tst_feature_source.cpp LINK graft_engine)
graft_test(tst_feature_training LABEL unit TIMEOUT 900
    SOURCES unit/tst_feature_training.cpp LINK graft_engine)
add_dependencies(tst_feature_training train_worker)
graft_test(tst_quick_model LABEL unit SOURCES unit/tst_quick_model.cpp LINK graft_engine)
graft_test(tst_suggest_settings LABEL unit SOURCES unit/tst_suggest_settings.cpp LINK graft_train)
graft_test(tst_similar_pictures_oracle LABEL oracle
    SOURCES oracle/tst_similar_pictures_oracle.cpp LINK graft_engine)
graft_test(tst_quick_model_oracle LABEL oracle TIMEOUT 900
    SOURCES oracle/tst_quick_model_oracle.cpp LINK graft_engine)
graft_test(tst_head_solver_oracle LABEL oracle SOURCES oracle/tst_head_solver_oracle.cpp
    LINK graft_train)
graft_test(tst_optimizers_oracle LABEL oracle SOURCES oracle/tst_optimizers_oracle.cpp
    LINK graft_train)
add_executable(bench_scaling bench/bench_scaling.cpp)
target_include_directories(bench_scaling PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(bench_scaling PRIVATE QT_NO_KEYWORDS)
target_link_libraries(bench_scaling PRIVATE graft_engine Qt6::Test)
add_test(NAME bench_scaling COMMAND bench_scaling 10000)
set_tests_properties(bench_scaling PROPERTIES LABELS bench TIMEOUT 1800
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT}" FAIL_REGULAR_EXPRESSION "did not fit")
graft_test(bench_inference LABEL bench TIMEOUT 900 SOURCES bench/bench_inference.cpp LINK graft_train)
graft_test(bench_convolution LABEL bench TIMEOUT 900 SOURCES bench/bench_convolution.cpp
    LINK graft_train)
graft_test(bench_quick_model LABEL bench TIMEOUT 3600 SOURCES bench/bench_quick_model.cpp
    LINK graft_engine graft_opencv)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY AND NOT GRAFT_LIBTORCH)
    add_library(graft_conv_limit STATIC bench/conv_limit.cpp)
    target_include_directories(graft_conv_limit PUBLIC ${PROJECT_SOURCE_DIR})
    target_include_directories(graft_conv_limit SYSTEM PRIVATE ${DNNL_INCLUDE_DIR})
    target_link_libraries(graft_conv_limit PUBLIC graft_train ${DNNL_LIBRARY})
    graft_test(bench_head_only LABEL bench TIMEOUT 7200 SOURCES bench/bench_head_only.cpp
        LINK graft_conv_limit graft_engine graft_opencv)
    add_executable(bench_training_step bench/bench_training_step.cpp)
    target_link_libraries(bench_training_step PRIVATE graft_conv_limit)
    add_test(NAME bench_training_step COMMAND bench_training_step --profile)
    set_tests_properties(bench_training_step PROPERTIES LABELS bench TIMEOUT 1800
        ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT}")
endif()
