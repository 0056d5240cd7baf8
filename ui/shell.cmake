# Main window, start, data and augment pages, and what all pages share. Headers with Q_OBJECT are
# listed so that moc sees them.
foreach(name app_settings core_texts desktop_theme heartbeat image_convert job_bridge language project_document
        project_opener thumbnail_service)
    list(APPEND GRAFT_UI_SOURCES bridge/${name}.cpp bridge/${name}.h)
endforeach()
foreach(name class_model problem_model sample_model)
    list(APPEND GRAFT_UI_SOURCES models/${name}.cpp models/${name}.h)
endforeach()
foreach(name augment_sliders class_delegate class_panel dialogs drop_overlay icons image_grid
        image_view image_wall message_bar primary_button sample_details sidebar split_dialog status_line theme)
    list(APPEND GRAFT_UI_SOURCES widgets/${name}.cpp widgets/${name}.h)
endforeach()
foreach(name augment_page data_header data_page help main_menu main_window path_pickers place_states
        sample_actions start_page)
    list(APPEND GRAFT_UI_SOURCES pages/${name}.cpp pages/${name}.h)
endforeach()
list(APPEND GRAFT_UI_SOURCES bridge/core_texts_list.inc pages/page.h)
