# The window's languages: resources/translations/graft_CODE.ts, compiled into the program. Target
# `update_translations` brings the files up to date with the sources.
set(GRAFT_LANGUAGES en zh_CN)
set(translations_dir ${PROJECT_SOURCE_DIR}/resources/translations)
set(qrc ${CMAKE_CURRENT_BINARY_DIR}/translations.qrc)
set(qrc_lines "<RCC><qresource prefix=\"/translations\">\n")
set(ts_files)
set(qm_files)
foreach(code ${GRAFT_LANGUAGES})
    set(ts ${translations_dir}/graft_${code}.ts)
    set(qm ${CMAKE_CURRENT_BINARY_DIR}/graft_${code}.qm)
    add_custom_command(OUTPUT ${qm} DEPENDS ${ts}
        COMMAND Qt6::lrelease -silent -nounfinished ${ts} -qm ${qm} VERBATIM)
    string(APPEND qrc_lines "<file>graft_${code}.qm</file>\n")
    list(APPEND ts_files ${ts})
    list(APPEND qm_files ${qm})
endforeach()
file(GENERATE OUTPUT ${qrc} CONTENT "${qrc_lines}</qresource></RCC>\n")
set(translations_cpp ${CMAKE_CURRENT_BINARY_DIR}/qrc_translations.cpp)
add_custom_command(OUTPUT ${translations_cpp} DEPENDS ${qm_files} ${qrc}
    COMMAND Qt6::rcc --name translations --output ${translations_cpp} ${qrc} VERBATIM)
set_source_files_properties(${translations_cpp} PROPERTIES SKIP_AUTOMOC ON)
list(APPEND GRAFT_UI_SOURCES ${translations_cpp})

set(translated_sources ${PROJECT_SOURCE_DIR}/ui ${PROJECT_SOURCE_DIR}/app/gui_main.cpp)
add_custom_target(update_translations VERBATIM
    COMMAND Qt6::lupdate -silent -no-obsolete -locations none -extensions cpp,h,inc
        -I ${PROJECT_SOURCE_DIR} ${translated_sources} -ts ${translations_dir}/graft_zh_CN.ts
    COMMAND Qt6::lupdate -silent -no-obsolete -locations none -pluralonly
        -I ${PROJECT_SOURCE_DIR} ${translated_sources} -ts ${translations_dir}/graft_en.ts)
