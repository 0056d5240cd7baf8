# A library to preload that makes writing calls fail, for any test that starts a program.
add_library(fail_io MODULE support/fail_io.cpp)
target_include_directories(fail_io PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(fail_io PRIVATE ${CMAKE_DL_LIBS})
# It stands in for functions of libc, which the checked and the sanitized variants of them are not.
target_compile_options(fail_io PRIVATE -U_FORTIFY_SOURCE -fno-sanitize=all)
target_link_options(fail_io PRIVATE -fno-sanitize=all)

# Qt Test for the code that it shares with the tests.
add_executable(project_worker support/project_worker.cpp)
target_include_directories(project_worker PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(project_worker PRIVATE QT_NO_KEYWORDS)
target_link_libraries(project_worker PRIVATE graft_project Qt6::Test ${CMAKE_DL_LIBS})

graft_test(tst_project LABEL unit SOURCES unit/tst_project.cpp LINK graft_project)
graft_test(tst_project_undo LABEL unit SOURCES unit/tst_project_undo.cpp LINK graft_project)
graft_test(tst_project_open LABEL unit SOURCES unit/tst_project_open.cpp LINK graft_project)
graft_test(tst_faults LABEL system SOURCES system/tst_faults.cpp LINK graft_project)
foreach(test tst_project_open tst_faults)
    target_compile_definitions(${test} PRIVATE
        GRAFT_PROJECT_WORKER="$<TARGET_FILE:project_worker>"
        GRAFT_FAIL_IO="$<TARGET_FILE:fail_io>")
    add_dependencies(${test} project_worker fail_io)
endforeach()
