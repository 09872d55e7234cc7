/** The network as a graph: types, files, generators, paths. */
export { demoTraffic } from './demoTraffic.js';
export { backendsOf, hostsBehind } from './functions.js';
export * from './generate.js';
export * from './graph.js';
export { windowFor } from './pace.js';
export { readTopology } from './read.js';
export * from './topology.js';
