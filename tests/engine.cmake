if(TARGET graft_ui)
    graft_test(tst_main_path LABEL ui TIMEOUT 600 SOURCES ui/tst_main_path.cpp LINK graft_ui)
    add_dependencies(tst_main_path graft-cli)
endif()
