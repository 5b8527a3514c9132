# In builds for the sanitizers what nearly every file includes is parsed once
# for all, which is a fifth of their time. It is for the compiler alone: each
# file still includes what it uses, as the other builds and clang-tidy see.
#
# Who compiles with the same flags shares one: the libraries that of
# lodge_base, the tests that of lodge_test_support.
function(precompile target)
  if(LODGE_SANITIZE)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <expected>
      <functional> <map> <memory> <optional> <set> <span> <string>
      <string_view> <utility> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()

function(share_precompiled target with)
  if(LODGE_SANITIZE)
    target_precompile_headers(${target} REUSE_FROM ${with})
  endif()
endfunction()
