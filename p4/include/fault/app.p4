// Errors of applications: what a server answers over TCP is rewritten, late, cut short or refused.
// Acts on the switch where the server is attached, which every answer passes.
//
// Whether an answer is hit is a hash, not a draw, so that a retransmission is treated as the
// original was: of the connection, the fault's seed, and for a status or a new connection the
// sequence number, otherwise the acknowledgement number. That one names the request: it stays the
// same in all segments of an answer.

#ifndef UMBRA_FAULT_APP_P4
#define UMBRA_FAULT_APP_P4

// What becomes of an answer that is hit.
const bit<3> APP_STATUS = 0;
const bit<3> APP_DELAY  = 1;
const bit<3> APP_HANG   = 2;
const bit<3> APP_END    = 3;
const bit<3> APP_REPLY  = 4;
const bit<3> APP_REFUSE = 5;

// Connections with state of their own in one switch, by their hash: of two that share a cell the
// later one has it.
#define APP_CELLS 4096

const bit<8> TCP_FIN = 0x01;
const bit<8> TCP_RST = 0x04;
const bit<8> TCP_PSH = 0x08;
const bit<8> TCP_ACK = 0x10;
const bit<8> TCP_SYN_ACK = 0x12;

const bit<48> HTTP_1 = 0x485454502f31;   // "HTTP/1"
const bit<16> TCP_HEADER = 20;
const bit<16> IPV4_HEADER = 20;
const bit<16> REPLY_BYTES = 64;

