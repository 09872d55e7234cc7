// Keys of headers that are not there: the second header is taken away, written while it is absent,
// or never was in the packet. The tables then match zero; the last byte says which entries were hit.
#include <core.p4>
#include <v1model.p4>

header first_t {
    bit<8> operation;
    bit<8> exact_hit;
    bit<8> prefix_hit;
}

header second_t {
    bit<8> small;
    bit<64> wide;
    bit<32> address;
}

struct headers_t {
    first_t first;
    second_t second;
    second_t spare;
}
struct metadata_t { }

parser KeysParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.first);
        transition select(hdr.first.operation) {
            0x10 &&& 0x10: second;
            default: accept;
        }
    }
    state second {
        packet.extract(hdr.second);
        transition accept;
    }
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) { apply { } }

control KeysIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    action exact_hit(bit<8> number) { hdr.first.exact_hit = number; }
    action prefix_hit(bit<8> number) { hdr.first.prefix_hit = number; }

    table values {
        key = {
            hdr.second.small: exact;
            hdr.second.wide: exact;
        }
        actions = { exact_hit; NoAction; }
        default_action = NoAction();
    }
    table addresses {
        key = { hdr.second.address: lpm; }
        actions = { prefix_hit; NoAction; }
        default_action = NoAction();
    }
    apply {
        standard_metadata.egress_spec = 1;
        if (hdr.first.operation & 0xf == 1) {
            hdr.second.setInvalid();
        } else if (hdr.first.operation & 0xf == 2) {
            hdr.second.small = 7;
            hdr.second.wide = 0x0102030405060708;
            hdr.second.address = 0x0a000001;
        } else if (hdr.first.operation & 0xf == 3) {
            hdr.second = hdr.spare;
        }
        values.apply();
        addresses.apply();
    }
}

control NoEgress(inout headers_t hdr, inout metadata_t meta,
                 inout standard_metadata_t standard_metadata) { apply { } }
control NoUpdate(inout headers_t hdr, inout metadata_t meta) { apply { } }

control KeysDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.first);
        packet.emit(hdr.second);
    }
}

V1Switch(KeysParser(), NoVerify(), KeysIngress(), NoEgress(), NoUpdate(), KeysDeparser()) main;
