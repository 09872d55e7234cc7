/* Checksums: of a header, and of a header with the payload behind it. */
#include <core.p4>
#include <v1model.p4>

header small_t {
    bit<8>  flags;
    bit<8>  length;
    bit<16> first;
    bit<16> second;
    bit<16> sum;
}

header tail_t {
    bit<16> value;
    bit<16> sum;
}

struct headers_t {
    small_t small;
    tail_t  tail;
}

struct metadata_t {}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.small);
        packet.extract(hdr.tail);
        transition accept;
    }
}

control Verify(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.small.flags != 0,
            { hdr.small.flags, hdr.small.length, hdr.small.first, hdr.small.second },
            hdr.small.sum, HashAlgorithm.csum16);
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = 1;
        hdr.small.length = (bit<8>) standard_metadata.checksum_error;
    }
}

control TestEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    apply {}
}

control Update(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.small.flags != 2,
            { hdr.small.flags, hdr.small.length, hdr.small.first, hdr.small.second },
            hdr.small.sum, HashAlgorithm.csum16);
        update_checksum_with_payload(true, { hdr.tail.value },
            hdr.tail.sum, HashAlgorithm.csum16);
    }
}

control TestDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.small);
        packet.emit(hdr.tail);
    }
}

V1Switch(TestParser(), Verify(), TestIngress(), TestEgress(), Update(), TestDeparser()) main;
