// Wraps a mirrored copy in ERSPAN type II on its way to the collector.

#ifndef UMBRA_ERSPAN_P4
#define UMBRA_ERSPAN_P4

// Outer IPv4, GRE with sequence number, ERSPAN.
const bit<16> ERSPAN_OVERHEAD = 36;
const bit<16> ERSPAN_FRAME_OVERHEAD = 50;

control Erspan(inout headers_t hdr, inout metadata_t meta,
               inout standard_metadata_t standard_metadata) {
    register<bit<32>>(256) sequence;
    direct_counter(CounterType.packets_and_bytes) encapsulate_counter;

    bit<16> keep = 0;

    // truncate_bytes: the most that is kept of the copied frame.
    action wrap(mac_t src_mac, mac_t dst_mac, bit<32> src_ip, bit<32> dst_ip,
                bit<10> session_id, bit<16> truncate_bytes) {
        encapsulate_counter.count();
        keep = truncate_bytes;
        hdr.outer_ethernet.setValid();
        hdr.outer_ethernet.src_addr = src_mac;
        hdr.outer_ethernet.dst_addr = dst_mac;
        hdr.outer_ethernet.ether_type = TYPE_IPV4;
        hdr.outer_ipv4.setValid();
        hdr.outer_ipv4.version = 4;
        hdr.outer_ipv4.ihl = 5;
        hdr.outer_ipv4.dscp = 0;
        hdr.outer_ipv4.ecn = 0;
        hdr.outer_ipv4.identification = 0;
        hdr.outer_ipv4.flags = 1;
        hdr.outer_ipv4.fragment = 0;
        hdr.outer_ipv4.ttl = 64;
        hdr.outer_ipv4.protocol = PROTOCOL_GRE;
        hdr.outer_ipv4.src_addr = src_ip;
        hdr.outer_ipv4.dst_addr = dst_ip;
        hdr.gre.setValid();
        hdr.gre.flags = 0x1000;
        hdr.gre.protocol = GRE_ERSPAN;
        hdr.erspan.setValid();
        hdr.erspan.version = 1;
        hdr.erspan.vlan = 0;
        hdr.erspan.cos = 0;
        hdr.erspan.encapsulation = 3;
        hdr.erspan.truncated = 0;
        hdr.erspan.session_id = session_id;
        hdr.erspan.reserved = 0;
        hdr.erspan.index = (bit<20>)meta.mirror_ingress_port;
    }

    action drop() {
        encapsulate_counter.count();
        mark_to_drop(standard_metadata);
    }

    table encapsulate {
        key = {
            meta.mirror_session: exact @name("session");
        }
        actions = { wrap; drop; }
        default_action = drop();
        counters = encapsulate_counter;
        size = 256;
    }

    apply {
        if (encapsulate.apply().hit) {
            bit<32> number;
            sequence.read(number, (bit<32>)hdr.erspan.session_id);
            hdr.gre.sequence = number;
            sequence.write((bit<32>)hdr.erspan.session_id, number + 1);
            bit<16> inner = standard_metadata.packet_length[15:0];
            if (inner > keep) {
                inner = keep;
                hdr.erspan.truncated = 1;
                truncate((bit<32>)(keep + ERSPAN_FRAME_OVERHEAD));
            }
            hdr.outer_ipv4.total_len = inner + ERSPAN_OVERHEAD;
        }
    }
}

#endif
