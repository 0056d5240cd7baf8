# The weights that come with the program, if they are there: beside it in the build as they will be
# when it is installed.
set(bundled_weights ${PROJECT_SOURCE_DIR}/resources/weights)
if(EXISTS ${bundled_weights}/graft_nano.safetensors)
    include(GNUInstallDirs)
    foreach(file graft_nano.safetensors graft_nano.json graft_nano.md LICENSE.md)
        configure_file(${bundled_weights}/${file} ${CMAKE_BINARY_DIR}/share/graft/weights/${file}
            COPYONLY)
        install(FILES ${bundled_weights}/${file} DESTINATION share/graft/weights)
    endforeach()
endif()

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
