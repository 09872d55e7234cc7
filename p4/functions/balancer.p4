// A switch that spreads connections to virtual addresses over backends.
//
// A connection's hash names one of 256 buckets, and the controller says which backend each bucket
// has: by a consistent hash, so that a backend that goes moves its own buckets only. A connection that
// is open keeps its backend when buckets move: registers remember it, in one of two slots. One that
// finds no slot goes by its bucket all the time.

#define FUNCTION

#include <core.p4>
#include <v1model.p4>
#include "../include/headers.p4"
#include "transport.p4"

const bit<32> SLOTS = 16384;

// Indices of `verdicts`.
const bit<32> PASSED_NEW = 0;
const bit<32> PASSED_KNOWN = 1;
const bit<32> PASSED_BACK = 2;
const bit<32> PASSED_WITHOUT_SLOT = 3;
const bit<32> REFUSED_NO_BACKEND = 4;

control NetworkFunction(inout headers_t hdr, inout metadata_t meta,
                        inout standard_metadata_t standard_metadata) {
    register<bit<32>>(2 * SLOTS) owners;
    register<bit<48>>(2 * SLOTS) ends_us;
    register<bit<8>>(2 * SLOTS) states;
    register<bit<32>>(2 * SLOTS) addresses;
    register<bit<16>>(2 * SLOTS) ports;
    counter(8, CounterType.packets_and_bytes) verdicts;
    direct_counter(CounterType.packets_and_bytes) bucket_counter;
    ReadTransport() read_transport;
    FollowState() follow_state;
    Timeouts() timeouts;
    RewriteSource() rewrite_source;
    RewriteDestination() rewrite_destination;

    bit<16> pool = 0;
    bit<8> bucket = 0;
    bit<32> address = 0;
    bit<16> port = 0;
    bit<1> has_backend = 0;

    action balance(bit<16> pool_id) {
        pool = pool_id;
    }

    action pass() { }

    table addresses_served {
        key = {
            hdr.ipv4.dst_addr: exact @name("ipv4_dst");
            hdr.ipv4.protocol: exact @name("ip_protocol");
            meta.lookup.l4_dst_port: exact @name("l4_dst_port");
        }
        actions = { balance; pass; }
        default_action = pass();
        size = 1024;
    }

    action use_backend(bit<32> backend, bit<16> backend_port) {
        bucket_counter.count();
        address = backend;
        port = backend_port;
        has_backend = 1;
    }

    action no_backend() {
        bucket_counter.count();
    }

    table buckets {
        key = {
            pool: exact @name("pool");
            bucket: exact @name("bucket");
        }
        actions = { use_backend; no_backend; }
        default_action = no_backend();
        counters = bucket_counter;
        size = 16384;
    }

    action from_backend(bit<32> served, bit<16> served_port) {
        address = served;
        port = served_port;
        has_backend = 1;
    }

    table backends {
        key = {
            hdr.ipv4.src_addr: exact @name("ipv4_src");
            hdr.ipv4.protocol: exact @name("ip_protocol");
            meta.lookup.l4_src_port: exact @name("l4_src_port");
        }
        actions = { from_backend; pass; }
        default_action = pass();
        size = 4096;
    }

    apply {
        transport_t transport;
        read_transport.apply(hdr, transport);
        if (hdr.tcp.isValid() || hdr.udp.isValid()) {
            addresses_served.apply();
        }
        if (pool != 0) {
            bit<32> owner;
            bit<32> first;
            bit<32> second;
            hash(owner, HashAlgorithm.crc32, 32w0,
                 { hdr.ipv4.src_addr, hdr.ipv4.dst_addr, hdr.l4.src_port, hdr.l4.dst_port,
                   hdr.ipv4.protocol }, 33w0x100000000);
            hash(first, HashAlgorithm.crc16, 32w0,
                 { hdr.ipv4.src_addr, hdr.ipv4.dst_addr, hdr.l4.src_port, hdr.l4.dst_port,
                   hdr.ipv4.protocol }, SLOTS);
            hash(second, HashAlgorithm.crc16, 32w0,
                 { hdr.l4.src_port, hdr.ipv4.dst_addr, hdr.ipv4.src_addr, hdr.l4.dst_port,
                   hdr.ipv4.protocol }, SLOTS);
            second = second + SLOTS;
            bucket = owner[31:24] ^ owner[7:0];

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
            bit<1> has_slot = 1;
            if (first_lives && first_owner == owner) {
                states.read(state, first);
            } else if (second_lives && second_owner == owner) {
                slot = second;
                states.read(state, second);
            } else if (first_lives && second_lives) {
                has_slot = 0;
            } else if (first_lives) {
                slot = second;
            }
            // A segment that begins a connection goes by its bucket: what it had may be gone.
            if (state != FREE && (transport.is_tcp == 0 || transport.starts == 0)) {
                addresses.read(address, slot);
                ports.read(port, slot);
                has_backend = 1;
                verdicts.count(PASSED_KNOWN);
            } else {
                buckets.apply();
                if (has_backend == 0) {
                    verdicts.count(REFUSED_NO_BACKEND);
                    mark_to_drop(standard_metadata);
                    meta.stop = 1;
                } else if (has_slot == 0) {
                    verdicts.count(PASSED_WITHOUT_SLOT);
                } else {
                    verdicts.count(PASSED_NEW);
                    owners.write(slot, owner);
                    addresses.write(slot, address);
                    ports.write(slot, port);
                    if (state == FREE) {
                        state = OPENING;
                    }
                }
            }
            if (has_backend == 1) {
                if (has_slot == 1) {
                    bit<48> last_us;
                    follow_state.apply(hdr, state);
                    timeouts.apply(hdr, state, last_us);
                    states.write(slot, state);
                    ends_us.write(slot, now_us + last_us);
                }
                rewrite_destination.apply(hdr, address, transport.destination, port);
            }
        } else if (hdr.tcp.isValid() || hdr.udp.isValid()) {
            backends.apply();
            if (has_backend == 1) {
                verdicts.count(PASSED_BACK);
                rewrite_source.apply(hdr, address, transport.source, port);
            }
        }
    }
}

#include "../include/pipeline.p4"

V1Switch(PacketParser(), ChecksumVerification(), SwitchIngress(), SwitchEgress(), ChecksumUpdate(),
         PacketDeparser()) main;
