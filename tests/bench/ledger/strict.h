#pragma once
// What `durability: strict` adds to a request, beside the disk's own fdatasync in the same run.
#include <string>

namespace steelyard::bench {

struct StrictFigures {                      // microseconds
  double disk_p50 = 0, disk_p99 = 0;        // a record's bytes written in place and fdatasync
  double relaxed_p50 = 0, relaxed_p99 = 0;  // reserve, dispatch, settle
  double strict_p50 = 0, strict_p99 = 0;    // and the wait until the dispatch is on the disk
  std::string error;                        // "": measured
};

// In turns of each kind, one request at a time, `requests` of each. `directory` is on the disk that
// is asked about.
StrictFigures measure_strict(const std::string& directory, int requests);

}  // namespace steelyard::bench
