/* State between packets: counters, registers and meters, indexed and direct. */
#include <core.p4>
#include <v1model.p4>

header state_t {
    bit<8>  operation;
    bit<8>  index;
    bit<32> word;
    bit<48> wide;
    bit<8>  colour;
}

struct headers_t {
    state_t state;
}

struct metadata_t {
    bit<2> colour;
}

parser TestParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.state);
        transition accept;
    }
}

control TestIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    counter(4, CounterType.packets_and_bytes) both;
    counter(4, CounterType.packets) frames;
    register<bit<32>>(4) words;
    register<bit<48>>(4) wides;
    meter(4, MeterType.packets) by_packet;
    meter(4, MeterType.bytes) by_byte;
    direct_meter<bit<2>>(MeterType.packets) by_entry;
    direct_counter(CounterType.packets) hits;

    action count() {
        both.count((bit<32>) hdr.state.index);
        frames.count((bit<32>) hdr.state.index);
    }
    action add_word() {
        bit<32> old;
        words.read(old, (bit<32>) hdr.state.index);
        hdr.state.word = old + hdr.state.word;
        words.write((bit<32>) hdr.state.index, hdr.state.word);
    }
    action swap_wide() {
        bit<48> old;
        wides.read(old, (bit<32>) hdr.state.index);
        wides.write((bit<32>) hdr.state.index, hdr.state.wide);
        hdr.state.wide = old;
    }
    action meter_packet() {
        by_packet.execute_meter((bit<32>) hdr.state.index, meta.colour);
    }
    action meter_byte() {
        by_byte.execute_meter((bit<32>) hdr.state.index, meta.colour);
    }
    action pass() {
        by_entry.read(meta.colour);
        hits.count();
    }
    table direct {
        key = { hdr.state.index: exact; }
        actions = { pass; }
        const default_action = pass();
        meters = by_entry;
        counters = hits;
        size = 8;
    }
    apply {
        standard_metadata.egress_spec = 1;
        meta.colour = 3;
        if (hdr.state.operation == 0) count();
        else if (hdr.state.operation == 1) add_word();
        else if (hdr.state.operation == 2) swap_wide();
        else if (hdr.state.operation == 3) meter_packet();
        else if (hdr.state.operation == 4) meter_byte();
        else direct.apply();
        hdr.state.colour = (bit<8>) meta.colour;
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
        packet.emit(hdr.state);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
