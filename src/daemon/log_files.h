#pragma once
// From an app's log settings to the files its streams go to and how their lines
// are kept. Pure.

#include <string>
#include <vector>

#include "capture/sink_spec.h"
#include "store/catalog.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

// What the catalog has of that instance: names in `log_dir`, absolute paths
// elsewhere, empty where nothing is kept. A file of somebody's choice that is
// to have no stamps gets a name that says so.
store::CatalogInstance files_of(const config::AppSpec& spec, int id, int number,
                                const std::string& log_dir);

// `max_size` is for an app that says nothing of it.
capture::SinkOptions sink_options(const config::LogSettings& log,
                                  uint64_t max_size);

// The live file of an instance's stream: no path where nothing is kept.
capture::SinkSpec sink_spec(const config::AppSpec& spec, int id, int number,
                            store::Stream stream, const std::string& log_dir,
                            uint64_t max_size);
// Of all instances there are, running or not; each file once.
std::vector<capture::SinkSpec> sink_specs(
    const supervisor::Supervisor& supervisor, const std::string& log_dir,
    uint64_t max_size);

// Whether the times of rotation that the app asks for make sense:
// Errc::Invalid.
base::Status check_schedule(const config::AppSpec& spec);

// How what is sealed of that app is kept.
store::KeepRules keep_rules(const config::LogSettings& log);

// Somebody chose the place of that stream's file.
bool is_named(const config::LogSettings& log, store::Stream stream);

}  // namespace daemon_
