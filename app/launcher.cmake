# graft_program(NAME SOURCES ...): the program libexec/graft/NAME (target NAME-program) and what
# starts it, bin/NAME (target NAME), see launcher.cpp.
function(graft_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name}-program ${ARG_SOURCES})
    target_link_libraries(${name}-program PRIVATE ${ARG_LINK})
    set_target_properties(${name}-program PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libexec/graft)
    add_executable(${name} launcher.cpp)
    add_dependencies(${name} ${name}-program)
    set_target_properties(${name} PROPERTIES AUTOMOC OFF)
    include(GNUInstallDirs)
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
    # Found from bin, so both stand side by side under any prefix.
    install(TARGETS ${name}-program DESTINATION libexec/graft)
endfunction()
