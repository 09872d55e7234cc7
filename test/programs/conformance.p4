// One table of each kind, so that every rule of P4Runtime has something to be tested on.
//
// The controller is the only neighbour. A PacketOut names the object to try (`path`) and carries a
// probe; what the pipeline decided about it comes back as a PacketIn. Copies that the replication
// engine sends to the CPU port come back in the same way. So a test sees the data plane over
// P4Runtime alone, on any target.

#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;

// Values of packet_out.path. 0 is a PacketOut as usual: out of `port`, untouched.
const bit<7> PATH_EXACT = 1;
const bit<7> PATH_LPM = 2;
const bit<7> PATH_TERNARY = 3;
const bit<7> PATH_OPTIONAL = 4;
const bit<7> PATH_CONST = 5;
const bit<7> PATH_INITIAL = 6;
const bit<7> PATH_KEYLESS = 7;
const bit<7> PATH_PROFILE = 8;
const bit<7> PATH_SELECTOR = 9;
const bit<7> PATH_TIMEOUT = 10;
const bit<7> PATH_SMALL = 11;
const bit<7> PATH_WIDE = 12;
const bit<7> PATH_INDEXED = 13;
const bit<7> PATH_DIGEST = 14;
const bit<7> PATH_FIXED = 15;
const bit<7> PATH_PAIR = 16;

@controller_header("packet_out")
header packet_out_t {
    bit<9> port;
    bit<7> path;
}

@controller_header("packet_in")
header packet_in_t {
    // Where the packet would have left; 511: dropped.
    bit<9> port;
    bit<7> colour;
    bit<16> instance;
    bit<8> kind;
}

header probe_t {
    bit<32> a;
    bit<32> b;
    bit<16> c;
    bit<8> d;
    // Written by the pipeline.
    bit<32> mark;
}

struct headers_t {
    packet_out_t packet_out;
    packet_in_t packet_in;
    probe_t probe;
}

struct metadata_t {
    bit<9> port;
    bit<8> colour;
}

struct seen_t {
    bit<32> a;
    bit<16> c;
}

