// Varbit fields: extracted by a length, with fields behind them, assigned, compared, summed up.

#include <core.p4>
#include <v1model.p4>

header length_t {
    bit<8> what;
    bit<8> bits;
}

header options_t {
    bit<16> sum;
    varbit<64> data;
    bit<8> tail;
}

header spare_t {
    varbit<64> data;
}

struct headers_t {
    length_t length;
    options_t options;
    options_t second;
    spare_t spare;
}

struct metadata_t { }

parser SwitchParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.length);
        packet.extract(hdr.options, (bit<32>) hdr.length.bits);
        transition select(hdr.length.what) {
            0x80 &&& 0x80: second;
            default: accept;
        }
    }
    state second {
        packet.extract(hdr.second, 16);
        transition accept;
    }
}

control Verify(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control Update(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.length.what == 5,
            { hdr.length.what, hdr.length.bits, hdr.options.data, hdr.options.tail },
            hdr.options.sum, HashAlgorithm.csum16);
    }
}

control SwitchIngress(inout headers_t hdr, inout metadata_t meta,
                      inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = 1;
        if (standard_metadata.parser_error == error.ParserInvalidArgument) {
            standard_metadata.egress_spec = 4;
        } else if (standard_metadata.parser_error == error.HeaderTooShort) {
            standard_metadata.egress_spec = 5;
        } else if (standard_metadata.parser_error == error.PacketTooShort) {
            standard_metadata.egress_spec = 6;
        } else if (hdr.length.what == 1) {
            hdr.options.tail = 0xee;
        } else if (hdr.length.what == 0x82) {
            hdr.options.data = hdr.second.data;
        } else if (hdr.length.what == 3) {
            hdr.spare.setValid();
            hdr.spare.data = hdr.options.data;
        } else if (hdr.length.what == 0x84) {
            hdr.options = hdr.second;
        } else if (hdr.length.what == 0x86) {
            if (hdr.options.data == hdr.second.data) {
                standard_metadata.egress_spec = 2;
            }
        } else if (hdr.length.what == 7) {
            hdr.options.setInvalid();
        }
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply { }
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.length);
        packet.emit(hdr.options);
        packet.emit(hdr.second);
        packet.emit(hdr.spare);
    }
}

V1Switch(SwitchParser(), Verify(), SwitchIngress(), SwitchEgress(), Update(),
         SwitchDeparser()) main;
