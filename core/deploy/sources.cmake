graft_core_library(deploy
    SOURCES child_process.cpp model_card.cpp parity.cpp staging_folder.cpp
    TORCH_SOURCES check_package.cpp exported_model.cpp package.cpp predictor.cpp
        torchscript_export.cpp
    LINK graft_train)
