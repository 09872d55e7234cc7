// A link that loses, corrupts, duplicates, throttles, reorders or delays what leaves by a port.
// Faults of different stages compose, in this order.

#ifndef UMBRA_FAULT_LINK_P4
#define UMBRA_FAULT_LINK_P4

// How the loss stage decides.
const bit<2> LOSS_INDEPENDENT = 0;
const bit<2> LOSS_BURST       = 1;
const bit<2> LOSS_EXACT       = 2;
const bit<2> LOSS_FLAP        = 3;

// How the rate stage decides.
const bit<2> RATE_SHAPE  = 0;
const bit<2> RATE_POLICE = 1;
const bit<2> RATE_STUCK  = 2;
const bit<2> RATE_QUEUE  = 3;

// What a frame takes on a wire besides its bytes: preamble, frame check sequence and gap.
const bit<32> WIRE_OVERHEAD_BYTES = 24;

// Copies of a duplicated packet leave by the clone session of this number plus the port.
const bit<32> FIRST_DUPLICATE_SESSION = 16384;

control LinkFault(inout headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) loss_counter;
    direct_counter(CounterType.packets_and_bytes) corrupt_counter;
    direct_counter(CounterType.packets_and_bytes) duplicate_counter;
    direct_counter(CounterType.packets_and_bytes) rate_counter;
    direct_counter(CounterType.packets_and_bytes) reorder_counter;
    direct_counter(CounterType.packets_and_bytes) delay_counter;
    counter(512, CounterType.packets_and_bytes) dropped;
    Liveness() liveness;
    BurstLoss() burst;
    ExactLoss() exactly;
    Flap() flapping;
    Corrupt() corruption;
    Shaper() shaper;
    SampledDelay() sampled;

    bit<2> mode = 0;
    slot_t slot = 0;
    chance_t chance = 0;
    chance_t enter = 0;
    chance_t leave = 0;
    chance_t chance_bad = 0;
    bit<16> count = 0;
    bit<16> of = 0;
    time_us_t period = 0;
    time_us_t down = 0;
    time_us_t lasts = 0;
    bit<1> repair = 0;
    bit<32> byte_time = 0;
    time_ns_t longest_wait = 0;
    time_ns_t added = 0;
    time_ns_t jitter = 0;
    bit<8> distribution = 0;
    time_us_t until = 0;

    action lose(chance_t threshold, time_us_t expires_us) {
        loss_counter.count();
        mode = LOSS_INDEPENDENT;
        chance = threshold;
        until = expires_us;
    }

    action lose_in_bursts(slot_t state, chance_t enter_bad, chance_t leave_bad,
                          chance_t loss_good, chance_t loss_bad, time_us_t expires_us) {
        loss_counter.count();
        mode = LOSS_BURST;
        slot = state;
        enter = enter_bad;
        leave = leave_bad;
        chance = loss_good;
        chance_bad = loss_bad;
        until = expires_us;
    }

    action lose_exactly(slot_t state, bit<16> packets, bit<16> of_packets, time_us_t expires_us) {
        loss_counter.count();
        mode = LOSS_EXACT;
        slot = state;
        count = packets;
        of = of_packets;
        until = expires_us;
    }

    // lasts_us: the whole length of the fault, from which the phase follows.
    action flap(time_us_t period_us, time_us_t down_us, time_us_t lasts_us, time_us_t expires_us) {
        loss_counter.count();
        mode = LOSS_FLAP;
        period = period_us;
        down = down_us;
        lasts = lasts_us;
        until = expires_us;
    }

    table loss {
        key = { LINK_FAULT_KEY }
        actions = { lose; lose_in_bursts; lose_exactly; flap; @defaultonly NoAction; }
        default_action = NoAction();
        counters = loss_counter;
        size = 1024;
    }

    action flip(chance_t threshold, bit<1> repair_checksum, time_us_t expires_us) {
        corrupt_counter.count();
        chance = threshold;
        repair = repair_checksum;
        until = expires_us;
    }

    table corrupt {
        key = { LINK_FAULT_KEY }
        actions = { flip; @defaultonly NoAction; }
        default_action = NoAction();
        counters = corrupt_counter;
        size = 1024;
    }

    action copy(chance_t threshold, time_us_t expires_us) {
        duplicate_counter.count();
        chance = threshold;
        until = expires_us;
    }

    table duplicate {
        key = { LINK_FAULT_KEY }
        actions = { copy; @defaultonly NoAction; }
        default_action = NoAction();
        counters = duplicate_counter;
        size = 1024;
    }

    // byte_time_q10: time one byte takes, ns * 1024; queue_ns: a longer wait than this is a drop.
    action shape(slot_t state, bit<32> byte_time_q10, time_ns_t queue_ns, time_us_t expires_us) {
        rate_counter.count();
        mode = RATE_SHAPE;
        slot = state;
        byte_time = byte_time_q10;
        longest_wait = queue_ns;
        until = expires_us;
    }

    // burst_ns: the time that a full bucket takes at the rate. Nothing waits.
    action police(slot_t state, bit<32> byte_time_q10, time_ns_t burst_ns, time_us_t expires_us) {
        rate_counter.count();
        mode = RATE_POLICE;
        slot = state;
        byte_time = byte_time_q10;
        longest_wait = burst_ns;
        until = expires_us;
    }

    // The port's own queue, which drains at byte_time_q10, takes only what goes within queue_ns.
    action shrink(slot_t state, bit<32> byte_time_q10, time_ns_t queue_ns, time_us_t expires_us) {
        rate_counter.count();
        mode = RATE_QUEUE;
        slot = state;
        byte_time = byte_time_q10;
        longest_wait = queue_ns;
        until = expires_us;
    }

    // A queue that sends nothing until the fault ends.
    action stick(time_us_t expires_us) {
        rate_counter.count();
        mode = RATE_STUCK;
        until = expires_us;
    }

    table rate {
        key = { LINK_FAULT_KEY }
        actions = { shape; police; shrink; stick; @defaultonly NoAction; }
        default_action = NoAction();
        counters = rate_counter;
        size = 1024;
    }

    // Some packets wait longer, so that later ones overtake them.
    action hold_back(chance_t threshold, time_ns_t extra_ns, time_us_t expires_us) {
        reorder_counter.count();
        chance = threshold;
        added = extra_ns;
        until = expires_us;
    }

    table reorder {
        key = { LINK_FAULT_KEY }
        actions = { hold_back; @defaultonly NoAction; }
        default_action = NoAction();
        counters = reorder_counter;
        size = 1024;
    }

    // Added to every packet, and a uniform random share of jitter_ns on top.
    action add(time_ns_t delay_ns, time_ns_t jitter_ns, time_us_t expires_us) {
        delay_counter.count();
        added = delay_ns;
        jitter = jitter_ns;
        distribution = 0;
        until = expires_us;
    }

    // A delay drawn from a distribution other than 0.
    action add_sampled(bit<8> of_distribution, time_us_t expires_us) {
        delay_counter.count();
        added = 0;
        jitter = 0;
        distribution = of_distribution;
        until = expires_us;
    }

    table delay {
        key = { LINK_FAULT_KEY }
        actions = { add; add_sampled; @defaultonly NoAction; }
        default_action = NoAction();
        counters = delay_counter;
        size = 1024;
    }

    apply {
        time_us_t now_us = standard_metadata.egress_global_timestamp;
        time_ns_t now_ns = now_us * 1000;
        time_ns_t wait = meta.device_delay_ns;
        time_us_t left_us;
        bit<1> alive;
        bit<1> lost = 0;
        bit<32> draw;
        bool is_copy = standard_metadata.instance_type == INSTANCE_EGRESS_CLONE;

        if (!is_copy) {
            if (loss.apply().hit) {
                liveness.apply(now_us, until, alive, left_us);
                if (alive == 1) {
                    if (mode == LOSS_INDEPENDENT) {
                        random(draw, 0, LAST_DRAW);
                        if (draw < chance) {
                            lost = 1;
                        }
                    } else if (mode == LOSS_BURST) {
                        burst.apply(slot, until, enter, leave, chance, chance_bad, lost);
                    } else if (mode == LOSS_EXACT) {
                        exactly.apply(slot, until, count, of, lost);
                    } else {
                        flapping.apply(lasts - left_us, period, down, lost);
                    }
                }
            }
            if (lost == 0 && corrupt.apply().hit) {
                liveness.apply(now_us, until, alive, left_us);
                random(draw, 0, LAST_DRAW);
                if (alive == 1 && draw < chance) {
                    corruption.apply(hdr, repair);
                }
            }
            if (lost == 0 && duplicate.apply().hit) {
                liveness.apply(now_us, until, alive, left_us);
                random(draw, 0, LAST_DRAW);
                if (alive == 1 && draw < chance) {
                    clone_preserving_field_list(CloneType.E2E,
                        FIRST_DUPLICATE_SESSION + (bit<32>)standard_metadata.egress_port, 3);
                }
            }
        }
        if (lost == 0 && rate.apply().hit) {
            liveness.apply(now_us, until, alive, left_us);
            if (alive == 1) {
                if (mode == RATE_STUCK) {
                    wait = wait + left_us * 1000;
                } else {
                    time_ns_t backlog;
                    bit<32> length = standard_metadata.packet_length;
                    if (mode == RATE_QUEUE) {
                        length = length + WIRE_OVERHEAD_BYTES;
                    }
                    shaper.apply(slot, byte_time, longest_wait, now_ns, length, backlog, lost);
                    if (mode == RATE_SHAPE) {
                        wait = wait + backlog;
                    }
                }
            }
        }
        if (lost == 0 && reorder.apply().hit) {
            liveness.apply(now_us, until, alive, left_us);
            random(draw, 0, LAST_DRAW);
            if (alive == 1 && draw < chance) {
                wait = wait + added;
            }
        }
        if (lost == 0 && delay.apply().hit) {
            liveness.apply(now_us, until, alive, left_us);
            if (alive == 1) {
                time_ns_t extra = 0;
                if (distribution != 0) {
                    sampled.apply(distribution, extra);
                } else if (jitter != 0) {
                    random(extra, 0, jitter);
                }
                wait = wait + added + extra;
            }
        }

        if (lost == 1) {
            dropped.count((bit<32>)standard_metadata.egress_port);
            mark_to_drop(standard_metadata);
        } else if (wait != 0) {
            meta.umbra_hold_until_ns = now_ns + wait;
            meta.hold_port = standard_metadata.egress_port;
            recirculate_preserving_field_list(2);
        }
    }
}

#endif
