// One bit of a packet turned over, with the checksums left wrong or put right.

#ifndef UMBRA_FAULT_CORRUPT_P4
#define UMBRA_FAULT_CORRUPT_P4

// The one's complement sum of two 16-bit words.
control OnesSum(in bit<16> a, in bit<16> b, out bit<16> sum) {
    apply {
        bit<17> wide = (bit<17>)a + (bit<17>)b;
        sum = wide[15:0] + (bit<16>)wide[16:16];
    }
}

// Turns a random bit of the payload's first 16 bytes, or of the L4 checksum where there is no such
// payload. With `repair` the checksum is adjusted (RFC 1624), so that the hosts cannot tell.
control Corrupt(inout headers_t hdr, in bit<1> repair) {
    OnesSum() add_old;
    OnesSum() add_new;

    apply {
        bit<7> position;
        random(position, 0, 127);
        if (hdr.payload.isValid()) {
            bit<128> mask = 128w1 << position;
            bit<128> before = hdr.payload.data;
            hdr.payload.data = before ^ mask;
            if (repair == 1) {
                // The 16-bit word with the bit, before and after.
                bit<8> shift = (bit<8>)(position[6:4] ++ 4w0);
                bit<16> old_word = (bit<16>)(before >> shift);
                bit<16> new_word = (bit<16>)(hdr.payload.data >> shift);
                bit<16> sum = 0;
                if (hdr.tcp.isValid()) {
                    sum = hdr.tcp.checksum;
                } else {
                    sum = hdr.udp.checksum;
                }
                bit<16> with_old;
                bit<16> with_new;
                add_old.apply(~sum, ~old_word, with_old);
                add_new.apply(with_old, new_word, with_new);
                sum = ~with_new;
                if (hdr.tcp.isValid()) {
                    hdr.tcp.checksum = sum;
                } else if (hdr.udp.checksum != 0) {
                    // In UDP 0 means that there is none.
                    if (sum == 0) {
                        sum = 0xffff;
                    }
                    hdr.udp.checksum = sum;
                }
            }
        } else if (hdr.tcp.isValid()) {
            hdr.tcp.checksum = hdr.tcp.checksum ^ (16w1 << (bit<8>)position[3:0]);
        } else if (hdr.udp.isValid()) {
            hdr.udp.checksum = hdr.udp.checksum ^ (16w1 << (bit<8>)position[3:0]);
        } else if (hdr.ipv4.isValid()) {
            hdr.ipv4.hdr_checksum = hdr.ipv4.hdr_checksum ^ (16w1 << (bit<8>)position[3:0]);
        }
    }
}

#endif
