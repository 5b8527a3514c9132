#pragma once
// What is said of matches in place of their lines: how many each stream has
// (-c), which streams have one (-l), whether there is one (-q). Context is not
// counted, events have no part in it.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "query/output.h"
#include "query/printer.h"

namespace query {

// "api/2 error"; "out" when one file has both streams.
std::string stream_label(const Origin& origin);

// Sorts out what of the pieces begins a match.
class MatchPrinter : public Printer {
 public:
  void piece(const Origin& origin, const store::Piece& piece) final;
  bool event(const Origin&, const store::Event&) final { return false; }
  void next_is_context() final { next_is_context_ = true; }
  void settle() override {}

 private:
  virtual void match(const Origin& origin) = 0;
  bool next_is_context_ = false;
};

enum class CountForm { Text, Json };

// `-c`: a row `app:count` for each app, 0 too; of one app alone the number, as
// grep has it of one file. As JSON a row for each stream. Written by finish(),
// since only the end is known to be the end.
class CountPrinter final : public MatchPrinter {
 public:
  // `origins` of the plan: those without a match have a row too.
  CountPrinter(Output& output, const std::vector<Origin>& origins,
               CountForm form);
  bool wants_more() const override { return !output_.closed(); }
  void finish();

 private:
  struct Row {
    Origin origin;
    uint64_t count = 0;
  };
  void match(const Origin& origin) override;
  Row& row_of(const Origin& origin);

  Output& output_;
  CountForm form_;
  std::vector<Row> rows_;
  std::map<std::string, size_t> by_path_;  // in rows_
  const Origin* last_ = nullptr;           // whose row is last_row_
  size_t last_row_ = 0;
};

enum class ListForm { Text, Json };

// The file that holds the match given last: of a stream, one of several.
using FileOf = std::function<const std::string&(const Origin& origin)>;

// `-l`: each stream once, as soon as it has a match; `--files`: each file.
class ListPrinter final : public MatchPrinter {
 public:
  // Of `most` streams, or files where `file_of` is given; when all were listed,
  // no more is wanted.
  ListPrinter(Output& output, size_t most, ListForm form, FileOf file_of = {})
      : output_(output),
        most_(most),
        form_(form),
        file_of_(std::move(file_of)) {}
  void settle() override { output_.flush(); }
  bool wants_more() const override {
    return !output_.closed() && listed_.size() < most_;
  }

 private:
  void match(const Origin& origin) override;

  Output& output_;
  size_t most_;
  ListForm form_;
  FileOf file_of_;
  std::set<std::string> listed_;       // paths
  const std::string* last_ = nullptr;  // of them
};

// `-q`: nothing, and no further than the first match.
class QuietPrinter final : public MatchPrinter {
 public:
  bool wants_more() const override { return !found_; }
  bool found() const { return found_; }

 private:
  void match(const Origin&) override { found_ = true; }
  bool found_ = false;
};

}  // namespace query
