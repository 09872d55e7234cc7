// The fault stage. Only a shadow's build has it: production.p4 does not include this file.
//
// Every fault is a table entry that carries its own expiry in controller time. It acts only while
// the expiry lies ahead and the controller's heartbeat is younger than the lease: whatever happens
// to the controller, nothing stays behind. Order on a link: loss, rate, delay.

#ifndef UMBRA_FAULT_P4
#define UMBRA_FAULT_P4

// [0] end of the lease in switch time, [1] controller time minus switch time; both in us.
register<bit<48>>(2) lease;
const bit<32> LEASE_END = 0;
const bit<32> CONTROLLER_OFFSET = 1;

// Takes a controller's heartbeat: it renews the lease and says what time the controller has.
control Heartbeat(in headers_t hdr, inout standard_metadata_t standard_metadata) {
    apply {
        time_us_t now_us = standard_metadata.ingress_global_timestamp;
        lease.write(LEASE_END, now_us + (bit<48>)hdr.heartbeat.lease_us);
        lease.write(CONTROLLER_OFFSET, hdr.heartbeat.controller_us - now_us);
        mark_to_drop(standard_metadata);
    }
}

// A fault whose end is `expires_us` is alive: the lease runs, and its end lies ahead.
control Liveness(in time_us_t now_us, in time_us_t expires_us, out bit<1> alive) {
    apply {
        time_us_t lease_end;
        time_us_t offset;
        lease.read(lease_end, LEASE_END);
        lease.read(offset, CONTROLLER_OFFSET);
        time_us_t lease_left = lease_end - now_us;
        time_us_t fault_left = expires_us - (now_us + offset);
        alive = 0;
        if (lease_left != 0 && lease_left < NEGATIVE && fault_left != 0 && fault_left < NEGATIVE) {
            alive = 1;
        }
    }
}

// A switch that forwards nothing, or not every flow and late.
control DeviceFault(in headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) state_counter;
    counter(512, CounterType.packets_and_bytes) dropped;
    Liveness() liveness;

    bit<17> share = 0;
    time_ns_t delay = 0;
    time_us_t until = 0;

    action outage(time_us_t expires_us) {
        state_counter.count();
        share = 65536;
        until = expires_us;
    }

    // share_q16: flows whose hash is below it are lost; delay_ns: added to every other packet.
    action graceful(bit<17> share_q16, time_ns_t delay_ns, time_us_t expires_us) {
        state_counter.count();
        share = share_q16;
        delay = delay_ns;
        until = expires_us;
    }

    action healthy() {
        state_counter.count();
    }

    table state {
        key = {
            standard_metadata.ingress_port: ternary @name("ingress_port");
        }
        actions = { outage; graceful; healthy; }
        default_action = healthy();
        counters = state_counter;
        size = 512;
    }

    apply {
        if (state.apply().hit) {
            bit<1> alive;
            liveness.apply(standard_metadata.ingress_global_timestamp, until, alive);
            if (alive == 1) {
                if ((bit<17>)meta.flow_hash[31:16] < share) {
                    dropped.count((bit<32>)standard_metadata.ingress_port);
                    meta.stop = 1;
                    mark_to_drop(standard_metadata);
                } else {
                    meta.device_delay_ns = delay;
                }
            }
        }
    }
}

