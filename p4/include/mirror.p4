// Traffic mirror: which packets are copied for the shadow, whole flows at a time.

#ifndef UMBRA_MIRROR_P4
#define UMBRA_MIRROR_P4

control Mirror(inout headers_t hdr, inout metadata_t meta,
               inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) selection_counter;
    direct_counter(CounterType.packets_and_bytes) selection_v6_counter;
    // Packets of flows that were chosen, by rule: what the collector must see.
    counter(256, CounterType.packets_and_bytes) selected;
    // Packets of chosen flows that were not copied, because their rule was past its rate.
    counter(256, CounterType.packets_and_bytes) limited;
    meter(256, MeterType.bytes) rate;

    bit<32> session_id = 0;
    bit<16> rule_id = 0;
    bit<17> limit = 0;
    bit<1> has_rate = 0;
    bit<2> colour = METER_GREEN;

    // threshold: flows whose 16-bit hash is below it are copied; 65536 is every flow.
    // metered: 1 when the meter of the rule has a rate.
    action copy(bit<32> session, bit<16> rule, bit<17> threshold, bit<1> metered) {
        selection_counter.count();
        session_id = session;
        rule_id = rule;
        limit = threshold;
        has_rate = metered;
    }

    action copy_v6(bit<32> session, bit<16> rule, bit<17> threshold, bit<1> metered) {
        selection_v6_counter.count();
        session_id = session;
        rule_id = rule;
        limit = threshold;
        has_rate = metered;
    }

    action skip() {
        selection_counter.count();
    }

    action skip_v6() {
        selection_v6_counter.count();
    }

    table selection {
        key = {
            standard_metadata.ingress_port: ternary @name("ingress_port");
            hdr.ethernet.src_addr: ternary @name("eth_src");
            hdr.ethernet.dst_addr: ternary @name("eth_dst");
            meta.lookup.ether_type: ternary @name("ether_type");
            meta.lookup.ipv4_src: ternary @name("ipv4_src");
            meta.lookup.ipv4_dst: ternary @name("ipv4_dst");
            meta.lookup.protocol: ternary @name("ip_protocol");
            meta.lookup.l4_src_port: ternary @name("l4_src_port");
            meta.lookup.l4_dst_port: ternary @name("l4_dst_port");
            meta.lookup.dscp: ternary @name("dscp");
        }
        actions = { copy; skip; }
        default_action = skip();
        counters = selection_counter;
        size = 8192;
    }

    table selection_v6 {
        key = {
            standard_metadata.ingress_port: ternary @name("ingress_port");
            hdr.ethernet.src_addr: ternary @name("eth_src");
            hdr.ethernet.dst_addr: ternary @name("eth_dst");
            hdr.ipv6.src_addr: ternary @name("ipv6_src");
            hdr.ipv6.dst_addr: ternary @name("ipv6_dst");
            meta.lookup.protocol: ternary @name("ip_protocol");
            meta.lookup.l4_src_port: ternary @name("l4_src_port");
            meta.lookup.l4_dst_port: ternary @name("l4_dst_port");
            meta.lookup.dscp: ternary @name("dscp");
        }
        actions = { copy_v6; skip_v6; }
        default_action = skip_v6();
        counters = selection_v6_counter;
        size = 8192;
    }

    apply {
        if (hdr.ipv6.isValid()) {
            selection_v6.apply();
        } else {
            selection.apply();
        }
        if ((bit<17>)meta.flow_hash[15:0] < limit) {
            if (has_rate == 1) {
                rate.execute_meter((bit<32>)rule_id, colour);
            }
            if (colour == METER_RED) {
                limited.count((bit<32>)rule_id);
            } else {
                selected.count((bit<32>)rule_id);
#ifndef SHADOW
                // A shadow counts what it would copy, but the copies are production's.
                meta.mirror_session = session_id[15:0];
                meta.mirror_ingress_port = standard_metadata.ingress_port;
                clone_preserving_field_list(CloneType.I2E, session_id, 1);
#endif
            }
        }
    }
}

#endif
