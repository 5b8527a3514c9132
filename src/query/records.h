#pragma once
// A record is a line and those that belong to it: a stack trace, a dump, what
// is indented. Told from a line and the one before it in its history, so that
// search, which begins anywhere, and follow agree. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace query {

// What a record has at most, with its head; bytes are those of its lines and
// one more for each. What goes on behind that is judged line by line: without a
// bound whoever prints indented lines only would make one record of all.
inline constexpr size_t kMostRecordLines = size_t{64} << 10;
inline constexpr size_t kMostRecordBytes = size_t{16} << 20;

struct RecordCap {
  size_t lines = kMostRecordLines;
  size_t bytes = kMostRecordBytes;
};

// Of a record, up to one of its lines and with that.
struct RecordSize {
  uint64_t lines = 0;
  uint64_t bytes = 0;
  void add(std::string_view text) { *this += {1, text.size() + 1}; }
  RecordSize& operator+=(const RecordSize& other) {
    lines += other.lines;
    bytes += other.bytes;
    return *this;
  }
  // Then that line is judged by itself.
  bool is_over(const RecordCap& cap) const {
    return lines > cap.lines || bytes > cap.bytes;
  }
};

// Whether a line (the child's bytes) goes on in the record of the line before:
// it is blank or indented, a closing bracket, or of the forms that stack traces
// of common languages have at column 0 ("Caused by: ", "Traceback (most recent
// call last):" followed by its lines, "goroutine 1 [running]:", ...). Or it
// names an exception or a function and `previous`, the text of the line before,
// is what such a line belongs to: one with a level that was logged with it, or
// a line of a Python traceback. docs/search.md has the rules. What is indented
// and yet has a time, or is an object with a level, is no such line. Without a
// line before, `previous` is empty.
bool continues_record(std::string_view text, std::string_view previous);

// Whether `previous` decides.
bool asks_previous(std::string_view text);

// What a history has before a line that may go on in a record.
struct RecordBefore {
  std::string head;      // of the record that the line before is in
  std::string previous;  // the line before
  RecordSize size{};     // up to that one; when over the cap, `head` is none
  bool ends_at_known = false;  // record_head.h
};

}  // namespace query
