#include "query/class_run.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <random>
#include <string>
#include <vector>

namespace query {
namespace {

constexpr std::string_view kAlphabet = "abkKsSXYZ0189 -_{}[]\n\xC3\xBF";

std::string random_text(std::mt19937& random, size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
  return text;
}

template <class T>
T one_of(std::mt19937& random, const std::vector<T>& all) {
  return all[random() % all.size()];
}

std::string random_row(std::mt19937& random) {
  static const std::vector<std::string> items = {
      "[A-Z]", "[0-9]", "\\d", "[XYZ_]", "[a-c]", "k",     "S", "Z",
      "-",     "\\{",   "_",   "[{X]",   "\\w",   "[xyz]", "1", "[\\d-]"};
  static const std::vector<std::string> counts = {
      "", "", "", "{2}", "{3}", "{1,2}", "{2,}", "+", "*", "?", "{0}", "+?"};
  std::string row;
  for (size_t i = 2 + random() % 5; i > 0; --i) {
    if (random() % 8 == 0) row += "\\b";
    row += one_of(random, items) + one_of(random, counts);
  }
  return row;
}

size_t naive(const ClassRun& run, std::string_view text, size_t from) {
  for (size_t at = from; at + run.size() <= text.size(); ++at)
    if (run.find_plain(text.substr(at, run.size()), 0) == 0) return at;
  return ClassRun::npos;
}

}  // namespace

TEST_CASE("every line that a row matches holds its run, whatever the case") {
  std::mt19937 random(7);
  size_t runs = 0, matches = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto source = random_row(random);
    const bool ignore_case = random() % 2 == 0;
    const auto run = ClassRun::make(source, ignore_case);
    if (!run) continue;
    ++runs;
    RE2::Options options;
    options.set_case_sensitive(!ignore_case);
    options.set_log_errors(false);
    const RE2 re2(source, options);
    REQUIRE(re2.ok());
    for (int k = 0; k < 120; ++k) {
      auto line = random_text(random, random() % 40);
      std::erase(line, '\n');
      // Of letters that another character is the upper case of.
      if (random() % 4 == 0) line += "\u212A0\u017F1XY9";
      if (!RE2::PartialMatch(line, re2)) continue;
      ++matches;
      CAPTURE(source);
      CAPTURE(line);
      CHECK(run->find(line, 0) != ClassRun::npos);
    }
  }
  MESSAGE(runs, " runs, ", matches, " matches");
  CHECK((runs == 0 || matches > 1000));
}

TEST_CASE("a run is found wherever it stands, over steps and at the ends") {
  std::mt19937 random(11);
  for (const auto* source :
       {"[A-Z]{2}[0-9]{2}", "[XYZ]{8}", "Z[0-9][A-Z]", "[A-Z]{6}[0-9]{4}"}) {
    const auto run = ClassRun::make(source, false);
    if (!run) return;  // no AVX2: it is not used
    for (int round = 0; round < 400; ++round) {
      const auto text = random_text(random, random() % 300);
      for (size_t from = 0; from <= text.size(); from += 1 + random() % 7) {
        const size_t right = naive(*run, text, from);
        CHECK(run->find(text, from) == right);
        CHECK(run->find_plain(text, from) == right);
      }
    }
    for (size_t at = 0; at < 200; ++at) {
      std::string text(at, 'q');
      text += "XYZXYZ0123456789";
      CHECK(run->find(text, 0) == naive(*run, text, 0));
    }
  }
}

TEST_CASE(
    "what is no row, too common or over the seam of a JSON line: no run") {
  for (const auto* source :
       {"[A-Z]{6}|x", "(?i)[A-Z]{6}", "[^a]{9}", "\\d", "[0-9][0-9]", ".*",
        "\\{[A-Z]", "[{A][{B][{C]", "[A-Z]?[0-9]?", "^[A-Z]{6}", "\\S{9}"})
    CHECK_FALSE(ClassRun::make(source, false));
  // k and s may be of more bytes there.
  CHECK_FALSE(ClassRun::make("[ks]{9}", true));
}

}  // namespace query
