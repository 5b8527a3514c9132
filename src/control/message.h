#pragma once
// The conversation between CLI and daemon: plain data, one struct per request
// and reply. codec.h turns them into JSON, PROTOCOL.md shows each with an
// example. A new command adds its struct here, its case in the codec, its
// handler in daemon/handlers, its row in cli/commands.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace control {

// Who asks, for events. Filled in by the client; the daemon takes the user from
// the socket's peer credentials, never from here.
struct Caller {
  std::string command;  // "lodge restart api --update-env"
  bool operator==(const Caller&) const = default;
};

struct Selection {
  std::vector<std::string> targets;  // empty = as the command says
  std::vector<std::string> exclude;
  bool operator==(const Selection&) const = default;
};

struct PingRequest {
  bool operator==(const PingRequest&) const = default;
};

// `definitions` are JSON objects in the keys of the app configuration (name,
// script, args, cwd, env, instances, ...), paths made absolute by the caller,
// plus "shell": true when `script` is a command line and "name_given": false
// when the name was derived from the script. With "config_file" they are all
// that is to be said of the app; without, the rest of a known one stays.
struct StartRequest {
  std::vector<std::string> definitions;
  Selection known;   // or: apps that exist already, started again
  bool wait = true;  // answer when ready or dead, else at once
  // ... and at the latest after so many milliseconds; -1 = as long as it takes.
  int64_t wait_ms = -1;
  bool update_env = false;
  // The caller's environment: what new apps inherit, and with update_env all.
  std::vector<std::pair<std::string, std::string>> env;
  // Of env_NAME, for the known ones; empty = as it is.
  std::string variant = {};
  bool restart = false;  // definitions also when nothing has changed
  bool dry_run = false;  // say what would be done, and do nothing
  // Apps that came from these files, absolute, are deleted; but those named.
  std::vector<std::string> prune = {};
  std::vector<std::string> keep = {};
  bool operator==(const StartRequest&) const = default;
};

struct StopRequest {
  Selection selection;
  bool operator==(const StopRequest&) const = default;
};

struct RestartRequest {
  Selection selection;
  bool wait = true;
  bool update_env = false;
  std::vector<std::pair<std::string, std::string>> env;  // for update_env
  std::string variant = {};  // of env_NAME; empty = as it is
  bool operator==(const RestartRequest&) const = default;
};

struct DeleteRequest {
  Selection selection;
  bool logs = false;  // take the logs too
  bool operator==(const DeleteRequest&) const = default;
};

struct ListRequest {
  Selection selection;  // empty = all
  bool brief = false;   // without settings
  bool table = false;   // brief, and without paths and what is run
  bool operator==(const ListRequest&) const = default;
};

struct FlushRequest {
  Selection selection;  // empty = all
  bool dry_run = false;
  bool archives = false;  // segments and archives too
  // Whole files whose last line is older, Unix time; -1 = all.
  int64_t before_us = -1;
  bool operator==(const FlushRequest&) const = default;
};

// Live files are sealed now.
struct RotateRequest {
  Selection selection;  // empty = all
  bool operator==(const RotateRequest&) const = default;
};

// Live files that were moved from outside are opened anew.
struct ReopenRequest {
  bool operator==(const ReopenRequest&) const = default;
};

// Segments and archives are deleted, the oldest first, for each limit that is
// not -1. An answer is a FlushReply.
struct PruneRequest {
  Selection selection;      // empty = all
  int64_t before_us = -1;   // those whose last line is older, Unix time
  int64_t to_bytes = -1;    // until there are so many bytes of them
  int64_t free_bytes = -1;  // until their file system has so many free
  bool dry_run = false;
  bool operator==(const PruneRequest&) const = default;
};

struct KillRequest {
  bool operator==(const KillRequest&) const = default;
};

// Keeper and daemon are to become the program at `path`, absolute. When that
// works the daemon ends without an answer, and the next one's PingReply tells
// how it went; an answer is a refusal.
struct UpdateRequest {
  std::string path;
  bool operator==(const UpdateRequest&) const = default;
};

