add_executable(train_worker support/train_worker.cpp)
target_include_directories(train_worker PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(train_worker PRIVATE graft_engine)

graft_test(tst_trainer LABEL unit SOURCES unit/tst_trainer.cpp LINK graft_engine)
graft_test(tst_run_cost LABEL unit SOURCES unit/tst_run_cost.cpp LINK graft_engine)
graft_test(tst_resume LABEL unit SOURCES unit/tst_resume.cpp LINK graft_base)
add_dependencies(tst_resume train_worker)
graft_test(tst_optimizers_oracle LABEL oracle SOURCES oracle/tst_optimizers_oracle.cpp
    LINK graft_train)
add_executable(bench_scaling bench/bench_scaling.cpp)
target_include_directories(bench_scaling PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(bench_scaling PRIVATE QT_NO_KEYWORDS)
target_link_libraries(bench_scaling PRIVATE graft_engine Qt6::Test)
add_test(NAME bench_scaling COMMAND bench_scaling 10000)
set_tests_properties(bench_scaling PROPERTIES LABELS bench TIMEOUT 1800
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT}" FAIL_REGULAR_EXPRESSION "did not fit")
