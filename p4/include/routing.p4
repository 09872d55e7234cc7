// IPv4 and IPv6 forwarding: longest prefix, then one next hop of a group by the flow's hash.

#ifndef UMBRA_ROUTING_P4
#define UMBRA_ROUTING_P4

control Routing(inout headers_t hdr, inout metadata_t meta,
                inout standard_metadata_t standard_metadata) {
    action_selector(HashAlgorithm.identity, 4096, 16) ecmp;
    direct_counter(CounterType.packets_and_bytes) ipv4_counter;
    direct_counter(CounterType.packets_and_bytes) ipv6_counter;

    // An odd multiplier per switch, so that switches in a row choose independently.
    action set_salt(bit<32> multiplier) {
        meta.ecmp_salt = multiplier;
    }

    table salt {
        actions = { set_salt; }
        default_action = set_salt(0x9e3779b1);
        size = 1;
    }

    action forward(mac_t src_mac, mac_t dst_mac, port_t port) {
        hdr.ethernet.src_addr = src_mac;
        hdr.ethernet.dst_addr = dst_mac;
        standard_metadata.egress_spec = port;
    }

    action drop() {
        mark_to_drop(standard_metadata);
    }

    table ipv4_lpm {
        key = {
            hdr.ipv4.dst_addr: lpm @name("ipv4_dst");
            meta.ecmp_hash: selector;
        }
        actions = { forward; drop; }
        default_action = drop();
        implementation = ecmp;
        counters = ipv4_counter;
        size = 16384;
    }

    table ipv6_lpm {
        key = {
            hdr.ipv6.dst_addr: lpm @name("ipv6_dst");
            meta.ecmp_hash: selector;
        }
        actions = { forward; drop; }
        default_action = drop();
        implementation = ecmp;
        counters = ipv6_counter;
        size = 4096;
    }

    apply {
        salt.apply();
        bit<32> spread = meta.flow_hash * meta.ecmp_salt;
        meta.ecmp_hash = spread[31:16];
        if (hdr.ipv4.isValid()) {
            if (hdr.ipv4.ttl <= 1) {
                drop();
            } else {
                // Incremental update for TTL - 1 (RFC 1624, eqn. 3).
                bit<32> sum = (bit<32>)(~hdr.ipv4.hdr_checksum) + 0xfeff;
                sum = (sum & 0xffff) + (sum >> 16);
                hdr.ipv4.hdr_checksum = ~sum[15:0];
                hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
                // p4c gives tables with a selector no default action.
                if (ipv4_lpm.apply().miss) {
                    drop();
                }
            }
        } else if (hdr.ipv6.isValid()) {
            if (hdr.ipv6.hop_limit <= 1) {
                drop();
            } else {
                hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
                if (ipv6_lpm.apply().miss) {
                    drop();
                }
            }
        } else if (hdr.ethernet.ether_type == TYPE_LLDP) {
            // To the controller, which finds links by it.
            standard_metadata.egress_spec = CPU_PORT;
        } else {
            drop();
        }
    }
}

#endif
