// Killed at any step and gone on with: no byte lost, none twice, no line torn.
#include <doctest/doctest.h>

#include "capture/journal_rig.h"

using namespace capture_test;
using enum StoryOp::Kind;

namespace {

using Script = std::vector<StoryOp>;

std::string line(int source, int number, size_t size = 0) {
  std::string text = letter_of(source) + std::to_string(number) + ".";
  while (text.size() < size)
    text += static_cast<char>('a' +
                              (text.size() + static_cast<size_t>(number)) % 26);
  return text + "\n";
}

std::string lines(int source, int from, int to, size_t size = 0) {
  std::string text;
  for (int i = from; i < to; ++i) text += line(source, i, size);
  return text;
}

void put(Script& script, int source, std::string bytes) {
  script.push_back({Put, source, std::move(bytes)});
  script.push_back({Drain, source});
}

}  // namespace

TEST_CASE("killed at any step: one source whose lines are cut anywhere") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  const std::string text = lines(0, 0, 40, 7);
  size_t at = 0;
  for (const size_t size : {1, 2, 3, 15, 5, 14, 16, 31, 32, 33, 100}) {
    put(story.script, 0, text.substr(at, size));
    at += size;
  }
  put(story.script, 0, "A-unended");
  story.script.push_back({End});
  prove(story);
}
