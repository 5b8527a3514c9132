# `make install`: PREFIX and DESTDIR as everywhere.
include(GNUInstallDirs)
install(TARGETS lodge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
