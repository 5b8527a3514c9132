#include "capture/sink_file.h"

#include <cerrno>

#include "capture/steps.h"

namespace capture {
namespace {
// A line's head of at most this size moves along with a flush.
constexpr uint64_t kMaxHead = uint64_t{64} << 10;
}  // namespace

SinkFile::Op& SinkFile::begin(Kind kind) {
  op_ = Op{};
  op_.kind = kind;
  return op_;
}

void SinkFile::perform() {
  switch (op_.kind) {
    case Kind::None:
      return;
    case Kind::Open:
      op_.status = open();
      return;
    case Kind::Write:
      op_.status = write();
      return;
    case Kind::Check: {
      const auto standing = file_->standing();
      // What is wrong will show when it is written.
      if (standing) op_.standing = *standing;
      return;
    }
    case Kind::Leave:
      // Its loss is no loss of ours: the file was taken from us.
      if (!op_.bytes.empty()) (void)file_->write_some(op_.bytes);
      file_.reset();
      return;
    case Kind::Replace:
      op_.status = replace();
      return;
    case Kind::Seal:
      op_.status = seal();
      return;
  }
}

base::Status SinkFile::open() {
  auto file = store::LiveFile::open(path_);
  if (!file) return base::fail(std::move(file.error()));
  auto tail = file->open_line();
  if (!tail) return base::fail(std::move(tail.error()));
  op_.tail = std::move(*tail);
  file_ = std::move(*file);
  return {};
}

base::Status SinkFile::write() {
  std::string_view rest = op_.bytes;
  while (!rest.empty()) {
    auto n = file_->write_some(rest);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(base::Errc::Io, "write " + path_ + ": no room");
    step("written");
    rest.remove_prefix(*n);
    op_.written += *n;
  }
  return {};
}

base::Status SinkFile::replace() {
  std::string head;
  if (op_.keep_open_line) {
    auto line = file_->open_line();
    if (!line) return base::fail(std::move(line.error()));
    if (line->has_value() && (*line)->size <= kMaxHead) {
      auto read = file_->read((*line)->begin, (*line)->size);
      if (!read) return base::fail(std::move(read.error()));
      head = std::move(*read);
    }
  }
  step("before replace");
  auto bytes = file_->replace(head);
  op_.head_moved = bytes && !head.empty();
  if (!bytes && bytes.error().sys_errno == ENOSPC && !head.empty()) {
    // On a full disk the old file must go first.
    bytes = file_->replace();
    op_.head = std::move(head);
  }
  if (!bytes) return base::fail(std::move(bytes.error()));
  step("replaced");
  op_.size = *bytes;
  return {};
}

base::Status SinkFile::seal() {
  op_.size = file_->size();
  (void)op_.segment;
  return base::fail(base::Errc::Invalid, "seal: not yet");
}

}  // namespace capture
