/* Tables of every plain key kind, with default actions, constant entries and direct counters. */
#include <core.p4>
#include <v1model.p4>

header keys_t {
    bit<8>   kind;
    bit<8>   small;
    bit<16>  half;
    bit<32>  word;
    bit<48>  address;
    bit<128> wide;
    bit<8>   result;
}

header tail_t {
    bit<8> value;
}

struct headers_t {
    keys_t keys;
    tail_t tail;
}

struct metadata_t {}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.keys);
        transition select(hdr.keys.kind) {
            7: tail;
            default: accept;
        }
    }
    state tail {
        packet.extract(hdr.tail);
        transition accept;
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) word_hits;

    action answer(bit<8> result) {
        hdr.keys.result = result;
        standard_metadata.egress_spec = 1;
    }
    action drop() {
        mark_to_drop(standard_metadata);
    }
    table exact_two {
        key = { hdr.keys.small: exact; hdr.keys.address: exact; }
        actions = { answer; drop; }
        default_action = drop();
        size = 16;
    }
    table exact_wide {
        key = { hdr.keys.wide: exact; }
        actions = { answer; drop; }
        default_action = drop();
        size = 16;
    }
    table lpm_word {
        key = { hdr.keys.word: lpm; }
        actions = { answer; drop; }
        default_action = answer(0xee);
        counters = word_hits;
        size = 16;
    }
    table lpm_wide {
        key = { hdr.keys.small: exact; hdr.keys.wide: lpm; }
        actions = { answer; drop; }
        default_action = drop();
        size = 16;
    }
    table ternary_two {
        key = { hdr.keys.half: ternary; hdr.keys.address: ternary; }
        actions = { answer; drop; }
        default_action = drop();
        size = 16;
    }
    table mixed {
        key = { hdr.keys.small: exact; hdr.keys.half: lpm; hdr.keys.word: ternary; }
        actions = { answer; drop; }
        default_action = drop();
        size = 16;
    }
    table constant {
        key = { hdr.keys.small: exact; }
        actions = { answer; drop; }
        const default_action = drop();
        const entries = {
            1: answer(0xc1);
            2: answer(0xc2);
        }
    }
    table validity {
        key = { hdr.tail.isValid(): exact; hdr.keys.small: exact; }
        actions = { answer; drop; }
        default_action = drop();
        size = 4;
    }
    table masked_word {
        key = { hdr.keys.word & 0xff00ff00: exact @name("word_mask"); }
        actions = { answer; drop; }
        default_action = drop();
        size = 4;
    }
    table masked_wide {
        key = {
            hdr.keys.address & 0x0000ffffff00: exact @name("address_mask");
            hdr.keys.wide & 0xf000000000000000000000000000000f: lpm @name("wide_mask");
        }
        actions = { answer; drop; }
        default_action = drop();
        size = 4;
    }
    table keyless {
        actions = { answer; drop; }
        default_action = drop();
    }

    apply {
        if (hdr.keys.kind == 0) exact_two.apply();
        else if (hdr.keys.kind == 1) exact_wide.apply();
        else if (hdr.keys.kind == 2) lpm_word.apply();
        else if (hdr.keys.kind == 3) lpm_wide.apply();
        else if (hdr.keys.kind == 4) ternary_two.apply();
        else if (hdr.keys.kind == 5) mixed.apply();
        else if (hdr.keys.kind == 6) constant.apply();
        else if (hdr.keys.kind == 7 || hdr.keys.kind == 8) validity.apply();
        else if (hdr.keys.kind == 10) masked_word.apply();
        else if (hdr.keys.kind == 11) masked_wide.apply();
        else keyless.apply();
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
        packet.emit(hdr.keys);
        packet.emit(hdr.tail);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
