/* Values and actions: one operation of each kind, chosen by the first byte of a packet. */
#include <core.p4>
#include <v1model.p4>

header work_t {
    bit<8>   op;
    bit<8>   small;
    int<16>  number;
    bit<64>  a;
    bit<64>  b;
    bit<128> wide;
    bit<64>  result;
}

struct headers_t {
    work_t work;
}

struct metadata_t {
    bit<64> drawn;
}

enum bit<8> Op {
    SATURATE = 1,
    SIGNED   = 2,
    WIDE     = 3,
    HASH     = 4,
    ASSERT   = 5,
    LOG      = 6,
    REGISTER = 7,
    SWITCH   = 8,
    LOOP     = 9,
    RANDOM   = 10,
    PRIORITY = 11,
    COMPARE  = 12
}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.work);
        transition accept;
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    register<bit<128>>(4) cells;

    action saturate() {
        hdr.work.result = hdr.work.a |+| hdr.work.b;
        hdr.work.b = hdr.work.a |-| hdr.work.b;
        hdr.work.number = hdr.work.number |-| 100;
    }
    action signed() {
        int<32> extended = (int<32>) hdr.work.number;
        hdr.work.a = (bit<64>) (bit<32>) (extended >> hdr.work.small);
        hdr.work.b = (bit<64>) (int<64>) extended;
        hdr.work.number = -hdr.work.number;
    }
    action wide() {
        hdr.work.wide = hdr.work.wide * 3 + ((bit<128>) hdr.work.a << hdr.work.small);
        hdr.work.result = hdr.work.wide[100:37];
    }
    action hashes() {
        bit<64> part = 0;
        hash(hdr.work.result, HashAlgorithm.identity, 64w5, { hdr.work.a }, hdr.work.b);
        hash(part, HashAlgorithm.xor16, 64w0, { hdr.work.a, hdr.work.number }, 64w0x100000000);
        hdr.work.a = part;
        hash(part, HashAlgorithm.crc16_custom, 64w0, { hdr.work.wide }, 64w0x100000000);
        hdr.work.b = part;
    }
    action claim() {
        assert(hdr.work.a < hdr.work.b);
        hdr.work.result = hdr.work.b - hdr.work.a;
    }
    action tell() {
        log_msg("a {} number {} wide {}", { hdr.work.a, hdr.work.number, hdr.work.wide });
    }
    action remember() {
        bit<128> before;
        cells.read(before, (bit<32>) hdr.work.small);
        cells.write((bit<32>) hdr.work.small, hdr.work.wide);
        hdr.work.wide = before;
    }
    action loop() {
        hdr.work.result = 0;
        for (bit<8> i = 1; i <= hdr.work.small; i = i + 1) {
            if (i == 3) {
                continue;
            }
            hdr.work.result = hdr.work.result + (bit<64>) i;
        }
    }
    action draw() {
        random(meta.drawn, hdr.work.a, hdr.work.b);
        hdr.work.result = meta.drawn;
    }
    action compare() {
        hdr.work.small = 0;
        hdr.work.small[0:0] = hdr.work.a < hdr.work.b ? 1w1 : 0;
        hdr.work.small[1:1] = (int<64>) hdr.work.a < (int<64>) hdr.work.b ? 1w1 : 0;
        hdr.work.small[2:2] = hdr.work.wide >= 128w0xffffffffffffffffffff ? 1w1 : 0;
        hdr.work.small[3:3] = hdr.work.number <= -16s5 ? 1w1 : 0;
    }

    apply {
        standard_metadata.egress_spec = 2;
        switch (hdr.work.op) {
            (bit<8>) Op.SATURATE: { saturate(); }
            (bit<8>) Op.SIGNED: { signed(); }
            (bit<8>) Op.WIDE: { wide(); }
            (bit<8>) Op.HASH: { hashes(); }
            (bit<8>) Op.ASSERT: { claim(); }
            (bit<8>) Op.LOG: { tell(); }
            (bit<8>) Op.REGISTER: { remember(); }
            (bit<8>) Op.LOOP: { loop(); }
            (bit<8>) Op.RANDOM: { draw(); }
            (bit<8>) Op.PRIORITY: { standard_metadata.priority = hdr.work.small[2:0]; }
            (bit<8>) Op.COMPARE: { compare(); }
            default: { mark_to_drop(standard_metadata); }
        }
    }
}

control TestEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    apply {
        if (hdr.work.op == (bit<8>) Op.PRIORITY) {
            hdr.work.a = (bit<64>) standard_metadata.enq_qdepth;
            hdr.work.b = (bit<64>) standard_metadata.deq_timedelta;
            hdr.work.result = (bit<64>) standard_metadata.deq_qdepth;
            hdr.work.wide = (bit<128>) standard_metadata.enq_timestamp;
        }
    }
}

control TestDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.work);
    }
}

V1Switch(TestParser(), NoChecksum(), TestIngress(), TestEgress(), NoChecksum(),
         TestDeparser()) main;
