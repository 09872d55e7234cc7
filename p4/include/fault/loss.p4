// Ways of losing packets that need a memory.

#ifndef UMBRA_FAULT_LOSS_P4
#define UMBRA_FAULT_LOSS_P4

// Gilbert-Elliott: a good and a bad state, left with a chance of their own before each packet, and
// a chance of loss in each.
control BurstLoss(in slot_t slot, in time_us_t until, in chance_t enter, in chance_t leave,
                  in chance_t loss_good, in chance_t loss_bad, out bit<1> lost) {
    // The fault's mark in the upper 32 bits, then 1 for the bad state.
    register<bit<48>>(FAULT_SLOTS) memory;

    apply {
        bit<48> cell;
        bit<32> draw;
        memory.read(cell, (bit<32>)slot);
        bit<1> bad = cell[0:0];
        if (cell[47:16] != until[31:0]) {
            bad = 0;
        }
        random(draw, 0, LAST_DRAW);
        if (bad == 0) {
            if (draw < enter) {
                bad = 1;
            }
        } else if (draw < leave) {
            bad = 0;
        }
        memory.write((bit<32>)slot, until[31:0] ++ 15w0 ++ bad);
        random(draw, 0, LAST_DRAW);
        chance_t chance = loss_good;
        if (bad == 1) {
            chance = loss_bad;
        }
        lost = 0;
        if (draw < chance) {
            lost = 1;
        }
    }
}

// Exactly `count` of every `of` packets, spread evenly.
control ExactLoss(in slot_t slot, in time_us_t until, in bit<16> count, in bit<16> of,
                  out bit<1> lost) {
    // The fault's mark in the upper 32 bits, then what has gathered towards the next loss.
    register<bit<48>>(FAULT_SLOTS) memory;

    apply {
        bit<48> cell;
        memory.read(cell, (bit<32>)slot);
        bit<17> gathered = 0;
        if (cell[47:16] == until[31:0]) {
            gathered = (bit<17>)cell[15:0];
        }
        gathered = gathered + (bit<17>)count;
        lost = 0;
        if (gathered >= (bit<17>)of) {
            gathered = gathered - (bit<17>)of;
            lost = 1;
        }
        memory.write((bit<32>)slot, until[31:0] ++ gathered[15:0]);
    }
}

// A link that goes down for the first `down_us` of every `period_us`. The division is by hand, as
// v1model has none: exact for the first 65,535 periods of a fault.
control Flap(in time_us_t elapsed_us, in time_us_t period_us, in time_us_t down_us,
             out bit<1> lost) {
    apply {
        bit<64> rest = (bit<64>)elapsed_us;
        bit<64> period = (bit<64>)period_us;
#define FLAP_STEP(n) if (rest >= (period << n)) { rest = rest - (period << n); }
        FLAP_STEP(15)
        FLAP_STEP(14)
        FLAP_STEP(13)
        FLAP_STEP(12)
        FLAP_STEP(11)
        FLAP_STEP(10)
        FLAP_STEP(9)
        FLAP_STEP(8)
        FLAP_STEP(7)
        FLAP_STEP(6)
        FLAP_STEP(5)
        FLAP_STEP(4)
        FLAP_STEP(3)
        FLAP_STEP(2)
        FLAP_STEP(1)
        FLAP_STEP(0)
        lost = 0;
        if (rest < (bit<64>)down_us) {
            lost = 1;
        }
    }
}

#endif
