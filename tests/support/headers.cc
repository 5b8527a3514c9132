// Nothing: what is precompiled needs a target of its own (CMakeLists.txt).
