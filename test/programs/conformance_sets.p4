// Range keys and a value set, for the rules of P4Runtime that are about them. The controller is the
// only neighbour, as in conformance.p4: what the pipeline decided comes back as a PacketIn.

#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;

const bit<7> PATH_RANGE = 1;
const bit<7> PATH_VALUE_SET = 2;

@controller_header("packet_out")
header packet_out_t {
    bit<9> port;
    bit<7> path;
}

@controller_header("packet_in")
header packet_in_t {
    bit<9> port;
    bit<7> colour;
    bit<16> instance;
    bit<8> kind;
}

header probe_t {
    bit<32> a;
    bit<32> b;
    bit<16> c;
    bit<8> d;
    bit<32> mark;
}

struct headers_t {
    packet_out_t packet_out;
    packet_in_t packet_in;
    probe_t probe;
}

struct metadata_t {
    bit<9> port;
    bit<1> is_member;
}

parser SetsParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    value_set<bit<16>>(4) members;

    state start {
        transition select(standard_metadata.ingress_port) {
            CPU_PORT: parse_packet_out;
            default: accept;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out);
        packet.extract(hdr.probe);
        transition select(hdr.probe.c) {
            members: parse_member;
            default: accept;
        }
    }

    state parse_member {
        meta.is_member = 1;
        transition accept;
    }
}

control SetsVerify(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SetsIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    action forward(bit<9> port) {
        standard_metadata.egress_spec = port;
    }

    action drop() {
        mark_to_drop(standard_metadata);
    }

    table range_table {
        key = { hdr.probe.c: range; hdr.probe.d: exact; }
        actions = { forward; drop; }
        default_action = drop();
        size = 64;
    }

    apply {
        if (!hdr.probe.isValid()) {
            mark_to_drop(standard_metadata);
            exit;
        }
        bit<7> path = hdr.packet_out.path;
        if (path == PATH_RANGE) {
            range_table.apply();
        } else if (path == PATH_VALUE_SET) {
            hdr.probe.mark = (bit<32>)meta.is_member;
            standard_metadata.egress_spec = 1;
        } else {
            standard_metadata.egress_spec = hdr.packet_out.port;
        }
        if (path != 0) {
            meta.port = standard_metadata.egress_spec;
            standard_metadata.egress_spec = CPU_PORT;
        }
    }
}

control SetsEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    apply {
        hdr.packet_out.setInvalid();
        if (standard_metadata.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.port = meta.port;
        }
    }
}

control SetsChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SetsDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.probe);
    }
}

V1Switch(SetsParser(), SetsVerify(), SetsIngress(), SetsEgress(), SetsChecksum(),
         SetsDeparser()) main;
