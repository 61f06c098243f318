# What tests/bench/run needs, in one target. It builds nothing itself: `./dev bench` does.
set(bench_dir ${PROJECT_SOURCE_DIR}/tests/bench)
set(bench_targets "")

# steelyard_bench(name FOLDER f LIBRARIES l ...): a program from all .cpp of a folder of tests/bench.
function(steelyard_bench name)
  cmake_parse_arguments(A "" "FOLDER" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${bench_dir}/${A_FOLDER}/*.cpp)
  if(sources STREQUAL "")
    return()
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${A_LIBRARIES} steelyard_warnings)
  target_compile_definitions(${name} PRIVATE STEELYARD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(bench_targets ${bench_targets} ${name} PARENT_SCOPE)
endfunction()

file(GLOB common_sources CONFIGURE_DEPENDS ${bench_dir}/common/*.cpp)
add_library(steelyard_bench_common STATIC EXCLUDE_FROM_ALL ${common_sources})
target_include_directories(steelyard_bench_common PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(steelyard_bench_common PRIVATE steelyard_warnings)

steelyard_bench(steelyard_load FOLDER load LIBRARIES steelyard_bench_common steelyard_types CLI11::CLI11)
steelyard_bench(steelyard_bench_upstream FOLDER upstream LIBRARIES steelyard_bench_common CLI11::CLI11)
if(benchmark_FOUND)
  steelyard_bench(steelyard_bench_micro FOLDER micro LIBRARIES steelyard_bench_common steelyard_gateway benchmark::benchmark)
endif()

# One small program per tests/bench/*.cpp, to be run under callgrind by hand.
file(GLOB bench_sources CONFIGURE_DEPENDS ${bench_dir}/*.cpp)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(steelyard_bench_${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(steelyard_bench_${name} PRIVATE steelyard_gateway steelyard_warnings)
  list(APPEND bench_targets steelyard_bench_${name})
endforeach()
add_custom_target(benchmarks DEPENDS ${bench_targets})