// A link that loses, throttles or delays what leaves by a port.
control LinkFault(inout headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) loss_counter;
    direct_counter(CounterType.packets_and_bytes) rate_counter;
    direct_counter(CounterType.packets_and_bytes) delay_counter;
    counter(512, CounterType.packets_and_bytes) dropped;
    // When the shaper of a port has sent all it took, ns.
    register<bit<48>>(512) shaper_free_ns;
    Liveness() liveness;

    bit<32> loss_threshold = 0;
    bit<32> byte_time = 0;
    time_ns_t longest_wait = 0;
    time_ns_t added = 0;
    time_ns_t jitter = 0;
    time_us_t until = 0;

    // threshold: a random number in [0, 2^32 - 2] below it is a loss; 2^32 - 1 loses everything.
    action lose(bit<32> threshold, time_us_t expires_us) {
        loss_counter.count();
        loss_threshold = threshold;
        until = expires_us;
    }

    // byte_time_q10: time one byte takes, ns * 1024; queue_ns: a longer wait than this is a drop.
    action shape(bit<32> byte_time_q10, time_ns_t queue_ns, time_us_t expires_us) {
        rate_counter.count();
        byte_time = byte_time_q10;
        longest_wait = queue_ns;
        until = expires_us;
    }

    // Added to every packet, and a uniform random share of jitter_ns on top.
    action add(time_ns_t delay_ns, time_ns_t jitter_ns, time_us_t expires_us) {
        delay_counter.count();
        added = delay_ns;
        jitter = jitter_ns;
        until = expires_us;
    }

    table loss {
        key = { standard_metadata.egress_port: exact @name("egress_port"); }
        actions = { lose; @defaultonly NoAction; }
        default_action = NoAction();
        counters = loss_counter;
        size = 512;
    }

    table rate {
        key = { standard_metadata.egress_port: exact @name("egress_port"); }
        actions = { shape; @defaultonly NoAction; }
        default_action = NoAction();
        counters = rate_counter;
        size = 512;
    }

    table delay {
        key = { standard_metadata.egress_port: exact @name("egress_port"); }
        actions = { add; @defaultonly NoAction; }
        default_action = NoAction();
        counters = delay_counter;
        size = 512;
    }

    apply {
        time_us_t now_us = standard_metadata.egress_global_timestamp;
        time_ns_t now_ns = now_us * 1000;
        time_ns_t wait = meta.device_delay_ns;
        bit<1> alive;
        bit<1> lost = 0;
        bit<32> port = (bit<32>)standard_metadata.egress_port;

        if (loss.apply().hit) {
            liveness.apply(now_us, until, alive);
            if (alive == 1) {
                bit<32> draw;
                random(draw, 0, 0xfffffffe);
                if (draw < loss_threshold) {
                    lost = 1;
                }
            }
        }
        if (lost == 0 && rate.apply().hit) {
            liveness.apply(now_us, until, alive);
            if (alive == 1) {
                time_ns_t free_ns;
                shaper_free_ns.read(free_ns, port);
                time_ns_t backlog = free_ns - now_ns;
                if (backlog >= NEGATIVE) {
                    backlog = 0;
                }
                time_ns_t sent = ((bit<48>)standard_metadata.packet_length * (bit<48>)byte_time) >> 10;
                if (backlog > longest_wait) {
                    lost = 1;
                } else {
                    backlog = backlog + sent;
                    shaper_free_ns.write(port, now_ns + backlog);
                    wait = wait + backlog;
                }
            }
        }
        if (lost == 0 && delay.apply().hit) {
            liveness.apply(now_us, until, alive);
            if (alive == 1) {
                time_ns_t extra = 0;
                if (jitter != 0) {
                    random(extra, 0, jitter);
                }
                wait = wait + added + extra;
            }
        }

        if (lost == 1) {
            dropped.count(port);
            mark_to_drop(standard_metadata);
        } else if (wait != 0) {
            meta.umbra_hold_until_ns = now_ns + wait;
            meta.hold_port = standard_metadata.egress_port;
            recirculate_preserving_field_list(2);
        }
    }
}

// The second pass of a packet that waits: sends it on its way, or back to wait where the target
// has no delay line. Half a clock tick early counts as on time.
control Hold(inout metadata_t meta, inout standard_metadata_t standard_metadata) {
    apply {
        time_ns_t now_ns = standard_metadata.egress_global_timestamp * 1000;
        time_ns_t left = meta.umbra_hold_until_ns - now_ns;
        if (left >= 1000 && left < NEGATIVE) {
            recirculate_preserving_field_list(2);
        } else {
            meta.umbra_hold_until_ns = 0;
        }
    }
}

#endif