parser ConformanceParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                         inout standard_metadata_t standard_metadata) {
    state start {
        transition select(standard_metadata.ingress_port) {
            CPU_PORT: parse_packet_out;
            default: parse_probe;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_probe;
    }

    state parse_probe {
        packet.extract(hdr.probe);
        transition accept;
    }
}

control ConformanceVerify(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control ConformanceIngress(inout headers_t hdr, inout metadata_t meta,
                           inout standard_metadata_t standard_metadata) {
    counter(16, CounterType.packets_and_bytes) indexed_counter;
    meter(16, MeterType.bytes) indexed_meter;
    register<bit<32>>(16) indexed_register;
    register<int<8>>(1) signed_8;
    register<int<12>>(1) signed_12;
    register<int<16>>(1) signed_16;
    direct_counter(CounterType.packets_and_bytes) exact_counter;
    direct_meter<bit<8>>(MeterType.bytes) exact_meter;
    direct_counter(CounterType.packets_and_bytes) const_counter;
    action_profile(16) plain_profile;
    @max_group_size(8)
    action_selector(HashAlgorithm.crc16, 32w16, 32w16) group_selector;

    action forward(bit<9> port) {
        standard_metadata.egress_spec = port;
    }

    action drop() {
        mark_to_drop(standard_metadata);
    }

    action mark(bit<9> port, bit<32> value) {
        standard_metadata.egress_spec = port;
        hdr.probe.mark = value;
    }

    action stamp(bit<32> value) {
        hdr.probe.mark = value;
    }

    action multicast(bit<16> group) {
        standard_metadata.mcast_grp = group;
    }

    action clone_to(bit<32> session) {
        clone(CloneType.I2E, session);
    }

    action only_default() {
        hdr.probe.mark = 0xdefa;
    }

    action only_entry(bit<9> port) {
        standard_metadata.egress_spec = port;
    }

    action metered_forward(bit<9> port) {
        exact_counter.count();
        exact_meter.read(meta.colour);
        standard_metadata.egress_spec = port;
    }

    action metered_drop() {
        exact_counter.count();
        exact_meter.read(meta.colour);
        mark_to_drop(standard_metadata);
    }

    action counted_forward(bit<9> port) {
        const_counter.count();
        standard_metadata.egress_spec = port;
    }

    // Parameters of many widths, signed and unsigned, none wider than the mark.
    action values(bit<1> one, int<8> signed_byte, bit<12> twelve, bit<32> word) {
        hdr.probe.mark = word ^ ((bit<32>)twelve << 1) ^ (bit<32>)one ^
                         ((bit<32>)(bit<8>)signed_byte << 16);
        standard_metadata.egress_spec = 1;
    }

    table exact_table {
        key = { hdr.probe.a: exact; }
        actions = { metered_forward; metered_drop; @tableonly only_entry; @defaultonly only_default; }
        default_action = metered_drop();
        counters = exact_counter;
        meters = exact_meter;
        size = 8192;
    }

    table lpm_table {
        key = { hdr.probe.a: lpm; }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }

    table ternary_table {
        key = { hdr.probe.a: ternary; hdr.probe.c: ternary; }
        actions = { forward; mark; multicast; clone_to; drop; }
        default_action = drop();
        size = 1024;
    }

    table optional_table {
        key = { hdr.probe.a: exact; hdr.probe.c: optional; }
        actions = { forward; drop; }
        default_action = drop();
        size = 64;
    }

    table const_table {
        key = { hdr.probe.d: exact; }
        actions = { counted_forward; drop; }
        default_action = drop();
        counters = const_counter;
        const entries = {
            1: counted_forward(1);
            2: counted_forward(2);
        }
    }

    table initial_table {
        key = { hdr.probe.d: ternary; hdr.probe.c: exact; }
        actions = { forward; drop; }
        default_action = drop();
        entries = {
            const (1 &&& 0x0f, 7): forward(1);
            (2, 7): forward(2);
            const (3, 7): drop();
        }
        size = 16;
    }

    table keyless_table {
        actions = { forward; drop; }
        default_action = drop();
    }

    table profile_table {
        key = { hdr.probe.a: exact; }
        actions = { forward; drop; mark; }
        implementation = plain_profile;
        size = 64;
    }

    table selector_table {
        key = { hdr.probe.a: exact; hdr.probe.b: selector; hdr.probe.c: selector; }
        actions = { forward; drop; mark; }
        implementation = group_selector;
        size = 64;
    }

    table timeout_table {
        key = { hdr.probe.a: exact; }
        actions = { forward; drop; }
        default_action = drop();
        support_timeout = true;
        size = 64;
    }

    table small_table {
        key = { hdr.probe.a: exact; }
        actions = { forward; drop; }
        default_action = drop();
        size = 4;
    }

    table wide_table {
        key = { hdr.probe.d: exact; hdr.probe.c: ternary; hdr.probe.a[11:0]: exact @name("twelve"); }
        actions = { values; drop; }
        default_action = drop();
        size = 64;
    }

    // The default action cannot be changed.
    table fixed_table {
        key = { hdr.probe.a: exact; }
        actions = { forward; drop; }
        const default_action = drop();
        size = 64;
    }

    // Two tables that one packet meets: a packet that sees half a batch gives itself away.
    table first_table {
        key = { hdr.probe.a: exact; }
        actions = { forward; drop; }
        default_action = drop();
        size = 8192;
    }

    table second_table {
        key = { hdr.probe.a: exact; }
        actions = { stamp; drop; }
        default_action = drop();
        size = 8192;
    }

    action indexed() {
        bit<32> index = (bit<32>)hdr.probe.d;
        bit<32> value;
        indexed_counter.count(index);
        indexed_meter.execute_meter(index, meta.colour);
        indexed_register.read(value, index);
        indexed_register.write(index, value + 1);
        int<8> byte;
        int<12> twelve;
        int<16> half;
        signed_8.read(byte, 0);
        signed_12.read(twelve, 0);
        signed_16.read(half, 0);
        int<32> sum = (int<32>)byte + (int<32>)twelve + (int<32>)half;
        hdr.probe.mark = value + (bit<32>)sum;
        standard_metadata.egress_spec = 1;
    }

    apply {
        if (!hdr.packet_out.isValid() || !hdr.probe.isValid()) {
            mark_to_drop(standard_metadata);
            exit;
        }
        bit<7> path = hdr.packet_out.path;
        if (path == PATH_EXACT) { exact_table.apply(); }
        else if (path == PATH_LPM) { lpm_table.apply(); }
        else if (path == PATH_TERNARY) { ternary_table.apply(); }
        else if (path == PATH_OPTIONAL) { optional_table.apply(); }
        else if (path == PATH_CONST) { const_table.apply(); }
        else if (path == PATH_INITIAL) { initial_table.apply(); }
        else if (path == PATH_KEYLESS) { keyless_table.apply(); }
        else if (path == PATH_PROFILE) { profile_table.apply(); }
        else if (path == PATH_SELECTOR) { selector_table.apply(); }
        else if (path == PATH_TIMEOUT) { timeout_table.apply(); }
        else if (path == PATH_SMALL) { small_table.apply(); }
        else if (path == PATH_WIDE) { wide_table.apply(); }
        else if (path == PATH_INDEXED) { indexed(); }
        else if (path == PATH_FIXED) { fixed_table.apply(); }
        else if (path == PATH_PAIR) { first_table.apply(); second_table.apply(); }
        else if (path == PATH_DIGEST) {
            digest<seen_t>(1, { hdr.probe.a, hdr.probe.c });
            standard_metadata.egress_spec = 1;
        }
        else { standard_metadata.egress_spec = hdr.packet_out.port; }
        if (path != 0) {
            meta.port = standard_metadata.egress_spec;
            standard_metadata.egress_spec = CPU_PORT;
        }
    }
}

control ConformanceEgress(inout headers_t hdr, inout metadata_t meta,
                          inout standard_metadata_t standard_metadata) {
    apply {
        hdr.packet_out.setInvalid();
        if (standard_metadata.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.port = meta.port;
            hdr.packet_in.colour = (bit<7>)meta.colour;
            hdr.packet_in.instance = standard_metadata.egress_rid;
            hdr.packet_in.kind = (bit<8>)standard_metadata.instance_type;
        }
    }
}

control ConformanceChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control ConformanceDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.probe);
    }
}

V1Switch(ConformanceParser(), ConformanceVerify(), ConformanceIngress(), ConformanceEgress(),
         ConformanceChecksum(), ConformanceDeparser()) main;
