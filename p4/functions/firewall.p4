// A switch with a stateful firewall: connections opened from inside pass, with all that answers them;
// from outside only connections to the services that the controller has opened.
//
// State: two slots of the same number of registers that a connection may take, found by hashes that
// are the same for both directions. What finds no free slot is refused, and counted.

#define FUNCTION

#include <core.p4>
#include <v1model.p4>
#include "../include/headers.p4"
#include "transport.p4"

const bit<32> SLOTS = 16384;

// Indices of `verdicts`.
const bit<32> PASSED_NEW = 0;
const bit<32> PASSED_KNOWN = 1;
const bit<32> REFUSED_UNASKED = 2;       // a connection from outside to no open service
const bit<32> REFUSED_NO_CONNECTION = 3; // a TCP segment in the middle of nothing
const bit<32> REFUSED_FULL = 4;
const bit<32> REFUSED_KIND = 5;          // fragments, IPv6, ICMP that is no echo

control NetworkFunction(inout headers_t hdr, inout metadata_t meta,
                        inout standard_metadata_t standard_metadata) {
    register<bit<32>>(2 * SLOTS) owners;
    register<bit<48>>(2 * SLOTS) ends_us;
    register<bit<8>>(2 * SLOTS) states;
    counter(8, CounterType.packets_and_bytes) verdicts;
    direct_counter(CounterType.packets_and_bytes) service_counter;
    ReadTransport() read_transport;
    FollowState() follow_state;
    Timeouts() timeouts;

    bit<1> may_open = 0;

    action inside() {
        may_open = 1;
    }

    action outside() { }

    table zones {
        key = {
            standard_metadata.ingress_port: exact @name("ingress_port");
        }
        actions = { inside; outside; }
        default_action = outside();
        size = 512;
    }

    action open() {
        service_counter.count();
        may_open = 1;
    }

    action closed() {
        service_counter.count();
    }

    table services {
        key = {
            hdr.ipv4.dst_addr: ternary @name("ipv4_dst");
            hdr.ipv4.protocol: ternary @name("ip_protocol");
            meta.lookup.l4_dst_port: ternary @name("l4_dst_port");
        }
        actions = { open; closed; }
        default_action = closed();
        counters = service_counter;
        size = 1024;
    }

    action refuse(bit<32> reason) {
        verdicts.count(reason);
        mark_to_drop(standard_metadata);
        meta.stop = 1;
    }

    apply {
        transport_t transport;
        read_transport.apply(hdr, transport);
        if (hdr.ipv4.isValid() && transport.has_ports == 1) {
            bit<104> ends = hdr.ipv4.src_addr ++ hdr.ipv4.dst_addr ++ transport.source ++
                            transport.destination ++ hdr.ipv4.protocol;
            if (hdr.ipv4.dst_addr < hdr.ipv4.src_addr ||
                (hdr.ipv4.dst_addr == hdr.ipv4.src_addr &&
                 transport.destination < transport.source)) {
                ends = hdr.ipv4.dst_addr ++ hdr.ipv4.src_addr ++ transport.destination ++
                       transport.source ++ hdr.ipv4.protocol;
            }
            bit<32> owner;
            bit<32> first;
            bit<32> second;
            hash(owner, HashAlgorithm.crc32, 32w0, { ends }, 33w0x100000000);
            hash(first, HashAlgorithm.crc16, 32w0, { ends }, SLOTS);
            hash(second, HashAlgorithm.crc16, 32w0, { ends[31:0], ends }, SLOTS);
            second = second + SLOTS;

            bit<48> now_us = standard_metadata.ingress_global_timestamp;
            bit<32> first_owner;
            bit<32> second_owner;
            bit<48> first_end_us;
            bit<48> second_end_us;
            owners.read(first_owner, first);
            owners.read(second_owner, second);
            ends_us.read(first_end_us, first);
            ends_us.read(second_end_us, second);
            bool first_lives = first_end_us > now_us;
            bool second_lives = second_end_us > now_us;

            bit<32> slot = first;
            bit<8> state = FREE;
            if (first_lives && first_owner == owner) {
                states.read(state, first);
            } else if (second_lives && second_owner == owner) {
                slot = second;
                states.read(state, second);
            }
            if (state != FREE) {
                verdicts.count(PASSED_KNOWN);
            } else {
                zones.apply();
                if (may_open == 0) {
                    services.apply();
                }
                if (may_open == 0) {
                    refuse(REFUSED_UNASKED);
                } else if (transport.starts == 0) {
                    refuse(REFUSED_NO_CONNECTION);
                } else if (first_lives && second_lives) {
                    refuse(REFUSED_FULL);
                } else {
                    verdicts.count(PASSED_NEW);
                    if (first_lives) {
                        slot = second;
                    }
                    owners.write(slot, owner);
                }
            }
            if (meta.stop == 0) {
                bit<48> last_us;
                follow_state.apply(hdr, state);
                timeouts.apply(hdr, state, last_us);
                states.write(slot, state);
                if (state == FREE) {
                    last_us = 0;
                }
                ends_us.write(slot, now_us + last_us);
            }
        } else if (hdr.ipv4.isValid() || hdr.ipv6.isValid()) {
            refuse(REFUSED_KIND);
        }
    }
}

#include "../include/pipeline.p4"

V1Switch(PacketParser(), ChecksumVerification(), SwitchIngress(), SwitchEgress(), ChecksumUpdate(),
         PacketDeparser()) main;
