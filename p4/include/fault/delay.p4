// Delays drawn from any distribution, and the wait itself.

#ifndef UMBRA_FAULT_DELAY_P4
#define UMBRA_FAULT_DELAY_P4

// A delay between two neighbouring quantiles of a distribution, of which there are 257 in a table.
control SampledDelay(in bit<8> distribution, out time_ns_t delay) {
    time_ns_t low = 0;
    bit<32> span = 0;

    action quantile(time_ns_t low_ns, bit<32> span_ns) {
        low = low_ns;
        span = span_ns;
    }

    bit<8> rank;
    table quantiles {
        key = {
            distribution: exact @name("distribution");
            rank: exact @name("rank");
        }
        actions = { quantile; @defaultonly NoAction; }
        default_action = NoAction();
        size = 4096;
    }

    apply {
        bit<32> draw;
        random(draw, 0, 0xffffffff);
        rank = draw[31:24];
        quantiles.apply();
        delay = low + (((bit<48>)span * (bit<48>)draw[15:0]) >> 16);
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
