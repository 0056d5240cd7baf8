# Tests of the window; each half lists its own.
include(ui/shell_tests.cmake)
include(ui/training_tests.cmake)
