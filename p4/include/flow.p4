// The flow's hash, from what both directions of a flow have in common.

#ifndef UMBRA_FLOW_P4
#define UMBRA_FLOW_P4

control FlowHash(in headers_t hdr, inout metadata_t meta) {
    apply {
        if (hdr.ipv4.isValid()) {
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { meta.lookup.ipv4_src ^ meta.lookup.ipv4_dst, meta.flow_ports,
                   meta.lookup.protocol },
                 33w0x100000000);
        } else if (hdr.ipv6.isValid()) {
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { hdr.ipv6.src_addr ^ hdr.ipv6.dst_addr, meta.flow_ports, meta.lookup.protocol },
                 33w0x100000000);
        } else if (hdr.arp.isValid()) {
            // A question goes to all and its answer to one: the addresses tell the pair.
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { hdr.arp.sender_ip ^ hdr.arp.target_ip }, 33w0x100000000);
        } else {
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { meta.lookup.ether_type }, 33w0x100000000);
        }
    }
}

#endif
