// Header unions and a stack of them: one member at most is valid.

#include <core.p4>
#include <v1model.p4>

header kinds_t {
    bit<8> what;
    bit<8> first;
    bit<8> second;
}

header byte_t {
    bit<8> value;
}

header short_t {
    bit<16> value;
}

header_union number_t {
    byte_t small;
    short_t large;
}

struct headers_t {
    kinds_t kinds;
    number_t[2] numbers;
    number_t extra;
}

struct metadata_t { }

parser SwitchParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.kinds);
        transition select(hdr.kinds.first) {
            1: first_small;
            2: first_large;
            default: accept;
        }
    }
    state first_small {
        packet.extract(hdr.numbers.next.small);
        transition second;
    }
    state first_large {
        packet.extract(hdr.numbers.next.large);
        transition second;
    }
    state second {
        transition select(hdr.kinds.second) {
            1: second_small;
            2: second_large;
            default: accept;
        }
    }
    state second_small {
        packet.extract(hdr.numbers.next.small);
        transition accept;
    }
    state second_large {
        packet.extract(hdr.numbers.next.large);
        transition accept;
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SwitchIngress(inout headers_t hdr, inout metadata_t meta,
                      inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = hdr.extra.isValid() ? 9w2 : 9w1;
        if (hdr.kinds.what == 1) {
            // One member becomes valid: the other one no longer is.
            hdr.numbers[0].large.setValid();
            hdr.numbers[0].large.value = 0x1234;
        } else if (hdr.kinds.what == 2) {
            hdr.extra = hdr.numbers[1];
        } else if (hdr.kinds.what == 3) {
            hdr.numbers.pop_front(1);
        } else if (hdr.kinds.what == 4) {
            hdr.numbers[0].small.setInvalid();
        } else if (hdr.kinds.what == 5) {
            hdr.extra.small.setValid();
            hdr.extra.small.value = 7;
            if (hdr.extra.isValid()) {
                standard_metadata.egress_spec = 3;
            }
        } else if (hdr.kinds.what == 6) {
            hdr.extra.small.setValid();
            hdr.extra.small.value = 7;
            hdr.extra.large = hdr.numbers[0].large;
        }
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply { }
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.kinds);
        packet.emit(hdr.numbers);
        packet.emit(hdr.extra);
    }
}

V1Switch(SwitchParser(), NoChecksum(), SwitchIngress(), SwitchEgress(), NoChecksum(),
         SwitchDeparser()) main;
