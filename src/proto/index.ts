/** The one door to the generated P4Runtime messages: `p4.v1` flat, the others as namespaces. */
export * from './gen/p4/v1/p4runtime.js';
export { P4Data } from './gen/p4/v1/p4data.js';
export { Status } from './gen/google/rpc/status.js';
export { Any } from './gen/google/protobuf/any.js';
export * as p4info from './gen/p4/config/v1/p4info.js';
