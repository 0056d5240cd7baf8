graft_test(tst_image_reader LABEL unit SOURCES unit/tst_image_reader.cpp
    LINK graft_data ZLIB::ZLIB)
foreach(name importers rescan)
    graft_test(tst_${name} LABEL unit SOURCES unit/tst_${name}.cpp LINK graft_data ZLIB::ZLIB)
endforeach()
foreach(name archive split resize batch_loader)
    graft_test(tst_${name} LABEL unit SOURCES unit/tst_${name}.cpp LINK graft_data)
endforeach()
graft_test(tst_augment LABEL oracle SOURCES unit/tst_augment.cpp LINK graft_data)
graft_test(tst_resize_oracle LABEL oracle SOURCES oracle/tst_resize_oracle.cpp
    LINK graft_data graft_torch)
graft_test(tst_jpeg_decode LABEL unit SOURCES unit/tst_jpeg_decode.cpp LINK graft_data JPEG::JPEG)
# Told what to do by bench/compare_loading.
add_executable(bench_loading bench/bench_loading.cpp)
target_link_libraries(bench_loading PRIVATE graft_data)
