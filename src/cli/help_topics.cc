#include "cli/help_topics.h"

#include <algorithm>
#include <array>

namespace cli {
namespace {

constexpr std::string_view kIncident = R"(Something is wrong, now.

  lodge list                        what is up, what restarts, what is errored
  lodge why api                     how it last ended, its last lines, what is next
  lodge events --since 1h           who did what, what ended, what changed
  lodge logs api -f                 what it writes, as it writes it
  lodge logs --level error --since 15m
                                    errors of all apps, in the order of time
  lodge grep 4f9c2e1b               an id, in live files and archives alike
  lodge grep timeout api -C 3       with the lines around each
  lodge logs api --last-crash       the last life that ended badly
  lodge logs --around 14:03:20      10 s before and after a moment, all apps
  lodge logs api --top --new --since 1h
                                    which forms of lines there were not before
  lodge report --since 2h           all of it as one file for a colleague
)";

constexpr std::string_view kDisk = R"(What logs may take, and what goes first.

  lodge list                        its last line: what logs take, of how much
  lodge doctor                      the disk, the limits, and where each is from
  lodge archive retention           what goes next, and why
  lodge set logs.cap 10G            the bound over everything (default: a tenth
                                    of the file system, 4 GiB at most)
  lodge start api --set log.max_size=64M
                                    its live files are sealed at that size
  lodge start api --set log.retain.age=30d
                                    how long they stay; also .count, .size
  lodge rotate api                  seal now; it is compressed by itself
  lodge archive prune --to 1G --dry-run
                                    what would go to come down to that
  lodge flush api                   empty its live files; --archives: all of it

At the cap the oldest goes of the app that is furthest over its share, and each
deletion is an event: lodge events --kind remove. When the disk is full apps
wait, or lines are dropped and counted, as log.on_full says.
)";

constexpr std::string_view kPm2 =
    R"(For those who come from PM2: the words are the same.

  pm2 start app.js -i 2             lodge start app.js -i 2
  pm2 start ecosystem.config.js     lodge start ecosystem.config.js
  pm2 logs api                      lodge logs api -f
                                    (lodge set logs.follow true: without -f)
  pm2 save, pm2 resurrect           not needed: the list is always kept;
                                    lodge save NAME makes a snapshot
  pm2 startup                       lodge startup
  pm2 install pm2-logrotate         not needed: built in, on by default
  pm2-runtime app.js                lodge run app.js
  pm2 monit                         lodge list --watch

Every command, flag and key, and what differs: docs/pm2.md.
)";

constexpr auto kTopics = std::to_array<HelpTopic>({
    {"incident", "something is wrong, now", kIncident},
    {"disk", "what logs may take, and what goes first", kDisk},
    {"pm2", "for those who come from PM2", kPm2},
});

}  // namespace

std::span<const HelpTopic> help_topics() {
  return kTopics;
}

const HelpTopic* find_topic(std::string_view name) {
  const auto* found = std::ranges::find(kTopics, name, &HelpTopic::name);
  return found == kTopics.end() ? nullptr : found;
}

}  // namespace cli
