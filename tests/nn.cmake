# The reader is compiled in directly: so this test runs without LibTorch under the sanitizers.
graft_test(tst_safetensors LABEL unit
    SOURCES unit/tst_safetensors.cpp ../core/nn/weights/safetensors.cpp
        ../core/nn/weights/safetensors_header.cpp ../core/nn/weights/safetensors_writer.cpp
    LINK graft_base)
graft_test(tst_classifier LABEL unit SOURCES unit/tst_classifier.cpp LINK graft_nn)
graft_test(tst_weights LABEL unit SOURCES unit/tst_weights.cpp LINK graft_nn)
graft_test(tst_evaluation LABEL unit SOURCES unit/tst_evaluation.cpp
    ../core/analysis/evaluation.cpp LINK graft_data)
graft_test(tst_evaluator LABEL unit SOURCES unit/tst_evaluator.cpp LINK graft_analysis)
graft_test(tst_backbones_oracle LABEL oracle SOURCES oracle/tst_backbones_oracle.cpp
    LINK graft_nn)

# The catalogue of published weights and how they come here; free of torch too.
foreach(name tst_downloads tst_download_answers)
    graft_test(${name} LABEL system SOURCES system/${name}.cpp support/download_fixture.h
        LINK graft_weights ${CMAKE_DL_LIBS})
endforeach()
target_compile_definitions(tst_downloads PRIVATE GRAFT_FAIL_IO="$<TARGET_FILE:fail_io>")
add_dependencies(tst_downloads fail_io)
graft_test(tst_weight_catalogue LABEL unit SOURCES unit/tst_weight_catalogue.cpp LINK graft_weights)
graft_test(tst_weight_catalogue_oracle LABEL oracle
    SOURCES oracle/tst_weight_catalogue_oracle.cpp LINK graft_weights)
