# cmake -DOUTPUT=x.cpp -DROOT=dir -DFILES="a;b" -P embed.cmake: the files as C++ string constants,
# so that `steelyard serve --demo` needs nothing on the disk.
set(text "// Made by cmake/embed.cmake.\n#include \"gateway/cli/demo_files.h\"\n\nnamespace steelyard::cli {\n\n")
string(APPEND text "const std::vector<DemoFile>& demo_files() {\n  static const std::vector<DemoFile> files{\n")
foreach(file ${FILES})
  file(READ ${ROOT}/${file} content)
  string(APPEND text "      {\"${file}\", R\"steelyard(${content})steelyard\"},\n")
endforeach()
string(APPEND text "  };\n  return files;\n}\n\n}  // namespace steelyard::cli\n")
file(WRITE ${OUTPUT} "${text}")
