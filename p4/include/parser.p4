// Parser and deparser of both programs.

#ifndef UMBRA_PARSER_P4
#define UMBRA_PARSER_P4

parser PacketParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    state start {
        transition select(standard_metadata.ingress_port, standard_metadata.instance_type) {
            (CPU_PORT, INSTANCE_NORMAL): parse_packet_out;
            default: parse_ethernet;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_ethernet;
    }

    state parse_ethernet {
        packet.extract(hdr.ethernet);
        meta.lookup.ether_type = hdr.ethernet.ether_type;
        transition select(hdr.ethernet.ether_type) {
            TYPE_IPV4: parse_ipv4;
            TYPE_IPV6: parse_ipv6;
            TYPE_ARP: parse_arp;
            TYPE_VLAN: parse_vlan;
            TYPE_SHADOW_TAG: parse_shadow_tag;
#ifdef SHADOW
            TYPE_HEARTBEAT: parse_heartbeat;
#endif
            default: accept;
        }
    }

#ifdef SHADOW
    state parse_heartbeat {
        packet.extract(hdr.heartbeat);
        transition accept;
    }
#endif

    state parse_shadow_tag {
        packet.extract(hdr.shadow_tag);
        meta.lookup.ether_type = hdr.shadow_tag.ether_type;
        transition select(hdr.shadow_tag.ether_type) {
            TYPE_IPV4: parse_ipv4;
            TYPE_IPV6: parse_ipv6;
            TYPE_ARP: parse_arp;
            TYPE_VLAN: parse_vlan;
            default: accept;
        }
    }

    state parse_vlan {
        packet.extract(hdr.vlan);
        meta.lookup.ether_type = hdr.vlan.ether_type;
        transition select(hdr.vlan.ether_type) {
            TYPE_IPV4: parse_ipv4;
            TYPE_IPV6: parse_ipv6;
            TYPE_ARP: parse_arp;
            default: accept;
        }
    }

    state parse_arp {
        packet.extract(hdr.arp);
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        meta.lookup.ipv4_src = hdr.ipv4.src_addr;
        meta.lookup.ipv4_dst = hdr.ipv4.dst_addr;
        meta.lookup.protocol = hdr.ipv4.protocol;
        meta.lookup.dscp = hdr.ipv4.dscp;
#ifdef SHADOW
        meta.l4_length = hdr.ipv4.total_len - 20;
#endif
        // Ports stand right behind a header without options, and only in a first fragment.
        transition select(hdr.ipv4.ihl, hdr.ipv4.fragment, hdr.ipv4.protocol) {
            (5, 0, PROTOCOL_TCP): parse_l4;
            (5, 0, PROTOCOL_UDP): parse_l4;
#ifdef FUNCTION
            (5, 0, PROTOCOL_ICMP): parse_icmp;
#endif
            (5, FIRST_FRAGMENT, PROTOCOL_TCP): parse_first_fragment;
            (5, FIRST_FRAGMENT, PROTOCOL_UDP): parse_first_fragment;
            default: accept;
        }
    }

    // Its ports can be matched, but are no part of the flow: the other fragments have none.
    state parse_first_fragment {
        packet.extract(hdr.l4);
        meta.lookup.l4_src_port = hdr.l4.src_port;
        meta.lookup.l4_dst_port = hdr.l4.dst_port;
        transition accept;
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        meta.lookup.protocol = hdr.ipv6.next_header;
        meta.lookup.dscp = hdr.ipv6.dscp;
#ifdef SHADOW
        meta.l4_length = hdr.ipv6.payload_len;
#endif
        transition select(hdr.ipv6.next_header) {
            PROTOCOL_TCP: parse_l4;
            PROTOCOL_UDP: parse_l4;
            default: accept;
        }
    }

    state parse_l4 {
        packet.extract(hdr.l4);
        meta.lookup.l4_src_port = hdr.l4.src_port;
        meta.lookup.l4_dst_port = hdr.l4.dst_port;
        meta.flow_ports = hdr.l4.src_port ^ hdr.l4.dst_port;
#ifdef SHADOW
        transition select(meta.lookup.protocol) {
            PROTOCOL_TCP: parse_tcp;
            default: parse_udp;
        }
#elif defined(FUNCTION)
        transition select(meta.lookup.protocol) {
            PROTOCOL_TCP: parse_tcp;
            default: parse_udp;
        }
#else
        transition accept;
#endif
    }

#ifdef FUNCTION
    state parse_tcp {
        packet.extract(hdr.tcp);
        transition accept;
    }

    state parse_udp {
        packet.extract(hdr.udp);
        transition accept;
    }

    state parse_icmp {
        packet.extract(hdr.icmp);
        transition accept;
    }
#endif

#ifdef SHADOW
    state parse_tcp {
        packet.extract(hdr.tcp);
        meta.l4_length = meta.l4_length - ((bit<16>)hdr.tcp.data_offset << 2);
        transition select(hdr.tcp.data_offset, meta.l4_length[15:15]) {
            (5, 0): parse_rest;
            (6 .. 15, 0): parse_tcp_options;
            default: accept;     // shorter than a header, or longer than the packet
        }
    }

    state parse_tcp_options {
        packet.extract(hdr.tcp_options, ((bit<32>)hdr.tcp.data_offset - 5) << 5);
        transition parse_rest;
    }

    state parse_udp {
        packet.extract(hdr.udp);
        meta.l4_length = meta.l4_length - 8;
        transition parse_rest;
    }

    // How much of the payload is looked into; a negative rest has its sign bit set.
    state parse_rest {
        transition select(meta.l4_length) {
            0x0000 &&& 0xfffc: accept;
            0x0000 &&& 0xfff0: parse_first_word;
            0x8000 &&& 0x8000: accept;
            default: parse_payload;
        }
    }

    state parse_first_word {
        packet.extract(hdr.first_word);
        transition accept;
    }

    state parse_payload {
        packet.extract(hdr.payload);
        transition accept;
    }
#endif
}

control PacketDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.outer_ethernet);
        packet.emit(hdr.outer_ipv4);
        packet.emit(hdr.gre);
        packet.emit(hdr.erspan);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.shadow_tag);
        packet.emit(hdr.vlan);
        packet.emit(hdr.arp);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.l4);
#ifdef FUNCTION
        packet.emit(hdr.tcp);
        packet.emit(hdr.udp);
        packet.emit(hdr.icmp);
#endif
#ifdef SHADOW
        packet.emit(hdr.tcp);
        packet.emit(hdr.tcp_options);
        packet.emit(hdr.udp);
        packet.emit(hdr.reply);
        packet.emit(hdr.payload);
        packet.emit(hdr.first_word);
#endif
    }
}

#endif
