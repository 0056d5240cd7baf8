# graft-cli: the commands are in a static library so that tests can call them in-process.
find_package(CLI11 REQUIRED)
add_library(graft_cli_lib STATIC
    cli_app.cpp cli_cache.cpp cli_check_package.cpp cli_console.cpp cli_evaluate.cpp cli_exit.cpp cli_export.cpp cli_import.cpp
    cli_info.cpp cli_interrupt.cpp cli_pictures.cpp cli_predict.cpp cli_pretrain.cpp
    cli_progress.cpp cli_project.cpp cli_sample.cpp cli_similar.cpp cli_table.cpp cli_train.cpp
    cli_train_flags.cpp
    cli_train_printer.cpp cli_weight_choice.cpp cli_weight_report.cpp cli_weights.cpp)
target_include_directories(graft_cli_lib PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_definitions(graft_cli_lib PRIVATE GRAFT_VERSION="${PROJECT_VERSION}")
target_link_libraries(graft_cli_lib PUBLIC graft_engine CLI11::CLI11)
set_target_properties(graft_cli_lib PROPERTIES AUTOMOC OFF)

graft_program(graft-cli SOURCES cli_main.cpp LINK graft_cli_lib)
set_target_properties(graft-cli-program PROPERTIES AUTOMOC OFF)
