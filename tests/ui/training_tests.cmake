# The model, train, evaluate and export pages, and what they stand on.
if(TARGET graft_ui)
    foreach(name try_panel curve_thinning options_form layer_tree_model run_bridge curve_plot
            matrix_view run_models training_pages quick_model_ui published_weights cost_line)
        graft_test(tst_${name} LABEL ui SOURCES ui/tst_${name}.cpp LINK graft_ui)
    endforeach()
    graft_test(bench_plot LABEL bench SOURCES bench/bench_plot.cpp LINK graft_ui)
endif()
