# One libFuzzer target per tests/fuzz/*.cpp (clang, preset `fuzz`); seeds are in tests/fuzz/seeds/<name>.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(steelyard_fuzz_${name} ${source})
  target_link_options(steelyard_fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(steelyard_fuzz_${name} PRIVATE steelyard_config steelyard_policies steelyard_router steelyard_dialect
    steelyard_net steelyard_telemetry steelyard_warnings)
endforeach()
# The command line is no library.
target_sources(steelyard_fuzz_tokens_published_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/gateway/cli/tokens_published.cpp
  ${PROJECT_SOURCE_DIR}/gateway/cli/tokens_sentence.cpp)
target_link_libraries(steelyard_fuzz_tokens_published_fuzz PRIVATE simdjson::simdjson)
