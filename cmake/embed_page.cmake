# cmake -DOUTPUT=x.cpp -DINPUT=dashboard.html -P embed_page.cmake: the page as a C++ string constant, in pieces, since a
# literal has a longest length.
file(READ ${INPUT} content)
string(LENGTH "${content}" size)
set(text "// Made by cmake/embed_page.cmake.\n#include \"gateway/admin/dashboard_page.h\"\n\nnamespace steelyard {\n\n")
string(APPEND text "std::string_view dashboard_html() {\n  static constexpr char page[] =")
set(at 0)
while(at LESS size)
  string(SUBSTRING "${content}" ${at} 8000 piece)
  string(APPEND text "\n      R\"steelyard(${piece})steelyard\"")
  math(EXPR at "${at} + 8000")
endwhile()
string(APPEND text ";\n  return {page, sizeof page - 1};\n}\n\n}  // namespace steelyard\n")
file(WRITE ${OUTPUT} "${text}")
