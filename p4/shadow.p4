// What shadow switches run: production's pipeline, taking all its entries by name, and the fault
// stage.

#define SHADOW

#include <core.p4>
#include <v1model.p4>
#include "include/pipeline.p4"

V1Switch(PacketParser(), ChecksumVerification(), SwitchIngress(), SwitchEgress(), ChecksumUpdate(),
         PacketDeparser()) main;
