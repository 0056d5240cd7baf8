# Without torch, so that they run under the sanitizers.
graft_test(tst_safetensors LABEL unit SOURCES unit/tst_safetensors.cpp LINK graft_weights)
graft_test(tst_weight_file LABEL unit SOURCES unit/tst_weight_file.cpp
    LINK graft_weights ZLIB::ZLIB)
# A program of its own, so that its time, memory and system calls can be watched.
add_executable(weight_probe support/weight_probe.cpp)
target_link_libraries(weight_probe PRIVATE graft_weights)
set(hostile_files support/hostile_pickles.cpp support/hostile_tensors.cpp
    support/hostile_containers.cpp)
graft_test(tst_hostile_weights LABEL unit SOURCES unit/tst_hostile_weights.cpp ${hostile_files}
    LINK graft_weights ZLIB::ZLIB)
add_dependencies(tst_hostile_weights weight_probe)
# Fuzzers: the same entry as libFuzzer's, with a driver of our own (see fuzz/fuzz_driver.cpp).
foreach(name safetensors zip legacy unpickler)
    add_executable(fuzz_${name} fuzz/fuzz_${name}.cpp fuzz/fuzz_driver.cpp ${hostile_files})
    target_link_libraries(fuzz_${name} PRIVATE graft_weights ZLIB::ZLIB)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} --runs 10000 --seed 1)
    set_tests_properties(fuzz_${name} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
graft_test(tst_classifier LABEL unit SOURCES unit/tst_classifier.cpp LINK graft_nn)
graft_test(tst_fast_ops LABEL unit SOURCES unit/tst_fast_ops.cpp LINK graft_nn)
# The kernels of a processor without AVX-512 BF16.
add_test(NAME tst_fast_ops_portable COMMAND tst_fast_ops)
set_tests_properties(tst_fast_ops_portable PROPERTIES LABELS unit TIMEOUT 300
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};GRAFT_KERNELS=portable")
graft_test(tst_winograd LABEL unit SOURCES unit/tst_winograd.cpp LINK graft_nn)
add_test(NAME tst_winograd_portable COMMAND tst_winograd)
set_tests_properties(tst_winograd_portable PROPERTIES LABELS unit TIMEOUT 300
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};GRAFT_KERNELS=portable")
graft_test(tst_catalog LABEL unit SOURCES unit/tst_catalog.cpp LINK graft_nn)
graft_test(tst_graft_nano LABEL unit SOURCES unit/tst_graft_nano.cpp LINK graft_nn)
graft_test(tst_bundled_weights LABEL unit SOURCES unit/tst_bundled_weights.cpp LINK graft_nn)
graft_test(tst_backbones LABEL unit SOURCES unit/tst_backbones.cpp LINK graft_nn)
graft_test(tst_weights LABEL unit SOURCES unit/tst_weights.cpp LINK graft_nn ZLIB::ZLIB)
graft_test(tst_evaluation LABEL unit SOURCES unit/tst_evaluation.cpp
    ../core/analysis/evaluation.cpp LINK graft_data)
graft_test(tst_evaluator LABEL unit SOURCES unit/tst_evaluator.cpp LINK graft_analysis)
graft_test(tst_real_weights_oracle LABEL oracle SOURCES oracle/tst_real_weights_oracle.cpp
    LINK graft_nn)
graft_test(tst_key_layouts_oracle LABEL oracle SOURCES oracle/tst_key_layouts_oracle.cpp
    LINK graft_nn)
# All backbones take longer than one test may: each part has every eighth of them.
graft_test(tst_backbones_oracle LABEL oracle SOURCES oracle/tst_backbones_oracle.cpp
    LINK graft_nn)
set_tests_properties(tst_backbones_oracle PROPERTIES
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};GRAFT_PART=1/8")
foreach(part 2 3 4 5 6 7 8)
    add_test(NAME tst_backbones_oracle_${part} COMMAND tst_backbones_oracle sameAsTorchvision)
    set_tests_properties(tst_backbones_oracle_${part} PROPERTIES LABELS oracle TIMEOUT 300
        SKIP_REGULAR_EXPRESSION "all tests skipped"
        ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};GRAFT_PART=${part}/8")
endforeach()
graft_test(bench_weight_load LABEL bench SOURCES bench/bench_weight_load.cpp LINK graft_nn)

# The catalogue of published weights and how they come here; free of torch too.
foreach(name tst_downloads tst_download_answers)
    graft_test(${name} LABEL system SOURCES system/${name}.cpp support/download_fixture.h
        LINK graft_downloads ${CMAKE_DL_LIBS})
endforeach()
target_compile_definitions(tst_downloads PRIVATE GRAFT_FAIL_IO="$<TARGET_FILE:fail_io>")
add_dependencies(tst_downloads fail_io)
graft_test(tst_weight_catalogue LABEL unit SOURCES unit/tst_weight_catalogue.cpp LINK graft_downloads)
graft_test(tst_weight_catalogue_oracle LABEL oracle
    SOURCES oracle/tst_weight_catalogue_oracle.cpp LINK graft_downloads)
