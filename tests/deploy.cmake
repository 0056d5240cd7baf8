# Stands in for `graft-cli check-package`, and can be told to misbehave.
add_executable(package_checker support/package_checker.cpp)
target_include_directories(package_checker PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(package_checker PRIVATE graft_deploy)

graft_test(tst_package_parts LABEL unit SOURCES unit/tst_package_parts.cpp LINK graft_deploy)
graft_test(tst_package LABEL unit SOURCES unit/tst_package.cpp LINK graft_deploy)
graft_test(tst_traced_backbones LABEL unit SOURCES unit/tst_traced_backbones.cpp
    LINK graft_deploy)
graft_test(tst_export_oracle LABEL oracle SOURCES oracle/tst_export_oracle.cpp
    LINK graft_deploy)
foreach(test tst_package tst_export_oracle)
    add_dependencies(${test} package_checker)
    target_compile_definitions(${test} PRIVATE
        GRAFT_PACKAGE_CHECKER="$<TARGET_FILE:package_checker>")
endforeach()
