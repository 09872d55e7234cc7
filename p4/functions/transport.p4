// What the network functions know of a packet's transport, and how they change it.

#ifndef UMBRA_TRANSPORT_P4
#define UMBRA_TRANSPORT_P4

const bit<8> TCP_FIN = 0x01;
const bit<8> TCP_SYN = 0x02;
const bit<8> TCP_RST = 0x04;
const bit<8> TCP_ACK = 0x10;
const bit<8> TCP_OPENING = 0x17;   // the flags that tell a connection's first segment

const bit<8> ICMP_ECHO_REPLY = 0;
const bit<8> ICMP_ECHO = 8;

// Of a slot of state.
const bit<8> FREE = 0;
const bit<8> OPENING = 1;
const bit<8> OPEN = 2;
const bit<8> CLOSING = 3;

// A packet's ends: of an echo, the identifier is the port of both.
struct transport_t {
    bit<1>  has_ports;
    bit<1>  is_tcp;
    bit<1>  starts;       // a TCP connection, or it is none that TCP knows
    bit<16> source;
    bit<16> destination;
}

control ReadTransport(in headers_t hdr, out transport_t transport) {
    apply {
        transport = { 0, 0, 1, 0, 0 };
        if (hdr.tcp.isValid()) {
            transport.is_tcp = 1;
            transport.has_ports = 1;
            transport.source = hdr.l4.src_port;
            transport.destination = hdr.l4.dst_port;
            if ((hdr.tcp.flags & TCP_OPENING) != TCP_SYN) {
                transport.starts = 0;
            }
        } else if (hdr.udp.isValid()) {
            transport.has_ports = 1;
            transport.source = hdr.l4.src_port;
            transport.destination = hdr.l4.dst_port;
        } else if (hdr.icmp.isValid() &&
                   (hdr.icmp.type == ICMP_ECHO || hdr.icmp.type == ICMP_ECHO_REPLY)) {
            transport.has_ports = 1;
            transport.source = hdr.icmp.identifier;
            transport.destination = hdr.icmp.identifier;
        }
    }
}

// The state that follows from a segment of a connection that has one.
control FollowState(in headers_t hdr, inout bit<8> state) {
    apply {
        if (!hdr.tcp.isValid()) {
            state = OPEN;
        } else if (hdr.tcp.flags & TCP_RST != 0) {
            state = FREE;
        } else if (hdr.tcp.flags & TCP_OPENING == TCP_SYN) {
            state = OPENING;
        } else if (hdr.tcp.flags & TCP_FIN != 0) {
            state = CLOSING;
        } else if (state == OPENING && hdr.tcp.flags & TCP_SYN == 0) {
            state = OPEN;
        }
    }
}

// How long a slot lasts without a packet, by what it is in.
control Timeouts(in headers_t hdr, in bit<8> state, out bit<48> last_us) {
    action set(bit<32> opening_us, bit<32> open_us, bit<32> closing_us, bit<32> other_us) {
        if (!hdr.tcp.isValid()) {
            last_us = (bit<48>)other_us;
        } else if (state == OPEN) {
            last_us = (bit<48>)open_us;
        } else if (state == OPENING) {
            last_us = (bit<48>)opening_us;
        } else {
            last_us = (bit<48>)closing_us;
        }
    }

    table timeouts {
        actions = { set; }
        default_action = set(30000000, 3600000000, 10000000, 60000000);
        size = 1;
    }

    apply {
        last_us = 0;
        timeouts.apply();
    }
}

// A checksum after words that it covers have changed (RFC 1624, eqn. 3).
bit<16> adjusted(in bit<16> checksum, in bit<32> old_address, in bit<32> new_address,
                 in bit<16> old_port, in bit<16> new_port) {
    bit<32> sum = (bit<32>)(~checksum) +
        (bit<32>)(~old_address[31:16]) + (bit<32>)(~old_address[15:0]) + (bit<32>)(~old_port) +
        (bit<32>)new_address[31:16] + (bit<32>)new_address[15:0] + (bit<32>)new_port;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum[15:0];
}

// Puts another end in a packet's place, with all checksums.
control Rewrite(inout headers_t hdr, in bit<32> old_address, in bit<32> new_address,
                in bit<16> old_port, in bit<16> new_port) {
    apply {
        hdr.ipv4.hdr_checksum = adjusted(hdr.ipv4.hdr_checksum, old_address, new_address, 0, 0);
        if (hdr.tcp.isValid()) {
            hdr.tcp.checksum =
                adjusted(hdr.tcp.checksum, old_address, new_address, old_port, new_port);
        } else if (hdr.udp.isValid()) {
            // 0 says that there is none, so what comes out as 0 is sent as its other form.
            if (hdr.udp.checksum != 0) {
                hdr.udp.checksum =
                    adjusted(hdr.udp.checksum, old_address, new_address, old_port, new_port);
                if (hdr.udp.checksum == 0) {
                    hdr.udp.checksum = 0xffff;
                }
            }
        } else if (hdr.icmp.isValid()) {
            hdr.icmp.identifier = new_port;
            hdr.icmp.checksum = adjusted(hdr.icmp.checksum, 0, 0, old_port, new_port);
        }
    }
}

control RewriteSource(inout headers_t hdr, in bit<32> address, in bit<16> old_port,
                      in bit<16> port) {
    Rewrite() rewrite;

    apply {
        rewrite.apply(hdr, hdr.ipv4.src_addr, address, old_port, port);
        hdr.ipv4.src_addr = address;
        if (hdr.l4.isValid()) {
            hdr.l4.src_port = port;
        }
    }
}

control RewriteDestination(inout headers_t hdr, in bit<32> address, in bit<16> old_port,
                           in bit<16> port) {
    Rewrite() rewrite;

    apply {
        rewrite.apply(hdr, hdr.ipv4.dst_addr, address, old_port, port);
        hdr.ipv4.dst_addr = address;
        if (hdr.l4.isValid()) {
            hdr.l4.dst_port = port;
        }
    }
}

#endif
