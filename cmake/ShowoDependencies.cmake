# Everything the project links: LibTorch (ShowoTorch.cmake), the rest from Debian's packages.
find_program(SHOWO_CCACHE ccache)
if(SHOWO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${SHOWO_CCACHE})
endif()

include(ShowoTorch)
# The compile line is the same everywhere, so that one precompiled header serves.
set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} -Wall -Wextra -Wno-unused-parameter -fpch-preprocess")
# What messages name is the same wherever the sources lay when they were compiled.
set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(SHOWO_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

find_package(PkgConfig REQUIRED)  # whose results all projects of a build share, by these names
pkg_check_modules(showo_pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(showo_utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(showo_sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
# Without the half that trains.
list(FILTER showo_sentencepiece_LINK_LIBRARIES EXCLUDE REGEX "_train")
set_property(TARGET PkgConfig::showo_sentencepiece PROPERTY INTERFACE_LINK_LIBRARIES ${showo_sentencepiece_LINK_LIBRARIES})
pkg_check_modules(showo_hwy REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(showo_webp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(showo_httplib REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(OpenSSL REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
# Keeps freed blocks at hand: a training step takes a tenth less time than with the C library's allocator. Sanitizers have their own.
if(NOT SHOWO_ASAN)
  find_library(SHOWO_ALLOCATOR NAMES tcmalloc_minimal libtcmalloc_minimal.so.4)
endif()
# LibTorch carries headers of a newer fmt than Debian's spdlog is built on: Debian's come first, everywhere.
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/first)
file(CREATE_LINK ${fmt_include}/fmt ${PROJECT_BINARY_DIR}/first/fmt SYMBOLIC)
include_directories(BEFORE ${PROJECT_BINARY_DIR}/first)
