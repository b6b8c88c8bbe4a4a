# The library for others, showo::showo: one shared library behind include/showo, which says all that its users need; and what
# `cmake --install` puts into a prefix, which may be moved afterwards.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Whole are those that define what include/showo declares.
foreach(folder core image generate api)
  list(APPEND objects $<TARGET_OBJECTS:showo_${folder}>)
endforeach()
add_library(showo_shared SHARED ${objects})
add_library(showo::showo ALIAS showo_shared)
target_link_libraries(showo_shared PRIVATE showo_api)
target_include_directories(showo_shared PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(showo_shared PUBLIC cxx_std_20)
# Of its symbols those of this project are seen.
target_link_options(showo_shared PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/showo.map)
set_target_properties(showo_shared PROPERTIES OUTPUT_NAME showo EXPORT_NAME showo LINKER_LANGUAGE CXX LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/showo.map VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# Libraries beside the program, or where LibTorch and pyarrow were when it was built.
set_target_properties(showo_shared showo_cli PROPERTIES INSTALL_RPATH
  "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};$ORIGIN;${CMAKE_BUILD_RPATH};${arrow_folder}")
install(TARGETS showo_shared EXPORT showo LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(TARGETS showo_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/showo DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT showo NAMESPACE showo:: FILE showoTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/showo COMPONENT library)
file(WRITE ${PROJECT_BINARY_DIR}/showoConfig.cmake "include(\${CMAKE_CURRENT_LIST_DIR}/showoTargets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/showoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/showoConfig.cmake ${PROJECT_BINARY_DIR}/showoConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/showo COMPONENT library)
# Found by shared_path (include/showo/home.h), beside the library of a build folder as well.
set(share ${CMAKE_INSTALL_DATADIR}/showo)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/showo)
foreach(folder models configs)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${PROJECT_BINARY_DIR}/share/showo/${folder} SYMBOLIC)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models ${PROJECT_SOURCE_DIR}/configs DESTINATION ${share} COMPONENT share)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY.md DESTINATION ${share} COMPONENT share)
