graft_core_library(base
    SOURCES amounts.cpp atomic_file.cpp control_group.cpp fields.cpp hash.cpp machine.cpp
        result.cpp run_control.cpp
    LINK nlohmann_json::nlohmann_json Threads::Threads
    PRIVATE_LINK OpenSSL::Crypto)
