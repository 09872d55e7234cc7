// Ingress and egress of all programs. With SHADOW defined the fault stage is part of them, with
// FUNCTION a NetworkFunction that stands before routing.

#ifndef UMBRA_PIPELINE_P4
#define UMBRA_PIPELINE_P4

#include "headers.p4"
#include "parser.p4"
#include "checksum.p4"
#include "flow.p4"
#include "acl.p4"
#include "arp.p4"
#include "routing.p4"
#include "mirror.p4"
#include "erspan.p4"
#ifdef SHADOW
#include "fault.p4"
#endif

control SwitchIngress(inout headers_t hdr, inout metadata_t meta,
                      inout standard_metadata_t standard_metadata) {
    counter(512, CounterType.packets_and_bytes) malformed;
    FlowHash() flow;
    Acl() acl;
    ArpResponder() arp;
    Routing() routing;
    Mirror() mirror;
#ifdef SHADOW
    Heartbeat() heartbeat;
    DeviceFault() device_fault;
    AppFault() app_fault;
#else
#ifdef FUNCTION
    NetworkFunction() network_function;
#endif
    counter(512, CounterType.packets_and_bytes) shadow_tag_drops;
#endif

    apply {
#ifdef SHADOW
        if (standard_metadata.instance_type == INSTANCE_RECIRCULATED) {
            standard_metadata.egress_spec = meta.hold_port;
            meta.stop = 1;
        } else
#endif
        if (standard_metadata.parser_error != error.NoError ||
            standard_metadata.checksum_error == 1) {
            malformed.count((bit<32>)standard_metadata.ingress_port);
            mark_to_drop(standard_metadata);
            meta.stop = 1;
        } else if (hdr.packet_out.isValid()) {
#ifdef SHADOW
            if (hdr.heartbeat.isValid()) {
                heartbeat.apply(hdr, standard_metadata);
            } else {
                standard_metadata.egress_spec = hdr.packet_out.egress_port;
            }
#else
            standard_metadata.egress_spec = hdr.packet_out.egress_port;
#endif
            hdr.packet_out.setInvalid();
            meta.stop = 1;
        }
#ifdef SHADOW
        else if (hdr.heartbeat.isValid()) {
            mark_to_drop(standard_metadata);
            meta.stop = 1;
        }
#else
        else if (hdr.shadow_tag.isValid()) {
            shadow_tag_drops.count((bit<32>)standard_metadata.ingress_port);
            mark_to_drop(standard_metadata);
            meta.stop = 1;
        }
#endif
        if (meta.stop == 0) {
            flow.apply(hdr, meta);
            acl.apply(hdr, meta, standard_metadata);
        }
#ifdef SHADOW
        if (meta.stop == 0) {
            device_fault.apply(hdr, meta, standard_metadata);
        }
        if (meta.stop == 0 && hdr.tcp.isValid()) {
            app_fault.apply(hdr, meta, standard_metadata);
        }
#endif
        if (meta.stop == 0) {
            mirror.apply(hdr, meta, standard_metadata);
            if (hdr.arp.isValid()) {
                arp.apply(hdr, meta, standard_metadata);
            } else {
#ifdef FUNCTION
                network_function.apply(hdr, meta, standard_metadata);
                if (meta.stop == 0) {
                    routing.apply(hdr, meta, standard_metadata);
                }
#else
                routing.apply(hdr, meta, standard_metadata);
#endif
            }
        }
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    counter(512, CounterType.packets_and_bytes) transmitted;
#ifdef SHADOW
    LinkFault() link_fault;
    Hold() hold;
#endif
    Erspan() erspan;

    apply {
#ifdef SHADOW
        // The instance type is no help: BMv2 sets it back on the way to egress.
        if (meta.umbra_hold_until_ns != 0) {
            hold.apply(meta, standard_metadata);
        } else
#endif
        if (standard_metadata.instance_type == INSTANCE_INGRESS_CLONE) {
            erspan.apply(hdr, meta, standard_metadata);
        } else
        if (standard_metadata.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = standard_metadata.ingress_port;
            hdr.packet_in.unused = 0;
        } else {
            transmitted.count((bit<32>)standard_metadata.egress_port);
#ifdef SHADOW
            link_fault.apply(hdr, meta, standard_metadata);
#endif
        }
    }
}

#endif