// An app gets `count` instances, or so many more than it has. Those it has are
// left alone; the highest numbers go first.
struct ScaleRequest {
  std::string app;  // a name, or whatever else selects one app
  int count = 1;
  bool relative = false;
  bool wait = true;  // until the new ones are ready or dead
  bool operator==(const ScaleRequest&) const = default;
};

// Restart counters to zero.
struct ResetRequest {
  Selection selection;
  bool operator==(const ResetRequest&) const = default;
};

// To the main process of each.
struct SignalRequest {
  Selection selection;
  int signal = 0;
  bool operator==(const SignalRequest&) const = default;
};

// Bytes for the stdin of one instance. The answer is an InputReply.
struct InputRequest {
  Selection selection;
  std::string data;  // base64: any bytes
  bool operator==(const InputRequest&) const = default;
};

// The answer is an EnvReply: secrets are the asking command's to mask.
struct EnvRequest {
  Selection selection;
  bool operator==(const EnvRequest&) const = default;
};

// The app list as it is now is kept as the snapshot `name`.
struct SaveRequest {
  std::string name;
  bool operator==(const SaveRequest&) const = default;
};

// Apps of the snapshot that are missing from the list are added, as they were.
// An answer is an OutcomesReply.
struct ResurrectRequest {
  std::string name;
  bool start_known = false;  // those of the list that were up then, too
  bool wait = true;          // answer when ready or dead, else at once
  bool operator==(const ResurrectRequest&) const = default;
};

using Request =
    std::variant<PingRequest, StartRequest, StopRequest, RestartRequest,
                 DeleteRequest, ListRequest, FlushRequest, KillRequest,
                 UpdateRequest, RotateRequest, ReopenRequest, PruneRequest,
                 ScaleRequest, ResetRequest, SignalRequest, InputRequest,
                 EnvRequest, SaveRequest, ResurrectRequest>;

struct PingReply {
  int daemon_pid = 0;
  int keeper_pid = 0;
  std::string version;
  int64_t uptime_ms = 0;
  bool degraded = false;     // apps run that a killed keeper had started
  bool safe = false;         // this daemon only captures
  int updates = 0;           // tried in the keeper's life
  std::string update_error;  // why the last one failed; empty = it did not
  bool operator==(const PingReply&) const = default;
};

// What happened to one instance.
struct Outcome {
  std::string app;
  int id = -1;
  int instance = 0;
  int instances = 1;  // of the app
  // "started", "restarted", "unchanged", "stopped", "deleted", "exited",
  // "reset", "signalled", "kept stopped"
  std::string action;
  bool failed = false;
  std::string detail;    // "exited with code 1 after 0.1s", "killed by SIGKILL"
  std::string launched;  // "fork, node api.js"
  int64_t ready_ms = -1;
  // Of a failed start: which life it was, so that the caller can show its last
  // lines.
  uint64_t generation = 0;
  std::string started_at;  // RFC 3339, UTC
  int64_t log_bytes = -1;  // of `delete`: what stays on disk
  bool operator==(const Outcome&) const = default;
};

struct OutcomesReply {
  std::vector<Outcome> outcomes;
  bool operator==(const OutcomesReply&) const = default;
};

struct Setting {
  std::string key;
  std::string value;   // as it would be written in a configuration
  std::string source;  // "given", "default"
  bool operator==(const Setting&) const = default;
};

