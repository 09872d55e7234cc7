// Answers ARP for the addresses the controller knows: gateways, and hosts of other switches.

#ifndef UMBRA_ARP_P4
#define UMBRA_ARP_P4

const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY = 2;

control ArpResponder(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) responder_counter;

    action reply(mac_t mac) {
        responder_counter.count();
        hdr.ethernet.dst_addr = hdr.arp.sender_mac;
        hdr.ethernet.src_addr = mac;
        hdr.arp.opcode = ARP_REPLY;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.sender_mac = mac;
        bit<32> asked = hdr.arp.target_ip;
        hdr.arp.target_ip = hdr.arp.sender_ip;
        hdr.arp.sender_ip = asked;
        standard_metadata.egress_spec = standard_metadata.ingress_port;
    }

    action drop() {
        responder_counter.count();
        mark_to_drop(standard_metadata);
    }

    table responder {
        key = {
            hdr.arp.target_ip: exact @name("target_ip");
        }
        actions = { reply; drop; }
        default_action = drop();
        counters = responder_counter;
        size = 4096;
    }

    apply {
        if (hdr.arp.opcode == ARP_REQUEST) {
            responder.apply();
        } else {
            mark_to_drop(standard_metadata);
        }
    }
}

#endif
