# showo_library(NAME [TORCH_NN] [DEPENDS folders…] [LINK targets…]) builds src/showo/NAME as libshowo_NAME.
# TORCH_NN: the folder includes showo/core/torch.h, so it shares the one precompiled header.
add_library(showo_headers INTERFACE)
target_include_directories(showo_headers INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

add_library(showo_pch STATIC ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(showo_pch PUBLIC showo_torch showo_headers fmt::fmt nlohmann_json::nlohmann_json)
target_precompile_headers(showo_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)

# Reading headers takes longer than all else in most files, even precompiled ones, so files are compiled several at a time: a build from
# nothing takes a third of the time, a changed file twice as long. Whoever changes files takes the preset dev, which does not.
option(SHOWO_UNITY "compile several files at a time" ON)
function(showo_unity target)
  # Both hold the text of a kernel, with its own structs.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/showo/nn/group_norm_gpu.cpp ${PROJECT_SOURCE_DIR}/src/showo/nn/norm_rotate_gpu.cpp
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${SHOWO_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# Programs are compiled as the libraries are (-fPIC, not -fPIE), so that the precompiled header fits.
function(showo_reuse_pch program)
  set_target_properties(${program} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${program} PRIVATE -fPIC)
  target_precompile_headers(${program} REUSE_FROM showo_pch)
  showo_unity(${program})
endfunction()

# at::parallel_for is a plain loop where OpenMP is off. LibTorch brings the runtime.
function(showo_openmp target)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} parallel REGEX "at::parallel_for|for_each_piece")
    if(parallel)
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -fopenmp SKIP_PRECOMPILE_HEADERS ON)
      target_link_libraries(${target} PUBLIC gomp)
    endif()
  endforeach()
endfunction()

function(showo_library name)
  cmake_parse_arguments(ARG "TORCH_NN" "" "DEPENDS;LINK" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND showo_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/showo/${name}/*.cpp)
  if(NOT sources)
    add_library(showo_${name} INTERFACE)
    target_link_libraries(showo_${name} INTERFACE ${ARG_DEPENDS} ${ARG_LINK})
    return()
  endif()
  add_library(showo_${name} STATIC ${sources})
  showo_openmp(showo_${name} ${sources})
  target_link_libraries(showo_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LINK})
  if(ARG_TORCH_NN)
    target_link_libraries(showo_${name} PUBLIC showo_pch)
    target_precompile_headers(showo_${name} REUSE_FROM showo_pch)
  endif()
  if(NOT name STREQUAL lowbit)  # Highway compiles a file several times
    showo_unity(showo_${name})
  endif()
endfunction()
