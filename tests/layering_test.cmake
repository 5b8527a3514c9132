# Holds every #include under src/ to the arrows of src/README.md, and every
# third-party header to its home. Run by ctest with -DROOT=<checkout>.
cmake_minimum_required(VERSION 3.25)

# The one table. A folder may include itself and:
set(base)
set(store base)
set(capture base store)
set(rotate base store)
set(query base store)
set(config base)
set(supervisor base config)
set(keeper base)
set(control base)
set(daemon base store capture rotate config supervisor keeper control)
set(notify base store query config)
set(cli base store rotate query config control notify)
set(main base keeper daemon notify cli)  # src/main.cc
set(folders base store capture rotate query config supervisor keeper control daemon notify cli)
# Programs of their own, which use no folder.
set(programs yaml)
# ... and these single files: a door, not the room behind it.
set(cli_doors keeper/launch.h)
set(notify_doors supervisor/app_list.h)

# Who may include a third-party header: a regex over the header, then one over
# the files that are its home. A header in no row has no home yet: give it one.
set(homes
  "^uv\\.h$"                "^base/"
  "^re2/"                   "^base/"
  "^spdlog/"                "^base/"
  "^zstd\\.h$"              "^store/.*\\.cc$"
  "^fmt/"                   "."
  "^xxhash\\.h$"            "\\.cc$"
  "^yaml-cpp/"              "^yaml/"
  "^CLI/"                   "^cli/args\\.cc$"
  "^(immintrin|arm_neon)\\.h$" "^(capture/line_stamping|store/grams|query/(class_run|literal_(search|set)))\\.cc$"
  "^nlohmann/json_fwd\\.hpp$" "."
  # One header is of files that are all JSON: what their keys are made of.
  "^nlohmann/"              "(\\.cc|^config/key_makers\\.h)$"
  # What comes with every Linux: the C and C++ libraries and the kernel's.
  "^(sys|net|netinet|arpa|linux|asm|bits)/[a-z0-9_/]+\\.h$" "."
  "^(dirent|dlfcn|execinfo|fcntl|fnmatch|getopt|glob|grp|langinfo|malloc|netdb|poll|pthread|pty|pwd|sched|signal|spawn|string|syslog|termios|unistd|wchar)\\.h$" "."
  "^[a-z0-9_]+$"            ".")

# Appends to `faults` what is wrong with one file's includes. `file` is
# relative to src/.
function(check_includes file text)
  set(found ${faults})
  string(REGEX MATCH "^[^/]+" folder "${file}")
  if(file STREQUAL "main.cc")
    set(folder main)
  endif()
  # Collected as whole matches: other text of a file may hold ; and [.
  string(REGEX MATCHALL "(^|\n)[ \t]*#[ \t]*include[ \t]*[<\"][^>\"\n]+[>\"]"
    includes "${text}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^.*[<\"]([^>\"]+)[>\"]$" "\\1" header "${include}")
    if(include MATCHES "\"$")
      string(REGEX MATCH "^[^/]+" target "${header}")
      if(NOT target IN_LIST folders OR NOT header MATCHES "/")
        list(APPEND found "src/${file} includes \"${header}\": not a path from src/")
      elseif(NOT target STREQUAL folder AND NOT target IN_LIST ${folder}
             AND NOT header IN_LIST ${folder}_doors)
        list(APPEND found "src/${file} includes \"${header}\": ${folder} may not use ${target}")
      endif()
      continue()
    endif()
    set(rows ${homes})
    set(known FALSE)
    while(rows AND NOT known)
      list(POP_FRONT rows pattern home)
      if(header MATCHES "${pattern}")
        set(known TRUE)
        if(NOT file MATCHES "${home}")
          list(APPEND found "src/${file} includes <${header}>: its home is ${home}")
        endif()
      endif()
    endwhile()
    if(NOT known)
      list(APPEND found "src/${file} includes <${header}>: it has no home in tests/layering_test.cmake")
    endif()
  endforeach()
  set(faults ${found} PARENT_SCOPE)
