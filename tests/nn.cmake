# The reader is compiled in directly: so this test runs without LibTorch under the sanitizers.
graft_test(tst_safetensors LABEL unit
    SOURCES unit/tst_safetensors.cpp ../core/nn/weights/safetensors.cpp
        ../core/nn/weights/safetensors_header.cpp ../core/nn/weights/safetensors_writer.cpp
    LINK graft_base)
graft_test(tst_classifier LABEL unit SOURCES unit/tst_classifier.cpp LINK graft_nn)
graft_test(tst_catalog LABEL unit SOURCES unit/tst_catalog.cpp LINK graft_nn)
graft_test(tst_backbones LABEL unit SOURCES unit/tst_backbones.cpp LINK graft_nn)
graft_test(tst_weights LABEL unit SOURCES unit/tst_weights.cpp LINK graft_nn)
graft_test(tst_evaluation LABEL unit SOURCES unit/tst_evaluation.cpp
    ../core/analysis/evaluation.cpp LINK graft_data)
graft_test(tst_evaluator LABEL unit SOURCES unit/tst_evaluator.cpp LINK graft_analysis)
graft_test(tst_key_layouts_oracle LABEL oracle SOURCES oracle/tst_key_layouts_oracle.cpp
    LINK graft_nn)
# All backbones take longer than one test may: each part has every eighth of them.
graft_test(tst_backbones_oracle LABEL oracle SOURCES oracle/tst_backbones_oracle.cpp
    LINK graft_nn)
set_tests_properties(tst_backbones_oracle PROPERTIES
    ENVIRONMENT "QT_QPA_PLATFORM=offscreen;GRAFT_PART=1/8")
foreach(part 2 3 4 5 6 7 8)
    add_test(NAME tst_backbones_oracle_${part} COMMAND tst_backbones_oracle sameAsTorchvision)
    set_tests_properties(tst_backbones_oracle_${part} PROPERTIES LABELS oracle TIMEOUT 300
        SKIP_REGULAR_EXPRESSION "all tests skipped"
        ENVIRONMENT "QT_QPA_PLATFORM=offscreen;GRAFT_PART=${part}/8")
endforeach()
