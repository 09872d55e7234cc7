// A switch that translates the source addresses and ports of what leaves it (NAPT), and the
// destination of what comes back.
//
// State: a public port is a slot of registers. A sender's address and port have two slots, found by
// hashes; what finds both taken by others is dropped, and counted. A mapping is the same for all
// destinations, and open to answers from anywhere, while it lasts.

#define FUNCTION

#include <core.p4>
#include <v1model.p4>
#include "../include/headers.p4"
#include "transport.p4"

// Public ports are the dynamic ones, 49152 to 65535, for each of TCP, UDP and echoes.
const bit<16> FIRST_PORT = 0xc000;
const bit<32> PORTS = 16384;

// Indices of `verdicts`.
const bit<32> TRANSLATED_OUT = 0;
const bit<32> TRANSLATED_BACK = 1;
const bit<32> REFUSED_UNASKED = 2;   // to a public port that no mapping holds, or past the NAT
const bit<32> REFUSED_FULL = 3;
const bit<32> REFUSED_KIND = 4;      // fragments, IPv6, ICMP that is no echo

control NetworkFunction(inout headers_t hdr, inout metadata_t meta,
                        inout standard_metadata_t standard_metadata) {
    register<bit<32>>(3 * PORTS) addresses;
    register<bit<16>>(3 * PORTS) ports;
    register<bit<48>>(3 * PORTS) ends_us;
    register<bit<8>>(3 * PORTS) states;
    counter(8, CounterType.packets_and_bytes) verdicts;
    ReadTransport() read_transport;
    FollowState() follow_state;
    Timeouts() timeouts;
    RewriteSource() rewrite_source;
    RewriteDestination() rewrite_destination;

    bit<1> from_inside = 0;
    bit<1> to_inside = 0;
    bit<32> public_address = 0;

    action inside() {
        from_inside = 1;
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

    // Prefixes inside: what goes there is not translated, and comes from inside only.
    action local() {
        to_inside = 1;
    }

    action elsewhere() { }

    table networks {
        key = {
            hdr.ipv4.dst_addr: lpm @name("ipv4_dst");
        }
        actions = { local; elsewhere; }
        default_action = elsewhere();
        size = 1024;
    }

    action set_public(bit<32> address) {
        public_address = address;
    }

    table public {
        actions = { set_public; }
        default_action = set_public(0);
        size = 1;
    }

    action refuse(bit<32> reason) {
        verdicts.count(reason);
        mark_to_drop(standard_metadata);
        meta.stop = 1;
    }

    apply {
        transport_t transport;
        read_transport.apply(hdr, transport);
        bit<32> kind = 0;
        if (hdr.udp.isValid()) {
            kind = PORTS;
        } else if (hdr.icmp.isValid()) {
            kind = 2 * PORTS;
        }
        bit<48> now_us = standard_metadata.ingress_global_timestamp;
        bit<32> slot = 0;
        bit<8> state = FREE;
        bit<1> changes = 0;
        zones.apply();
        networks.apply();
        public.apply();
        if (!hdr.ipv4.isValid()) {
            if (hdr.ipv6.isValid()) {
                refuse(REFUSED_KIND);
            }
        } else if (hdr.ipv4.dst_addr == public_address) {
            slot = (bit<32>)(transport.destination & 0x3fff) + kind;
            bit<48> end_us;
            bit<32> address;
            bit<16> port;
            ends_us.read(end_us, slot);
            addresses.read(address, slot);
            ports.read(port, slot);
            states.read(state, slot);
            if (transport.has_ports == 0) {
                refuse(REFUSED_KIND);
            } else if (transport.destination < FIRST_PORT || end_us <= now_us) {
                refuse(REFUSED_UNASKED);
            } else {
                verdicts.count(TRANSLATED_BACK);
                rewrite_destination.apply(hdr, address, transport.destination, port);
                changes = 1;
            }
        } else if (from_inside == 0) {
            if (to_inside == 1) {
                refuse(REFUSED_UNASKED);
            }
        } else if (to_inside == 0) {
            bit<32> first;
            bit<32> second;
            hash(first, HashAlgorithm.crc16, 32w0,
                 { hdr.ipv4.src_addr, transport.source, hdr.ipv4.protocol }, PORTS);
            hash(second, HashAlgorithm.crc16, 32w0,
                 { transport.source, hdr.ipv4.src_addr, transport.source, hdr.ipv4.protocol },
                 PORTS);
            first = first + kind;
            second = second + kind;
            bit<32> first_address;
            bit<32> second_address;
            bit<16> first_port;
            bit<16> second_port;
            bit<48> first_end_us;
            bit<48> second_end_us;
            addresses.read(first_address, first);
            addresses.read(second_address, second);
            ports.read(first_port, first);
            ports.read(second_port, second);
            ends_us.read(first_end_us, first);
            ends_us.read(second_end_us, second);
            bool is_first = first_end_us > now_us && first_address == hdr.ipv4.src_addr &&
                            first_port == transport.source;
            bool is_second = second_end_us > now_us && second_address == hdr.ipv4.src_addr &&
                             second_port == transport.source;
            slot = first;
            if (is_second && !is_first) {
                slot = second;
            }
            if (is_first || is_second) {
                states.read(state, slot);
            } else if (first_end_us > now_us) {
                slot = second;
            }
            if (transport.has_ports == 0) {
                refuse(REFUSED_KIND);
            } else if (state == FREE && first_end_us > now_us && second_end_us > now_us) {
                refuse(REFUSED_FULL);
            } else {
                verdicts.count(TRANSLATED_OUT);
                addresses.write(slot, hdr.ipv4.src_addr);
                ports.write(slot, transport.source);
                // A mapping in the middle of a connection is one that was forgotten.
                if (state == FREE) {
                    state = OPENING;
                }
                bit<16> port = FIRST_PORT + (bit<16>)(slot - kind);
                rewrite_source.apply(hdr, public_address, transport.source, port);
                changes = 1;
            }
        }
        if (changes == 1) {
            bit<48> last_us;
            follow_state.apply(hdr, state);
            timeouts.apply(hdr, state, last_us);
            states.write(slot, state);
            if (state == FREE) {
                last_us = 0;
            }
            ends_us.write(slot, now_us + last_us);
        }
    }
}

#include "../include/pipeline.p4"

V1Switch(PacketParser(), ChecksumVerification(), SwitchIngress(), SwitchEgress(), ChecksumUpdate(),
         PacketDeparser()) main;
