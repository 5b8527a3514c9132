#pragma once
// `--by`, `--distinct`, `--top`: lines are counted instead of shown. By the
// time they fall into, by a field, or by their form (templates.h). Memory is
// bounded: what comes when there are too many keys is counted together, as
// `<other>`. Lives on the thread that reads.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "query/fields.h"
#include "query/output.h"
#include "query/printer.h"
#include "query/sums_printer.h"

namespace query {

// What a line is counted as; several keys with `[*]`. None: not at all.
using SumKeys = std::function<void(
    const Origin& origin, std::optional<base::Timestamp> time,
    std::string_view text, std::vector<std::string>& into)>;

// Of lines that have none: no value is the same. Shown as "-".
const std::string& no_key();

// When buckets begin, which is where the zone's clock is even: stamps
// (base/clock.h); no_key() for lines without a time.
SumKeys by_time(std::chrono::milliseconds bucket, base::Zone zone);
SumKeys by_field(FieldPath path);  // no_key() where a line has none
SumKeys by_template();
// `level`, `app`, `instance`, `stream`, where no such field is meant.
std::optional<SumKeys> by_name(std::string_view name);

// Counts of one kind. Pure.
class Counts {
 public:
  // Of so many keys; 50,000 are some 50 MiB at worst.
  explicit Counts(size_t most = 50'000) : most_(most) {}
  void add(const std::string& key, std::optional<base::Timestamp> time);
  bool contains(const std::string& key) const { return rows_.contains(key); }
  // By count, the greatest first; or by key.
  std::vector<SumRow> rows(bool by_key) const;

 private:
  size_t most_;
  std::unordered_map<std::string, SumRow> rows_;
};

struct SumsOptions {
  bool by_key = false;
  size_t most = SIZE_MAX;  // rows
  SumStyle style{};
  // Keys that are not shown: those of a baseline.
  std::function<bool(const std::string&)> known{};
};

class Sums final : public Printer {
 public:
  Sums(Output& output, SumKeys keys, SumsOptions options)
      : output_(output), keys_(std::move(keys)), options_(std::move(options)) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin&, const store::Event&) override { return false; }
  // Origins may go after it.
  void settle() override { end_line(); }
  bool wants_more() const override { return !output_.closed(); }
  void next_is_context() override { next_is_context_ = true; }
  bool finish();  // false: there is no row

  const Counts& counts() const { return counts_; }

 private:
  void count(const Origin& origin, std::string_view text);
  void end_line();

  Output& output_;
  SumKeys keys_;
  SumsOptions options_;
  Counts counts_;
  bool next_is_context_ = false;
  std::optional<base::Timestamp> time_;
  const Origin* open_ = nullptr;  // whose line goes on
  std::string text_;              // of it
  std::vector<std::string> found_;
};

}  // namespace query
