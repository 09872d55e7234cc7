/* Copies and repetitions: multicast, clones of both kinds, resubmit, recirculate, truncate. */
#include <core.p4>
#include <v1model.p4>

header order_t {
    bit<8>  operation;
    bit<16> argument;
    bit<8>  passes;
    bit<8>  kind;
    bit<16> instance;
}

struct headers_t {
    order_t order;
}

struct metadata_t {
    @field_list(1)
    bit<8> kept;
    bit<8> lost;
    @field_list(2)
    bit<8> passes;
}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.order);
        transition accept;
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = 1;
        if (hdr.order.operation == 0) {
            standard_metadata.mcast_grp = hdr.order.argument;
        } else if (hdr.order.operation == 1) {
            meta.kept = 0x77;
            meta.lost = 0x66;
            clone_preserving_field_list(CloneType.I2E, (bit<32>) hdr.order.argument, 1);
            hdr.order.passes = 0xee;
        } else if (hdr.order.operation == 3) {
            if (meta.passes < 2) {
                meta.passes = meta.passes + 1;
                hdr.order.passes = 0xff;
                resubmit_preserving_field_list(2);
            } else {
                hdr.order.passes = meta.passes;
            }
        } else if (hdr.order.operation == 5) {
            truncate((bit<32>) hdr.order.argument);
        } else if (hdr.order.operation == 6) {
            standard_metadata.egress_spec = 511;
        } else if (hdr.order.operation == 7) {
            clone(CloneType.I2E, (bit<32>) hdr.order.argument);
            mark_to_drop(standard_metadata);
        }
    }
}

control TestEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    apply {
        hdr.order.kind = (bit<8>) standard_metadata.instance_type;
        hdr.order.instance = standard_metadata.egress_rid;
        if (standard_metadata.instance_type == 1) {
            hdr.order.passes = meta.kept + meta.lost;
        } else if (hdr.order.operation == 2 && standard_metadata.instance_type == 0) {
            meta.kept = 0x55;
            meta.lost = 0x44;
            clone_preserving_field_list(CloneType.E2E, (bit<32>) hdr.order.argument, 1);
            hdr.order.passes = 0xdd;
        } else if (standard_metadata.instance_type == 2) {
            hdr.order.passes = meta.kept + meta.lost;
        } else if (hdr.order.operation == 4 && hdr.order.passes < 3) {
            hdr.order.passes = hdr.order.passes + 1;
            recirculate_preserving_field_list(1);
        } else if (hdr.order.operation == 8) {
            mark_to_drop(standard_metadata);
        }
    }
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control TestDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.order);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
