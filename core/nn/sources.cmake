# Everything that reads weight files, free of torch: fuzzed and sanitised on its own.
set(weight_sources finite.cpp mapped_file.cpp pickle_graph.cpp pickle_machine.cpp pickle_objects.cpp
    pickle_symbols.cpp safetensors.cpp safetensors_header.cpp safetensors_writer.cpp state_dict.cpp
    strided_copy.cpp tensor_names.cpp torch_legacy.cpp torch_script.cpp torch_tensors.cpp
    torch_zip.cpp unpickler.cpp weight_file.cpp zip_archive.cpp)
list(TRANSFORM weight_sources PREPEND nn/weights/)
add_library(graft_weights STATIC ${weight_sources})
target_link_libraries(graft_weights PUBLIC graft_data)
# Passes over every byte of a file: worth vectorising.
set_source_files_properties(nn/weights/finite.cpp PROPERTIES COMPILE_OPTIONS -O3)

# The loops between the convolutions, once for any processor and once for AVX-512 BF16: chosen when
# the program runs.
set(kernel_options -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-psabi)
set_source_files_properties(nn/fast/kernels_portable.cpp PROPERTIES
    COMPILE_OPTIONS "${kernel_options}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # GCC 12 warns of what its own header leaves open on purpose.
    list(APPEND kernel_options -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512bf16 -mfma
        -Wno-maybe-uninitialized)
endif()
set_source_files_properties(nn/fast/kernels_avx512.cpp PROPERTIES
    COMPILE_OPTIONS "${kernel_options}")
graft_core_library(nn
    SOURCES key_layouts.cpp model_spec.cpp fast/kernels_avx512.cpp fast/kernels_choice.cpp
        fast/kernels_portable.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp classifier_state.cpp device.cpp input_channels.cpp layers.cpp
        layer_tree.cpp network.cpp preprocess_choice.cpp weight_mapping.cpp
        fast/conv_plan.cpp fast/convolution.cpp fast/depthwise.cpp fast/dnnl_plan.cpp fast/norm.cpp
        fast/pointwise.cpp fast/pool.cpp fast/winograd_plan.cpp
        families/alexnet.cpp families/blocks.cpp families/cifar_resnet.cpp families/convnext.cpp
        families/densenet.cpp families/efficientnet.cpp families/googlenet.cpp
        families/graft_nano.cpp families/inception_v3.cpp families/mnasnet.cpp families/mobilenet_v2.cpp
        families/mobilenet_v3.cpp families/registry.cpp families/regnet.cpp families/resnet.cpp
        families/shufflenet_v2.cpp families/small_cnn.cpp families/squeezenet.cpp families/swin.cpp
        families/vgg.cpp families/vit.cpp
    LINK graft_weights)
# torch's own oneDNN, called directly: only where torch links the shared library, so that there are
# not two of them in one program. (Its CMake files ask for OpenCL.)
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
find_library(DNNL_LIBRARY dnnl)
set(has_dnnl 0)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY AND NOT GRAFT_LIBTORCH)
    set(has_dnnl 1)
    target_link_libraries(graft_nn PUBLIC ${DNNL_LIBRARY})
    target_include_directories(graft_nn_torch SYSTEM PRIVATE ${DNNL_INCLUDE_DIR})
else()
    message(STATUS "Without oneDNN (libdnnl-dev): training in bf16 is slower")
endif()
set_source_files_properties(nn/fast/dnnl_plan.cpp PROPERTIES
    COMPILE_DEFINITIONS GRAFT_HAS_DNNL=${has_dnnl})

# What is published and how it comes here: no torch either, so that tests of it need none.
set(weights_json ${PROJECT_SOURCE_DIR}/resources/weights.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${weights_json})
file(READ ${weights_json} GRAFT_WEIGHTS_JSON)
configure_file(nn/weights/weights_json.cpp.in weights_json.cpp @ONLY)
add_library(graft_downloads STATIC
    nn/weights/download.cpp nn/weights/http_get.cpp nn/weights/part_file.cpp
    nn/weights/weight_catalogue.cpp ${CMAKE_CURRENT_BINARY_DIR}/weights_json.cpp)
target_link_libraries(graft_downloads PUBLIC graft_base PRIVATE CURL::libcurl)
target_link_libraries(graft_nn PUBLIC graft_downloads)
