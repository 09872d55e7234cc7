// A switch that forwards nothing, or not everything, or slowly and late.

#ifndef UMBRA_FAULT_DEVICE_P4
#define UMBRA_FAULT_DEVICE_P4

control DeviceFault(in headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    direct_counter(CounterType.packets_and_bytes) state_counter;
    direct_counter(CounterType.packets_and_bytes) lost_entry_counter;
    counter(512, CounterType.packets_and_bytes) dropped;
    Liveness() liveness;
    Shaper() forwarding;

    bit<17> share = 0;
    time_ns_t delay = 0;
    slot_t slot = 0;
    bit<32> byte_time = 0;
    time_ns_t longest_wait = 0;
    time_us_t until = 0;

    action outage(time_us_t expires_us) {
        state_counter.count();
        share = 65536;
        until = expires_us;
    }

    // share_q16: flows whose hash is below it are lost. Every other packet waits for its turn at
    // byte_time_q10 (ns per byte * 1024, 0: at once) and delay_ns more.
    action graceful(bit<17> share_q16, time_ns_t delay_ns, slot_t state, bit<32> byte_time_q10,
                    time_ns_t queue_ns, time_us_t expires_us) {
        state_counter.count();
        share = share_q16;
        delay = delay_ns;
        slot = state;
        byte_time = byte_time_q10;
        longest_wait = queue_ns;
        until = expires_us;
    }

    action healthy() {
        state_counter.count();
    }

    table state {
        key = { standard_metadata.ingress_port: ternary @name("ingress_port"); }
        actions = { outage; graceful; healthy; }
        default_action = healthy();
        counters = state_counter;
        size = 512;
    }

    // An entry that the switch has lost, as far as packets can tell.
    action forget(time_us_t expires_us) {
        lost_entry_counter.count();
        until = expires_us;
    }

    table lost_entry {
        key = {
            meta.lookup.ether_type: ternary @name("ether_type");
            meta.lookup.ipv4_dst: ternary @name("ipv4_dst");
        }
        actions = { forget; @defaultonly NoAction; }
        default_action = NoAction();
        counters = lost_entry_counter;
        size = 1024;
    }

    apply {
        time_us_t now_us = standard_metadata.ingress_global_timestamp;
        bit<1> alive;
        time_us_t left_us;
        bit<1> lost = 0;
        if (lost_entry.apply().hit) {
            liveness.apply(now_us, until, alive, left_us);
            lost = alive;
        }
        if (lost == 0 && state.apply().hit) {
            liveness.apply(now_us, until, alive, left_us);
            if (alive == 1) {
                if ((bit<17>)meta.flow_hash[31:16] < share) {
                    lost = 1;
                } else {
                    time_ns_t turn = 0;
                    if (byte_time != 0) {
                        forwarding.apply(slot, byte_time, longest_wait, now_us * 1000,
                                         standard_metadata.packet_length, turn, lost);
                    }
                    meta.device_delay_ns = delay + turn;
                }
            }
        }
        if (lost == 1) {
            dropped.count((bit<32>)standard_metadata.ingress_port);
            meta.stop = 1;
            mark_to_drop(standard_metadata);
        }
    }
}

#endif
