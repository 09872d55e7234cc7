/* Action profile and action selector. */
#include <core.p4>
#include <v1model.p4>

header flow_t {
    bit<8>  table_number;
    bit<8>  key;
    bit<32> flow;
    bit<8>  result;
}

struct headers_t {
    flow_t flow;
}

struct metadata_t {}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.flow);
        transition accept;
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    action_profile(8) profile;
    action_selector(HashAlgorithm.crc16, 8, 16) selector;

    action answer(bit<8> result) {
        hdr.flow.result = result;
    }
    action drop() {
        mark_to_drop(standard_metadata);
    }
    table with_profile {
        key = { hdr.flow.key: exact; }
        actions = { answer; drop; }
        implementation = profile;
        size = 8;
    }
    table with_selector {
        key = { hdr.flow.key: ternary; hdr.flow.flow: selector; }
        actions = { answer; drop; }
        implementation = selector;
        size = 8;
    }
    apply {
        standard_metadata.egress_spec = 1;
        if (hdr.flow.table_number == 0) {
            if (with_profile.apply().hit) {
                hdr.flow.table_number = 0xff;
            }
        } else {
            with_selector.apply();
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
        packet.emit(hdr.flow);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
