// What `lodge update` has to survive: a lodge whose daemon never comes up, and,
// under the name `unreadable_lodge`, one whose keeper said that it could go on
// and then can't. Its commands are the real ones.

#include <string_view>

#include "base/fs.h"
#include "base/home.h"
#include "cli/run.h"
#include "keeper/handover.h"
#include "keeper/keeper.h"

int main(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role == "daemon") return 1;
  if (role != "keeper" || argc != 4) return cli::run(argc, argv);
  const base::Home home(argv[2]);
  const auto self = base::fs::read_link("/proc/self/exe");
  const auto word = keeper::parse_resume(argv[3]);
  if (self && word && self->ends_with("/unreadable_lodge") &&
      word->how == keeper::Resume::Forward) {
    (void)keeper::become_previous(home, *word);
    return 1;
  }
  return keeper::resume(home, argv[3]);
}
