/** The shadow engine's replication of production state. */
export * from './follower.js';
export * from './following.js';
export * from './rounds.js';
export * from './shadowSync.js';
