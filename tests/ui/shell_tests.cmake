# The frame of the window, its Start, Data and Augment pages, and what all pages share.
if(TARGET graft_ui)
    foreach(name accessibility desktop_theme theme app_settings job_bridge thumbnail_service image_grid data_models data_page
            augment_page main_window)
        graft_test(tst_${name} LABEL ui SOURCES ui/tst_${name}.cpp LINK graft_ui)
    endforeach()
    graft_test(tst_translations LABEL ui SOURCES ui/tst_translations.cpp LINK graft_ui)
    target_compile_definitions(tst_translations PRIVATE
        GRAFT_LUPDATE="$<TARGET_FILE:Qt6::lupdate>")
    graft_test(tst_grid_speed LABEL bench SOURCES ui/tst_grid_speed.cpp LINK graft_ui)
endif()
