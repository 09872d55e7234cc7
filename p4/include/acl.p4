// Access control: the first thing a packet meets.

#ifndef UMBRA_ACL_P4
#define UMBRA_ACL_P4

control Acl(inout headers_t hdr, inout metadata_t meta,
            inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) filter_counter;

    action permit() {
        filter_counter.count();
    }

    action deny() {
        filter_counter.count();
        meta.stop = 1;
        mark_to_drop(standard_metadata);
    }

    // To the controller instead of onwards.
    action punt() {
        filter_counter.count();
        meta.stop = 1;
        standard_metadata.egress_spec = CPU_PORT;
    }

    table filter {
        key = {
            standard_metadata.ingress_port: ternary @name("ingress_port");
            meta.lookup.ether_type: ternary @name("ether_type");
            meta.lookup.ipv4_src: ternary @name("ipv4_src");
            meta.lookup.ipv4_dst: ternary @name("ipv4_dst");
            meta.lookup.protocol: ternary @name("ip_protocol");
            meta.lookup.l4_src_port: ternary @name("l4_src_port");
            meta.lookup.l4_dst_port: ternary @name("l4_dst_port");
        }
        actions = { permit; deny; punt; }
        default_action = permit();
        counters = filter_counter;
        size = 1024;
    }

    apply {
        filter.apply();
    }
}

#endif
