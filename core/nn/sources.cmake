# Free of torch, with the part of the file reader that is fuzzed and sanitised on its own.
graft_core_library(nn
    SOURCES model_spec.cpp weights/safetensors.cpp weights/safetensors_header.cpp
        weights/safetensors_writer.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp layers.cpp layer_tree.cpp network.cpp
        preprocess_choice.cpp weight_mapping.cpp
        families/mobilenet_v2.cpp families/registry.cpp families/resnet.cpp
        families/small_cnn.cpp families/squeezenet.cpp
    LINK graft_data)
