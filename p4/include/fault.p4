// The fault stage. Only a shadow's build has it: production.p4 does not include this file.
//
// Every fault is a table entry that carries its own expiry in controller time. It acts only while
// the expiry lies ahead and the controller's heartbeat is younger than the lease: whatever happens
// to the controller, nothing stays behind.
//
// Parameters are action parameters, because every target takes those; state is in registers, one
// cell per fault (its slot), marked with the fault's expiry, so that a new fault begins anew.

#ifndef UMBRA_FAULT_P4
#define UMBRA_FAULT_P4

// Faults with state of their own that can act at once in one switch.
#define FAULT_SLOTS 1024
typedef bit<16> slot_t;

// Draws of random numbers are in [0, 2^32 - 2]; below this threshold is a hit, so that 0 never is
// and 2^32 - 1 always is.
typedef bit<32> chance_t;
const bit<32> LAST_DRAW = 0xfffffffe;

// Which packets a fault of a link takes: those that leave by a port, of all flows or of some.
#define LINK_FAULT_KEY \
    standard_metadata.egress_port: ternary @name("egress_port"); \
    meta.lookup.ipv4_src: ternary @name("ipv4_src"); \
    meta.lookup.ipv4_dst: ternary @name("ipv4_dst"); \
    meta.lookup.protocol: ternary @name("ip_protocol"); \
    meta.lookup.l4_src_port: ternary @name("l4_src_port"); \
    meta.lookup.l4_dst_port: ternary @name("l4_dst_port");

#include "fault/lease.p4"
#include "fault/rate.p4"
#include "fault/device.p4"
#include "fault/app.p4"
#include "fault/loss.p4"
#include "fault/corrupt.p4"
#include "fault/delay.p4"
#include "fault/link.p4"

#endif
