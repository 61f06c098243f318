# One library per folder; who may link whom is who may include whom (README, "One arrow"; tests/tidy checks includes).
add_library(steelyard_warnings INTERFACE)
target_compile_options(steelyard_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Werror=switch -Werror=return-type -fstack-protector-strong)
# Stacks of a sampling profiler; in the release they would cost an instruction or two a call.
target_compile_options(steelyard_warnings INTERFACE $<IF:$<CONFIG:Release>,-fno-plt,-fno-omit-frame-pointer>)
if(STEELYARD_WERROR)
  target_compile_options(steelyard_warnings INTERFACE -Werror)
endif()
if(STEELYARD_SANITIZE)
  add_compile_options(-fsanitize=${STEELYARD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STEELYARD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options(-fno-sanitize=function)  # clang 14 cannot link it with coroutines
  endif()
endif()
if(STEELYARD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
else()
  add_compile_options($<$<NOT:$<BOOL:${STEELYARD_SANITIZE}>>:-D_FORTIFY_SOURCE=2>)
endif()

# What runs often is laid out and inlined for speed, the rest for size. The profile fits the code it was made from; what
# has changed since is compiled without, so an old one costs speed only.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  set(profile ${PROJECT_SOURCE_DIR}/cmake/release.profdata)
  # Functions of one file are named in it by that file, without its folder: with it, a checkout at another path than the
  # one the profile was made in would find none of them (2.5 % more instructions a request, and nobody told).
  set(profile_names "SHELL:-mllvm -static-func-full-module-prefix=false")
  if(STEELYARD_PROFILE STREQUAL "generate")
    add_compile_options(-fprofile-generate ${profile_names})
    add_link_options(-fprofile-generate)
  elseif(STEELYARD_PROFILE STREQUAL "use" AND EXISTS ${profile})
    # By its content's name, so that a new one compiles everything again.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
    file(SHA256 ${profile} id)
    string(SUBSTRING ${id} 0 12 id)
    configure_file(${profile} ${PROJECT_BINARY_DIR}/release-${id}.profdata COPYONLY)
    # Named as Ninja's compilers see it, so that a compiler cache is of use to more than one checkout.
    add_compile_options(-fprofile-use=release-${id}.profdata ${profile_names}
                        -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  endif()
endif()

# Releases are optimised across files, where Clang has its own linker and archiver: 10 % fewer instructions a request. The
# profile is taken without: it belongs to functions as they are written.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID MATCHES Clang AND NOT STEELYARD_SANITIZE
   AND NOT STEELYARD_PROFILE STREQUAL "generate")
  string(REGEX MATCH "^[0-9]+" clang_major ${CMAKE_CXX_COMPILER_VERSION})
  find_program(LLD ld.lld-${clang_major})
  find_program(LLVM_AR llvm-ar-${clang_major})
  find_program(LLVM_RANLIB llvm-ranlib-${clang_major})
  if(LLD AND LLVM_AR AND LLVM_RANLIB)
    set(CMAKE_AR ${LLVM_AR})
    set(CMAKE_RANLIB ${LLVM_RANLIB})
    add_compile_options(-flto=thin)
    add_link_options(-flto=thin -fuse-ld=lld-${clang_major} -Wl,--thinlto-cache-dir=lto-cache)
  else()
    message(WARNING "no ld.lld-${clang_major} or llvm-ar-${clang_major}: the release is not optimised across files")
  endif()
endif()

# steelyard_library(name FOLDERS a b DEPS x EXTERNAL y): all .cpp of the folders, not of their sub-folders.
function(steelyard_library name)
  cmake_parse_arguments(A "" "" "FOLDERS;DEPS;EXTERNAL" ${ARGN})
  set(sources "")
  foreach(folder ${A_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
    list(FILTER found EXCLUDE REGEX "/main\\.cpp$")
    list(APPEND sources ${found})
  endforeach()
  if(sources STREQUAL "")
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${A_DEPS} ${A_EXTERNAL})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${A_DEPS} PRIVATE steelyard_warnings PUBLIC ${A_EXTERNAL})
endfunction()

steelyard_library(steelyard_types FOLDERS config/types)
steelyard_library(steelyard_config FOLDERS config DEPS steelyard_types EXTERNAL yaml-cpp fmt::fmt)
steelyard_library(steelyard_policies FOLDERS policies DEPS steelyard_types EXTERNAL PkgConfig::RE2)
steelyard_library(steelyard_router FOLDERS router router/tokens router/ledger router/calibration DEPS steelyard_policies
  EXTERNAL PkgConfig::XXHASH ZLIB::ZLIB)
# Its .incbin finds the file through the include path, which link-time optimisation forgets.
set_source_files_properties(router/tokens/vocabulary_data.cpp PROPERTIES COMPILE_OPTIONS -fno-lto)
# The profile has seen one gateway's prompts. Text of any kind is to be counted fast, not only what was asked there.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID MATCHES Clang AND STEELYARD_PROFILE STREQUAL "use")
  set_source_files_properties(router/tokens/scan_avx2.cpp router/tokens/scan_avx512.cpp router/tokens/scanner.cpp
    router/tokens/bpe_counter.cpp router/tokens/probe.cpp router/tokens/merger.cpp router/tokens/json_text.cpp
    PROPERTIES COMPILE_OPTIONS -fno-profile-instr-use)
endif()
steelyard_library(steelyard_dialect FOLDERS gateway/dialect DEPS steelyard_types
  EXTERNAL simdjson::simdjson ZLIB::ZLIB OpenSSL::Crypto PkgConfig::XXHASH)
steelyard_library(steelyard_net FOLDERS gateway/net gateway/sys DEPS steelyard_types
  EXTERNAL steelyard_asio OpenSSL::SSL OpenSSL::Crypto)
steelyard_library(steelyard_store FOLDERS gateway/store DEPS steelyard_router EXTERNAL SQLite::SQLite3 fmt::fmt)
steelyard_library(steelyard_fleet FOLDERS gateway/fleet DEPS steelyard_store steelyard_net EXTERNAL PkgConfig::HIREDIS fmt::fmt)
steelyard_library(steelyard_telemetry FOLDERS gateway/telemetry DEPS steelyard_router EXTERNAL spdlog::spdlog fmt::fmt)
steelyard_library(steelyard_reports FOLDERS gateway/reports DEPS steelyard_store steelyard_telemetry
  EXTERNAL SQLite::SQLite3 simdjson::simdjson fmt::fmt)
steelyard_library(steelyard_mock FOLDERS gateway/mock DEPS steelyard_types steelyard_dialect
  EXTERNAL steelyard_asio simdjson::simdjson fmt::fmt)
steelyard_library(steelyard_gateway FOLDERS gateway gateway/admin gateway/cloud
  DEPS steelyard_config steelyard_policies steelyard_router steelyard_dialect steelyard_net steelyard_store
       steelyard_fleet steelyard_telemetry steelyard_reports steelyard_mock
  EXTERNAL OpenSSL::Crypto Boost::url fmt::fmt simdjson::simdjson)
set(dashboard_source ${PROJECT_BINARY_DIR}/dashboard_html.cpp)
add_custom_command(OUTPUT ${dashboard_source}
  DEPENDS ${PROJECT_SOURCE_DIR}/gateway/admin/dashboard.html ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${dashboard_source} -DINPUT=${PROJECT_SOURCE_DIR}/gateway/admin/dashboard.html
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake VERBATIM)
target_sources(steelyard_gateway PRIVATE ${dashboard_source})

file(GLOB cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/gateway/cli/*.cpp)
if(EXISTS ${PROJECT_SOURCE_DIR}/gateway/main.cpp)
  file(GLOB demo_files RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/config/models.yaml ${PROJECT_SOURCE_DIR}/config/demo/*.yaml
    ${PROJECT_SOURCE_DIR}/config/demo/policies/*.yaml)
  list(TRANSFORM demo_files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE demo_paths)
  set(demo_source ${PROJECT_BINARY_DIR}/demo_files.cpp)
  add_custom_command(OUTPUT ${demo_source} DEPENDS ${demo_paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${demo_source} -DROOT=${PROJECT_SOURCE_DIR} "-DFILES=${demo_files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  add_executable(steelyard gateway/main.cpp ${cli_sources} ${demo_source})
  target_link_libraries(steelyard PRIVATE steelyard_gateway steelyard_reports steelyard_warnings CLI11::CLI11)
  target_compile_definitions(steelyard PRIVATE STEELYARD_VERSION="${PROJECT_VERSION}")
endif()

# steelyard_tests(folder library ...): one doctest executable per library, from tests/unit/<folder>.
function(steelyard_tests folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cpp)
  if(sources STREQUAL "")
    return()
  endif()
  set(name steelyard_tests_${folder})
  add_executable(${name} ${sources} tests/support/doctest_main.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN} steelyard_warnings doctest::doctest ${RAPIDCHECK_LIBRARY})
  if(RAPIDCHECK_INCLUDE)
    target_include_directories(${name} PRIVATE ${RAPIDCHECK_INCLUDE})
  endif()
  target_compile_definitions(${name} PRIVATE STEELYARD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${folder} COMMAND ${name})
  set_tests_properties(${folder} PROPERTIES LABELS unit)
endfunction()

if(STEELYARD_TESTS)
  enable_testing()
  add_executable(steelyard_cost_lines tests/support/cost_lines.cpp)  # for tests/integration/cost_oracle.py
  target_link_libraries(steelyard_cost_lines PRIVATE steelyard_router steelyard_config steelyard_warnings)
  steelyard_tests(types steelyard_types)
  steelyard_tests(config steelyard_config)
  steelyard_tests(policies steelyard_policies steelyard_config)
  steelyard_tests(tokens steelyard_router)
  steelyard_tests(calibration steelyard_router steelyard_config)
  steelyard_tests(ledger steelyard_router steelyard_store)
  if(TARGET PkgConfig::LUA)
    steelyard_tests(fleet steelyard_fleet PkgConfig::LUA)
  endif()
  steelyard_tests(reports steelyard_reports)
  steelyard_tests(router steelyard_router steelyard_config)
  steelyard_tests(dialect steelyard_dialect)
  steelyard_tests(net steelyard_net)
  steelyard_tests(cloud steelyard_gateway)
  steelyard_tests(telemetry steelyard_telemetry simdjson::simdjson)
  steelyard_tests(mock steelyard_mock)
  steelyard_tests(gateway steelyard_gateway)
  add_subdirectory(tests/sim)
  # For tests/clients/tokens_differential.sh.
  add_executable(steelyard_token_records tests/bench/tokens/records.cpp)
  target_link_libraries(steelyard_token_records PRIVATE steelyard_router steelyard_warnings)
endif()

if(STEELYARD_FUZZ)
  include(cmake/fuzz.cmake)
endif()
if(STEELYARD_BENCH)
  include(cmake/bench.cmake)
endif()
include(cmake/extra.cmake OPTIONAL)
