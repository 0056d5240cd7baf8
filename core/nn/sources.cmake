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

graft_core_library(nn
    SOURCES key_layouts.cpp model_spec.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp input_channels.cpp layers.cpp layer_tree.cpp
        network.cpp preprocess_choice.cpp weight_mapping.cpp
        families/alexnet.cpp families/blocks.cpp families/cifar_resnet.cpp families/convnext.cpp
        families/densenet.cpp families/efficientnet.cpp families/googlenet.cpp
        families/inception_v3.cpp families/mnasnet.cpp families/mobilenet_v2.cpp
        families/mobilenet_v3.cpp families/registry.cpp families/regnet.cpp families/resnet.cpp
        families/shufflenet_v2.cpp families/small_cnn.cpp families/squeezenet.cpp families/swin.cpp
        families/vgg.cpp families/vit.cpp
    LINK graft_weights)

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
