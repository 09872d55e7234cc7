/** What the network should hold, worked out from its topology. */
export { isMirroring, isRouting } from './owned.js';
export { planRoutes, switchOfHost, type NetworkPlan } from './routes.js';
export { bucketsOf, BUCKETS, isOfFunction, planFunctions } from './functions.js';
