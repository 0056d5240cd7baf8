# Free of torch, with the part of the file reader that is fuzzed and sanitised on its own.
graft_core_library(nn
    SOURCES model_spec.cpp weights/safetensors.cpp weights/safetensors_header.cpp
        weights/safetensors_writer.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp layers.cpp layer_tree.cpp network.cpp
        preprocess_choice.cpp weight_mapping.cpp
        families/mobilenet_v2.cpp families/registry.cpp families/resnet.cpp
        families/small_cnn.cpp families/squeezenet.cpp
    LINK graft_data)

# What is published and how it comes here: no torch either, so that tests of it need none.
set(weights_json ${PROJECT_SOURCE_DIR}/resources/weights.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${weights_json})
file(READ ${weights_json} GRAFT_WEIGHTS_JSON)
configure_file(nn/weights/weights_json.cpp.in weights_json.cpp @ONLY)
add_library(graft_weights STATIC
    nn/weights/download.cpp nn/weights/http_get.cpp nn/weights/part_file.cpp
    nn/weights/weight_catalogue.cpp ${CMAKE_CURRENT_BINARY_DIR}/weights_json.cpp)
target_link_libraries(graft_weights PUBLIC graft_base PRIVATE CURL::libcurl)
target_link_libraries(graft_nn PUBLIC graft_weights)
