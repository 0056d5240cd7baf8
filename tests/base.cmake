graft_test(tst_machine LABEL unit SOURCES unit/tst_machine.cpp LINK graft_base)
graft_test(tst_base LABEL unit SOURCES unit/tst_base.cpp LINK graft_base)
graft_test(tst_atomic_file LABEL unit SOURCES unit/tst_atomic_file.cpp LINK graft_base)
