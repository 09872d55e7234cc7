// Rates, as the time at which everything taken so far has been sent.

#ifndef UMBRA_FAULT_RATE_P4
#define UMBRA_FAULT_RATE_P4

// byte_time: ns per byte * 1024. A packet that finds more than `longest` of backlog is lost, any
// other adds its own time to it; `backlog` is when it has been sent, from now.
control Shaper(in slot_t slot, in bit<32> byte_time, in time_ns_t longest, in time_ns_t now_ns,
               in bit<32> length, out time_ns_t backlog, out bit<1> lost) {
    register<bit<48>>(FAULT_SLOTS) free_ns;

    apply {
        time_ns_t free;
        free_ns.read(free, (bit<32>)slot);
        backlog = free - now_ns;
        if (backlog >= NEGATIVE) {
            backlog = 0;
        }
        lost = 0;
        if (backlog > longest) {
            lost = 1;
        } else {
            backlog = backlog + (((bit<48>)length * (bit<48>)byte_time) >> 10);
            free_ns.write((bit<32>)slot, now_ns + backlog);
        }
    }
}

#endif
