# The program with the window.
add_executable(graft gui_main.cpp)
target_include_directories(graft PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(graft PRIVATE QT_NO_KEYWORDS GRAFT_VERSION="${PROJECT_VERSION}")
target_link_libraries(graft PRIVATE graft_ui)