endfunction()

# First, that this test can fail: each of these must be found, or not.
function(expect_faults count file text)
  set(faults)
  check_includes("${file}" "${text}")
  list(LENGTH faults length)
  if(NOT length EQUAL count)
    message(FATAL_ERROR "layering: the test is broken: expected ${count} faults in ${file} with ${text}, found: ${faults}")
  endif()
endfunction()
expect_faults(0 query/a.cc "#include <vector>\n#include \"store/names.h\"\n#include \"query/b.h\"\n")
expect_faults(1 query/a.cc "int x[3];\n  #  include \"rotate/flush.h\"\n")
expect_faults(1 base/a.h "#include \"store/names.h\"")
expect_faults(1 keeper/a.cc "#include \"control/message.h\"")
expect_faults(0 cli/a.cc "#include \"keeper/launch.h\"")
expect_faults(1 cli/a.cc "#include \"keeper/slot.h\"")
expect_faults(1 cli/a.cc "#include \"names.h\"")
expect_faults(1 daemon/a.cc "#include <uv.h>")
expect_faults(1 store/a.h "#include <nlohmann/json.hpp>")
expect_faults(0 store/a.cc "#include <nlohmann/json.hpp>")
expect_faults(1 cli/views.cc "#include <CLI/CLI.hpp>")
expect_faults(1 query/a.cc "#include <zstd.h>")
expect_faults(1 base/a.cc "#include <doctest/doctest.h>")
expect_faults(1 main.cc "#include \"store/names.h\"\n#include <sys/prctl.h>")

set(faults)
file(GLOB_RECURSE files RELATIVE ${ROOT}/src ${ROOT}/src/*.cc ${ROOT}/src/*.h)
foreach(file IN LISTS files)
  file(READ ${ROOT}/src/${file} text)
  check_includes("${file}" "${text}")
endforeach()

# The build's arrows are the same arrows.
file(READ ${ROOT}/src/CMakeLists.txt cmake)
foreach(folder IN LISTS folders)
  if(NOT cmake MATCHES "lodge_folder\\(${folder}[ )]([^)]*)")
    list(APPEND faults "src/CMakeLists.txt has no lodge_folder(${folder})")
    continue()
  endif()
  set(depends)
  if(CMAKE_MATCH_1 MATCHES "DEPENDS([a-z \n]*)")
    string(REGEX MATCHALL "[a-z]+" depends "${CMAKE_MATCH_1}")
  endif()
  set(expected ${${folder}})
  foreach(door IN LISTS ${folder}_doors)
    string(REGEX MATCH "^[^/]+" behind "${door}")
    list(APPEND expected ${behind})
  endforeach()
  foreach(arrow IN LISTS depends)
    if(NOT arrow IN_LIST expected)
      list(APPEND faults "src/CMakeLists.txt: ${folder} DEPENDS ${arrow}: no such arrow")
    endif()
  endforeach()
  foreach(arrow IN LISTS ${folder})
    if(NOT arrow IN_LIST depends)
      list(APPEND faults "src/CMakeLists.txt: ${folder} does not name ${arrow} in DEPENDS")
    endif()
  endforeach()
endforeach()
file(GLOB rooms RELATIVE ${ROOT}/src LIST_DIRECTORIES true ${ROOT}/src/*)
foreach(room IN LISTS rooms)
  if(IS_DIRECTORY ${ROOT}/src/${room} AND NOT room IN_LIST folders
     AND NOT room IN_LIST programs)
    list(APPEND faults "src/${room}/ has no row in the table of tests/layering_test.cmake")
  endif()
endforeach()

list(LENGTH files count)
if(faults)
  list(JOIN faults "\n  " lines)
  message(FATAL_ERROR "layering: forbidden, see src/README.md:\n  ${lines}")
endif()
message(STATUS "layering: ${count} files keep to the arrows")
