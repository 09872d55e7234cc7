// What else a parser can do: lookahead, advance, verify, masks, ranges, value sets, loops.

#include <core.p4>
#include <v1model.p4>

error { BadVersion }

header start_t {
    bit<4> version;
    bit<4> kind;
}

header wide_t {
    bit<64> high;
    bit<8> low;
}

header item_t {
    bit<8> type;
    bit<8> bytes;
}

struct headers_t {
    start_t start;
    wide_t wide;
    item_t item;
    item_t local;
}

struct metadata_t {
    bit<8> peek;
    bit<16> odd;
    bit<72> all;
    bit<8> way;
    bit<8> loops;
}

struct pair_t {
    bit<4> kind;
    bit<9> port;
}

parser SwitchParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    value_set<bit<8>>(2) types;
    value_set<pair_t>(4) pairs;

    state start {
        packet.extract(hdr.start);
        verify(hdr.start.version == 4, error.BadVersion);
        transition select(hdr.start.kind, standard_metadata.ingress_port) {
            pairs: from_set;
            (1, _): look;
            (2 &&& 0xe, _): skip;
            (4 .. 6, 0 .. 3): in_range;
            (8, _): items;
            (9, _): local;
            (10, _): spin;
            (11, _): types_or_not;
            default: accept;
        }
    }
    state look {
        meta.peek = packet.lookahead<bit<8>>();
        meta.odd = packet.lookahead<bit<15>>() ++ 1w0;
        meta.all = packet.lookahead<bit<72>>();
        packet.extract(hdr.wide);
        transition select(packet.lookahead<bit<8>>()) {
            0x77: seven;
            default: accept;
        }
    }
    state seven {
        meta.way = 7;
        transition accept;
    }
    state skip {
        packet.advance((bit<32>) hdr.start.kind * 8 - 8);
        transition accept;
    }
    state in_range {
        meta.way = 4;
        transition accept;
    }
    state from_set {
        meta.way = 5;
        transition accept;
    }
    state items {
        packet.extract(hdr.item);
        meta.loops = meta.loops + 1;
        packet.advance((bit<32>) hdr.item.bytes << 3);
        transition select(hdr.item.type) {
            0: accept;
            default: items;
        }
    }
    state local {
        packet.extract(hdr.item);
        hdr.local.setValid();
        hdr.local.type = hdr.item.bytes;
        hdr.local.bytes = hdr.item.type;
        hdr.item.setInvalid();
        transition accept;
    }
    state spin {
        meta.way = meta.way + 1;
        transition select(meta.way) {
            0x80 &&& 0x80: accept;
            default: spin_on;
        }
    }
    state spin_on {
        meta.way = meta.way & 0xf;
        transition spin;
    }
    state types_or_not {
        packet.extract(hdr.item);
        transition select(hdr.item.type) {
            types: from_set;
            default: accept;
        }
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SwitchIngress(inout headers_t hdr, inout metadata_t meta,
                      inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = 1;
        if (standard_metadata.parser_error == error.BadVersion) {
            standard_metadata.egress_spec = 2;
        } else if (standard_metadata.parser_error == error.PacketTooShort) {
            standard_metadata.egress_spec = 3;
        } else if (standard_metadata.parser_error == error.ParserTimeout) {
            standard_metadata.egress_spec = 4;
        } else if (meta.way == 5) {
            standard_metadata.egress_spec = 5;
        } else if (hdr.start.kind == 1) {
            // The wide header turned round, byte by byte of what was looked at.
            hdr.wide.low = meta.peek;
            hdr.wide.high = meta.all[63:0];
            hdr.start.kind = meta.odd[3:0];
            standard_metadata.egress_spec = 9w1 + (bit<9>) meta.way;
        } else if (meta.loops != 0) {
            hdr.item.bytes = meta.loops;
        } else {
            standard_metadata.egress_spec = 9w1 + (bit<9>) meta.way;
        }
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply { }
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.start);
        packet.emit(hdr.wide);
        packet.emit(hdr.item);
        packet.emit(hdr.local);
    }
}

V1Switch(SwitchParser(), NoChecksum(), SwitchIngress(), SwitchEgress(), NoChecksum(),
         SwitchDeparser()) main;
