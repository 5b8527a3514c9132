// Killed at any step and gone on with: no byte lost, none twice, no line torn.
#include <doctest/doctest.h>

#include "capture/journal_rig.h"

using namespace capture_test;
using enum StoryOp::Kind;

namespace {

using Script = std::vector<StoryOp>;

void put(Script& script, int source, std::string bytes) {
  script.push_back({Put, source, std::move(bytes)});
  script.push_back({Drain, source});
}

void append(Script& script, Script more) {
  for (auto& op : more) script.push_back(std::move(op));
}

// In mid-line, with room for more of it behind the flush.
void flush_within_line(Script& script, int source, int number) {
  std::string line = story_line(source, number, 12);
  put(script, source, line.substr(0, 5));
  script.push_back({FlushIn, source});
  put(script, source, line.substr(5, 4));
  script.push_back({Flushed, source});
  put(script, source, line.substr(9));
}

}  // namespace

TEST_CASE("killed at any step: one source whose lines are cut anywhere") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  const std::string text = story_lines(0, 0, 40, 7);
  size_t at = 0;
  for (const size_t size : {1, 2, 3, 15, 5, 14, 16, 31, 33, 100}) {
    put(story.script, 0, text.substr(at, size));
    at += size;
  }
  put(story.script, 0, "A-unended");
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: two streams to two files") {
  Story story{.files = {{"api-out.log"},
                        {"api-error.log", {}, store::SegmentKind::Error}},
              .file_of = {0, 1},
              .script = {{Add, 0}, {Add, 1}}};
  put(story.script, 0, story_lines(0, 0, 3));
  put(story.script, 1, "B0.");
  put(story.script, 0, story_lines(0, 3, 4) + "A4.be");
  put(story.script, 1, "x\n");
  story.script.push_back({Put, 0, "gin\n"});
  story.script.push_back({Put, 1, story_lines(1, 1, 3)});
  append(story.script, {{End, 0}, {End, 1}});
  prove(story);
}

TEST_CASE("killed at any step: three sources share a file in fragments") {
  Story story{.files = {{"api-out.log", {}, store::SegmentKind::All}},
              .file_of = {0, 0, 0},
              .script = {{Add, 0}, {Add, 1}}};
  put(story.script, 0, "A0.");
  put(story.script, 1, story_line(1, 0) + "B1.");
  append(story.script, {{Add, 2}, {Later, 200}});
  put(story.script, 0, "more");  // its head has waited: it owns the file
  put(story.script, 2, story_lines(2, 0, 2) + "C2.end");
  put(story.script, 0, "rest\nA1.");
  put(story.script, 1, "end\n");
  append(story.script, {{End, 2}, {End, 0}});
  put(story.script, 1, "B2.unended");
  story.script.push_back({End, 1});
  prove(story);
}

TEST_CASE("killed at any step: a flush at a line end") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  put(story.script, 0, story_lines(0, 0, 3));
  story.script.push_back({Flush});
  put(story.script, 0, story_lines(0, 3, 5) + "A5.");
  put(story.script, 0, "end\n");
  append(story.script, {{Later, 1000}, {Flush}});
  put(story.script, 0, story_lines(0, 6, 7));
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a flush in mid-line") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  put(story.script, 0, story_lines(0, 0, 2));
  flush_within_line(story.script, 0, 2);
  put(story.script, 0, story_lines(0, 3, 4));
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a flush in mid-line of a file that is shared") {
  Story story{.files = {{"api-out.log", {}, store::SegmentKind::All}},
              .file_of = {0, 0},
              .script = {{Add, 0}, {Add, 1}}};
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

TEST_CASE("killed at any step: a file that is sealed by its size") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.files[0].options.max_size = 90;
  put(story.script, 0, story_lines(0, 0, 4));
  put(story.script, 0, story_lines(0, 4, 5) + "A5.");
  put(story.script, 0, "end\n" + story_lines(0, 6, 9));
  put(story.script, 0, story_lines(0, 9, 10));
  story.script.push_back({End});
  prove(story);
}

TEST_CASE("killed at any step: a file that is sealed when somebody asks") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  put(story.script, 0, story_lines(0, 0, 3));
  story.script.push_back({Seal});
  put(story.script, 0, story_lines(0, 3, 4) + "A4.");
  story.script.push_back({SealIn});  // it is owed
  put(story.script, 0, "end\n" + story_lines(0, 5, 7));
  story.script.push_back({Seal});
  put(story.script, 0, story_line(0, 7) + "A8.unended");
  append(story.script, {{End}, {Seal}});  // of nobody
  prove(story);
}

TEST_CASE("killed at any step: a shared file is sealed when somebody asks") {
  Story story{.files = {{"api-out.log", {}, store::SegmentKind::All}},
              .file_of = {0, 0},
              .script = {{Add, 0}, {Add, 1}}};
  put(story.script, 1, story_lines(1, 0, 2));
  put(story.script, 0, "A0.hea");
  story.script.push_back({Later, 200});
  put(story.script, 0, "d,");
  story.script.push_back({SealIn, 0});
  story.script.push_back({Put, 1, story_lines(1, 2, 4)});
  put(story.script, 0, "end\nA1.");
  put(story.script, 0, "end\n");
  append(story.script, {{Seal, 0}, {End, 0}, {End, 1}, {Seal, 0}});
  prove(story);
}

TEST_CASE("killed at any step: a disk that writes half and then is full") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.faults =
      "write~-out.log=short@1;write~-out.log=short@3;"
      "write~-out.log=ENOSPC@4";
  put(story.script, 0, story_lines(0, 0, 3));
  append(story.script, {{Put, 0, story_lines(0, 3, 6) + "A6."},
                        {Trouble},
                        {Put, 0, "end\n" + story_lines(0, 7, 9)},
                        {End}});
  prove(story);
}

TEST_CASE("killed at any step: a flush while the disk is full") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.faults = "write~-out.log=short@2;write~-out.log=ENOSPC@3";
  put(story.script, 0, story_lines(0, 0, 2));
  append(story.script, {{Put, 0, story_lines(0, 2, 5)},
                        {Trouble},
                        {Flush},
                        {Put, 0, story_lines(0, 5, 7)},
                        {End}});
  prove(story);
}

TEST_CASE("killed at any step: a write that fails for good seals its file") {
  Story story{.files = {{"api-out.log"}}, .file_of = {0}, .script = {{Add}}};
  story.faults = "write~-out.log=short@2;write~-out.log=EIO@3";
  story.may_doubt = true;
  put(story.script, 0, story_lines(0, 0, 2));
  append(story.script, {{Put, 0, story_lines(0, 2, 5) + "A5."},
                        {Trouble},
                        {Put, 0, "end\n" + story_lines(0, 6, 7)},
                        {End}});
  prove(story);
}
