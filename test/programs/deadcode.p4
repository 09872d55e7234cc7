/* A table and an action that p4c finds dead after it wrote P4Info, and a key of type error. */
#include <core.p4>
#include <v1model.p4>

header byte_t {
    bit<8> value;
}

struct headers_t {
    byte_t first;
    byte_t second;
}

struct metadata_t {
    error problem;
}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.first);
        packet.extract(hdr.second);
        transition accept;
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    action mark(bit<8> value) {
        hdr.first.value = value;
    }
    table dead {
        actions = {}
    }
    table by_error {
        key = { meta.problem: exact; }
        actions = { mark; }
        default_action = mark(0xaa);
    }
    apply {
        bit<8> two = 2;
        standard_metadata.egress_spec = 1;
        meta.problem = standard_metadata.parser_error;
        by_error.apply();
        if (two <= 5) {
            return;
        }
        switch (dead.apply().action_run) {
            default: {
                hdr.first.value = 0;
            }
        }
    }
}

control TestEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    apply {}
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control TestDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.first);
        packet.emit(hdr.second);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
