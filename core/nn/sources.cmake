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
    SOURCES model_spec.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp layers.cpp layer_tree.cpp network.cpp
        preprocess_choice.cpp weight_mapping.cpp
        families/mobilenet_v2.cpp families/registry.cpp families/resnet.cpp
        families/small_cnn.cpp families/squeezenet.cpp
    LINK graft_weights)
