# What nearly every file includes is parsed once for all, which saves a third of
# the time to build: in builds for the sanitizers, and where scripts/build.sh asks
# for it. It is for the compiler alone: each file still includes what it uses, as
# the other builds and clang-tidy see. The libraries share that of lodge_base, the
# tests that of lodge_test_support. Nothing big that few use: to load it costs too.
set(LODGE_PRECOMPILE OFF CACHE BOOL "parse common headers once")

if(LODGE_SANITIZE OR LODGE_PRECOMPILE)
  # What GCC 12 says of the insides of std::string wherever it inlines them, and
  # keeps to itself when it reads them as a system header. Other builds see ours.
  target_compile_options(lodge_flags INTERFACE -Wno-array-bounds -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()

function(precompile target)
  if(LODGE_SANITIZE OR LODGE_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <expected>
      <functional> <map> <memory> <optional> <set> <span> <string>
      <string_view> <unordered_map> <utility> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()

function(share_precompiled target with)
  if(LODGE_SANITIZE OR LODGE_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${with})
  endif()
endfunction()
