#pragma once
// What runs inside the store, each as one step that nothing else comes between.
#include <string_view>

namespace steelyard::fleet {

struct Script {
  std::string_view name, source;
};

extern const Script join_script;  // a process takes its replica's name
extern const Script sync_script;  // what it uses, gives back and wants; what it may use from now on
extern const Script forget_script;  // a replica that will not come back

}  // namespace steelyard::fleet
