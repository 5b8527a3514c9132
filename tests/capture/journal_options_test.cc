// Killed at any step and gone on with, whatever the options of the file: what
// is not kept is told, once; what is kept is whole.
#include <doctest/doctest.h>

#include "capture/journal_rig.h"

using namespace capture_test;
using enum StoryOp::Kind;
using capture::SinkOptions;

namespace {

using Script = std::vector<StoryOp>;

void put(Script& script, int source, std::string bytes) {
  script.push_back({Put, source, std::move(bytes)});
  script.push_back({Drain, source});
}

void append(Script& script, Script more) {
  for (auto& op : more) script.push_back(std::move(op));
}

}  // namespace

TEST_CASE("killed at any step: a full disk drops what is told") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.faults = "write~-out.log=short@2;write~-out.log=ENOSPC@3";
  story.may_drop = true;
  put(story.script, 0, story_lines(0, 0, 3));
  append(story.script, {{Put, 0, story_lines(0, 3, 9)},
                        {Trouble},
                        {Later, 11'000},
                        {Put, 0, story_lines(0, 9, 300, 400)},
                        {Put, 0, story_lines(0, 300, 301)},
                        {End}});
  prove(story);
}

TEST_CASE("killed at any step: a slow file drops what is told") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.overflow = SinkOptions::Overflow::Drop;
  story.faults = "write~-out.log=EFBIG@2";
  story.may_drop = true;
  put(story.script, 0, story_lines(0, 0, 2));
  append(story.script, {{Put, 0, story_lines(0, 2, 3)}, {Trouble}});
  for (int i = 0; i < 5; ++i)
    put(story.script, 0, story_lines(0, 10 * i + 3, 10 * i + 13, 6000));
  put(story.script, 0, story_lines(0, 53, 57, 6000) + "A57.");
  put(story.script, 0, "end\n");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a file with a rate drops what is told") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.rate.bytes = 1;
  story.files[0].options.rate.burst = 40;
  story.may_drop = true;
  put(story.script, 0, story_lines(0, 0, 5, 10));
  put(story.script, 0, story_lines(0, 5, 9, 10) + "A9.");
  put(story.script, 0, "end\n");
  put(story.script, 0, story_lines(0, 10, 12, 10));
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a log without stamps that is flushed") {
  Story story{
      .files = {{"api-out.raw.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.stamp = SinkOptions::Stamp::None;
  put(story.script, 0, story_lines(0, 0, 3, 8) + "A3.");
  put(story.script, 0, "end\n");
  append(story.script, {{Flush}});
  put(story.script, 0, story_line(0, 4) + "A5.");
  append(story.script, {{Later, 1000}, {FlushIn}});
  put(story.script, 0, "more");
  story.script.push_back({Flushed});
  put(story.script, 0, "end\n");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a log without stamps that is sealed") {
  Story story{
      .files = {{"api-out.raw.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.stamp = SinkOptions::Stamp::None;
  story.files[0].options.max_size = 30;
  // The sidecar goes first, to a name that its log then does not get.
  story.may_lack_times = true;
  put(story.script, 0, story_lines(0, 0, 3, 8) + "A3.");
  put(story.script, 0, "end\n");
  put(story.script, 0, story_lines(0, 4, 6));
  put(story.script, 0, story_lines(0, 6, 10) + "A10.end");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: one without stamps, sealed when asked") {
  Story story{
      .files = {{"api-out.raw.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.stamp = SinkOptions::Stamp::None;
  story.may_lack_times = true;  // as above
  put(story.script, 0, story_lines(0, 0, 3, 8));
  story.script.push_back({Seal});
  put(story.script, 0, story_lines(0, 3, 5) + "A5.end");
  append(story.script, {{End}, {Seal}});
  prove(story);
}

TEST_CASE("killed at any step: a log without stamps that is shared") {
  Story story{.files = {{"api-out.raw.log", {}, store::SegmentKind::All}},
              .file_of = {0, 0},
              .script = {{Add, 0}, {Add, 1}}};
  story.files[0].options.stamp = SinkOptions::Stamp::None;
  put(story.script, 1, story_lines(1, 0, 2));
  put(story.script, 0, "A0.hea");
  story.script.push_back({Later, 200});
  put(story.script, 0, "d,");
  story.script.push_back({FlushIn, 0});
  put(story.script, 0, "more");
  story.script.push_back({Flushed, 0});
  put(story.script, 1, story_lines(1, 2, 4));
  put(story.script, 0, "end\n");
  append(story.script, {{End, 0}, {End, 1}});
  prove(story);
}

TEST_CASE("killed at any step: stamps within objects") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.stamp = SinkOptions::Stamp::Json;
  put(story.script, 0, "{\"a\":1}\nA1\n");
  put(story.script, 0, "{\"b\":");
  put(story.script, 0, "2}\n" + story_lines(0, 3, 5));
  put(story.script, 0, "A5");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: secrets never reach the file") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.redact = {"key=[0-9]+"};
  story.treat = [](std::string line) {
    const size_t at = line.find("key=12345");
    return at == line.npos ? line : line.replace(at, 9, "[redacted]");
  };
  put(story.script, 0, "A0 key=12345 x\nA1 ke");
  put(story.script, 0, "y=123");
  put(story.script, 0, "45\nA2\n");
  append(story.script, {{Later, 1000}, {Flush}});
  put(story.script, 0, "A3 key=12345\nA4 key=12345");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: secrets of apps that were killed as well") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.redact = {"key=[0-9]+"};
  story.treat = [](std::string line) {
    const size_t at = line.find("key=12345");
    return at == line.npos ? line : line.replace(at, 9, "[redacted]");
  };
  put(story.script, 0, "A0 key=12345 x\nA1 ke");
  put(story.script, 0, "y=12345");
  story.script.push_back({Vanish});
  prove(story);
}

TEST_CASE("killed at any step: one file hangs and another goes on") {
  Story story{.files = {{"api-out.log"},
                        {"api-error.log", {}, store::SegmentKind::Error}},
              .file_of = {0, 1},
              .script = {{Add, 0}, {Add, 1}}};
  story.faults = "write~-out.log=hang@2";
  story.victim = "journal";
  put(story.script, 0, story_lines(0, 0, 2));
  put(story.script, 1, story_lines(1, 0, 1));
  put(story.script, 0, story_lines(0, 2, 4) + "A4.");
  put(story.script, 1, story_lines(1, 1, 3) + "B3.");
  put(story.script, 0, "end\n" + story_lines(0, 5, 7));
  put(story.script, 1, "end\n");
  story.script.push_back({Release});
  put(story.script, 0, story_line(0, 7));
  append(story.script, {{End, 0}, {End, 1}});
  prove(story);
}
