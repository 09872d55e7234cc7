// Header stacks: a parser loop fills one, actions push, pop, copy and index it at run time.

#include <core.p4>
#include <v1model.p4>

header command_t {
    bit<8> what;
    bit<8> index;
}

header label_t {
    bit<16> id;
    bit<7> rest;
    bit<1> last;
}

struct headers_t {
    command_t command;
    label_t[4] labels;
    label_t[4] spare;
    label_t copy;
}

struct metadata_t {
    bit<8> parser_error;
}

parser SwitchParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.command);
        transition labels;
    }
    state labels {
        packet.extract(hdr.labels.next);
        transition select(hdr.labels.last.last, hdr.labels.lastIndex) {
            (1, _): end;
            (0, _): labels;
        }
    }
    state end {
        hdr.copy = hdr.labels.last;
        transition accept;
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SwitchIngress(inout headers_t hdr, inout metadata_t meta,
                      inout standard_metadata_t standard_metadata) {
    apply {
        standard_metadata.egress_spec = 1;
        if (standard_metadata.parser_error == error.StackOutOfBounds) {
            standard_metadata.egress_spec = 2;
        } else if (standard_metadata.parser_error == error.PacketTooShort) {
            standard_metadata.egress_spec = 3;
        }
        if (hdr.command.what != 12) {
            hdr.copy.setInvalid();
        }
        log_msg("label {} of {}", { hdr.labels[3].rest, hdr.command.index });
        bit<32> i = (bit<32>) hdr.command.index;
        switch (hdr.command.what) {
            1: {
                hdr.labels.push_front(1);
                hdr.labels[0].setValid();
                hdr.labels[0] = { 0xaaaa, 0, 0 };
            }
            2: { hdr.labels.pop_front(1); }
            3: { hdr.labels.pop_front(2); }
            4: { hdr.labels[i].id = hdr.labels[i].id + 1; }
            5: { hdr.command.index = (bit<8>) hdr.labels[i].id; }
            6: { hdr.spare = hdr.labels; hdr.labels.pop_front(4); }
            7: { hdr.labels[i].setInvalid(); }
            8: { hdr.labels[0] = hdr.labels[i]; }
            9: { hdr.labels.push_front(3); }
            10: { hdr.labels[1].id = 0xbbbb; hdr.labels.push_front(1); hdr.labels.pop_front(2); }
            12: { hdr.copy.id = hdr.copy.id + 1; }
            11: { if (hdr.labels[i].isValid()) { hdr.command.index = 0xee; } }
        }
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply { }
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.command);
        packet.emit(hdr.labels);
        packet.emit(hdr.spare);
        packet.emit(hdr.copy);
    }
}

V1Switch(SwitchParser(), NoChecksum(), SwitchIngress(), SwitchEgress(), NoChecksum(),
         SwitchDeparser()) main;
