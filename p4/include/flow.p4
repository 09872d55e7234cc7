// The flow's hash, from what both directions of a flow have in common.

#ifndef UMBRA_FLOW_P4
#define UMBRA_FLOW_P4

control FlowHash(in headers_t hdr, inout metadata_t meta) {
    apply {
        bit<16> ports = meta.lookup.l4_src_port ^ meta.lookup.l4_dst_port;
        if (hdr.ipv6.isValid()) {
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { hdr.ipv6.src_addr ^ hdr.ipv6.dst_addr, ports, meta.lookup.protocol },
                 33w0x100000000);
        } else {
            hash(meta.flow_hash, HashAlgorithm.crc32, 32w0,
                 { meta.lookup.ipv4_src ^ meta.lookup.ipv4_dst, ports, meta.lookup.protocol },
                 33w0x100000000);
        }
    }
}

#endif
