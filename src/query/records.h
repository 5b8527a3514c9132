#pragma once
// A record is a line and those that belong to it: a stack trace, a dump, what
// is indented. Told from each line alone, so that search and follow agree.
// Pure; any thread.

#include <string_view>

namespace query {

// Whether a line (the child's bytes) goes on in the record of the line before:
// it is blank or indented, a closing bracket, or of the forms that stack traces
// of common languages have at column 0 ("Caused by: ", "Traceback (most recent
// call last):" followed by its lines, "goroutine 1 [running]:", ...).
bool continues_record(std::string_view text);

}  // namespace query
