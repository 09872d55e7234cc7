/** A network found out by what its switches hear of each other. */
export * from './discovery.js';
export * from './network.js';
