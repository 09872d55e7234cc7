// What production switches run: forwarding and the mirror, and no way to hurt a packet.

#include <core.p4>
#include <v1model.p4>
#include "include/pipeline.p4"

V1Switch(PacketParser(), ChecksumVerification(), SwitchIngress(), SwitchEgress(), ChecksumUpdate(),
         PacketDeparser()) main;
