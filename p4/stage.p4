// The fault stage as a program of its own: it stands between the ports of a switch that runs any
// program and the shadow's links, so that a program that knows nothing of faults suffers them all.
//
// A port p below 256 is the link's side, p + 256 the switch's. What comes from a link passes the
// switch's own faults, what comes from the switch passes those of the link. Frames from the mirror
// lose the shadow tag here, which the program behind does not know.

#define SHADOW
#define FAULT_STAGE_ONLY

#include <core.p4>
#include <v1model.p4>
#include "include/headers.p4"
#include "include/parser.p4"
#include "include/flow.p4"
#include "include/fault.p4"

const port_t SWITCH_SIDE = 256;

control StageIngress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    FlowHash() flow;
    Heartbeat() heartbeat;
    DeviceFault() device_fault;
    AppFault() app_fault;

    apply {
        if (standard_metadata.instance_type == INSTANCE_RECIRCULATED) {
            standard_metadata.egress_spec = meta.hold_port;
        } else if (hdr.packet_out.isValid()) {
            if (hdr.heartbeat.isValid()) {
                heartbeat.apply(hdr, standard_metadata);
            } else {
                mark_to_drop(standard_metadata);
            }
            hdr.packet_out.setInvalid();
        } else if (hdr.heartbeat.isValid()) {
            // Only the controller keeps faults alive.
            mark_to_drop(standard_metadata);
        } else if (standard_metadata.ingress_port >= SWITCH_SIDE) {
            standard_metadata.egress_spec = standard_metadata.ingress_port - SWITCH_SIDE;
        } else {
            if (hdr.shadow_tag.isValid()) {
                hdr.ethernet.ether_type = hdr.shadow_tag.ether_type;
                hdr.shadow_tag.setInvalid();
            }
            standard_metadata.egress_spec = standard_metadata.ingress_port + SWITCH_SIDE;
            flow.apply(hdr, meta);
            device_fault.apply(hdr, meta, standard_metadata);
            if (meta.stop == 0 && hdr.tcp.isValid()) {
                app_fault.apply(hdr, meta, standard_metadata);
            }
        }
    }
}

control StageEgress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    LinkFault() link_fault;
    Hold() hold;

    apply {
        if (meta.umbra_hold_until_ns != 0) {
            hold.apply(meta, standard_metadata);
        } else if (standard_metadata.egress_port < SWITCH_SIDE ||
                   meta.device_delay_ns != 0) {
            link_fault.apply(hdr, meta, standard_metadata);
        }
    }
}

control NoVerification(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

V1Switch(PacketParser(), NoVerification(), StageIngress(), StageEgress(), NoUpdate(),
         PacketDeparser()) main;
