# The program with the window.
graft_program(graft SOURCES gui_main.cpp LINK graft_ui)
target_include_directories(graft-program PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(graft-program PRIVATE QT_NO_KEYWORDS GRAFT_VERSION="${PROJECT_VERSION}")
