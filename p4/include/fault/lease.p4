// The lease: what keeps a fault alive.

#ifndef UMBRA_FAULT_LEASE_P4
#define UMBRA_FAULT_LEASE_P4

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

// A fault whose end is `expires_us` is alive while the lease runs and its end lies ahead. `left_us`
// is the time to that end.
control Liveness(in time_us_t now_us, in time_us_t expires_us, out bit<1> alive,
                 out time_us_t left_us) {
    apply {
        time_us_t lease_end;
        time_us_t offset;
        lease.read(lease_end, LEASE_END);
        lease.read(offset, CONTROLLER_OFFSET);
        time_us_t lease_left = lease_end - now_us;
        left_us = expires_us - (now_us + offset);
        alive = 0;
        if (lease_left != 0 && lease_left < NEGATIVE && left_us != 0 && left_us < NEGATIVE) {
            alive = 1;
        }
    }
}

#endif
