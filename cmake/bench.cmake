# What tests/bench/run needs, in one target. It builds nothing itself: `./dev bench` does.
set(bench_dir ${PROJECT_SOURCE_DIR}/tests/bench)
set(bench_targets "")

# Everything but the main functions, so that tests/unit/bench can look at it.
file(GLOB bench_sources CONFIGURE_DEPENDS
  ${bench_dir}/common/*.cpp ${bench_dir}/load/*.cpp ${bench_dir}/upstream/*.cpp)
list(FILTER bench_sources EXCLUDE REGEX "/main\\.cpp$")
add_library(steelyard_bench_common STATIC EXCLUDE_FROM_ALL ${bench_sources})
target_include_directories(steelyard_bench_common PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(steelyard_bench_common PUBLIC steelyard_types PRIVATE CLI11::CLI11 steelyard_warnings)

# steelyard_bench(name SOURCES s ... LIBRARIES l ...)
function(steelyard_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBRARIES} steelyard_warnings)
  target_compile_definitions(${name} PRIVATE STEELYARD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(bench_targets ${bench_targets} ${name} PARENT_SCOPE)
endfunction()

steelyard_bench(steelyard_load SOURCES ${bench_dir}/load/main.cpp LIBRARIES steelyard_bench_common)
steelyard_bench(steelyard_bench_upstream SOURCES ${bench_dir}/upstream/main.cpp
  LIBRARIES steelyard_bench_common CLI11::CLI11)
if(benchmark_FOUND)
  file(GLOB micro_sources CONFIGURE_DEPENDS ${bench_dir}/micro/*.cpp)
  steelyard_bench(steelyard_bench_micro SOURCES ${micro_sources}
    LIBRARIES steelyard_bench_common steelyard_gateway benchmark::benchmark)
endif()

# Token counting beside other tokenizers: tests/bench/tokens/run.
steelyard_bench(steelyard_token_speed SOURCES ${bench_dir}/tokens/speed.cpp ${PROJECT_SOURCE_DIR}/gateway/sys/huge_pages.cpp
  LIBRARIES steelyard_router)

# The goals of the books as a table.
steelyard_bench(steelyard_bench_ledger SOURCES ${bench_dir}/ledger/goals.cpp ${bench_dir}/ledger/strict.cpp LIBRARIES steelyard_store)

# One small program per tests/bench/*.cpp, to be run under callgrind by hand.
file(GLOB bench_singles CONFIGURE_DEPENDS ${bench_dir}/*.cpp)
foreach(source ${bench_singles})
  get_filename_component(name ${source} NAME_WE)
  steelyard_bench(steelyard_bench_${name} SOURCES ${source} LIBRARIES steelyard_gateway)
endforeach()
add_custom_target(benchmarks DEPENDS ${bench_targets})

if(STEELYARD_TESTS)
  steelyard_tests(bench steelyard_bench_common)
endif()
