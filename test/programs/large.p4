// Thirty tables in a row: ports, an ACL of masks and ranges, routes, next hops, and policies. For
// benchmarks of a program that is larger than what one emitted function should hold.
#include <core.p4>
#include <v1model.p4>

header ethernet_t {
    bit<48> dst_addr;
    bit<48> src_addr;
    bit<16> ether_type;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  diffserv;
    bit<16> total_len;
    bit<16> identification;
    bit<3>  flags;
    bit<13> frag_offset;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> hdr_checksum;
    bit<32> src_addr;
    bit<32> dst_addr;
}

header ports_t {
    bit<16> src_port;
    bit<16> dst_port;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t     ipv4;
    ports_t    ports;
}

struct metadata_t {
    bit<16> next_hop;
    bit<16> class;
    bit<32> marks;
}

parser LargeParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            0x0800: parse_ipv4;
            default: accept;
        }
    }
    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.protocol) {
            6: parse_ports;
            17: parse_ports;
            default: accept;
        }
    }
    state parse_ports {
        packet.extract(hdr.ports);
        transition accept;
    }
}

control LargeVerify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

// A policy looks at what earlier ones decided and at one field, and decides anew.
#define POLICY(NUMBER, FIELD)                       \
    action decide_##NUMBER(bit<16> class) {         \
        meta.class = class;                         \
        meta.marks = meta.marks + NUMBER;           \
    }                                               \
    action keep_##NUMBER() {                        \
        meta.marks = meta.marks ^ NUMBER;           \
    }                                               \
    table policy_##NUMBER {                         \
        key = { meta.class: exact; FIELD: exact; }  \
        actions = { decide_##NUMBER; keep_##NUMBER; } \
        const default_action = keep_##NUMBER();     \
        size = 1024;                                \
    }

control LargeIngress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    action drop() {
        mark_to_drop(standard_metadata);
    }
    action set_class(bit<16> class) {
        meta.class = class;
    }
    action set_next_hop(bit<16> next_hop) {
        meta.next_hop = next_hop;
    }
    action forward(bit<48> dst_addr, bit<48> src_addr, bit<9> port) {
        standard_metadata.egress_spec = port;
        hdr.ethernet.dst_addr = dst_addr;
        hdr.ethernet.src_addr = src_addr;
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
    }

    table port_class {
        key = { standard_metadata.ingress_port: exact; }
        actions = { set_class; NoAction; }
        default_action = NoAction();
        size = 512;
    }
    table acl {
        key = {
            hdr.ipv4.src_addr: ternary;
            hdr.ipv4.dst_addr: ternary;
            hdr.ipv4.protocol: ternary;
            hdr.ports.src_port: range;
            hdr.ports.dst_port: range;
        }
        actions = { drop; set_class; NoAction; }
        default_action = NoAction();
        size = 16384;
    }
    table ipv4_lpm {
        key = { hdr.ipv4.dst_addr: lpm; }
        actions = { set_next_hop; drop; }
        const default_action = drop();
        size = 131072;
    }
    table next_hop {
        key = { meta.next_hop: exact; }
        actions = { forward; drop; }
        const default_action = drop();
        size = 1024;
    }

    POLICY(1, hdr.ipv4.protocol)
    POLICY(2, hdr.ipv4.diffserv)
    POLICY(3, hdr.ports.dst_port)
    POLICY(4, hdr.ports.src_port)
    POLICY(5, hdr.ipv4.ttl)
    POLICY(6, hdr.ipv4.protocol)
    POLICY(7, hdr.ipv4.diffserv)
    POLICY(8, hdr.ports.dst_port)
    POLICY(9, hdr.ports.src_port)
    POLICY(10, hdr.ipv4.ttl)
    POLICY(11, hdr.ipv4.protocol)
    POLICY(12, hdr.ipv4.diffserv)
    POLICY(13, hdr.ports.dst_port)
    POLICY(14, hdr.ports.src_port)
    POLICY(15, hdr.ipv4.ttl)
    POLICY(16, hdr.ipv4.protocol)
    POLICY(17, hdr.ipv4.diffserv)
    POLICY(18, hdr.ports.dst_port)
    POLICY(19, hdr.ports.src_port)
    POLICY(20, hdr.ipv4.ttl)

    apply {
        if (!hdr.ipv4.isValid() || hdr.ipv4.ttl <= 1) {
            drop();
            exit;
        }
        port_class.apply();
        policy_1.apply();
        policy_2.apply();
        policy_3.apply();
        policy_4.apply();
        policy_5.apply();
        policy_6.apply();
        policy_7.apply();
        policy_8.apply();
        policy_9.apply();
        policy_10.apply();
        if (hdr.ports.isValid()) {
            acl.apply();
        }
        policy_11.apply();
        policy_12.apply();
        policy_13.apply();
        policy_14.apply();
        policy_15.apply();
        policy_16.apply();
        policy_17.apply();
        policy_18.apply();
        policy_19.apply();
        policy_20.apply();
        if (ipv4_lpm.apply().hit) {
            next_hop.apply();
        }
    }
}

control LargeEgress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    counter(512, CounterType.packets_and_bytes) port_counter;
    action remark(bit<8> diffserv) {
        hdr.ipv4.diffserv = diffserv;
    }
    action rewrite_source(bit<48> src_addr) {
        hdr.ethernet.src_addr = src_addr;
    }
    action mark(bit<16> identification) {
        hdr.ipv4.identification = identification;
    }
    action drop() {
        mark_to_drop(standard_metadata);
    }
    table remark_class {
        key = { meta.class: exact; }
        actions = { remark; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    table remark_marks {
        key = { meta.marks: exact; }
        actions = { remark; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    table source_mac {
        key = { standard_metadata.egress_port: exact; }
        actions = { rewrite_source; NoAction; }
        default_action = NoAction();
        size = 512;
    }
    table mark_class {
        key = { meta.class: exact; }
        actions = { mark; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    table filter_port {
        key = { standard_metadata.egress_port: exact; meta.class: exact; }
        actions = { drop; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    table filter_host {
        key = { hdr.ipv4.dst_addr: exact; }
        actions = { drop; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    apply {
        remark_class.apply();
        remark_marks.apply();
        source_mac.apply();
        mark_class.apply();
        filter_port.apply();
        filter_host.apply();
        port_counter.count((bit<32>) standard_metadata.egress_port);
    }
}

control LargeUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5,
            { hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.total_len,
              hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.frag_offset, hdr.ipv4.ttl,
              hdr.ipv4.protocol, hdr.ipv4.src_addr, hdr.ipv4.dst_addr },
            hdr.ipv4.hdr_checksum, HashAlgorithm.csum16);
    }
}

control LargeDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.ports);
    }
}

V1Switch(LargeParser(), LargeVerify(), LargeIngress(), LargeEgress(), LargeUpdate(),
         LargeDeparser()) main;
