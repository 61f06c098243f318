#pragma once
// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE when the peer has gone. This
// one sends with MSG_NOSIGNAL and tells OpenSSL the difference between "not now" and "over".
#include <openssl/bio.h>

namespace steelyard::net {

// A BIO over `descriptor`, which stays the caller's. nullptr if memory is short.
BIO* new_descriptor_bio(int descriptor);

// Did a read of this thread, since begin_reads(), get less than it asked for? Then nothing was left
// in the socket, and what comes later is announced anew.
void begin_reads();
bool reads_drained();

}  // namespace steelyard::net
