#include "gateway/hints.h"

#include "gateway/routes.h"
#include "gateway/session.h"

namespace steelyard {

RequestHints hints_of(const Session& session) {
  RequestHints hints = hints_of(session.head());
  hints.wire = session.wire();
  if (hints.wire == dialect::hub::Wire::gemini) {
    const RouteMatch match = match_route(session.head().method, session.head().target());
    hints.path_model = match.parameter;
    hints.path_stream = match.route == Route::stream_content;
  }
  return hints;
}

}  // namespace steelyard
