// Headers and metadata of both programs. Wire formats are described in docs/p4.md.

#ifndef UMBRA_HEADERS_P4
#define UMBRA_HEADERS_P4

typedef bit<9>  port_t;
typedef bit<48> mac_t;
typedef bit<48> time_ns_t;   // modulo 2^48 ns, so compared by differences only
typedef bit<48> time_us_t;   // modulo 2^48 us, so compared by differences only

const port_t CPU_PORT = 510;

const bit<16> TYPE_IPV4       = 0x0800;
const bit<16> TYPE_ARP        = 0x0806;
const bit<16> TYPE_VLAN       = 0x8100;
const bit<16> TYPE_IPV6       = 0x86dd;
const bit<16> TYPE_LLDP       = 0x88cc;
const bit<16> TYPE_SHADOW_TAG = 0x88b5;  // IEEE 802 local experimental 1
const bit<16> TYPE_HEARTBEAT  = 0x88b6;  // IEEE 802 local experimental 2
const bit<16> GRE_ERSPAN      = 0x88be;

// `fragment` of the first of several.
const bit<14> FIRST_FRAGMENT = 0x2000;

const bit<8> PROTOCOL_ICMP = 1;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;
const bit<8> PROTOCOL_GRE = 47;

// standard_metadata.instance_type as v1model targets set it.
const bit<32> INSTANCE_NORMAL        = 0;
const bit<32> INSTANCE_INGRESS_CLONE = 1;
const bit<32> INSTANCE_EGRESS_CLONE  = 2;
const bit<32> INSTANCE_RECIRCULATED  = 4;

// Colours of a meter, as v1model targets give them.
const bit<2> METER_GREEN = 0;
const bit<2> METER_RED   = 2;

// A difference of two 48-bit times with this bit set is negative.
const bit<48> NEGATIVE = 0x800000000000;

@controller_header("packet_in")
header packet_in_t {
    port_t ingress_port;
    bit<7> unused;
}

@controller_header("packet_out")
header packet_out_t {
    port_t egress_port;
    bit<7> unused;
}

header ethernet_t {
    mac_t   dst_addr;
    mac_t   src_addr;
    bit<16> ether_type;
}

// Marks a frame that lives in a shadow network; `ether_type` is the frame's own.
header shadow_tag_t {
    bit<16> ether_type;
}

header vlan_t {
    bit<3>  pcp;
    bit<1>  dei;
    bit<12> vid;
    bit<16> ether_type;
}

header arp_t {
    bit<16> hardware_type;
    bit<16> protocol_type;
    bit<8>  hardware_length;
    bit<8>  protocol_length;
    bit<16> opcode;
    mac_t   sender_mac;
    bit<32> sender_ip;
    mac_t   target_mac;
    bit<32> target_ip;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<6>  dscp;
    bit<2>  ecn;
    bit<16> total_len;
    bit<16> identification;
    bit<2>  flags;      // reserved, don't fragment
    bit<14> fragment;   // more fragments, offset: 0 when the datagram is whole
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> hdr_checksum;
    bit<32> src_addr;
    bit<32> dst_addr;
}

header ipv6_t {
    bit<4>   version;
    bit<6>   dscp;
    bit<2>   ecn;
    bit<20>  flow_label;
    bit<16>  payload_len;
    bit<8>   next_header;
    bit<8>   hop_limit;
    bit<128> src_addr;
    bit<128> dst_addr;
}

// The first four bytes of TCP and of UDP.
header l4_ports_t {
    bit<16> src_port;
    bit<16> dst_port;
}

#if defined(SHADOW) || defined(FUNCTION)
// The rest of TCP's header behind the ports, without options.
header tcp_t {
    bit<32> sequence;
    bit<32> acknowledgement;
    bit<4>  data_offset;
    bit<4>  reserved;
    bit<8>  flags;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

// The rest of UDP's header behind the ports.
header udp_t {
    bit<16> length;
    bit<16> checksum;
}

#endif

#ifdef SHADOW
// TCP's options.
header tcp_options_t {
    varbit<320> data;
}

// The first bytes of what TCP or UDP carry, when there are as many.
header payload_t {
    bit<128> data;
}

// The first bytes of a payload that is shorter than that.
header first_word_t {
    bit<32> data;
}

// What an application is answered by the fault stage instead of by its server.
header reply_t {
    bit<24>  begin;
    bit<8>   number;
    bit<480> rest;
}
#endif

#ifdef FUNCTION
// ICMP up to the identifier of an echo.
header icmp_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<16> identifier;
}
#endif

// GRE with the sequence number present (RFC 2890).
header gre_t {
    bit<16> flags;
    bit<16> protocol;
    bit<32> sequence;
}

// ERSPAN type II (version 1).
header erspan_t {
    bit<4>  version;
    bit<12> vlan;
    bit<3>  cos;
    bit<2>  encapsulation;
    bit<1>  truncated;
    bit<10> session_id;
    bit<12> reserved;
    bit<20> index;
}

// What a controller sends to keep its faults alive.
header heartbeat_t {
    time_us_t controller_us;
    bit<32>   lease_us;
}

struct headers_t {
    packet_in_t  packet_in;
    packet_out_t packet_out;
    ethernet_t   outer_ethernet;
    ipv4_t       outer_ipv4;
    gre_t        gre;
    erspan_t     erspan;
    ethernet_t   ethernet;
    heartbeat_t  heartbeat;
    shadow_tag_t shadow_tag;
    vlan_t       vlan;
    arp_t        arp;
    ipv4_t       ipv4;
    ipv6_t       ipv6;
    l4_ports_t   l4;
#if defined(SHADOW) || defined(FUNCTION)
    tcp_t        tcp;
#endif
#ifdef SHADOW
    tcp_options_t tcp_options;
#endif
#if defined(SHADOW) || defined(FUNCTION)
    udp_t        udp;
#endif
#ifdef FUNCTION
    icmp_t       icmp;
#endif
#ifdef SHADOW
    reply_t       reply;
    payload_t     payload;
    first_word_t  first_word;
#endif
}

// What tables match on, whatever headers a packet has; absent fields are zero.
struct lookup_t {
    bit<16> ether_type;
    bit<32> ipv4_src;
    bit<32> ipv4_dst;
    bit<8>  protocol;
    bit<6>  dscp;
    bit<16> l4_src_port;
    bit<16> l4_dst_port;
}

struct metadata_t {
#ifdef SHADOW
    @field_list(3)       // kept by a duplicate
#endif
    lookup_t lookup;
    bit<16>  flow_ports;  // of both ends, XORed; 0 for fragments, of which only the first has any
    bit<32>  flow_hash;   // equal for both directions of a flow
    bit<16>  ecmp_hash;
    bit<32>  ecmp_salt;
    bit<1>   stop;        // ingress is done with this packet

    // Kept by a mirrored copy.
    @field_list(1) bit<16> mirror_session;
    @field_list(1) port_t  mirror_ingress_port;

#ifdef SHADOW
    time_ns_t device_delay_ns;
    // Kept while a packet waits. The embedded switch knows a field of this name: it holds a
    // recirculated packet until then in one step; on other targets it goes round until its time.
    @field_list(2) time_ns_t umbra_hold_until_ns;
    @field_list(2) port_t hold_port;
    bit<16> l4_length;   // of header and payload, by IP's word
#endif
}

#endif