// One row of `list`; `describe` shows all of it.
struct InstanceInfo {
  int id = 0;
  std::string app;
  std::string space;
  int instance = 0;
  int instances = 1;
  std::string status;  // launching online stopping stopped errored waiting
  std::string reason;  // of errored, waiting, launching, stopping
  // "healthy", "failing", "unhealthy"; empty = not looked at, or not yet.
  std::string health;
  std::string health_reason;  // of the last look that failed
  std::string said;           // what it says of itself: STATUS=
  int main_pid = 0;           // MAINPID=, 0 = not told
  int pid = 0;
  uint64_t generation = 0;
  int64_t started_at_ms = 0;  // Unix time; 0 = not running
  int64_t created_at_ms = 0;
  int64_t uptime_ms = -1;
  int64_t next_start_ms = -1;  // of waiting and errored: time left
  int restarts = 0;
  int unstable_restarts = 0;
  // Of the whole tree: the process and all that it started.
  double cpu_percent = 0;
  uint64_t memory_bytes = 0;
  int processes = 0;
  std::string user;
  std::string mode;     // "fork"
  std::string version;  // of the app, from its package.json
  std::string script;
  std::vector<std::string> args;
  std::string interpreter;  // empty = run directly
  std::string cwd;
  int last_exit_code = -1;  // -1 = none yet, or a signal
  int last_exit_signal = 0;
  std::string out_file;  // absolute; /dev/null when nothing is kept
  std::string error_file;
  std::string events_file;
  uint64_t log_bytes = 0;  // of both streams, all there is
  uint64_t log_rate = 0;   // bytes that both write in a second, now
  // Not kept, as its log settings allow; since the daemon began.
  uint64_t dropped_lines = 0;
  uint64_t dropped_bytes = 0;
  bool disk_full = false;       // one of its files has no room now
  bool output_pending = false;  // it ended, but something holds its output
  bool watching = false;        // a change of its files would restart it
  std::vector<Setting> limits;  // `source`: how each is enforced
  std::vector<Setting> settings;
  bool operator==(const InstanceInfo&) const = default;
};

struct ShortHistory {
  std::string app;
  int64_t age_ms = 0;  // of the oldest line that is left
  bool operator==(const ShortHistory&) const = default;
};

struct ListReply {
  std::vector<InstanceInfo> instances;  // ascending by id
  // What is stored of all apps there ever were, whatever was selected; -1 = not
  // told.
  int64_t logs_bytes = -1;
  int64_t logs_cap = -1;     // what they may take; -1 = not told
  int64_t logs_age_ms = -1;  // of the oldest line that is sealed; -1 = none is
  // Apps of which room had to be made, so that less than a day is left.
  std::vector<ShortHistory> short_histories;
  bool disk_full = false;  // some live file has no room now
  bool degraded = false;
  bool safe = false;    // the daemon only captures
  std::string version;  // of the daemon; empty = not told
  // Something is wrong with what the daemon came up with: words for the user.
  std::string warning;
  bool operator==(const ListReply&) const = default;
};

struct FlushedFile {
  std::string app;
  std::string path;
  uint64_t bytes = 0;
  bool sealed = false;  // a segment or archive
  bool operator==(const FlushedFile&) const = default;
};

struct FlushReply {
  std::vector<FlushedFile> files;
  bool dry_run = false;
  bool operator==(const FlushReply&) const = default;
};

// What became of one live file.
struct RotatedFile {
  std::string app;
  std::string path;
  // "sealed", "empty", "pending" (in mid-line: when that ends), "failed"
  std::string outcome;
  std::string segment;  // its new path, when it was sealed
  uint64_t bytes = 0;
  std::string error;
  bool operator==(const RotatedFile&) const = default;
};

struct RotateReply {
  std::vector<RotatedFile> files;
  bool operator==(const RotateReply&) const = default;
};

struct ReopenReply {
  uint64_t files = 0;
  bool operator==(const ReopenReply&) const = default;
};

// How much of the data the app's input had room for.
struct InputReply {
  uint64_t bytes = 0;
  bool operator==(const InputReply&) const = default;
};

// What an instance is started with.
struct InstanceEnv {
  std::string app;
  int id = 0;
  int instance = 0;
  int instances = 1;
  std::vector<std::pair<std::string, std::string>> env;
  bool operator==(const InstanceEnv&) const = default;
};

struct EnvReply {
  std::vector<InstanceEnv> instances;
  bool operator==(const EnvReply&) const = default;
};

struct SaveReply {
  std::string path;
  uint64_t apps = 0;
  bool operator==(const SaveReply&) const = default;
};

struct DoneReply {
  bool operator==(const DoneReply&) const = default;
};

// What a user sees of a failure: `lodge: what: where: why`, with a hint.
struct ErrorReply {
  std::string message;
  std::string hint;
  int exit_code = 1;
  bool ending = false;  // the daemon is about to end; the next one may do it
  bool operator==(const ErrorReply&) const = default;
};

using Reply = std::variant<PingReply, OutcomesReply, ListReply, FlushReply,
                           DoneReply, ErrorReply, RotateReply, ReopenReply,
                           InputReply, EnvReply, SaveReply>;

}  // namespace control
