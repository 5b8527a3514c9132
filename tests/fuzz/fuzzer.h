#pragma once
// Fuzzing without a compiler of its own: seeds, mutated for
// LODGE_FUZZ_SECONDS (a moment unless told), against a target that must not
// crash, hang, or break its own word. Sanitizers make crashes of bad reads.
// The input at work lies in a file that survives the crash; given as argument,
// it is run again, alone.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

using Target = std::function<void(std::string_view)>;

// For main(): exit code 0, or the end of the process.
int run(int argc, char** argv, const std::vector<std::string>& seeds,
        const Target& target);

// Ends the process with `why`, when something is not as promised.
void must(bool promised, std::string_view why);

}  // namespace fuzz
