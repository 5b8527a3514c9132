#pragma once
// What a power cut may leave on a disk. Names that were made, changed or
// removed are sure once their directory was synced (of a renamed file: either
// of the two), bytes once their file was. Before that the disk may have any of
// the changes of names, those of one name in their order, as every file system
// with a journal keeps them, else in none; and of bytes none, half, zeros or
// all. Played from a trace of failpoints
// (`trace=`) over the files as they were before and after.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// Contents by path, relative to the directory.
using Tree = std::map<std::string, std::string>;

Tree read_tree(const std::string& dir);
void write_tree(const std::string& dir, const Tree& tree);

// Every tree that a cut may leave, each once. `trace`: of what was done to the
// files of `dir` between `before` and `after`. `killed`: by the last call of
// the trace, which thus was not made. Aborts when the trace does not lead from
// `before` to `after`: then the model, or the trace, is wrong.
std::vector<Tree> after_power_cut(const std::string& dir, const Tree& before,
                                  const Tree& after, std::string_view trace,
                                  bool killed);

// The same for a cut after any of the calls, of files that only ever grow: each
// tree with the number of calls that were made.
struct PowerCut {
  size_t calls = 0;
  Tree tree;
};
std::vector<PowerCut> power_cuts(const std::string& dir, const Tree& before,
                                 const Tree& after, std::string_view trace);

}  // namespace support
