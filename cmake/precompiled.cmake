# In builds for the sanitizers what nearly every file of the libraries includes
# is parsed once for all, which is a fifth of their time. It is for the compiler
# alone: each file still includes what it uses, as the other builds and
# clang-tidy see. All of them share that of lodge_base.
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