control AppFault(inout headers_t hdr, inout metadata_t meta,
                 inout standard_metadata_t standard_metadata) {
    counter(512, CounterType.packets_and_bytes) changed;
    // Who has a cell (hash of connection and fault; 0: nobody), which answer is under way, and from
    // when it passes (ns), or where it began (sequence number).
    register<bit<32>>(APP_CELLS) owners;
    register<bit<32>>(APP_CELLS) answers;
    register<bit<48>>(APP_CELLS) marks;
    // A connection that was ended has this mark.
    const bit<48> ENDED = 0xffffffffffff;
    Liveness() liveness;

    bit<3> mode = 0;
    chance_t chance = 0;
    bit<32> seed = 0;
    bit<24> status = 0;
    bit<1> always = 0;
    time_ns_t late = 0;
    bit<32> bytes = 0;
    bit<8> flags = 0;
    bit<32> begin_with = 0;
    bit<480> go_on_with = 0;
    time_us_t until = 0;

    // three_digits: of the new status, as text. every: also where the old one is no success.
    action set_status(chance_t threshold, bit<32> fault_seed, bit<24> three_digits, bit<1> every,
                      time_us_t expires_us) {
        mode = APP_STATUS;
        chance = threshold;
        seed = fault_seed;
        status = three_digits;
        always = every;
        until = expires_us;
    }

    action answer_late(chance_t threshold, bit<32> fault_seed, time_ns_t delay_ns,
                       time_us_t expires_us) {
        mode = APP_DELAY;
        chance = threshold;
        seed = fault_seed;
        late = delay_ns;
        until = expires_us;
    }

    action never_answer(chance_t threshold, bit<32> fault_seed, time_us_t expires_us) {
        mode = APP_HANG;
        chance = threshold;
        seed = fault_seed;
        until = expires_us;
    }

    // The segment in which the answer passes after_bytes becomes an empty one with last_flags.
    action end_answer(chance_t threshold, bit<32> fault_seed, bit<32> after_bytes,
                      bit<8> last_flags, time_us_t expires_us) {
        mode = APP_END;
        chance = threshold;
        seed = fault_seed;
        bytes = after_bytes;
        flags = last_flags;
        until = expires_us;
    }

    // begin, rest: what the client gets instead, the last of this connection. numbered: the fourth
    // byte is a sequence number, which stays the server's.
    action answer_instead(chance_t threshold, bit<32> fault_seed, bit<32> begin, bit<480> rest,
                          bit<1> numbered, time_us_t expires_us) {
        mode = APP_REPLY;
        chance = threshold;
        seed = fault_seed;
        begin_with = begin;
        go_on_with = rest;
        always = numbered;
        flags = TCP_FIN | TCP_PSH | TCP_ACK;
        until = expires_us;
    }

    // For the first packet of a client.
    action refuse(chance_t threshold, bit<32> fault_seed, time_us_t expires_us) {
        mode = APP_REFUSE;
        chance = threshold;
        seed = fault_seed;
        until = expires_us;
    }

    // What comes from a server, or asks it for a connection: the flags tell them apart.
    table answer {
        key = {
            standard_metadata.ingress_port: ternary @name("ingress_port");
            meta.lookup.ipv4_src: ternary @name("ipv4_src");
            meta.lookup.ipv4_dst: ternary @name("ipv4_dst");
            meta.lookup.l4_src_port: ternary @name("l4_src_port");
            meta.lookup.l4_dst_port: ternary @name("l4_dst_port");
            hdr.tcp.flags: ternary @name("tcp_flags");
        }
        actions = {
            set_status; answer_late; never_answer; end_answer; answer_instead; refuse;
            @defaultonly NoAction;
        }
        default_action = NoAction();
        size = 1024;
    }

    // Puts the digits of another status into the start of an HTTP/1 head, where there is one.
    action rewrite() {
        bit<128> old = hdr.payload.data;
        hdr.payload.data = old[127:56] ++ status ++ old[31:0];
        // RFC 1624, over the two words that hold the digits.
        bit<32> sum = (bit<32>)(~hdr.tcp.checksum)
            + (bit<32>)(~old[63:48]) + (bit<32>)(~old[47:32])
            + (bit<32>)(old[63:56] ++ status[23:16]) + (bit<32>)status[15:0];
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        hdr.tcp.checksum = ~sum[15:0];
    }

    // The packet goes back to where it came from, as if from where it goes.
    action turn_around() {
#ifdef FAULT_STAGE_ONLY
        // Nothing routes it behind this.
        mac_t mac = hdr.ethernet.src_addr;
        hdr.ethernet.src_addr = hdr.ethernet.dst_addr;
        hdr.ethernet.dst_addr = mac;
        standard_metadata.egress_spec = standard_metadata.ingress_port;
        meta.stop = 1;
#endif
        bit<32> address = hdr.ipv4.src_addr;
        hdr.ipv4.src_addr = hdr.ipv4.dst_addr;
        hdr.ipv4.dst_addr = address;
        bit<16> port = hdr.l4.src_port;
        hdr.l4.src_port = hdr.l4.dst_port;
        hdr.l4.dst_port = port;
    }

    // Nothing is left but the headers without options, and a reply where there is one.
    action empty() {
        hdr.tcp_options.setInvalid();
        hdr.first_word.setInvalid();
        hdr.payload.setInvalid();
        hdr.tcp.data_offset = 5;
        hdr.tcp.reserved = 0;
        hdr.tcp.flags = flags;
        hdr.tcp.window = 0xffff;
        hdr.tcp.urgent = 0;
    }

    apply {
        if (answer.apply().hit) {
            bit<1> alive;
            time_us_t left_us;
            time_us_t now_us = standard_metadata.ingress_global_timestamp;
            time_ns_t now_ns = now_us * 1000;
            liveness.apply(now_us, until, alive, left_us);

            bit<1> has_data = 0;
            if (meta.l4_length != 0 && meta.l4_length[15:15] == 0) {
                has_data = 1;
            }
            bit<32> connection;
            hash(connection, HashAlgorithm.crc32, 32w0,
                 { meta.lookup.ipv4_src, meta.lookup.ipv4_dst, meta.lookup.l4_src_port,
                   meta.lookup.l4_dst_port, seed }, 33w0x100000000);
            bit<32> cell = (bit<32>)connection[11:0];
            bit<32> me = connection ^ until[31:0];

            // The hash that decides; its bits are mixed, as a CRC's of neighbours are alike.
            bit<32> number = hdr.tcp.acknowledgement;
            if (mode == APP_STATUS || mode == APP_REFUSE) {
                number = hdr.tcp.sequence;
            }
            bit<32> draw = connection ^ (number * 0x9e3779b1);
            draw = (draw ^ (draw >> 16)) * 0x85ebca6b;
            draw = (draw ^ (draw >> 13)) * 0xc2b2ae35;
            draw = draw ^ (draw >> 16);
            bit<1> hit = 0;
            if (draw < chance || chance == 0xffffffff) {
                hit = 1;
            }

            bit<1> ends = 0;      // the packet becomes the connection's last one for the client
            bit<1> returns = 0;   // or a reset for its sender
            if (alive == 0) {
                // What follows acts only while the fault does.
            } else if (mode == APP_REFUSE) {
                if (hit == 1) {
                    returns = 1;
                    hdr.tcp.acknowledgement = hdr.tcp.sequence + 1;
                    hdr.tcp.sequence = 0;
                    flags = TCP_RST | TCP_ACK;
                }
            } else if (mode == APP_STATUS) {
                if (hit == 1 && hdr.payload.isValid() && hdr.payload.data[127:80] == HTTP_1 &&
                    hdr.payload.data[63:56] == 0x20 && hdr.payload.data[31:24] == 0x20 &&
                    (always == 1 || hdr.payload.data[55:48] == 0x32 ||
                     hdr.payload.data[55:48] == 0x33)) {
                    rewrite();
                    changed.count((bit<32>)standard_metadata.ingress_port);
                }
            } else if (mode == APP_HANG) {
                if (hit == 1 && (has_data == 1 || hdr.tcp.flags & TCP_FIN != 0)) {
                    mark_to_drop(standard_metadata);
                    meta.stop = 1;
                    changed.count((bit<32>)standard_metadata.ingress_port);
                }
            } else {
                bit<32> owner;
                bit<32> current;
                bit<48> mark;
                owners.read(owner, cell);
                answers.read(current, cell);
                marks.read(mark, cell);
                bit<1> is_mine = 0;
                bit<1> is_current = 0;
                if (owner == me) {
                    is_mine = 1;
                    if (current == number) {
                        is_current = 1;
                    }
                }
                if (mode == APP_DELAY) {
                    time_ns_t wait = 0;
                    if (is_mine == 1) {
                        wait = mark - now_ns;
                        if (wait >= NEGATIVE) {
                            wait = 0;
                        }
                    }
                    if (has_data == 1 && hit == 1 && is_current == 0) {
                        // Not before what waits already: one connection's answers keep their order.
                        if (wait < late) {
                            wait = late;
                        }
                        owners.write(cell, me);
                        answers.write(cell, number);
                        marks.write(cell, now_ns + wait);
                    }
                    if (wait != 0 && (has_data == 1 || hdr.tcp.flags & (TCP_FIN | TCP_RST) != 0)) {
                        meta.device_delay_ns = meta.device_delay_ns + wait;
                        changed.count((bit<32>)standard_metadata.ingress_port);
                    }
                } else if (hdr.tcp.flags & TCP_SYN_ACK == TCP_SYN_ACK) {
                    // The same addresses and ports anew.
                    if (is_mine == 1) {
                        owners.write(cell, 0);
                    }
                } else if (is_mine == 1 && mark == ENDED) {
                    // What the client would answer, if it had not been told otherwise.
                    if (hdr.tcp.flags & TCP_RST == 0) {
                        returns = 1;
                        hdr.tcp.sequence = hdr.tcp.acknowledgement;
                        hdr.tcp.acknowledgement = 0;
                        flags = TCP_RST;
                    }
                } else if (has_data == 1 && hit == 1) {
                    if (mode == APP_END && bytes != 0) {
                        bit<32> begin = hdr.tcp.sequence;
                        if (is_current == 1) {
                            begin = mark[31:0];
                        }
                        bit<32> end = hdr.tcp.sequence - begin + (bit<32>)meta.l4_length;
                        owners.write(cell, me);
                        answers.write(cell, number);
                        marks.write(cell, (bit<48>)begin);
                        if (end > bytes) {
                            ends = 1;
                        }
                    } else {
                        ends = 1;
                    }
                }
            }

            if (ends == 1 || returns == 1) {
                changed.count((bit<32>)standard_metadata.ingress_port);
                bit<16> length = TCP_HEADER;
                if (returns == 1) {
                    turn_around();
                } else {
                    owners.write(cell, me);
                    answers.write(cell, number);
                    marks.write(cell, ENDED);
                    if (mode == APP_REPLY) {
                        hdr.reply.setValid();
                        hdr.reply.begin = begin_with[31:8];
                        hdr.reply.number = begin_with[7:0];
                        hdr.reply.rest = go_on_with;
                        if (always == 1 && hdr.payload.isValid()) {
                            hdr.reply.number = hdr.payload.data[103:96];
                        } else if (always == 1 && hdr.first_word.isValid()) {
                            hdr.reply.number = hdr.first_word.data[7:0];
                        }
                        length = TCP_HEADER + REPLY_BYTES;
                    }
                }
                empty();
                // RFC 1624, over the one word that is another one; swapped ones do not count.
                bit<32> sum = (bit<32>)(~hdr.ipv4.hdr_checksum)
                    + (bit<32>)(~hdr.ipv4.total_len) + (bit<32>)(IPV4_HEADER + length);
                sum = (sum & 0xffff) + (sum >> 16);
                sum = (sum & 0xffff) + (sum >> 16);
                hdr.ipv4.hdr_checksum = ~sum[15:0];
                hdr.ipv4.total_len = IPV4_HEADER + length;
                hash(hdr.tcp.checksum, HashAlgorithm.csum16, 16w0,
                     { hdr.ipv4.src_addr, hdr.ipv4.dst_addr, 8w0, PROTOCOL_TCP, length,
                       hdr.l4.src_port, hdr.l4.dst_port, hdr.tcp.sequence,
                       hdr.tcp.acknowledgement, 8w0x50, hdr.tcp.flags, 16w0xffff, 16w0,
                       hdr.reply.begin, hdr.reply.number, hdr.reply.rest }, 32w0x10000);
                bit<32> frame = 14 + (bit<32>)hdr.ipv4.total_len;
                if (hdr.shadow_tag.isValid()) {
                    frame = frame + 2;
                }
                if (hdr.vlan.isValid()) {
                    frame = frame + 4;
                }
                truncate(frame);
            }
        }
    }
}

#endif
