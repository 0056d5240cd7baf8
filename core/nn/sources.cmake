# Free of torch, with the part of the file reader that is fuzzed and sanitised on its own.
graft_core_library(nn
    SOURCES key_layouts.cpp model_spec.cpp weights/safetensors.cpp weights/safetensors_header.cpp
        weights/safetensors_writer.cpp
    TORCH_SOURCES catalog.cpp classifier.cpp input_channels.cpp layers.cpp layer_tree.cpp
        network.cpp preprocess_choice.cpp weight_mapping.cpp
        families/alexnet.cpp families/blocks.cpp families/cifar_resnet.cpp families/convnext.cpp
        families/densenet.cpp families/efficientnet.cpp families/googlenet.cpp
        families/inception_v3.cpp families/mnasnet.cpp families/mobilenet_v2.cpp
        families/mobilenet_v3.cpp families/registry.cpp families/regnet.cpp families/resnet.cpp
        families/shufflenet_v2.cpp families/small_cnn.cpp families/squeezenet.cpp families/swin.cpp
        families/vgg.cpp families/vit.cpp
    LINK graft_data)
