// Joins ports 1 and 2, and stamps a random number and the time of arrival into the source MAC:
// what leaves depends on the seed and on the clock, and on nothing else.
#include <core.p4>
#include <v1model.p4>

header ethernet_t {
    bit<48> destination;
    bit<16> drawn;
    bit<32> arrived_us;
    bit<16> ether_type;
}

struct headers_t { ethernet_t ethernet; }
struct metadata_t { }

parser StampParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) { apply { } }

control StampIngress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    action forward(bit<9> port) {
        standard_metadata.egress_spec = port;
        random(hdr.ethernet.drawn, 0, 0xffff);
        hdr.ethernet.arrived_us = (bit<32>) standard_metadata.ingress_global_timestamp;
    }
    action drop() { mark_to_drop(standard_metadata); }
    table cross {
        key = { standard_metadata.ingress_port: exact; }
        actions = { forward; drop; }
        default_action = drop();
        const entries = {
            1: forward(2);
            2: forward(1);
        }
    }
    apply { cross.apply(); }
}

control NoEgress(inout headers_t hdr, inout metadata_t meta,
                 inout standard_metadata_t standard_metadata) { apply { } }
control NoCompute(inout headers_t hdr, inout metadata_t meta) { apply { } }
control StampDeparser(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr.ethernet); }
}

V1Switch(StampParser(), NoVerify(), StampIngress(), NoEgress(), NoCompute(), StampDeparser()) main;
